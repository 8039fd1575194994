"""One task, several architectures, two optimisers: how emergence times grow with the skill index. Ours, not a figure.

The paper leaves other architectures "for future work" (Sec. 5.4). In the decoupled picture of the multilinear model a
skill of a tenth of the frequency takes ten times as long, and times grow as k^(alpha + 1). Adam divides every gradient
by its own size, so that rare skills catch up: Liu et al. 2025 (arXiv 2501.12391) find about twice the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.crossings import crossing_times
from saltus.curves.spacing import geometric_steps
from saltus.curves.table import tidy_table
from saltus.curves.time_law import TimeLaw, fit_time_law, log_moments
from saltus.figures.times import Panel, Series, times_figure
from saltus.parity.task import MultitaskSparseParity
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.presets import LAST_BIT_UNREAD
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job, collect
from saltus.train.torch.gated_perceptron import GatedPerceptron
from saltus.train.torch.network import Architecture, NetworkTraining
from saltus.train.torch.perceptron import Perceptron
from saltus.train.torch.transformer import Transformer

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_OPTIMIZERS = {"sgd": "SGD with momentum 0.9", "adam": "Adam"}


@dataclass(frozen=True)
class Contestant:
    """One architecture with one optimiser.

    Attributes:
        name: name of the architecture.
        network: the architecture.
        optimizer: "sgd", with momentum 0.9, or "adam".
        learning_rate, steps: settings with which the last skill emerges without loss of stability.
    """

    name: str
    network: Architecture
    optimizer: str
    learning_rate: float
    steps: int


@dataclass(frozen=True)
class Settings:
    """The task, and how it is learned.

    Attributes:
        contestants: the architectures and optimisers that learn it.
        n_seeds: number of runs of each.
        alpha, n_skills, n_bits, n_relevant, target_scale: settings of the task.
        batch_size: fresh samples an update.
        threshold: the strength R/S at which a skill counts as emerged.
    """

    contestants: tuple[Contestant, ...]
    n_seeds: int
    alpha: float = 0.9
    n_skills: int = 4
    n_bits: int = 12
    n_relevant: int = 2
    target_scale: float = 1.0
    batch_size: int = 128
    threshold: float = 0.5

    @property
    def task(self) -> MultitaskSparseParity:
        frequencies = PowerLaw(self.alpha, self.n_skills)
        return MultitaskSparseParity(frequencies, self.n_bits, self.n_relevant, self.target_scale, LAST_BIT_UNREAD)

    def jobs(self, contestant: Contestant, seed: int) -> list[Job]:
        """One contestant's runs; ``seed`` is that of the first."""
        training = NetworkTraining(
            contestant.steps,
            network=contestant.network,
            optimizer=contestant.optimizer,
            learning_rate=contestant.learning_rate,
            momentum=0.9 if contestant.optimizer == "sgd" else 0.0,
            batch_size=self.batch_size,
            measure_at=tuple(geometric_steps(contestant.steps, 1.03).tolist()),
            strength_samples=256,
        )
        return [Job(self.task, training, seed + i) for i in range(self.n_seeds)]


def _contestants(budget: float) -> tuple[Contestant, ...]:
    """All architectures with both optimisers; ``budget`` multiplies the numbers of steps."""
    networks: dict[str, Architecture] = {
        "MLP, 2 layers": Perceptron(256),
        "MLP, 3 layers": Perceptron(128, n_layers=3),
        "gated": GatedPerceptron(128),
        "transformer": Transformer(32),
    }
    plans = {
        "sgd": {
            "MLP, 2 layers": (0.005, 4500),
            "MLP, 3 layers": (0.01, 4500),
            "gated": (0.05, 5000),
            "transformer": (0.02, 25_000),
        },
        "adam": {
            "MLP, 2 layers": (1e-3, 1500),
            "MLP, 3 layers": (3e-4, 1800),
            "gated": (3e-3, 4000),
            "transformer": (5e-4, 10_000),
        },
    }
    return tuple(
        Contestant(name, networks[name], optimizer, rate, round(budget * steps))
        for optimizer, plan in plans.items()
        for name, (rate, steps) in plan.items()
    )


_QUICK = Settings(_contestants(1), n_seeds=2, n_skills=3)

