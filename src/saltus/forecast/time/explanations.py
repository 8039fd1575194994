"""Explanations of curves that compete, as data: curve, parameters, starts and bounds of each.

All of them see the frequencies and time; a rare skill is a slower frequent one. With exposure x = P_k T:

- decoupled: logit(R/S) = rate (x - half exposure), ``Nam et al. 2024, Eq. 14``;
- decoupled, rare skills late: the same with P_k^(1 + kappa), the departure that networks show;
- decoupled, from a later origin: the same with T less a lag that all skills share, as after a warm-up;
- decoupled, with ceilings: the same with the height to which each skill rises;
- learned exponent: logit(R/S) = steepness log(P_k^gamma T / half exposure), as Adam's runs rise; with ceilings or not;
- exponential: R/S = 1 - exp(-c x), the linear model (Eq. 125), without a delayed onset;
- power law: R/S = 1 - (1 + c x)^-b in the step, a smooth improvement without an end;
- both smooth forms with P_k^gamma and ceilings, the exponential also from a later origin;
- resource: the decoupled growth on the clock of `saltus.theory.coupled.resource`, so that rare skills speed up once
  frequent ones are done. Measured strengths give the unlearned shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import expit

from saltus._types import Floats
from saltus.theory.coupled.resource import measured_clock


class Explanation(StrEnum):
    """The forms that compete, by the names that reports give them."""

    DECOUPLED = "decoupled"
    RARE_LATE = "decoupled, rare skills late"
    LATER_ORIGIN = "decoupled, from a later origin"
    CEILINGS = "decoupled, with ceilings"
    LEARNED_EXPONENT = "learned exponent"
    LEARNED_CEILINGS = "learned exponent, with ceilings"
    RESOURCE = "resource"
    EXPONENTIAL = "exponential"
    EXPONENTIAL_CEILINGS = "exponential, with ceilings"
    EXPONENTIAL_LATER = "exponential, from a later origin with ceilings"
    POWER_LAW = "power law"
    POWER_LAW_CEILINGS = "power law, with ceilings"


DECOUPLED = (Explanation.DECOUPLED, Explanation.RARE_LATE, Explanation.LATER_ORIGIN, Explanation.CEILINGS)
DELAYED = (*DECOUPLED, Explanation.LEARNED_EXPONENT, Explanation.LEARNED_CEILINGS)  # an onset after a delay
SMOOTH = (  # a rise without a delayed onset
    Explanation.EXPONENTIAL,
    Explanation.EXPONENTIAL_CEILINGS,
    Explanation.EXPONENTIAL_LATER,
    Explanation.POWER_LAW,
    Explanation.POWER_LAW_CEILINGS,
)
RIVALS = (*SMOOTH, Explanation.RESOURCE)

_LEAST_STEEPNESS = 2.0  # Hill exponent: an exponential has 1.4 at its half, and Adam's runs have 2.3 and more
_LOWEST_CEILING = 0.05  # R/S to which a skill is taken to rise at least
_LATEST_ORIGIN = 3.0  # lag in exposures of the first half-learned skill


@dataclass(frozen=True)
class Measured:
    """One run's measurements: frequency (K,), steps (n,), strength (K, n) with NaN where none, and weights (K, n)."""

    frequency: Floats
    steps: Floats
    strength: Floats
    weight: Floats

    @property
    def exposure(self) -> Floats:
        """P_k T, shape ``(K, n)``."""
        return self.frequency[:, None] * self.steps

    def powered(self, gamma: float) -> Floats:
        """Exposure that goes as P_k^gamma, with the most frequent skill's as it is, shape ``(K, n)``."""
        return np.asarray(self.exposure * (self.frequency / self.frequency.max())[:, None] ** (gamma - 1))


@dataclass(frozen=True)
class Form:
    """One explanation, with all that a fit of it needs.

    Attributes:
        curve: strengths R/S by a run and the parameters, shape ``(K, n)``, before ceilings.
        names: of the parameters.
        starts: of fits.
        low: lower bounds.
        high: upper bounds.
        levels: ceiling of each skill, by the run and its curve, shape ``(K,)``; none where all rise to 1.
    """

    curve: Callable[..., Floats]
    names: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    levels: Callable[[Measured, Floats], Floats] = lambda *_: np.ones(0)

    def modelled(self, run: Measured, values: Floats) -> tuple[Floats, Floats]:
        """Strengths of a run by the parameters, shape ``(K, n)``, and the ceilings in them."""
        curve = self.curve(run, *values)
        levels = self.levels(run, curve)
        return (curve * levels[:, None] if levels.size else curve), levels


def _ceilings(run: Measured, curve: Floats) -> Floats:
    """The ceilings that bring a curve closest to the measurements: weighted least squares in closed form."""
    square = run.weight**2
    power = np.sum(square * curve**2, axis=1)
    product = np.sum(square * curve * np.nan_to_num(run.strength), axis=1)
    best = np.divide(product, power, out=np.ones_like(power), where=power > np.finfo(float).tiny)
    return np.asarray(np.clip(best, _LOWEST_CEILING, 1.0))


def _logistic(exposure: Floats, log_rate: float, log_half: float) -> Floats:
    return np.asarray(expit(np.exp(log_rate) * exposure - np.exp(log_rate + log_half)))


def _decoupled(run: Measured, log_rate: float, log_half: float) -> Floats:
    return _logistic(run.exposure, log_rate, log_half)


