"""``saltus reproduce``: a figure or table of the paper, from settings to numbers."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from saltus.cli.options import chosen, require_workers
from saltus.present.terminal import show
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.targets import TARGETS
from saltus.settings import json_text

if TYPE_CHECKING:
    from saltus.present.report import Report


@dataclass(frozen=True)
class Reproduce:
    """Reproduce a figure or table of the paper: train, calculate, compare, draw.

    Training runs are kept as they end: after an interruption the same command continues. "all" reproduces every
    target in turn, each in its own folder under --out, with one store for the runs of all.

    Example: saltus reproduce fig1a --preset quick --out results/fig1a
    """

    target: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TARGET")]
    """fig1, fig1a, fig2, fig3, fig4, fig5, fig6, fig7, fig8, fig9, fig10, fig11, fig12, table2, table5, errata,
    architectures, michaud, forecast-study, equivalence, or all."""
    preset: str | None = None
    """Settings by name: quick for a first look, fast for nearly the same as paper, paper for the printed ones; each
    target has a default, which "all" takes where there is no preset of that name."""
    out: Path | None = None
    """Folder for figures, tables and summary.json; results/TARGET by default."""
    store: Path | None = None
    """Folder of the training runs, OUT/runs by default; targets that share it share runs, as fig1, fig11 and table5."""
    seed: int = 0
    """Seed of the first run; the others count up from it."""
    workers: int | None = None
    """Runs side by side, one a thread; as many as processors by default."""
    json: bool = False
    """Print summary.json on stdout instead of the table."""

    def run(self) -> None:
        from saltus.errors import require_whole
        from saltus.present.report import prepare_folder

        everything = self.target == "all"
        names = list(TARGETS) if everything else [self.target]
        homes = {name: chosen("target", name, TARGETS | {"all": ""}) for name in names}
        require_whole("seed", self.seed, 0, "give a whole number")
        require_workers(self.workers)
        recipes = {name: importlib.import_module(home) for name, home in homes.items()}
        settings = {name: self._settings(recipe.PRESETS, lenient=everything) for name, recipe in recipes.items()}
        out = prepare_folder(Path("results", self.target) if self.out is None else self.out)
        store = out / "runs" if self.store is None else prepare_folder(self.store)
        reports = {
            name: self._reproduce(recipe, settings[name], prepare_folder(out / name) if everything else out, store)
            for name, recipe in recipes.items()
        }
        if self.json:
            summaries = {name: report.summary for name, report in reports.items()}
            print(json_text(summaries if everything else summaries[self.target]), end="")

    def _settings(self, presets: Mapping[str, Any], *, lenient: bool) -> Any:
        if self.preset is None or (lenient and self.preset not in presets):
            return presets[next(iter(presets))]
        return chosen("preset", self.preset, presets)

    def _reproduce(self, recipe: ModuleType, settings: Any, out: Path, store: Path) -> Report:
        from saltus.cli.progress import run_progress
        from saltus.present.report import write

        with run_progress() as watch:
            report: Report = recipe.reproduce(settings, RunOptions(self.seed, self.workers, watch, store))
        paths = write(report, out)
        if not self.json:
            show(report, paths, as_json=False)
        return report
