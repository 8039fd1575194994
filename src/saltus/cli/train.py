"""``saltus train``: train networks on the task and keep their curves."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from saltus.cli.options import chosen, require_workers
from saltus.present.terminal import show

if TYPE_CHECKING:
    from saltus.parity.task import MultitaskSparseParity
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
    """Hidden units of mlp."""
    embedding: int | None = None
    """Width of a token's embedding in transformer."""
    batch_size: int | None = None
    """Samples an update."""
    learning_rate: float | None = None
    """Learning rate of the plain squared error."""
    init_std: float | None = None
    """Standard deviation of every parameter of mlp at the start."""
    optimizer: str | None = None
    """sgd or adam; for transformer, any of PyTorch's."""
    momentum: float | None = None
    """Momentum of SGD."""
    weight_decay: float | None = None
    """Added to the gradient times the parameter."""
    schedule: str | None = None
    """How the learning rate changes, for example cosine:warmup=500,floor=0.1; also linear, wsd, steps, restarts,
    inverse-sqrt, constant. By default it stays."""
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
        from saltus.present.emergence import training_report
        from saltus.present.report import prepare_folder, write
        from saltus.runs.sweep import stored_runs
        from saltus.train.job import collect

        require_workers(self.workers)
        jobs = self._jobs()
        out = prepare_folder(self.out)
        with run_progress() as watch:
            results = stored_runs(jobs, out / "runs", self.workers, watch(jobs))
        report = training_report(collect(jobs, results))
        show(report, write(report, out), as_json=self.json)

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