def _late(run: Measured, log_rate: float, log_half: float, kappa: float) -> Floats:
    return _logistic(run.powered(1 + kappa), log_rate, log_half)


def _later(run: Measured, log_rate: float, log_half: float, lag: float) -> Floats:
    return _logistic(_since(run, lag), log_rate, log_half)


def _since(run: Measured, lag: float, gamma: float = 1.0) -> Floats:
    """Exposure counted from a later origin; the lag is in exposures of the most frequent skill."""
    relative = (run.frequency / run.frequency.max())[:, None] ** gamma
    return np.asarray(relative * np.maximum(run.frequency.max() * run.steps - lag, 0.0))


def _hill(run: Measured, log_steepness: float, log_half: float, gamma: float) -> Floats:
    log_exposure = np.log(np.maximum(run.powered(gamma), np.finfo(float).tiny))
    return np.asarray(expit(np.exp(log_steepness) * (log_exposure - log_half)))


def _resource(run: Measured, log_rate: float, log_half: float, log_spare: float) -> Floats:
    learned = np.array([_bridged(run.steps, curve) for curve in run.strength])
    clock = measured_clock(run.steps, run.frequency, learned, float(np.exp(log_spare)))
    return _logistic(run.frequency[:, None] * clock, log_rate, log_half)


def _bridged(steps: Floats, strength: Floats) -> Floats:
    """A curve with its gaps filled linearly (skills may be measured at different steps); 0 if never measured."""
    known = np.isfinite(strength)
    return np.asarray(np.interp(steps, steps[known], strength[known])) if known.any() else np.zeros_like(strength)


def _exponential(run: Measured, log_rate: float, gamma: float = 1.0) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_rate) * run.powered(gamma)))


def _exponential_later(run: Measured, log_rate: float, gamma: float, lag: float) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_rate) * _since(run, lag, gamma)))


def _power(run: Measured, log_rate: float, log_exponent: float, gamma: float = 1.0) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_exponent) * np.log1p(np.exp(log_rate) * run.powered(gamma))))


_LOGITS = (np.log(4.0), np.log(12.0))  # starts of log_rate, for a half exposure of 1
_STEEP = (np.log(3.5), np.log(12.0))  # starts of log_steepness
_LOGISTIC = ("log_rate", "log_half_exposure")
_PLAIN = Form(_decoupled, _LOGISTIC, tuple((r, 0.0) for r in _LOGITS), (-9.0, -9.0), (9.0, 9.0))
_HILL = ("log_steepness", "log_half_exposure", "gamma")
_HILL_STARTS, _HILL_LOW = tuple((h, 0.0, 1.0) for h in _STEEP), (np.log(_LEAST_STEEPNESS), -9.0, 0.0)
_HILL_HIGH = (np.log(100.0), 9.0, 2.5)

FORMS: Mapping[Explanation, Form] = {
    Explanation.DECOUPLED: _PLAIN,
    Explanation.RARE_LATE: Form(
        _late, (*_LOGISTIC, "kappa"), tuple((r, 0.0, 0.05) for r in _LOGITS), (-9.0, -9.0, 0.0), (9.0, 9.0, 0.2)
    ),
    Explanation.LATER_ORIGIN: Form(
        _later,
        (*_LOGISTIC, "lag"),
        tuple((r, 0.0, 0.1) for r in _LOGITS),
        (-9.0, -9.0, 0.0),
        (9.0, 9.0, _LATEST_ORIGIN),
    ),
    Explanation.CEILINGS: Form(_decoupled, _LOGISTIC, _PLAIN.starts, _PLAIN.low, _PLAIN.high, _ceilings),
    Explanation.LEARNED_EXPONENT: Form(_hill, _HILL, _HILL_STARTS, _HILL_LOW, _HILL_HIGH),
    Explanation.LEARNED_CEILINGS: Form(_hill, _HILL, _HILL_STARTS, _HILL_LOW, _HILL_HIGH, _ceilings),
    Explanation.RESOURCE: Form(
        _resource,
        (*_LOGISTIC, "log_spare"),
        tuple((r, 0.0, spare) for r in _LOGITS for spare in (-2.0, 1.0)),
        (-9.0, -9.0, -7.0),
        (9.0, 12.0, 5.0),
    ),
    Explanation.EXPONENTIAL: Form(_exponential, ("log_rate",), ((0.0,),), (-12.0,), (9.0,)),
    Explanation.EXPONENTIAL_CEILINGS: Form(
        _exponential, ("log_rate", "gamma"), ((0.0, 1.0),), (-12.0, 0.0), (9.0, 2.5), _ceilings
    ),
    Explanation.EXPONENTIAL_LATER: Form(
        _exponential_later,
        ("log_rate", "gamma", "lag"),
        ((0.0, 1.0, 0.1),),
        (-12.0, 0.0, 0.0),
        (9.0, 2.5, _LATEST_ORIGIN),
        _ceilings,
    ),
    Explanation.POWER_LAW: Form(
        _power, ("log_rate", "log_exponent"), ((0.0, 0.0), (2.0, -1.0)), (-12.0, -7.0), (20.0, 9.0)
    ),
    Explanation.POWER_LAW_CEILINGS: Form(
        _power,
        ("log_rate", "log_exponent", "gamma"),
        ((0.0, 0.0, 1.0), (2.0, -1.0, 1.0)),
        (-12.0, -7.0, 0.0),
        (20.0, 9.0, 2.5),
        _ceilings,
    ),
}
