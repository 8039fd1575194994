"""Curves over effective time: steps counted by how much each of them trains, by a clock of the learning rate.

Under plain descent progress goes as the sum of the learning rates: warm-up and decay change the clock alone, and the
same law holds over effective time. One unit is a step at the highest rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from saltus._types import Floats
from saltus.errors import InputError
from saltus.forecast.time.recipe import OptimizerFamily, family_of, optimizer_of
from saltus.theory.clock import RateClock, schedule_clock
from saltus.theory.schedules import RateTable, Schedule

if TYPE_CHECKING:
    import xarray as xr

    from saltus.theory.protocols import Clock


AnySchedule: TypeAlias = Schedule | RateTable | Literal["logged", "none"]
"""A schedule, or rates at steps, or those that the curves carry, or none: all steps count alike."""

_POWERS: dict[OptimizerFamily | None, float] = {"sgd": 1.0, "adam": 0.8}
"""Progress of a step goes as its learning rate to this power; an optimiser that is not known is most likely of Adam's
family."""
_WRITTEN = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}
_BEYOND = 1000  # times the last step of the curves, up to which a schedule without an end is followed


def clock_of(curves: xr.Dataset, schedule: AnySchedule) -> Clock | None:
    """The clock of curves over steps; None where all steps count alike.

    Raises:
        InputError: if the runs differ in their logged rates.
    """
    if schedule == "none":
        return None
    power = power_of(curves)
    if schedule == "logged":
        return logged_clock(curves, power)
    return told_clock(schedule, power, float(curves["step"][-1]))


def told_clock(schedule: Schedule | RateTable, power: float, last: float) -> Clock | None:
    """The clock of a schedule or of rates that are told; None where the rate never changes.

    Args:
        schedule: of the learning rate.
        power: progress of a step goes as its rate to this power.
        last: step that the clock reaches at least; the end of one that ends.
    """
    if isinstance(schedule, RateTable):
        return _from_rates(np.array(schedule.steps), np.array(schedule.rates), power)
    end = max(dict(schedule.parameters).get("steps", 0.0), last * (1 if schedule.ends else _BEYOND))
    return schedule_clock(schedule, 1.0, max(math.ceil(end), 1), power=power)


def power_of(curves: xr.Dataset) -> float:
    """The power of the learning rate as which the progress of a step counts, by the optimiser of the curves."""
    return _POWERS.get(family_of(optimizer_of(curves)), _POWERS["adam"])


def in_words(curves: xr.Dataset, schedule: AnySchedule) -> str:
    """The clock of `clock_of` in words, where there is one."""
    if schedule == "logged":
        source = "the learning rate of the log"
    elif isinstance(schedule, RateTable):
        source = f"the learning rates given at {len(schedule.steps)} steps"
    else:
        source = f"the schedule {schedule}"
    optimizer = optimizer_of(curves)
    named = "Adam, as the optimiser is not known" if optimizer is None else _WRITTEN.get(optimizer, optimizer)
    return f"steps counted by {source} (rate^{power_of(curves):g} for {named}), one at the highest rate as 1"


def in_effective_time(curves: xr.Dataset, clock: Clock) -> xr.Dataset:
    """The same curves with effective times as the coordinate ``step``, and the steps beside as ``logged_step``."""
    steps = curves["step"].to_numpy()
    return curves.assign_coords(step=clock.flow_time(steps), logged_step=("step", steps))


def logged_clock(curves: xr.Dataset, power: float) -> RateClock | None:
    """The clock of the learning rates that the curves carry; None if they carry none, or it never changes.

    Between two logged rates their mean holds; beyond the last one it stays.

    Args:
        curves: over steps, with or without a coordinate ``learning_rate`` over run and step.
        power: progress of a step goes as its rate to this power.

    Raises:
        InputError: if the runs differ in their rates.
    """
    if "learning_rate" not in curves.coords or "step" not in curves["learning_rate"].dims:
        return None  # one rate a run is a setting
    rates, steps = np.atleast_2d(curves["learning_rate"].to_numpy()), curves["step"].to_numpy().astype(float)
    known = np.isfinite(rates).any(axis=0)
    if not known.any():
        return None
    lowest, highest = np.nanmin(rates[:, known], axis=0), np.nanmax(rates[:, known], axis=0)
    if not np.allclose(lowest, highest, rtol=1e-6):
        worst = int((highest - lowest).argmax())
        rule = f"runs must share their learning rates, as at step {steps[known][worst]:g}"
        raise InputError(rule, [float(lowest[worst]), float(highest[worst])], "read one run at a time")
    return _from_rates(steps[known], highest, power)


def _from_rates(steps: Floats, rates: Floats, power: float) -> RateClock | None:
    shares = (rates / rates.max()) ** power if rates.max() > 0 else rates
    if (shares == shares[0]).all():
        return None
    # Between two logged rates the mean of both: logs are sparser than updates, and schedules smooth.
    between = [*((shares[1:] + shares[:-1]) / 2).tolist(), float(shares[-1])]
    before = [float(shares[0])] if steps[0] > 0 else []
    return RateClock((*before, *between), tuple(steps.tolist())[1 - len(before) :])
