"""Evidence for explanations and departures: likelihoods written out anew, symmetries, and what runs add up to."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import cumulative_trapezoid
from scipy.stats import norm

from saltus.curves.schema import curves_from
from saltus.forecast.base.verdict import Evidence
from saltus.forecast.time.departure import DepartureFit, fit_departure
from saltus.forecast.time.rivals import compare
from saltus.statistics import independent
from tests.helpers import logistic

P = np.array([0.6, 0.3, 0.1])
STEPS = np.unique(np.geomspace(5, 6000, 60).astype(int))
X = P[:, None] * STEPS
Parameters = dict[str, float]


def growing(n_runs: int, noise: float = 0.02, seed: int = 0, kappa: float = 0.0) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    strength = logistic(0.03 * X * (P[:, None] / P[0]) ** kappa - 8) + noise * rng.standard_normal((n_runs, *X.shape))
    return curves_from(strength, STEPS, frequencies=P)


def by_name(curves: xr.Dataset, frequency: np.ndarray = P) -> dict[str, Evidence]:
    return {one.name: one for one in compare(curves, frequency)}


def resource(values: Parameters, x: np.ndarray, steps: np.ndarray, strength: np.ndarray) -> np.ndarray:
    spare = math.exp(values["log_spare"])
    pace = (1 + spare) / (P @ (1 - np.clip(strength, 0, 1)) + spare)
    clock = pace[0] * steps[0] + cumulative_trapezoid(pace, steps, initial=0)
    return half_and_rate(values, P[:, None] * clock)


def half_and_rate(values: Parameters, x: np.ndarray) -> np.ndarray:
    return logistic(math.exp(values["log_rate"]) * (x - math.exp(values["log_half_exposure"])))


def powered(values: Parameters, x: np.ndarray) -> np.ndarray:
    return np.asarray(x * (P[:, None] / P[0]) ** (values["gamma"] - 1))


def ceilings(values: Parameters) -> np.ndarray:
    return np.array([values[f"ceiling_{k}"] for k in (1, 2, 3)])[:, None]


def hill(values: Parameters, x: np.ndarray) -> np.ndarray:
    half = math.exp(values["log_half_exposure"])
    return 1 / (1 + (half / powered(values, x)) ** math.exp(values["log_steepness"]))


def power_law(values: Parameters, x: np.ndarray) -> np.ndarray:
    return 1 - (1 + math.exp(values["log_rate"]) * x) ** -math.exp(values["log_exponent"])


def exponential(values: Parameters, x: np.ndarray) -> np.ndarray:
    return 1 - np.exp(-math.exp(values["log_rate"]) * x)


def later(x: np.ndarray, lag: float, gamma: float = 1.0) -> np.ndarray:
    return np.asarray(np.maximum(x[:1] - lag, 0) * (P[:, None] / P[0]) ** gamma)


CURVES: dict[str, Callable[..., np.ndarray]] = {
    "decoupled": lambda v, x, *_: half_and_rate(v, x),
    "decoupled, rare skills late": lambda v, x, *_: half_and_rate(v, x * (P[:, None] / P[0]) ** v["kappa"]),
    "decoupled, from a later origin": lambda v, x, *_: half_and_rate(v, later(x, v["lag"])),
    "decoupled, with ceilings": lambda v, x, *_: ceilings(v) * half_and_rate(v, x),
    "learned exponent": lambda v, x, *_: hill(v, x),
    "learned exponent, with ceilings": lambda v, x, *_: ceilings(v) * hill(v, x),
    "exponential": lambda v, x, *_: exponential(v, x),
    "exponential, with ceilings": lambda v, x, *_: ceilings(v) * exponential(v, powered(v, x)),
    "exponential, from a later origin with ceilings": lambda v, x, *_: (
        ceilings(v) * exponential(v, later(x, v["lag"], v["gamma"]))
    ),
    "power law": lambda v, x, *_: power_law(v, x),
    "power law, with ceilings": lambda v, x, *_: ceilings(v) * power_law(v, powered(v, x)),
    "resource": resource,
}


@pytest.mark.parametrize("kappa", [0.0, 0.1])
def test_fitted_parameters_are_those_of_the_formulas_and_the_likelihood_is_that_of_their_residuals(
    kappa: float,
) -> None:
    curves = growing(1, kappa=kappa)
    strength = curves["strength"].to_numpy()[0]
    # Exposure 1 is where the first skill to do so is seen at half its strength.
    unit = min(X[k, (strength[k] >= 0.5).argmax()] for k in range(3))
    ranked = compare(curves, P)
    found = {one.name: one for one in ranked}
    assert found.keys() == CURVES.keys()
    residuals = {
        name: CURVES[name](one.parameters, X / unit, STEPS / unit, strength) - strength for name, one in found.items()
    }
    count = min(independent(rest.ravel()) for rest in residuals.values())
    for name, one in found.items():
        mean_square = float(np.mean(residuals[name] ** 2))
        assert one.residual == pytest.approx(math.sqrt(mean_square), rel=1e-9), name
        assert one.log_likelihood == pytest.approx(-count / 2 * math.log(mean_square), rel=1e-9)
        assert one.penalty == pytest.approx(len(one.parameters) / 2 * math.log(count), rel=1e-9)
        assert one.score == one.log_likelihood - one.penalty
    assert ranked == sorted(ranked, key=lambda one: one.score, reverse=True)
    late = found["decoupled, rare skills late"].parameters
    assert late["log_half_exposure"] == pytest.approx(math.log(8 / 0.03 / unit), abs=0.02)
    assert late["kappa"] == pytest.approx(kappa, abs=0.02)


@pytest.mark.parametrize("name", CURVES)
def test_no_parameters_nearby_fit_better(name: str) -> None:
    curves = growing(1, seed=3)
    strength = curves["strength"].to_numpy()[0]
    unit = min(X[k, (strength[k] >= 0.5).argmax()] for k in range(3))
    one = by_name(curves)[name]

    def squares(values: Parameters) -> float:
        return float(np.mean((CURVES[name](values, X / unit, STEPS / unit, strength) - strength) ** 2))

    least = squares(one.parameters)
    for parameter, value in one.parameters.items():
        # Fits end within 1e-8 of their minimum's height; some parameters have ended at a limit of their own.
        limit = {"kappa": math.inf, "lag": 0.01, "log_exponent": -8.99, "log_spare": -4.9}.get(parameter, -math.inf)
        for nearby in (value - 0.02, value + 0.02):
            at_limit = value < limit if limit > 0 else abs(value) > -limit
            if not at_limit and not (parameter.startswith("ceiling") and nearby > 1):
                assert squares(one.parameters | {parameter: nearby}) > least * (1 - 1e-6), parameter


def test_equal_runs_add_up_and_their_order_does_not_matter() -> None:
    one, two = growing(1), growing(2, seed=5)
    twice = curves_from(np.repeat(one["strength"].to_numpy(), 2, axis=0), STEPS, frequencies=P)
    single, double = by_name(one), by_name(twice)
    for name in CURVES:
        assert double[name].log_likelihood == pytest.approx(2 * single[name].log_likelihood)
        assert double[name].residual == pytest.approx(single[name].residual)
        count = math.exp(2 * single[name].penalty / len(single[name].parameters))
        assert double[name].penalty == pytest.approx(len(single[name].parameters) * math.log(2 * count))
    there, back = by_name(two), by_name(two.isel(run=[1, 0]))
    for name in CURVES:
        assert there[name].score == pytest.approx(back[name].score)
        np.testing.assert_allclose(list(there[name].parameters.values()), list(back[name].parameters.values()))


def test_units_of_time_and_of_frequency_do_not_matter() -> None:
    curves = growing(1)
    slow = curves_from(curves["strength"], 10 * STEPS, frequencies=P)
    plain = by_name(curves)
    for other in (by_name(slow), by_name(curves, 5 * P)):
        for name in CURVES:
            # Fits end within 1e-8 of their minimum's height.
            assert other[name].score == pytest.approx(plain[name].score, rel=1e-5)


def test_curves_without_a_half_learned_skill_end_at_exposure_1() -> None:
    strength = 0.3 * X / X.max()
    found = by_name(curves_from(strength, STEPS))["exponential"]
    # In these units the curve is 0.3 x for x up to 1: the best 1 - exp(-c x) by a search of our own.
    rates = np.linspace(0.2, 0.6, 4001)
    x = X / X.max()
    best = rates[np.argmin([np.sum((1 - np.exp(-c * x) - strength) ** 2) for c in rates])]
    assert math.exp(found.parameters["log_rate"]) == pytest.approx(best, abs=2e-4)  # its grid


def test_the_first_measurement_at_half_strength_is_exposure_1() -> None:
    steps, strength = np.array([1, 2, 4, 8]), np.array([0.1, 0.3, 0.52, 0.9])
    found = compare(curves_from(strength[None], steps), np.ones(1))
    rates = np.linspace(0.2, 2.0, 18_001)
    best = rates[np.argmin([np.sum((1 - np.exp(-c * steps / 4) - strength) ** 2) for c in rates])]
    [log_rate] = [one.parameters["log_rate"] for one in found if one.name == "exponential"]
    assert math.exp(log_rate) == pytest.approx(best, abs=2e-4)  # twice the grid


def test_curves_on_an_explanation_are_not_told_apart_below_the_least_residual() -> None:
    found = by_name(growing(1, noise=0.0))["decoupled"]
    count = math.exp(found.penalty)  # two parameters: log(count)
    assert found.residual == pytest.approx(1e-4)
    assert found.log_likelihood == pytest.approx(-count * math.log(1e-4))


def test_an_empty_run_counts_for_nothing() -> None:
    curves = growing(2)
    curves["strength"][1] = np.nan
    alone, found = by_name(curves.isel(run=[0])), by_name(curves)
    assert {name: one.score for name, one in found.items()} == {name: one.score for name, one in alone.items()}


def lesson(n_runs: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    decades = np.tile([0.3, 0.6, 0.9, 1.2], n_runs)
    ratio = 0.02 + 0.08 * decades + 0.04 * rng.standard_normal(decades.size)
    return np.repeat(np.arange(n_runs), 4), decades, ratio


def narrowed(fit: DepartureFit, n_runs: int) -> tuple[float, float]:
    """The maximum-likelihood spreads, before they are widened for new runs."""
    free = {"paper": 0, "delay": 1, "exponent": 1, "delay and exponent": 2}[fit.form]
    widening = math.sqrt((n_runs + 1) / (n_runs - free))
    return fit.law.spread / widening, fit.law.spread_per_decade / widening


def test_a_departures_likelihood_is_that_of_normal_errors_and_its_maximum() -> None:
    run, x, y = lesson()
    fits = fit_departure(0.5, run, x, y)  # six runs are the fewest
    assert fits == sorted(fits, key=lambda fit: fit.score, reverse=True)
    assert {fit.form for fit in fits} == {"paper", "delay", "exponent", "delay and exponent"}
    for fit in fits:
        form = fit.form
        spread, per_decade = narrowed(fit, 6)

        def likelihood(delay: float, exponent: float, spread: float, per_decade: float) -> float:
            return float(norm.logpdf(y, delay + exponent * x, np.hypot(spread, per_decade * x)).sum())

        at = {"delay": fit.law.delay, "exponent": fit.law.exponent, "spread": spread, "per_decade": per_decade}
        best = likelihood(**at)
        assert fit.log_likelihood == pytest.approx(best, rel=1e-9)
        n_free = 2 + ("delay" in form) + ("exponent" in form)
        assert fit.penalty == pytest.approx(n_free / 2 * math.log(24))
        assert fit.score == fit.log_likelihood - fit.penalty
        assert (fit.law.delay != 0, fit.law.exponent != 0) == ("delay" in form, "exponent" in form)
        assert fit.law.threshold == 0.5
        for name in [n for n in ("delay", "exponent") if n in form]:
            for step in (-0.002, 0.002):
                assert likelihood(**(at | {name: at[name] + step})) < best
        for name in ("spread", "per_decade"):  # the search ends on a slope of 1e-5 at most
            for factor in (0.95, 1.05):
                assert likelihood(**(at | {name: at[name] * factor})) < best + 1e-4


def test_departures_and_lateness_stay_within_what_networks_could_show() -> None:
    assert by_name(growing(1, kappa=0.5))["decoupled, rare skills late"].parameters["kappa"] == pytest.approx(0.2)
    run, x, y = lesson()
    for sign in (-1, 1):
        # A decade of time a decade of frequency at most, either way; the search ends on its bound.
        steep = {fit.form: fit.law for fit in fit_departure(0.5, run, x, y + sign * 3 * x)}
        assert steep["exponent"].exponent == pytest.approx(sign)
        shifted = {fit.form: fit.law for fit in fit_departure(0.5, run, x, y + sign * 3)}
        assert shifted["delay"].delay == pytest.approx(sign)
