"""Estimate unknown skill frequencies from emergence times, given only their order.

A skill that comes x decades later than the calibrated one is about x decades rarer, but for the departure of networks
from the model (`saltus.forecast.time.departure`). Two forms compete: one alpha for all skills, and a rate of its own
for every dated skill. A skill is dated by having emerged, or by its growth; an undated one gives the common alpha a
lower bound of its emergence time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.names import named, skill_names
from saltus.curves.report import explained
from saltus.errors import InputError
from saltus.forecast.base.checks import OnSkill, checked_skills
from saltus.forecast.time.calibrate import calibrate_time
from saltus.forecast.time.dates import UNKNOWN, Dates, dates_of
from saltus.forecast.time.departure import Departure, shipped_departure
from saltus.theory.frequencies import Frequencies

if TYPE_CHECKING:
    import xarray as xr


COMMON_ALPHA, FREE_RATES = "common alpha", "free rates"  # names of the two forms
_RATE_RANGE = 1.0  # decades that a free rate may take before any data
_ALPHAS = np.linspace(0.005, 5.0, 1000)  # grid of the common exponent


@dataclass(frozen=True)
class FrequencyForm:
    """One form of unknown frequencies, fitted.

    Attributes:
        name: "common alpha" or "free rates".
        log_likelihood: natural logarithm.
        penalty: sum over parameters of log(range / (standard deviation sqrt(2 pi))), the narrowing by the data (MacKay
            1992's Occam factor): alpha from 0 to 5, a free rate over one decade.
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
        log10_error: standard error of log10(frequency / that of the calibrated skill), from the other skills alone; a
            forecast adds the skill's own growth. Shape ``(n_skills,)``.
        alpha: exponent of the common form, whichever form was chosen.
        alpha_error: its standard deviation.
        forms: both, the chosen one first.
        dated: whether each skill has emerged or begun to grow, shape ``(n_skills,)``.
    """

    frequencies: Frequencies
    log10_error: Floats
    alpha: float
    alpha_error: float
    forms: tuple[FrequencyForm, FrequencyForm]
    dated: Flags

    @property
    def free_rates(self) -> bool:
        """Whether the chosen form gives every dated skill a frequency of its own."""
        return self.forms[0].name == FREE_RATES

    def summary(self) -> dict[str, Any]:
        """The fit as plain data, for JSON."""
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


@explained
def fit_frequencies(curves: xr.Dataset, on_skill: OnSkill = 1, *, departure: Departure | None = None) -> FrequencyFit:
    """Fit skill frequencies from their order alone: skill 1 is the most frequent, and so on.

    Args:
        curves: labelled curves over steps, up to the last step that may be used.
        on_skill: the skill to calibrate on, by number (from 1) or by name; of several, the most frequent.
        departure: departure of networks from the model; by default the shipped one (`Calibration.forecast`).

    Raises:
        InputError: if that skill has not emerged, or no other one has shown itself.
    """
    n_skills = curves.sizes["skill"]
    reference = checked_skills(on_skill, curves)[0]
    places = np.log10(np.arange(1, n_skills + 1) / reference)
    calibration = calibrate_time(curves, Frequencies([1.0] * n_skills), reference)
    dates = dates_of(curves, calibration, shipped_departure() if departure is None else departure)
    others = dates.dated & (places != 0)
    if not others.any():
        advice = "wait until it has, or give frequencies"
        alone = f"{named(skill_names(curves)[reference - 1])} alone"
        raise InputError("a second skill must have begun to grow", alone, advice)
    alpha, alpha_error, log_likelihood = _common(dates, places, places != 0)
    own = dates.own_decades(reference - 1)
    of_own = dates.sd(own)[others] / dates.departure.time_per_decade()
    common = FrequencyForm(COMMON_ALPHA, log_likelihood, _occam(_ALPHAS[-1], np.array([alpha_error])))
    free = FrequencyForm(FREE_RATES, float(dates.log_likelihood(own)[others].sum()), _occam(_RATE_RANGE, of_own))
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


def _common(dates: Dates, places: Floats, used: Flags) -> tuple[float, float, float]:
    """The most likely alpha, its standard deviation (all alphas alike before), and its log likelihood."""
    log_likelihood = dates.log_likelihood((1 + _ALPHAS[:, None]) * places)[:, used].sum(axis=1)
    best = int(log_likelihood.argmax())
    weight = np.exp(log_likelihood - log_likelihood[best])
    weight /= weight.sum()
    sd = math.sqrt(weight @ (_ALPHAS - weight @ _ALPHAS) ** 2)
    return float(_ALPHAS[best]), max(sd, float(_ALPHAS[1] - _ALPHAS[0])), float(log_likelihood[best])


def _occam(width: float, sd: Floats) -> float:
    """Penalty for parameters that the data narrowed down from a range to their standard deviations."""
    return float(np.sum(np.maximum(np.log(width / (sd * math.sqrt(2 * math.pi))), 0.0)))


def _error_without(k: int, dates: Dates, places: Floats, alpha_error: float) -> float:
    """Error of one skill's decades under the common alpha, without the skill's own growth."""
    if not dates.emerged[k] and dates.dated[k]:
        used = (places != 0) & (np.arange(len(places)) != k)
        alpha_error = _common(dates, places, used)[1] if used.any() else math.inf
    return min(UNKNOWN, alpha_error * abs(float(places[k]))) if places[k] else 0.0


def _extended(own: Floats, common: Floats, dates: Dates, error: Floats) -> tuple[Floats, Floats]:
    """Free decades where skills are dated; from the last such skill on, steps of the common alpha.

    An undated skill is given the distance of the dated ones from the common alpha as its error.
    """
    index = np.arange(len(own))
    last = np.maximum.accumulate(np.where(dates.dated, index, -1))
    stray = float(np.sqrt(np.mean((own - common)[dates.dated] ** 2)))
    decades = np.where(last < 0, common, own[last] + common - common[last])
    decades = np.minimum.accumulate(decades[::-1])[::-1]  # none is rarer than the dated ones after it
    of_dated = np.where(dates.emerged, dates.error, UNKNOWN)
    return decades, np.where(dates.dated, of_dated, np.hypot(error - error[last], stray))
