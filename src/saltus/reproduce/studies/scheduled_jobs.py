"""Runs of the forecast study whose learning rate follows a schedule, one kind after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from saltus.curves.spacing import geometric_steps
from saltus.reproduce.studies.drawn_jobs import MEASURED_EVERY, Settings, draw_jobs
from saltus.theory.schedules import read_schedule
from saltus.train.job import Job

_SHARPEST = 100  # steps; lengths are whole hundreds


@dataclass(frozen=True)
class ScheduledSettings(Settings):
    """Ranges for the runs, and for their schedules.

    Attributes:
        kinds: texts of schedules, taken in turn; n, w, q and floor stand for the length, the warm-up, a quarter of the
            length and the lowest share of the rate.
        warmup: range, ends included, from which the warm-up's share of the length is drawn uniformly.
        floors: choices, each as likely.
    """

    kinds: tuple[str, ...] = (
        "cosine:warmup={w},steps={n},floor={floor}",
        "linear:warmup={w},steps={n},floor={floor}",
        "wsd:warmup={w},steps={n},floor={floor}",
        "steps:warmup={w},every={q}",
        "restarts:warmup={w},every={q},floor={floor}",
        "inverse-sqrt:warmup={w}",
    )
    warmup: tuple[float, float] = (0.02, 0.12)
    floors: tuple[float, ...] = (0.0, 0.1)


def draw_scheduled_jobs(settings: ScheduledSettings, seed: int) -> list[Job]:
    """Runs as `draw_jobs` makes them, so long that they train as much at their schedule as those at a constant rate."""
    jobs = draw_jobs(settings, seed)
    draws = np.random.default_rng([seed, 1]).random((len(jobs), 2)).tolist()
    return [
        _scheduled(job, settings, settings.kinds[i % len(settings.kinds)], *draw)
        for i, (job, draw) in enumerate(zip(jobs, draws, strict=True))
    ]


def _scheduled(job: Job, settings: ScheduledSettings, kind: str, draw_warmup: float, draw_floor: float) -> Job:
    low, high = settings.warmup
    share = low + (high - low) * draw_warmup
    floor = settings.floors[int(len(settings.floors) * draw_floor)]

    def text(steps: int) -> str:
        return kind.format(n=steps, w=round(share * steps), q=max(steps // 4, 1), floor=floor)

    return stretched(job, text)


def stretched(job: Job, text: Callable[[int], str], power: float = 1.0) -> Job:
    """The run under the schedule whose text belongs to a length, so long that it trains as much as at a constant rate.

    Training goes with this power of the rate.
    """

    def trains(steps: int) -> float:
        """Steps at the full rate that train as much."""
        return float((read_schedule(text(steps)).share(np.arange(steps)) ** power).sum())

    shortest, longest = job.training.steps, 2 * job.training.steps
    while trains(longest) < job.training.steps:
        longest *= 2
    while longest - shortest > _SHARPEST:
        middle = (shortest + longest) // 2
        shortest, longest = (shortest, middle) if trains(middle) >= job.training.steps else (middle, longest)
    steps = -(-longest // _SHARPEST) * _SHARPEST
    times = tuple(geometric_steps(steps, MEASURED_EVERY).tolist())
    return replace(job, training=replace(job.training, steps=steps, schedule=text(steps), measure_at=times))
