"""Errors of measurement in fits: few questions count less, and intervals hold what the errors make of them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import minimize_scalar

from saltus import Frequencies, calibrate_time
from saltus._types import Floats
from saltus.curves.schema import curves_from
from saltus.forecast.base.weights import measured_errors, weights
from saltus.forecast.size.calibration import DataCalibration
from saltus.forecast.size.fit import fit_size, points_of
from saltus.forecast.time.rivals import compare
from saltus.read.value_errors import binomial_error
from saltus.statistics import student_quantile
from tests.helpers import LOGIT, MIX, RATE, logistic, synthetic_data, synthetic_time

STEPS = np.arange(0, 1000, 25)


def drawn(rng: np.random.Generator, n: Floats, weigh: bool) -> xr.Dataset:
    """Accuracies of n questions at each step, as a file with their errors gives them."""
    expected = logistic(LOGIT + RATE * MIX[:, None] * STEPS)
    n = np.broadcast_to(n, expected.shape)
    share = rng.binomial(n.astype(int), expected) / n
    curves = curves_from(share, STEPS, strength_error=binomial_error(share, n), frequencies=MIX)
    curves.attrs["measured_errors"] = int(weigh)
    return curves


def errors_and_hits(rng: np.random.Generator, weigh: bool, n_draws: int = 60) -> tuple[float, float]:
    """Median error of log(half exposure), and how often its 90 % interval held, with 20 or 2000 questions a step."""
    errors, hits = [], []
    for _ in range(n_draws):
        fit = calibrate_time(drawn(rng, rng.choice([20, 2000], len(STEPS)), weigh), Frequencies(MIX))
        error = abs(np.log(fit.half_exposure * RATE / -LOGIT))
        reach = float(student_quantile(0.95, fit.fit_degrees)) * np.sqrt(fit.fit_covariance[1][1])
        errors.append(error)
        hits.append(error < reach)
    return float(np.median(errors)), float(np.mean(hits))


def test_measurements_of_few_questions_move_a_fit_less() -> None:
    alike, weighed = (errors_and_hits(np.random.default_rng(0), weigh) for weigh in (False, True))
    assert weighed[0] < 0.6 * alike[0]
    assert alike[1] < 0.8  # residuals alone do not say that the rise scatters most
    assert weighed[1] > 0.9 - 3 * np.sqrt(0.09 / 60)


def test_weights_are_those_of_errors_and_misfit_together() -> None:
    error = np.array([0.0001, 0.05, 0.5])
    found = weights(error)
    assert np.mean(found**2) == pytest.approx(1)
    assert (found[0] / found[1]) ** 2 == pytest.approx(2, rel=1e-4)  # exact ones count twice as much as those of 0.05
    assert (found[1] / found[2]) ** 2 == pytest.approx((0.25 + 0.0025) / 0.005)
    for unknown in ([0.1, np.nan], [0.1, 0.0], [0.1, np.inf]):
        np.testing.assert_array_equal(weights(np.array(unknown)), [1, 1])


def test_curves_without_errors_of_measurement_are_fitted_as_ever() -> None:
    curves = synthetic_time(np.random.default_rng(0), 2, noise=0.01)
    curves["strength_error"] = curves["strength_error"] * np.linspace(0.2, 5, curves.sizes["step"])
    assert np.isnan(measured_errors(curves)).all()
    bare = curves.assign(strength_error=curves["strength_error"] * np.nan)
    assert calibrate_time(curves) == calibrate_time(bare)
    assert compare(curves, MIX) == compare(bare, MIX)


def test_rivals_weigh_as_the_calibration_does() -> None:
    n = np.where(np.arange(len(STEPS)) % 2, 20, 2000)
    misses = []
    for weigh in (False, True):
        found = compare(drawn(np.random.default_rng(1), n, weigh).isel(skill=[0]), MIX[:1])
        fitted = next(one.parameters for one in found if one.name == "decoupled")
        start = -np.exp(fitted["log_rate"] + fitted["log_half_exposure"])  # logit at step 0, in any unit of time
        misses.append(abs(start - LOGIT))
    assert misses[1] < misses[0]


def test_sizes_weigh_the_squares_of_their_measurements() -> None:
    rng = np.random.default_rng(0)
    curves = synthetic_data(rng, 3, noise=0.02)
    curves["strength_error"] = 0.01 * (1 + 30 * (curves["data"] > 500)) + 0 * curves["strength"]
    form, strength, error = points_of(DataCalibration, curves, [1], Frequencies(MIX))
    found = fit_size(form, strength, error, weigh=True)
    factor = 1 / (error**2 + 0.05**2)
    log_constant = np.log(found.constant)
    exact = minimize_scalar(
        lambda at: np.sum(factor * (form.strength(np.exp(at)) - strength) ** 2),
        bounds=(log_constant - 0.2, log_constant + 0.2),
        method="bounded",
    )
    assert log_constant == pytest.approx(exact.x, abs=1e-3)
    plain, unknown = fit_size(form, strength, error), fit_size(form, strength, error * np.nan, weigh=True)
    assert (plain.constant, plain.variance) == (unknown.constant, unknown.variance)
    assert found.constant != fit_size(form, strength, error).constant
