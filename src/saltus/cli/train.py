"""``saltus train``: train networks on the task and keep their curves."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from saltus.cli.output import chosen
from saltus.present.terminal import show

if TYPE_CHECKING:
    import xarray as xr

    from saltus.parity.task import MultitaskSparseParity
    from saltus.present.report import Report
    from saltus.train.configuration import Training
    from saltus.train.job import Job


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train networks on multitask sparse parity and write their curves.

    Options that are left out come from the preset. The same command continues after an interruption.

    Example: saltus train mlp --n-skills 3 --steps 6000 --seeds 2 --out results/mlp
    """

    network: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NETWORK")]
    """Which network: mlp (two layers, ReLU) or transformer (one decoder block; needs saltus[torch])."""
    out: Path
    """Folder for curves.csv, emergence.png, emergence.pdf and summary.json; its runs are kept in runs/."""
    preset: str = "quick"
    """Settings by name. mlp: quick (batch 1000, 24,000 steps) or paper (batch 4000, 30,000 steps). transformer: quick
    (minutes), fast (more skills) or paper (for a GPU: 48 to 72 hours a run by the authors' account)."""
    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    n_skills: int | None = None
    """Number of skills."""
    n_bits: int | None = None
    """Length of the bit string."""
    n_relevant: int | None = None
    """Bits in a parity; n_relevant * n_skills must not exceed n_bits."""
    target_scale: float | None = None
    """S: the target is +S or -S."""
    steps: int | None = None
    """Parameter updates."""
    width: int | None = None
    """Hidden units; of mlp."""
    embedding: int | None = None
    """Width of a token's embedding; of transformer."""
    batch_size: int | None = None
    """Samples an update."""
    learning_rate: float | None = None
    """Of the plain squared error."""
    init_std: float | None = None
    """Standard deviation of every parameter at the start; of mlp."""
    optimizer: str | None = None
    """sgd or adam; for transformer, any of PyTorch's."""
    momentum: float | None = None
    """Of SGD."""
    weight_decay: float | None = None
    """Added to the gradient times the parameter."""
    n_data: int | None = None
    """Size of the training set; fresh samples without end by default."""
    device: str | None = None
    """Where transformer is trained, as PyTorch calls it: cpu, cuda."""
    seeds: int = 1
    """Number of runs."""
    seed: int = 0
    """Seed of the first run; the others count up from it."""
    workers: int | None = None
    """Runs side by side, one a thread; as many as processors by default."""
    json: bool = False
    """Print summary.json on stdout instead of the table."""

    def run(self) -> None:
        from saltus.cli.progress import run_progress
        from saltus.errors import require_whole
        from saltus.present.report import prepare_folder, write
        from saltus.runs.sweep import stored_runs
        from saltus.train.job import collect

        if self.workers is not None:
            require_whole("workers", self.workers, 1, "give 1 or more")
        jobs = self._jobs()
        out = prepare_folder(self.out)
        with run_progress() as watch:
            results = stored_runs(jobs, out / "runs", self.workers, watch(jobs))
        show(report := _report(collect(jobs, results)), write(report, out), as_json=self.json)

    def _jobs(self) -> list[Job]:
        from saltus.errors import require_whole
        from saltus.theory.frequencies import PowerLaw
        from saltus.train.job import Job

        task, training = self._preset()
        given = {entry.name: value for entry in fields(self) if (value := getattr(self, entry.name)) is not None}
        assert isinstance(task.frequencies, PowerLaw)
        frequencies = PowerLaw(given.get("alpha", task.frequencies.alpha), given.get("n_skills", task.n_skills))
        sizes = {name: given[name] for name in ("n_bits", "n_relevant", "target_scale") if name in given}
        task, training = replace(task, frequencies=frequencies, **sizes), _changed(training, given)
        first = require_whole("seed", self.seed, 0, "give a whole number")
        count = require_whole("seeds", self.seeds, 1, "give how many runs")
        return [Job(task, training, first + i) for i in range(count)]

    def _preset(self) -> tuple[MultitaskSparseParity, Training]:
        from saltus.presets import PRESETS

        preset = chosen("preset", self.preset, chosen("network", self.network, PRESETS))
        return preset.task, preset.training


def _changed(training: Training, given: dict[str, Any]) -> Training:
    """The preset's training with the options that were given.

    Raises:
        InputError: if an option belongs to another kind of network.
    """
    from saltus.errors import InputError

    network = getattr(training, "network", None)  # the architecture, of trainings that take any
    own = {entry.name for entry in fields(training)} - {"network"}
    inner = {"embedding"} & {entry.name for entry in fields(network)} if network is not None else set[str]()
    changes = {name: value for name, value in given.items() if name in own}
    if inner & given.keys():
        changes["network"] = replace(network, **{name: given[name] for name in inner})  # type: ignore[type-var]
    for name in ("width", "init_std", "embedding", "device"):
        if name in given and name not in own | inner:
            raise InputError(f"{name} is no option of this network", given[name], f"leave {name} out")
    if "steps" in given:
        changes["measure_at"] = None  # the preset's own grid belongs to its number of steps
    return replace(training, **changes)


def _report(curves: xr.Dataset) -> Report:
    from saltus.curves.crossings import emergence_times
    from saltus.curves.table import tidy_table
    from saltus.figures.emergence import emergence_figure
    from saltus.present.report import Report, cell

    measured = emergence_times(curves)
    final = curves["strength"][:, :, -1].mean("run").to_numpy()
    runs = [
        {"seed": int(seed), "status": str(status)}
        for seed, status in zip(curves["run"].to_numpy(), curves["status"].to_numpy(), strict=True)
    ]
    skills = [
        {
            "skill": i + 1,
            "frequency": float(frequency),
            "measured_time": float(measured.mean[i]),
            "measured_sd": float(measured.sd[i]),
            "n_emerged": int(measured.n_emerged[i]),
            "final_strength": float(final[i]),
        }
        for i, frequency in enumerate(curves["frequency"].to_numpy())
    ]
    rows = [
        [
            str(i + 1),
            f"{skill['frequency']:.4f}",
            cell(measured.mean[i], ".0f"),
            cell(measured.sd[i], ".0f", "–"),
            str(measured.n_emerged[i]),
            cell(final[i], ".3f", "–"),
        ]
        for i, skill in enumerate(skills)
    ]
    settings = json.loads(curves.attrs["settings"])
    version = curves.attrs["version"]
    return Report(
        title="Steps at R/S = 0.5, and mean strength R/S at the end",
        columns=("skill", "frequency", "measured", "± sd", "runs", "final"),
        rows=rows,
        summary={"skills": skills, "runs": runs, "settings": settings, "version": version},
        figures={"emergence": emergence_figure(curves, note=f"saltus {version}")},
        tables={"curves": tidy_table(curves)},
    )
