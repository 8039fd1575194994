"""Other explanations of the same curves, fitted side by side with the decoupled model.

All of them see the frequencies and time; a rare skill is a slower frequent one. With exposure x = P_k T:

- decoupled: logit(R/S) = rate (x - half exposure), ``Nam et al. 2024, Eq. 14``;
- decoupled, rare skills late: the same with P_k^(1 + kappa), the departure that networks show;
- exponential: R/S = 1 - exp(-c x), the linear model (Eq. 125), without a delayed onset;
- power law: R/S = 1 - (1 + c x)^-b in the step, a smooth improvement without an end;
- resource: the decoupled growth on the clock of `saltus.theory.coupled.resource`, so that rare skills speed up once
  frequent ones are done. Measured strengths give the unlearned shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from saltus._types import Floats
from saltus.forecast.base.verdict import Evidence
from saltus.forecast.base.weights import measured_errors, weights
from saltus.statistics import independent
from saltus.theory.coupled.resource import measured_clock

if TYPE_CHECKING:
    import xarray as xr

_SMALLEST = 1e-4  # least rms residual in R/S: below it, fits to measured curves are not told apart


class Explanation(StrEnum):
    """The forms that compete, by the names that reports give them."""

    DECOUPLED = "decoupled"
    RARE_LATE = "decoupled, rare skills late"
    RESOURCE = "resource"
    EXPONENTIAL = "exponential"
    POWER_LAW = "power law"


DECOUPLED = (Explanation.DECOUPLED, Explanation.RARE_LATE)
SMOOTH = (Explanation.EXPONENTIAL, Explanation.POWER_LAW)  # a rise without a delayed onset
RIVALS = (*SMOOTH, Explanation.RESOURCE)


@dataclass(frozen=True)
class _Run:
    """One run's measurements: frequency (K,), steps (n,), strength and its error (K, n)."""

    frequency: Floats
    steps: Floats
    strength: Floats
    error: Floats

    @property
    def exposure(self) -> Floats:
        return self.frequency[:, None] * self.steps


def _bridged(steps: Floats, strength: Floats) -> Floats:
    """A curve with its gaps filled linearly (skills may be measured at different steps); 0 if never measured."""
    known = np.isfinite(strength)
    return np.interp(steps, steps[known], strength[known]) if known.any() else np.zeros_like(strength)


def _decoupled(run: _Run, log_rate: float, log_half: float) -> Floats:
    return _logistic(run.exposure, log_rate, log_half)


def _late(run: _Run, log_rate: float, log_half: float, kappa: float) -> Floats:
    relative = run.frequency / run.frequency.max()
    return _logistic(run.exposure * relative[:, None] ** kappa, log_rate, log_half)


def _resource(run: _Run, log_rate: float, log_half: float, log_spare: float) -> Floats:
    learned = np.array([_bridged(run.steps, curve) for curve in run.strength])
    clock = measured_clock(run.steps, run.frequency, learned, float(np.exp(log_spare)))
    return _logistic(run.frequency[:, None] * clock, log_rate, log_half)


def _exponential(run: _Run, log_rate: float) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_rate) * run.exposure))


def _power(run: _Run, log_rate: float, log_exponent: float) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_exponent) * np.log1p(np.exp(log_rate) * run.exposure)))


def _logistic(exposure: Floats, log_rate: float, log_half: float) -> Floats:
    return np.asarray(expit(np.exp(log_rate) * exposure - np.exp(log_rate + log_half)))


@dataclass(frozen=True)
class _Form:
    """One explanation: its curve, its parameters' names, the starts of its fits, and bounds."""

    curve: Callable[..., Floats]
    names: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


