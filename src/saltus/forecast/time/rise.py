"""The rise of one skill in one run as an observation: when, how steeply, how high, and how well that is known.

Curves of skills in logarithmic time are nearly Hill curves, R/S = ceiling / (1 + (T/t)^h). A fit uses all measurements
of the rise, where the first passage of a half would use two; its errors include that networks rise a little otherwise.
A ceiling below 1 is one that the curve was seen to stand at: there half of the ceiling is what emerges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from saltus._types import Floats
from saltus.curves.schema import resource_of
from saltus.forecast.time.hill import LOWEST_CEILING, Fit, Measured, fit_hill, without_rise
from saltus.forecast.time.own_growth import noise_floor

if TYPE_CHECKING:
    import xarray as xr

TIME_FLOOR = 0.012  # standard deviation of log10 T without any noise, in decades: no curve is exactly Hill's
FLATNESS_FLOOR = 0.012  # standard deviation of 1/h without any noise
_SHORTEST = 2e-3  # least standard deviation of a rise between two checkpoints, in decades
_HALF = 0.5  # R/S that a skill must have been measured at
_RISING = 0.05  # share of the ceiling from which, up to one minus it, a measurement is on the rise
_AT_END = 0.4  # share of the ceiling that the fit must have reached at the last measurement
_LARGEST = 3.0  # values beyond it, or below its negative, are as wrong as it
_FALLEN = 0.5  # share of a curve's height below which its end does not belong to the rise
_CLEAR = 3.0  # gain in log posterior density from which a ceiling is not 1
_STANDS, _STANDING = 0.97, 3  # share of the ceiling at which a curve stands, and measurements needed there
_VISIBLE = 0.02  # least difference of a ceiling from 1


@dataclass(frozen=True)
class Rise:
    """A skill's rise in one run, R/S = ceiling / (1 + (T/t)^h).

    Attributes:
        log_time: log10 of the step T at half of the ceiling.
        time_error: its standard deviation, in decades; the misfit of any Hill curve included.
        steepness: h; NaN where the skill rose between two checkpoints, so that the measurements do not tell it.
        flatness_error: standard deviation of 1/h, misfit included; infinite where h is not known.
        ceiling: R/S that the curve was seen to stand at; 1 unless it was fitted, then at least 0.5.
        misfit: root mean square of measured minus fitted R/S.
        n_on_rise: number of measurements between 0.05 and 0.95 of the ceiling, by the fitted curve.
    """

    log_time: float
    time_error: float
    steepness: float
    flatness_error: float
    ceiling: float
    misfit: float
    n_on_rise: int

    def shape(self, threshold: float) -> float:
        """log10 of the fitted time at a share of the ceiling, between 0 and 1, over that at half; NaN without h."""
        return float(logit(threshold)) / (self.steepness * math.log(10))


def fit_rise(
    steps: ArrayLike,
    strength: ArrayLike,
    error: ArrayLike | None = None,
    *,
    items: ArrayLike | None = None,
    chance: float = 0.0,
) -> Rise | None:
    """The rise of one skill; None where it was not seen to pass half of its ceiling.

    A skill that stood at half when it was first measured rose before: None too. So is a single high value among low
    ones. Measurements at step 0 have no logarithm: a skill that is up at the first step after it is left out likewise.

    Args:
        steps: of the measurements, any order, shape ``(n,)``.
        strength: R/S, same shape; NaN where it was not measured.
        error: standard error of each, same shape; NaN where it is not known.
        items: number of questions behind a value, one or one each, where R/S is (accuracy - chance) / (1 - chance): then
            the noise is that of right and wrong answers, a little more than binomial, and ``error`` is not used.
        chance: share of right answers without the skill, at least 0 and below 1.
    """
    at, values = np.asarray(steps, dtype=float), np.asarray(strength, dtype=float)
    seen = np.isfinite(at) & (at >= 0) & np.isfinite(values)
    order = np.flatnonzero(seen)[np.argsort(at[seen], kind="stable")]
    if not order.size or values[order[0]] >= _HALF or not (values[order] >= _HALF).any():
        return None
    order = order[at[order] > 0]
    y = np.clip(values[order], -_LARGEST, _LARGEST)
    if order.size < 2 or y[0] >= _HALF:
        return None
    first, end = _stretch(y)
    order, y = order[:end], y[:end]
    measured = Measured(np.log(at[order]), y, _variance(error, y, order), _items(items, len(at), order), chance)
    fit = _with_ceiling(measured, first)
    return None if fit is None else _rise(measured, first, fit)


def rises(curves: xr.Dataset) -> list[list[Rise | None]]:
    """The rises of all curves, by run, then by skill; None where a skill was not seen to rise.

    Args:
        curves: labelled curves (`saltus.curves`), up to the moment of the forecast.
    """
    at = curves[resource_of(curves).name].to_numpy()
    strength = curves["strength"].to_numpy()
    error = curves["strength_error"].to_numpy() if curves.attrs.get("measured_errors", 1) else None
    n_skills = strength.shape[1]
    items, chance = (
        curves[name].to_numpy().astype(float) if name in curves.coords else np.full(n_skills, np.nan)
        for name in ("items", "chance")
    )
    counted = np.isfinite(items) & np.isfinite(chance)
    return [
        [
            fit_rise(
                at,
                strength[run, skill],
                None if error is None else error[run, skill],
                items=items[skill] if counted[skill] else None,
                chance=float(chance[skill]) if counted[skill] else 0.0,
            )
            for skill in range(n_skills)
        ]
        for run in range(len(strength))
    ]


def _stretch(strength: Floats) -> tuple[int, int]:
    """First measurement of the stretch that stands above half on the whole, and the end of those to use.

    The stretch has the largest sum of what is above half: single high values before it are no rise. A curve that falls
    again afterwards is used up to there.
    """
    total = np.concatenate([[0.0], np.cumsum(strength - _HALF)])
    lowest = np.minimum.accumulate(total)
    last = int((total[1:] - lowest[:-1]).argmax()) + 1
    first = int(total[:last].argmin())
    rest, height = strength[last:], float(strength[first:last].mean())
    fallen = rest.size > 0 and last - first > 1 and float(rest.mean()) < _FALLEN * height
    return first, last if fallen else len(strength)


def _variance(error: ArrayLike | None, strength: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Variance of the noise of each measurement: as given, or by the scatter of the curve about its own course."""
    given = np.full(strength.shape, np.nan) if error is None else np.asarray(error, dtype=float)[order]
    given = np.where(np.isfinite(given) & (given >= 0), np.minimum(given, _LARGEST), np.nan)
    if np.isnan(given).any():
        known = given[~np.isnan(given)]
        given = np.where(np.isnan(given), np.median(known) if known.size else noise_floor(strength), given)
    return np.asarray(given**2)


