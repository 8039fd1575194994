"""Many overlapping skills, cross-entropy and Adam: the setting of Michaud et al. 2023 beside the solvable model.

Their picture is that skills ("quanta") are learned one after the other, by frequency, and that the loss is what the
rest still costs. Three exponents test it, all read at the moments at which the skills k = 3, ..., K emerge: emergence
time against frequency, loss against time, loss against the number of learned skills. The model gives each for as many
skills as there are, and for infinitely many. It describes gradient flow, which Adam is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.crossings import crossing_times
from saltus.curves.table import tidy_table, total_loss
from saltus.figures.quanta import quanta_figure
from saltus.parity.task import MultitaskSparseParity
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.train.job import Job, collect
from saltus.train.torch.network import NetworkTraining
from saltus.train.torch.perceptron import Perceptron

if TYPE_CHECKING:
    import xarray as xr

_FIRST = 3  # first skill of the fits: the earlier ones follow no power law yet
_FEWEST = 4  # least number of points for a slope


@dataclass(frozen=True)
class Settings:
    """The task, how it is trained, and how often."""

    n_skills: int
    n_bits: int
    steps: int
    batch_size: int
    width: int
    learning_rate: float
    n_measurements: int
    strength_samples: int
    n_seeds: int
    alpha: float = 0.4
    n_relevant: int = 3

    @property
    def task(self) -> MultitaskSparseParity:
        frequencies = PowerLaw(self.alpha, self.n_skills)
        return MultitaskSparseParity(frequencies, self.n_bits, self.n_relevant, 1.0, disjoint=False)

    @property
    def training(self) -> NetworkTraining:
        steps = np.unique(np.geomspace(10, self.steps, self.n_measurements).astype(int))
        return NetworkTraining(
            self.steps,
            network=Perceptron(self.width),
            optimizer="adam",
            learning_rate=self.learning_rate,
            loss="logistic",
            batch_size=self.batch_size,
            measure_at=(0, *steps.tolist()),
            strength_samples=self.strength_samples,
        )


PRESETS = {
    "quick": Settings(
        n_skills=100,
        n_bits=50,
        steps=40_000,
        batch_size=1000,
        width=200,
        learning_rate=3e-3,
        n_measurements=80,
        strength_samples=160,
        n_seeds=2,
    ),
    "paper": Settings(
        n_skills=500,
        n_bits=100,
        steps=200_000,
        batch_size=20_000,
        width=500,
        learning_rate=1e-3,
        n_measurements=400,
        strength_samples=800,
        n_seeds=1,
    ),
}


@dataclass(frozen=True)
class Exponents:
    """How emergence times and losses depend on each other, from the skills ``_FIRST`` to ``last``.

    Attributes:
        time: minus the exponent of emergence time in frequency.
        loss_in_time: minus the exponent of the loss in time.
        loss_in_skills: minus the exponent of the loss in the number of learned skills.
    """

    time: float
    loss_in_time: float
    loss_in_skills: float


def exponents(frequency: Floats, times: Floats, loss: Floats) -> Exponents:
    """Log-log slopes, from skill 3 on, of frequency, emergence time and the loss at that time."""
    skill = np.arange(1, len(frequency) + 1)
    p, t, at, k = (np.log(values[_FIRST - 1 :]) for values in (frequency, times, loss, skill))
    if len(k) < _FEWEST:
        return Exponents(np.nan, np.nan, np.nan)
    return Exponents(*(-float(np.polyfit(x, y, 1)[0]) for x, y in ((p, t), (t, at), (k, at))))


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train, read the three exponents off every run, and set the model's beside them."""
    task, training = settings.task, settings.training
    jobs = [Job(task, training, options.seed + i) for i in range(settings.n_seeds)]
    curves = collect(jobs, train_all(jobs, options))
    times = crossing_times(curves)
    emerged = np.isfinite(times).all(axis=0)
    last = int(np.argmin(emerged)) if not emerged.all() else task.n_skills
    frequency = task.frequencies.first()
    measured = [
        exponents(frequency[:last], run[:last], _loss_at(run[:last], curves.isel(run=i))) for i, run in enumerate(times)
    ]
    finite, limit = (_of_model(PowerLaw(settings.alpha, n), frequency, last) for n in (task.n_skills, np.inf))
    found = [
        _row(name, [getattr(one, name) for one in measured], getattr(finite, name), getattr(limit, name), law)
        for name, law in zip(
            ("time", "loss_in_time", "loss_in_skills"),
            (1.0, settings.alpha / (settings.alpha + 1), settings.alpha),
            strict=True,
        )
    ]
    seeds = [job.seed for job in jobs]
    note = (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {task.n_skills}, n_b = {task.n_bits}, "
        f"width {settings.width}, batch {settings.batch_size}, Adam {settings.learning_rate:g}, "
        f"cross-entropy, seeds {seeds[0]}–{seeds[-1]}"
    )
    return Report(
        title=f"Skills learned one by one (Michaud et al. 2023): exponents from skills {_FIRST} to {last}",
        table=Table(
            (
                Column("exponent", value=lambda row: _NAMES[row["exponent"]]),
                Column("measured", form=".3f"),
                Column("standard_error", "± se", form=".3f"),
                Column("model", f"model, n_s = {task.n_skills}", form=".3f"),
                Column("model_infinite", "model, n_s = ∞", form=".3f"),
                Column("law", form=".3f"),
            ),
            found,
        ),
        summary={
            "exponents": found,
            "skills": {"first": _FIRST, "last": last},
            "emergence_times": times.tolist(),
            "settings": {"task": describe(task), "training": describe(training)},
            "seeds": seeds,
            "version": __version__,
        },
        figures={"quanta": quanta_figure(curves, times, found[0]["measured"], (_FIRST, last), note)},
        tables={"curves": tidy_table(curves)},
        remarks=[f"{last} of {task.n_skills} skills emerged, in order of frequency, in every run"],
    )


_NAMES = {
    "time": "emergence time in 1/frequency",
    "loss_in_time": "loss in time",
    "loss_in_skills": "loss in learned skills",
}


def _loss_at(times: Floats, run: xr.Dataset) -> Floats:
    """The loss of all skills at these steps, linear in the logarithms between measurements."""
    steps = run["step"].to_numpy()
    loss = total_loss(run).to_numpy()
    return np.asarray(np.exp(np.interp(np.log(times), np.log(steps[steps > 0]), np.log(loss[steps > 0]))))


def _of_model(frequencies: PowerLaw, shown: Floats, last: int) -> Exponents:
    """The exponents of gradient flow; the slopes do not depend on its rate, and hardly on its start."""
    model = Multilinear(frequencies, target_scale=1.0, initial_strength=0.01)
    skills = np.arange(1, last + 1)
    times = np.asarray(model.emergence_time(skills, 0.5))
    return exponents(shown[:last], times, np.asarray(model.loss(time=times)))


def _row(name: str, values: list[float], finite: float, limit: float, law: float) -> dict[str, Any]:
    spread = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return {
        "exponent": name,
        "measured": float(np.mean(values)),
        "standard_error": float(spread),
        "model": finite,
        "model_infinite": limit,
        "law": law,
    }
