"""Finished runs of a study, and the moments at which forecasts of them are asked for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.curves.crossings import crossing_times
from saltus.errors import TrainingWarning
from saltus.theory.schedules import read_schedule
from saltus.train.job import Job, collect
from saltus.train.loop import Measurements

if TYPE_CHECKING:
    import xarray as xr

    from saltus._types import Floats

KNOWN_AT = 0.8  # R/S of a skill at the moment of a forecast
MOST_KNOWN = 4  # skills after which no further forecast is scored


@dataclass(frozen=True)
class StudyRun:
    """A finished run.

    Attributes:
        number: its place in the study, from 0.
        family: name of the kind of recipe.
        teaching: whether recipes may be taught by it.
        job: its settings.
        curves: its curves, to the end.
    """

    number: int
    family: str
    teaching: bool
    job: Job
    curves: xr.Dataset

    @property
    def times(self) -> Floats:
        """Step at which each skill passed half of its strength; NaN where it did not."""
        return np.asarray(crossing_times(self.curves)[0])

    @property
    def last(self) -> float:
        """Last measured step."""
        seen = np.isfinite(self.curves["strength"].to_numpy()[0]).any(axis=0)
        return float(self.curves["step"].to_numpy()[seen][-1])


def collected(job: Job, seen: Measurements) -> xr.Dataset:
    """A run's curves; one that diverged is a run like others up to there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        return collect([job], [seen])


@dataclass(frozen=True)
class Moment:
    """A step at which a forecast is asked for, and the number of skills that have emerged by then."""

    now: float
    known: int


def moments_of(curves: xr.Dataset, most: int = MOST_KNOWN, ceiling: float = 1.0) -> list[Moment]:
    """The measured steps at which one more skill first stood at `KNOWN_AT` of its ceiling; the first of each number.

    Args:
        curves: of one run.
        most: number of skills after which no further moment is asked for.
        ceiling: R/S of a learned skill.
    """
    strength, steps = curves["strength"].to_numpy()[0], curves["step"].to_numpy().astype(float)
    times, found = crossing_times(curves)[0], list[Moment]()
    up = strength >= KNOWN_AT * ceiling
    for now in sorted(steps[one.argmax()] for one in up if one.any())[:most]:
        known = int(np.sum(times <= now))
        if known and known not in [moment.known for moment in found]:
            found.append(Moment(float(now), known))
    return found


def settings_in_words(run: StudyRun) -> dict[str, Any]:
    """The settings that tell runs apart, flat."""
    training = run.job.training
    network = getattr(training, "network", None)
    schedule = training.schedule
    return {
        "run": run.number,
        "seed": run.job.seed,
        "family": run.family,
        "role": "teaching" if run.teaching else "testing",
        "network": "two-layer" if network is None else type(network).__name__.lower(),
        "n_layers": getattr(network, "n_layers", 2),
        "loss": getattr(training, "loss", "squared"),
        "optimizer": training.optimizer,
        "schedule": "constant" if schedule is None else read_schedule(str(schedule)).kind,
        "learning_rate": training.learning_rate,
        "batch_size": training.batch_size,
    }