def _items(items: ArrayLike | None, n: int, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats | None:
    """Questions behind each measurement; None where they are not all known."""
    if items is None:
        return None
    found = np.broadcast_to(np.asarray(items, dtype=float), (n,))[order]
    return found if bool((np.isfinite(found) & (found >= 1)).all()) else None


def _with_ceiling(measured: Measured, first: int) -> Fit | None:
    """The fit with a ceiling of 1, or a lower one where the curve clearly stands there; None where none has passed."""
    bracket = float(measured.log_step[first - 1]), float(measured.log_step[first])
    fit = fit_hill(measured, bracket)
    after = measured.strength[first:]
    if len(after) >= _STANDING and float(np.median(after[len(after) // 2 :])) < 1 - _VISIBLE:
        lower = fit_hill(measured, bracket, free_ceiling=True)
        stands = int((lower.share > _STANDS).sum()) >= _STANDING
        low = LOWEST_CEILING < lower.ceiling < 1 - _VISIBLE
        if stands and low and fit.objective - lower.objective > _CLEAR:
            fit = lower
    up_at_first = measured.strength[0] >= fit.ceiling / 2
    passed = fit.share[-1] >= _AT_END and fit.objective < without_rise(measured)
    return fit if passed and not up_at_first else None


def _rise(measured: Measured, first: int, fit: Fit) -> Rise:
    share = measured.strength / fit.ceiling
    misfit = math.sqrt(np.mean(fit.residual**2))
    if not ((share > _RISING) & (share < 1 - _RISING)).any():
        above = int((share >= _HALF).argmax())
        low, high = measured.log_step[above - 1 : above + 1] / math.log(10)
        error = max((high - low) / math.sqrt(12), _SHORTEST)
        return Rise(float(low + high) / 2, float(error), math.nan, math.inf, fit.ceiling, misfit, 0)
    n_on_rise = fit.n_on_rise
    return Rise(
        log_time=fit.log_time / math.log(10),
        time_error=math.hypot(fit.time_error / math.log(10), TIME_FLOOR),
        steepness=fit.steepness if n_on_rise else math.nan,
        flatness_error=math.hypot(fit.flatness_error, FLATNESS_FLOOR) if n_on_rise else math.inf,
        ceiling=fit.ceiling,
        misfit=misfit,
        n_on_rise=n_on_rise,
    )