PRESETS = {
    "quick": _QUICK,
    "fast": Settings(_contestants(2.5), n_seeds=5),
    # Without the transformers, which take most of the time; the runs are those of quick.
    "perceptrons": replace(_QUICK, contestants=tuple(one for one in _QUICK.contestants if one.name != "transformer")),
}


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train everything, and fit the law of the emergence times of each architecture with each optimiser."""
    jobs = [settings.jobs(contestant, options.seed) for contestant in settings.contestants]
    results = iter(train_all([job for own in jobs for job in own], options))
    curves = [collect(own, [next(results) for _ in own]) for own in jobs]
    times = [crossing_times(seen, settings.threshold) for seen in curves]
    laws = [fit_time_law(own) for own in times]
    expected = settings.alpha + 1
    found = list(zip(settings.contestants, times, laws, strict=True))
    summaries = [_summary(one, own, law, settings) for one, own, law in found]
    panels = [
        Panel([_series(own, law) for own, law in zip(summaries, laws, strict=True) if own["optimizer"] == name], title)
        for name, title in _OPTIMIZERS.items()
        if any(one.optimizer == name for one in settings.contestants)
    ]
    note = (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {settings.n_skills}, n_b = {settings.n_bits}, "
        f"m = {settings.n_relevant}, S = {settings.target_scale:g}, batch {settings.batch_size}, "
        f"seeds {options.seed}–{options.seed + settings.n_seeds - 1}"
    )
    return Report(
        title=f"Architectures and optimisers: emergence time (R/S = {settings.threshold:g}) ~ k^exponent",
        table=Table(_columns(settings.n_skills, expected), summaries),
        summary={
            "contestants": summaries,
            "expected_exponent": expected,
            "settings": describe(settings.task) | {"batch_size": settings.batch_size, "threshold": settings.threshold},
            "seeds": [options.seed + i for i in range(settings.n_seeds)],
            "version": __version__,
        },
        figures={"times": times_figure(panels, expected, settings.threshold, note)},
        tables={"curves": _table(settings.contestants, curves)},
        remarks=_remarks(summaries),
    )


def _columns(n_skills: int, expected: float) -> list[Column]:
    def time_of(k: int) -> Column:
        return Column(f"k = {k + 1}", form=".0f", missing="not yet", value=lambda row: row["geometric_mean"][k])

    return [
        Column("name", "network"),
        Column("optimizer", "optimiser"),
        *map(time_of, range(n_skills)),
        Column(
            "emerged",
            value=lambda row: (sum(row["n_emerged"]), np.size(row["times"])),
            parts=("n_emerged", "n_times"),
            between=" of ",
        ),
        Column("exponent", f"exponent ({expected:g})", ".2f", value=lambda row: row["law"] and row["law"]["exponent"]),
        Column("exponent_error", "± se", form=".2f", value=lambda row: row["law"] and row["law"]["error"]),
        Column("time_per_decade", "time per decade (10)", form=".1f"),
        Column("time_per_decade_error", "± se", form=".1f"),
        Column("out_of_order", "out of order", form=".0%"),
    ]


def _summary(one: Contestant, times: Floats, law: TimeLaw | None, settings: Settings) -> dict[str, Any]:
    mean, spread, count = log_moments(times)
    factor, factor_error = (math.nan, math.nan) if law is None else law.per_decade(settings.alpha)
    return {
        "name": one.name,
        "optimizer": one.optimizer,
        "network": describe(one.network),
        "learning_rate": one.learning_rate,
        "steps": one.steps,
        "times": times.tolist(),
        "geometric_mean": np.exp(mean).tolist(),
        "log10_sd": (spread / math.log(10)).tolist(),
        "n_emerged": count.tolist(),
        "law": None if law is None else asdict(law),
        "time_per_decade": factor,
        "time_per_decade_error": factor_error,
        "out_of_order": out_of_order(times),
    }


def _series(summary: dict[str, Any], law: TimeLaw | None) -> Series:
    return Series(summary["name"], np.array(summary["geometric_mean"]), np.array(summary["log10_sd"]), law)


def out_of_order(times: Floats) -> float:
    """Share of neighbouring pairs whose rarer skill emerged first; a skill that never did counts as last."""
    late = np.where(np.isfinite(times), times, np.inf)
    known = np.isfinite(late[:, 1:]) | np.isfinite(late[:, :-1])
    return float(np.mean((late[:, 1:] < late[:, :-1])[known])) if known.any() else math.nan


def _remarks(summaries: list[dict[str, Any]]) -> list[str]:
    """The cost of a tenth of the frequency, by optimiser; and series in which missing skills make it too small."""
    remarks = []
    for optimizer, title in _OPTIMIZERS.items():
        factors = [s["time_per_decade"] for s in summaries if s["optimizer"] == optimizer and s["law"] is not None]
        if factors:
            remarks.append(
                f"{title}: a tenth of the frequency takes {min(factors):.1f} to {max(factors):.1f} times as long "
                f"(decoupled: 10), by architecture"
            )
    missing = [f"{s['name']}, {s['optimizer']}" for s in summaries if sum(s["n_emerged"]) < np.size(s["times"])]
    if missing:
        remarks.append(f"not all skills emerged, so exponents may be too small: {'; '.join(missing)}")
    return remarks


def _table(contestants: Sequence[Contestant], curves: Sequence[xr.Dataset]) -> pd.DataFrame:
    import pandas as pd

    parts = [
        tidy_table(seen).assign(network=one.name, optimizer=one.optimizer)
        for one, seen in zip(contestants, curves, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)
