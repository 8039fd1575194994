"""Curves over effective time: steps counted by how much each of them trains, by a clock of the learning rate.

Under plain descent progress goes as the sum of the learning rates: warm-up and decay change the clock alone, and the
same law holds over effective time. One unit is a step at the highest rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.clock import RateClock

if TYPE_CHECKING:
    import xarray as xr

    from saltus.theory.protocols import Clock


def in_effective_time(curves: xr.Dataset, clock: Clock) -> xr.Dataset:
    """The same curves with effective times as the coordinate ``step``."""
    return curves.assign_coords(step=clock.flow_time(curves["step"].to_numpy()))


def logged_clock(curves: xr.Dataset, power: float) -> RateClock | None:
    """The clock of the learning rates that the curves carry; None if they carry none, or it never changes.

    A rate holds from the step it was logged at to the next; beyond the last one it stays.

    Args:
        curves: over steps, with or without a coordinate ``learning_rate`` over run and step.
        power: progress of a step goes as its rate to this power.

    Raises:
        InputError: if the runs differ in their rates.
    """
    if "learning_rate" not in curves.coords:
        return None
    rates, steps = curves["learning_rate"].to_numpy(), curves["step"].to_numpy().astype(float)
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
