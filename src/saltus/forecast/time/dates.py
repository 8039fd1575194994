"""Dates of skills: when each passes R/S = 0.5, or before when it certainly does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times, emerged_before
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.own_growth import expected_shape, growth, onset, sharpen

if TYPE_CHECKING:
    import xarray as xr

UNKNOWN = 1.0  # standard deviation of an unknown time, in decades
_EXACT = 2e-3  # least standard deviation of a time, in decades
_FAR = -9.0  # place before every dated skill, in decades of frequency


@dataclass(frozen=True)
class Dates:
    """Dates of skills, arrays of shape ``(n_skills,)``.

    Attributes:
        log_time: log10 of the step at R/S = 0.5; of an undated skill, of the earliest one possible, or the latest.
        error: standard deviation of ``log_time``.
        dated: whether a skill has emerged or begun to grow.
        emerged: whether it was seen to pass R/S = 0.5.
        start: log10 of the step at which the calibrated skill passes in the model.
        departure: of networks from the model.
        before: whether it had passed by its first measurement, at ``log_time``, so that it came before.
    """

    log_time: Floats
    error: Floats
    dated: Flags
    emerged: Flags
    start: float
    departure: Departure
    before: Flags | bool = False

    def sd(self, decades: Floats) -> Floats:
        """Standard deviation of each date, for skills ``decades`` rarer than the calibrated one."""
        return np.hypot(np.maximum(self.error, _EXACT), self.departure.sd(np.maximum(decades, 0.0)))

    def log_likelihood(self, decades: Floats) -> Floats:
        """Log likelihood of each date, for skills ``decades`` rarer than the calibrated; shaped like it."""
        sd = self.sd(decades)
        late = (self.log_time - self.start - decades - self.departure.mean(decades)) / sd
        density = -0.5 * late**2 - np.log(sd * math.sqrt(2 * math.pi))
        return np.where(self.dated, density, log_ndtr(np.where(self.before, late, -late)))

    def own_decades(self, reference: int) -> Floats:
        """Decades that each skill is rarer by its own date alone, kept in the given order; meant for dated skills."""
        late = self.log_time - self.start - float(self.departure.mean(0.0))
        own = np.where(self.dated, late / self.departure.time_per_decade(), _FAR)
        own[: reference + 1] = np.minimum(own[: reference + 1], 0.0)
        own[reference] = 0.0
        return np.maximum.accumulate(own)


def dates_of(curves: xr.Dataset, constants: TimeConstants, departure: Departure) -> Dates:
    """Dates of all skills: measured where they emerged, else by their growth along the calibrated curve.

    Args:
        curves: labelled curves over steps.
        constants: calibrated with equal frequencies of all skills.
        departure: of networks from the model.
    """
    n_skills = curves.sizes["skill"]
    steps, earlier = crossing_times(curves), emerged_before(curves)
    times = np.log10(steps)
    emerged = np.asarray(np.isfinite(times).any(axis=0))
    first = np.nan_to_num(earlier).max(axis=0)
    stands = np.isfinite(earlier).any(axis=0) & ~emerged
    before = stands & (first > 0)  # at step 0 it owes nothing to training, and says nothing of frequency
    start = math.log10(constants.half_exposure * n_skills)

    def found(k: int) -> tuple[float, float, bool]:
        if emerged[k]:
            return _emerged_at(times[:, k])
        if stands[k]:
            return (math.log10(first[k]) if before[k] else -math.inf), 0.0, False
        return _by_growth(curves.isel(skill=k), constants, start, departure)

    log_time, error, dated = (np.array(column) for column in zip(*map(found, range(n_skills)), strict=True))
    return Dates(log_time, error, dated.astype(bool), emerged, start, departure, before)


def _emerged_at(log_times: Floats) -> tuple[float, float, bool]:
    """Mean over runs and its standard error."""
    seen = log_times[np.isfinite(log_times)]
    return float(seen.mean()), float(seen.std(ddof=1) / math.sqrt(seen.size)) if seen.size > 1 else 0.0, True


def _by_growth(
    curve: xr.Dataset, constants: TimeConstants, start: float, departure: Departure
) -> tuple[float, float, bool]:
    """A date from visible growth, with next to no prior; without growth the earliest time that is possible."""
    steps, strength, error = growth(curve.isel(step=curve["step"].to_numpy() > 0), constants.residual)
    if steps.size == 0:
        return -math.inf, 0.0, False
    last = math.log10(steps[-1])
    decades = max(last - start, 0.0)
    shape, lowest = expected_shape(constants.initial_logit, decades, departure), departure.laws[0].threshold
    first, not_before = onset(np.log10(steps), strength, error, shape, lowest)
    if first == len(steps):
        return not_before, 0.0, False
    mean, sd = sharpen(
        last,
        UNKNOWN,
        steps=steps,
        strength=strength,
        error=error,
        shape=shape,
        lowest=lowest,
        shape_sd=departure.shape_sd,
    )
    return mean, sd, True