_LOGITS = (np.log(4.0), np.log(12.0))  # starts of log_rate, for a half exposure of 1
_FORMS = {
    Explanation.DECOUPLED: _Form(
        _decoupled, ("log_rate", "log_half_exposure"), tuple((r, 0.0) for r in _LOGITS), (-9.0, -9.0), (9.0, 9.0)
    ),
    Explanation.RARE_LATE: _Form(
        _late,
        ("log_rate", "log_half_exposure", "kappa"),
        tuple((r, 0.0, 0.05) for r in _LOGITS),
        (-9.0, -9.0, 0.0),
        (9.0, 9.0, 0.2),
    ),
    Explanation.RESOURCE: _Form(
        _resource,
        ("log_rate", "log_half_exposure", "log_spare"),
        tuple((r, 0.0, spare) for r in _LOGITS for spare in (-2.0, 1.0)),
        (-9.0, -9.0, -7.0),
        (9.0, 12.0, 5.0),
    ),
    Explanation.EXPONENTIAL: _Form(_exponential, ("log_rate",), ((0.0,),), (-12.0,), (9.0,)),
    Explanation.POWER_LAW: _Form(
        _power, ("log_rate", "log_exponent"), ((0.0, 0.0), (2.0, -1.0)), (-12.0, -7.0), (20.0, 9.0)
    ),
}


def compare(curves: xr.Dataset, frequency: Floats) -> list[Evidence]:
    """Fit every explanation to every run and add the evidence up, the best explanation first.

    Args:
        curves: labelled curves, with at least one strength that is not NaN.
        frequency: of their skills, shape ``(n_skills,)``.
    """
    steps = curves["step"].to_numpy().astype(float)
    measured = zip(curves["strength"].to_numpy(), measured_errors(curves), strict=True)
    runs = [_in_units_of_its_own(_Run(frequency, steps, strength, error)) for strength, error in measured]
    runs = [run for run in runs if np.isfinite(run.strength).any()]
    fits = {name: [_fit(form, run) for run in runs] for name, form in _FORMS.items()}
    # Every explanation counts a run's measurements alike: as its most correlated residuals do.
    counts = [min(independent(fits[name][i].fun) for name in _FORMS) for i in range(len(runs))]
    found = [_weigh(name, fits[name], counts) for name in _FORMS]
    return sorted(found, key=lambda one: -one.score)


def _in_units_of_its_own(run: _Run) -> _Run:
    """The run in units of time that make the exposure of its first half-learned skill 1: starts and bounds suit all."""
    # A skill that is half learned at step 0 tells nothing of time there.
    high = (np.nan_to_num(run.strength) >= 0.5) & (run.exposure > 0)
    crossed = high.any(axis=1)
    unit = float(run.steps[-1] * run.frequency.max())
    if crossed.any():
        unit = float(run.exposure[crossed][np.arange(crossed.sum()), high[crossed].argmax(axis=1)].min())
    return replace(run, steps=run.steps / max(unit, np.finfo(float).tiny))


def _fit(form: _Form, run: _Run) -> Any:
    measured = np.isfinite(run.strength)
    weight = weights(run.error[measured])

    def residuals(values: Floats) -> Floats:
        return np.asarray((form.curve(run, *values) - run.strength)[measured] * weight)

    fits = [least_squares(residuals, start, bounds=(form.low, form.high), max_nfev=200) for start in form.starts]
    return min(fits, key=lambda fit: fit.cost)


def _weigh(explanation: Explanation, fits: list[Any], counts: list[float]) -> Evidence:
    """Evidence summed over runs; ``counts`` are effective numbers of measurements, alike for every explanation."""
    names = _FORMS[explanation].names
    squares = [max(float(np.mean(fit.fun**2)), _SMALLEST**2) for fit in fits]
    free = len(names) * len(fits)
    values = np.mean([fit.x for fit in fits], axis=0)
    return Evidence(
        name=explanation.value,
        residual=float(np.sqrt(np.mean(squares))),
        log_likelihood=float(-0.5 * np.sum(np.array(counts) * np.log(squares))),
        penalty=0.5 * free * float(np.log(max(sum(counts), 2.0))),
        parameters=dict(zip(names, values.tolist(), strict=True)),
    )
