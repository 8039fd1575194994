"""Statements that hold of skills to come when no forecast does: not before now, and dates by their own growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.forecast.base.verdict import Still
from saltus.forecast.time.doubts import over_steps, to_come
from saltus.forecast.time.predict import not_come_by

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast


def still(known: xr.Dataset, forecast: EmergenceForecast | None) -> tuple[Still, ...]:
    """Bounds of the skills to come that were measured, and their dates by growth.

    Args:
        known: curves up to now, over steps or over effective time.
        forecast: of their half strengths; None where there is none, or no rise tells the course of another.
    """
    before = not_come_by(over_steps(known), 0.5, np.inf, known.sizes["skill"])
    awaited = np.flatnonzero(to_come(known) & (before > 0))
    own = None if forecast is None else forecast.own_growth
    return tuple(Still(int(k) + 1, float(before[k]), _date(None if own is None else own[k])) for k in awaited)


def _date(own: Floats | None) -> tuple[float, float, float] | None:
    if own is None or np.isnan(own[0]):
        return None
    low, middle, high = own.tolist()
    return low, middle, high
