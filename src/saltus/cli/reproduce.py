"""``saltus reproduce``: a figure or table of the paper, from settings to numbers."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from saltus.cli.output import chosen, show
from saltus.reproduce import TARGETS, RunOptions

if TYPE_CHECKING:
    from saltus.report import Report


@dataclass(frozen=True)
class Reproduce:
    """Reproduce a figure or table of the paper: train, calculate, compare, draw.

    Training runs are kept as they end: after an interruption the same command continues.

    Example: saltus reproduce fig1a --preset quick --out results/fig1a
    """

    target: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TARGET")]
    """fig1a, fig2, fig3, fig5, fig6, fig7, fig8, fig9, fig10, table2, errata or forecast-study."""
    preset: str | None = None
    """Settings by name: quick for a first look, paper for the printed ones; each target has a default."""
    out: Path | None = None
    """Folder for figures, tables and summary.json, with training runs in runs/; results/TARGET by default."""
    seed: int = 0
    """Seed of the first run; the others count up from it."""
    workers: int | None = None
    """Runs side by side, one a thread; as many as processors by default."""
    json: bool = False
    """Print summary.json on stdout instead of the table."""

    def run(self) -> None:
        from saltus.cli.progress import run_progress
        from saltus.errors import require_whole
        from saltus.report import prepare_folder, write

        recipe = importlib.import_module(chosen("target", self.target, TARGETS))
        settings = chosen("preset", self.preset or next(iter(recipe.PRESETS)), recipe.PRESETS)
        require_whole("seed", self.seed, 0, "give a whole number")
        if self.workers is not None:
            require_whole("workers", self.workers, 1, "give 1 or more")
        out = prepare_folder(Path("results", self.target) if self.out is None else self.out)
        with run_progress() as watch:
            report: Report = recipe.reproduce(settings, RunOptions(self.seed, self.workers, watch, out / "runs"))
        show(report, write(report, out), as_json=self.json)
