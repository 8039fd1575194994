"""Agreement of a forecast with the mean strength over runs, skill by skill, and its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.curves.crossings import crossing_times
from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_RESAMPLES = 200  # bootstrap samples, for an error of 5 % on the standard errors


@dataclass(frozen=True)
class Agreement:
    """Forecast against measurement, of one skill.

    Attributes:
        rms: root mean square of forecast minus mean strength R/S, over the measured points.
        largest: the difference of largest size, forecast minus measured.
        largest_at: amount of the resource at that difference.
        half_measured, half_forecast: amounts at which the mean strength, and the forecast, reach 0.5; NaN if never.
        log10_ratio: log10 of half_forecast over half_measured.
        log10_ratio_error: its standard error over runs, by bootstrap.
    """

    skill: int
    rms: float
    largest: float
    largest_at: float
    half_measured: float
    half_forecast: float
    log10_ratio: float
    log10_ratio_error: float


def agreement(curves: xr.Dataset, forecast: Floats, seed: int = 0) -> list[Agreement]:
    """Compare each skill's mean strength with its forecast, ``(n_skills, n_points)`` at the curves' own points.

    A mean is over the runs that were measured there: one that diverged is in none from then on.

    Raises:
        InputError: if no run has a measured strength.
    """
    resource = str(curves["strength"].dims[-1])
    amounts = curves[resource].to_numpy().astype(float)
    strength = curves["strength"].to_numpy()
    mean = _mean(strength)
    if not np.isfinite(mean).any(axis=1).all():
        rule = f"some run over {resource} must have come to an end"
        raise InputError(rule, curves["status"].to_numpy().tolist(), "try a smaller learning rate")
    rng = np.random.default_rng(seed)
    resampled = [_mean(strength[rng.integers(0, len(strength), len(strength))]) for _ in range(_RESAMPLES)]
    half_forecast, half_measured, *halves = _half_points(curves, [forecast, mean, *resampled])
    difference = forecast - mean
    worst = np.nanargmax(np.abs(difference), axis=1)
    return [
        Agreement(
            skill=k + 1,
            rms=float(np.sqrt(np.nanmean(difference[k] ** 2))),
            largest=float(difference[k, worst[k]]),
            largest_at=float(amounts[worst[k]]),
            half_measured=float(half_measured[k]),
            half_forecast=float(half_forecast[k]),
            log10_ratio=float(np.log10(half_forecast[k] / half_measured[k])),
            log10_ratio_error=_spread(np.log10([half[k] for half in halves])),
        )
        for k in range(len(forecast))
    ]


def _mean(strength: Floats) -> Floats:
    """Mean strength over the runs that were measured; NaN where none was."""
    n_measured = np.isfinite(strength).sum(axis=0)
    return np.where(n_measured > 0, np.nansum(strength, axis=0) / np.maximum(n_measured, 1), np.nan)


def _half_points(curves: xr.Dataset, strengths: list[Floats]) -> NDArray[Any]:
    """Amounts at which these strengths, each ``(n_skills, n_points)``, pass 0.5."""
    import xarray as xr

    array = xr.DataArray(np.stack(strengths), dims=curves["strength"].dims, coords={})
    resource = curves["strength"].dims[-1]
    return crossing_times(xr.Dataset({"strength": array}, coords={resource: curves[resource]}), 0.5)


def _spread(values: Floats) -> float:
    """Standard deviation, if the half point was reached in all resamples."""
    return float(np.std(values, ddof=1)) if np.all(np.isfinite(values)) else np.nan
