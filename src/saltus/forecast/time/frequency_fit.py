"""Frequencies that nobody knows, fitted to when skills emerge: only their order is given.

A skill that comes x decades later than the calibrated one is about x decades rarer (networks depart from that, see
`saltus.forecast.time.departure`). Two forms compete: one alpha for all skills, and a rate of its own for every skill
that has shown itself. A skill shows itself by having emerged, or by its growth; one that has not tells the one alpha
how late it is at least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_ndtr

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times
from saltus.errors import InputError
from saltus.forecast.base import checked_skills
from saltus.forecast.time.calibrate import calibrate_time
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure, learned
from saltus.forecast.time.own_growth import expected_shape, growth, onset, sharpen
from saltus.theory.frequencies import Frequencies

if TYPE_CHECKING:
    import xarray as xr


_ANY = 1.0  # decades: standard deviation of a time about which nothing is known
_EXACT = 2e-3  # decades: no time is known better
_FAR = -9.0  # decades: of no skill
_ALPHAS = np.linspace(0.005, 5.0, 1000)


@dataclass(frozen=True)
class FrequencyForm:
    """One form of unknown frequencies, fitted.

    Attributes:
        name: "common alpha" or "free rates".
        log_likelihood: natural logarithm.
        penalty: sum over parameters of log(range / (standard deviation sqrt(2 pi))), what the data had to narrow down
            (MacKay 1992's Occam factor): alpha from 0 to 5, a free rate over one decade.
    """

    name: str
    log_likelihood: float
    penalty: float

    @property
    def score(self) -> float:
        """Log likelihood less penalty: the form with the larger one is used."""
        return self.log_likelihood - self.penalty


@dataclass(frozen=True)
class FrequencyFit:
    """Frequencies fitted to curves.

    Attributes:
        frequencies: of the curves' skills, as if there were no others; only their ratios were fitted.
        log10_error: standard deviation of log10 of each one's ratio to the calibrated skill's, as known from the other
            skills (what its own growth says enters a forecast by itself), shape ``(n_skills,)``.
        alpha, alpha_error: of the common form, whichever was chosen.
        forms: both, the chosen one first.
        dated: which skills have shown themselves, shape ``(n_skills,)``.
    """

    frequencies: Frequencies
    log10_error: Floats
    alpha: float
    alpha_error: float
    forms: tuple[FrequencyForm, FrequencyForm]
    dated: Flags

    def summary(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "form": self.forms[0].name,
            "alpha": self.alpha,
            "alpha_error": self.alpha_error,
            "log10_error": self.log10_error.tolist(),
            "dated": self.dated.tolist(),
            "forms": [
                {"form": one.name, "log_likelihood": one.log_likelihood, "penalty": one.penalty} for one in self.forms
            ],
        }


def fit_frequencies(
    curves: xr.Dataset, on_skill: int | Sequence[int] = 1, *, departure: Departure | None = None
) -> FrequencyFit:
    """Fit the frequencies of skills of which only the order is known: skill 1 is the most frequent.

    Args:
        curves: labelled curves over steps, up to what may be used.
        on_skill: the skill to calibrate on, from 1; of several, the most frequent.
        departure: how networks depart from the model; by default as learned (`Calibration.forecast`).

    Raises:
        InputError: if that skill has not emerged, or no other one has shown itself.
    """
    n_skills = curves.sizes["skill"]
    reference = checked_skills(on_skill, n_skills)[0]
    places = np.log10(np.arange(1, n_skills + 1) / reference)
    calibration = calibrate_time(curves, Frequencies([1.0] * n_skills), reference)
    dates = _date(curves, calibration, learned() if departure is None else departure)
    others = dates.dated & (places != 0)
    if not others.any():
        advice = "wait until it has, or give frequencies"
        raise InputError("a second skill must have begun to grow", f"skill {reference} alone", advice)
    alpha, alpha_error, log_likelihood = _common(dates, places, places != 0)
    own = dates.own_decades(reference - 1)
    common = FrequencyForm("common alpha", log_likelihood, _occam(_ALPHAS[-1], np.array([alpha_error])))
    of_own = dates.sd(own)[others] / dates.departure.time_per_decade()
    free = FrequencyForm("free rates", float(dates.log_likelihood(own)[others].sum()), _occam(_ANY, of_own))
    by_rates = bool(free.score > common.score and others.sum() > 1)  # one skill cannot stray from the common law
    if by_rates:
        decades, error = _extended(own, (1 + alpha) * places, dates, alpha_error * places)
    else:
        decades = (1 + alpha) * places
        error = np.array([_error_without(k, dates, places, alpha_error) for k in range(n_skills)])
    return FrequencyFit(
        frequencies=Frequencies((10**-decades).tolist()),
        log10_error=error,
        alpha=alpha,
        alpha_error=alpha_error,
        forms=(free, common) if by_rates else (common, free),
        dated=dates.dated,
    )


@dataclass(frozen=True)
class _Dates:
    """When skills pass R/S = 0.5, or before when they do not; arrays of shape ``(n_skills,)``.

    Attributes:
        log_time: log10 of the step; of a skill that has not shown itself, of the earliest one possible.
        error: its standard deviation.
        dated: whether a skill has shown itself.
        emerged: whether it has passed R/S = 0.5.
        start: log10 of the step at which the model has the calibrated skill pass.
        departure: of networks from the model.
    """

    log_time: Floats
    error: Floats
    dated: Flags
    emerged: Flags
    start: float
    departure: Departure

    def sd(self, decades: Floats) -> Floats:
        """Of each date, for skills that are so many decades rarer than the calibrated one."""
        return np.hypot(np.maximum(self.error, _EXACT), self.departure.sd(np.maximum(decades, 0.0)))

    def log_likelihood(self, decades: Floats) -> Floats:
        """Of each skill, if it is so many decades rarer than the calibrated one, shaped like ``decades``."""
        sd = self.sd(decades)
        late = (self.log_time - self.start - decades - self.departure.mean(decades)) / sd
        density = -0.5 * late**2 - np.log(sd * math.sqrt(2 * math.pi))
        return np.where(self.dated, density, log_ndtr(-late))

    def own_decades(self, reference: int) -> Floats:
        """How much rarer each skill is by its own date alone, in the given order; of use where it is dated."""
        late = self.log_time - self.start - float(self.departure.mean(0.0))
        own = np.where(self.dated, late / self.departure.time_per_decade(), _FAR)
        own[: reference + 1] = np.minimum(own[: reference + 1], 0.0)
        own[reference] = 0.0
        return np.maximum.accumulate(own)


def _date(curves: xr.Dataset, calibration: Calibration, departure: Departure) -> _Dates:
    """Dates of all skills: measured where they emerged, else by their growth along the calibrated curve."""
    n_skills = curves.sizes["skill"]
    steps = crossing_times(curves)
    times = np.log10(np.where(steps > 0, steps, np.nan))
    emerged = np.asarray(np.isfinite(times).any(axis=0))
    start = math.log10(calibration.half_exposure * n_skills)
    found = [
        _emerged_at(times[:, k]) if emerged[k] else _by_growth(curves.isel(skill=k), calibration, start, departure)
        for k in range(n_skills)
    ]
    log_time, error, dated = (np.array(column) for column in zip(*found, strict=True))
    return _Dates(log_time, error, dated.astype(bool), emerged, start, departure)


def _emerged_at(log_times: Floats) -> tuple[float, float, bool]:
    seen = log_times[np.isfinite(log_times)]
    return float(seen.mean()), float(seen.std(ddof=1) / math.sqrt(seen.size)) if seen.size > 1 else 0.0, True


def _by_growth(
    curve: xr.Dataset, calibration: Calibration, start: float, departure: Departure
) -> tuple[float, float, bool]:
    """From growth that is seen, with next to no prior; else the earliest time that is possible."""
    steps, strength, error = growth(curve.isel(step=curve["step"].to_numpy() > 0), calibration)
    if steps.size == 0:
        return -math.inf, 0.0, False
    last = math.log10(steps[-1])
    decades = max(last - start, 0.0)
    shape = expected_shape(calibration.initial_logit, decades, departure)
    first, not_before = onset(np.log10(steps), strength, error, shape, departure)
    if first == len(steps):
        return not_before, 0.0, False
    mean, sd = sharpen(
        last,
        _ANY,
        steps=steps,
        strength=strength,
        error=error,
        initial_logit=calibration.initial_logit,
        decades=decades,
        departure=departure,
    )
    return mean, sd, True


def _common(dates: _Dates, places: Floats, used: Flags) -> tuple[float, float, float]:
    """The most likely alpha, its standard deviation (all alphas alike before), and its log likelihood."""
    log_likelihood = dates.log_likelihood((1 + _ALPHAS[:, None]) * places)[:, used].sum(axis=1)
    best = int(log_likelihood.argmax())
    weight = np.exp(log_likelihood - log_likelihood[best])
    weight /= weight.sum()
    sd = math.sqrt(weight @ (_ALPHAS - weight @ _ALPHAS) ** 2)
    return float(_ALPHAS[best]), max(sd, float(_ALPHAS[1] - _ALPHAS[0])), float(log_likelihood[best])


def _occam(width: float, sd: Floats) -> float:
    return float(np.sum(np.maximum(np.log(width / (sd * math.sqrt(2 * math.pi))), 0.0)))


def _error_without(k: int, dates: _Dates, places: Floats, alpha_error: float) -> float:
    """Error of one skill's decades under the common alpha; what its own growth says is left out."""
    if not dates.emerged[k] and dates.dated[k]:
        used = (places != 0) & (np.arange(len(places)) != k)
        alpha_error = _common(dates, places, used)[1] if used.any() else math.inf
    return min(_ANY, alpha_error * abs(float(places[k]))) if places[k] else 0.0


def _extended(own: Floats, common: Floats, dates: _Dates, error: Floats) -> tuple[Floats, Floats]:
    """Free decades where skills are dated; from the last such skill on, steps of the common alpha.

    A skill that is not dated strays from the common alpha as much as those that are.
    """
    index = np.arange(len(own))
    last = np.maximum.accumulate(np.where(dates.dated, index, -1))
    stray = float(np.sqrt(np.mean((own - common)[dates.dated] ** 2)))
    decades = np.where(last < 0, common, own[last] + common - common[last])
    decades = np.minimum.accumulate(decades[::-1])[::-1]  # none is rarer than the dated ones after it
    of_dated = np.where(dates.emerged, dates.error, _ANY)
    return decades, np.where(dates.dated, of_dated, np.hypot(error - error[last], stray))
