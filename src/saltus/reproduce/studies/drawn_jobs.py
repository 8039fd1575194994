"""Runs of the forecast study, with settings of their own drawn from ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from saltus.curves.spacing import geometric_steps
from saltus.parity.task import MultitaskSparseParity
from saltus.published import FEATURE_RATE_SQUARED, INITIAL_STRENGTH_PER_VARIANCE
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining

MEASURED_EVERY = 1.03  # ratio of neighbouring measured steps
_SCALE = 5.0


@dataclass(frozen=True)
class Settings:
    """How many runs, and from which ranges their settings are drawn.

    Attributes:
        n_teaching, n_testing: number of runs of each kind, the teaching ones first.
        alpha, n_skills: ranges drawn from uniformly, ends included.
        init_std, learning_rate: ranges drawn from log-uniformly. Above a rate of about 0.03 runs come near the edge of
            stability.
        batch_sizes: choices, each as likely.
        width: hidden units.
        margin: training ends at so many times the step at which the paper's constants expect the last skill.
    """

    n_teaching: int
    n_testing: int
    alpha: tuple[float, float] = (0.3, 0.9)
    n_skills: tuple[int, int] = (2, 8)
    init_std: tuple[float, float] = (0.004, 0.04)
    learning_rate: tuple[float, float] = (0.008, 0.025)
    batch_sizes: tuple[int, ...] = (250, 500, 1000)
    width: int = 1000
    margin: float = 1.45


def draw_jobs(settings: Settings, seed: int) -> list[Job]:
    """Runs with settings of their own, drawn from the ranges; the first n do not depend on how many there are."""
    n_runs = settings.n_teaching + settings.n_testing
    draws = np.random.default_rng(seed).random((n_runs, 5))
    return [_job(settings, draw.tolist(), seed + i) for i, draw in enumerate(draws)]


def _job(settings: Settings, draw: list[float], seed: int) -> Job:
    (low, high), (fewest, most) = settings.alpha, settings.n_skills
    alpha = round(low + (high - low) * draw[0], 3)
    task = MultitaskSparseParity(PowerLaw(alpha, fewest + int((most - fewest + 1) * draw[1])), target_scale=_SCALE)
    init_std, rate = (
        float(f"{least * (largest / least) ** share:.3g}")
        for (least, largest), share in ((settings.init_std, draw[2]), (settings.learning_rate, draw[3]))
    )
    # Eq. 11, 14 at R/S = 0.5 with the paper's constants; the plain squared error doubles the rate.
    start = INITIAL_STRENGTH_PER_VARIANCE * init_std**2
    exposure = math.log(_SCALE / start) / (2 * 2 * rate * FEATURE_RATE_SQUARED * _SCALE)
    steps = round(settings.margin * exposure / float(task.frequencies.first()[-1]), -2)
    training = MLPTraining(
        int(steps),
        learning_rate=rate,
        init_std=init_std,
        width=settings.width,
        batch_size=settings.batch_sizes[int(len(settings.batch_sizes) * draw[4])],
        measure_at=tuple(geometric_steps(int(steps), MEASURED_EVERY).tolist()),
        strength_samples=1000,
    )
    return Job(task, training, seed)


def settings_of(job: Job) -> dict[str, Any]:
    """The settings in which runs differ, and their length."""
    frequencies, training = job.task.frequencies, job.training
    assert isinstance(frequencies, PowerLaw)
    return {
        "alpha": frequencies.alpha,
        "n_skills": int(frequencies.n_skills),
        "init_std": training.gaussian_start,
        "learning_rate": training.learning_rate,
        "batch_size": training.batch_size,
        "steps": training.steps,
    }
