"""The two constants of curves over steps: quantities that follow, and their errors by numerical derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from saltus import Calibration, Frequencies, InputError

RATE, HALF, SCALE, FLOW = 0.03, 250.0, 4.0, 0.05
COVARIANCE = ((0.04, -0.006), (-0.006, 0.0025))


def calibration(rate: float = RATE, half: float = HALF, **others: object) -> Calibration:
    values = {
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
    return Calibration(rate=rate, half_exposure=half, **(values | others))  # type: ignore[arg-type]


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
    with pytest.raises(InputError, match="covariances, degrees of freedom and residual must be finite numbers"):
        calibration(**{name: tuple(map(tuple, entries.tolist()))}).checked(tmp_path)
