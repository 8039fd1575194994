"""The two constants of curves over steps: quantities that follow, and their errors by numerical derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus import Calibration, Frequencies, InputError, calibrate_time
from saltus.curves.schema import curves_from
from saltus.forecast.time.calibrate import has_emerged

RATE, HALF, SCALE, FLOW = 0.03, 250.0, 4.0, 0.05
COVARIANCE = ((0.04, -0.006), (-0.006, 0.0025))


def calibration(rate: float = RATE, half: float = HALF, **others: Any) -> Calibration:
    values: dict[str, Any] = {
        "covariance": COVARIANCE,
        "error_source": "residuals",
        "fit_covariance": ((0.01, -0.001), (-0.001, 0.0009)),
        "fit_degrees": 12.0,
        "residual": 0.01,
        "target_scale": SCALE,
        "flow_learning_rate": FLOW,
        "skills": (1,),
        "frequency": 0.5,
        "n_skills": 2,
        "n_runs": 4,
    }
    return Calibration(rate=rate, half_exposure=half, **(values | others))


def error_of(quantity: Callable[[Calibration], float], covariance: tuple[tuple[float, float], ...]) -> float:
    """Standard error by central differences in log(rate) and log(half exposure), exact to their square."""
    h = 1e-5
    slope = [
        (
            quantity(calibration(RATE * math.exp(h * a), HALF * math.exp(h * b)))
            - quantity(calibration(RATE * math.exp(-h * a), HALF * math.exp(-h * b)))
        )
        / (2 * h)
        for a, b in ((1, 0), (0, 1))
    ]
    return float(np.sqrt(np.array(slope) @ np.array(covariance) @ slope))


def test_quantities_follow_from_the_two_constants() -> None:
    fit = calibration()
    assert fit.initial_logit == pytest.approx(-7.5)
    assert fit.initial_strength == pytest.approx(SCALE / (1 + math.exp(7.5)))
    assert fit.lowest_threshold == pytest.approx(1 / (1 + math.exp(7.5)))
    assert fit.feature_rate_squared == pytest.approx(0.03 / (2 * 0.05 * 4))


@pytest.mark.parametrize("name", ["rate", "half_exposure", "initial_logit", "initial_strength", "feature_rate_squared"])
def test_errors_are_the_derivatives_times_the_covariance(name: str) -> None:
    wanted = error_of(lambda fit: float(getattr(fit, name)), COVARIANCE)
    assert getattr(calibration(), f"{name}_error") == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.95])
def test_the_variance_of_a_time_is_the_derivatives_times_the_covariance(threshold: float) -> None:
    logit = math.log(threshold / (1 - threshold))

    def log_time(fit: Calibration) -> float:
        return math.log10(fit.half_exposure + logit / fit.rate)

    fit = calibration()
    for given, covariance in ((None, COVARIANCE), (fit.fit_covariance, fit.fit_covariance)):
        assert fit.log10_time_variance(threshold, given) == pytest.approx(error_of(log_time, covariance) ** 2, rel=1e-6)


def test_the_model_runs_along_the_fitted_logistic() -> None:
    model = calibration().model(Frequencies([3, 1]))
    steps = np.array([0.0, 100.0, 1000.0])
    wanted = SCALE / (1 + np.exp(-RATE * (np.outer(steps, [0.75, 0.25]) - HALF)))
    np.testing.assert_allclose(model.strength(steps), wanted, rtol=1e-9)


IMPOSSIBLE = [{"rate": 0.0}, {"half": 0.0}, {"target_scale": 0.0}, {"frequency": 0.0}, {"rate": math.inf}]


@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_constants_that_cannot_be_are_refused_wherever_they_come_from(change: dict[str, float], tmp_path: Path) -> None:
    calibration(rate=1e-6, half=1e-6).checked(tmp_path)
    with pytest.raises(InputError, match="rate, half exposure, scale and frequency must be finite numbers greater"):
        calibration(**change).checked(tmp_path)


@pytest.mark.parametrize("name", ["covariance", "fit_covariance"])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_covariance_with_any_unknown_entry_is_refused(name: str, row: int, column: int, tmp_path: Path) -> None:
    entries = np.array(COVARIANCE)
    entries[row, column] = math.nan
    change: dict[str, Any] = {name: tuple(map(tuple, entries.tolist()))}
    with pytest.raises(InputError, match="covariances, degrees of freedom and residual must be finite numbers"):
        calibration(**change).checked(tmp_path)


@pytest.mark.parametrize("n", [5, 12])
def test_one_runs_covariance_is_that_of_least_squares_with_residuals_that_go_together(n: int) -> None:
    rng = np.random.default_rng(2)
    steps = np.linspace(60, 440, n).astype(int)
    strength = 1 / (1 + np.exp(-RATE * (steps - HALF))) + 0.02 * rng.standard_normal(n)
    fit = calibrate_time(curves_from(strength[None], steps, frequencies=[1.0]))

    def model(log_rate: float, log_half: float) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-math.exp(log_rate) * (steps - math.exp(log_half)))))

    at, h = np.log([fit.rate, fit.half_exposure]), 1e-5
    rest = model(*at) - strength
    slope = np.column_stack([(model(*(at + d)) - model(*(at - d))) / (2 * h) for d in h * np.eye(2)])
    np.testing.assert_allclose(rest @ slope, 0, atol=1e-7)  # the least squares, to the fit's tolerance
    rho = max(float(rest[1:] @ rest[:-1] / (rest @ rest)), 0.0)
    counted = n * (1 - rho) / (1 + rho)
    covariance = rest @ rest / (n - 2) * n / counted * np.linalg.inv(slope.T @ slope)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-5)
    assert fit.covariance == fit.fit_covariance
    assert fit.fit_degrees == pytest.approx(max(counted - 2, 1))
    assert fit.residual == pytest.approx(math.sqrt(np.mean(rest**2)))


def test_several_runs_are_averaged_in_logarithms_and_their_spread_is_the_covariance() -> None:
    rng = np.random.default_rng(3)
    steps = np.linspace(20, 600, 40).astype(int)
    rates, halves = RATE * np.array([0.8, 1.0, 1.4]), HALF * np.array([0.9, 1.1, 1.0])
    strength = 1 / (1 + np.exp(-rates[:, None] * (steps - halves[:, None]))) + 0.01 * rng.standard_normal((3, 40))
    strength = np.concatenate([strength, np.zeros((1, 40))])  # in the last run the skill did not emerge
    curves = curves_from(strength[:, None], steps, frequencies=[1.0], target_scale=4.0, flow_learning_rate=0.05)
    fit, singles = calibrate_time(curves), [calibrate_time(curves.isel(run=[i])) for i in range(3)]
    logs = np.log([[one.rate, one.half_exposure] for one in singles])
    np.testing.assert_allclose(np.log([fit.rate, fit.half_exposure]), logs.mean(axis=0))
    np.testing.assert_allclose(fit.covariance, np.cov(logs.T) / 3)
    np.testing.assert_allclose(fit.fit_covariance, np.sum([one.fit_covariance for one in singles], axis=0) / 9)
    assert fit.fit_degrees == pytest.approx(sum(one.fit_degrees for one in singles))
    assert fit.residual == pytest.approx(math.sqrt(np.mean([one.residual**2 for one in singles])))
    assert (fit.n_runs, fit.n_skills, fit.target_scale, fit.flow_learning_rate) == (3, 1, 4.0, 0.05)


def test_skills_that_have_not_risen_are_left_out_of_a_fit_to_several() -> None:
    steps = np.linspace(20, 600, 60).astype(int)
    both = 1 / (1 + np.exp(-RATE * (np.array([[0.8], [0.2]]) * steps - HALF)))
    fit = calibrate_time(curves_from(both, steps, frequencies=[0.8, 0.2]), on_skill=[1, 2])
    alone = calibrate_time(curves_from(both[:1], steps, frequencies=[0.8]))
    np.testing.assert_allclose([fit.rate, fit.half_exposure], [alone.rate, alone.half_exposure])
    assert fit.frequency == pytest.approx(0.4)  # the geometric mean of 0.8 and 0.2
    assert has_emerged(curves_from(both, steps), [1, 2])
    assert not has_emerged(curves_from(both, steps), 2)
    late = curves_from(np.array([[0.3, 0.6, 0.9]]), [0, 1, 2])
    assert not has_emerged(curves_from(np.array([[0.6, 0.9]]), [0, 1]))  # it was above both from the start
    assert has_emerged(late)
