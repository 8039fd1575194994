"""Huber's sum, its derivatives, and the likelihood of its noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from saltus.lawfit.forms import FORMS
from saltus.lawfit.objective import Objective, huber, log_likelihood


@pytest.mark.parametrize("delta", [1e-3, 0.3, 5.0])
def test_huber_is_scipys(delta: float) -> None:
    residual = np.linspace(-2, 2, 401)
    assert huber(residual, delta) == pytest.approx(special.huber(delta, residual), rel=1e-13, abs=1e-18)
    assert huber(residual, math.inf) == pytest.approx(residual**2 / 2, rel=1e-14)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("delta", [0.2, math.inf])
def test_gradient_and_hessian_are_those_of_the_value(form, delta: float) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    n, p = 30, len(form.parameter_names)
    z, y = rng.random((n, form.n_resources)), rng.normal(size=n)
    objective = Objective(form, z, y, rng.integers(0, 4, (1, n)).astype(float), delta)
    theta = form.starts(z, y)[:1]
    gradient, hessian, _ = objective.derivatives(theta)
    h = 1e-5
    for i, step in enumerate(h * np.eye(p)):
        # Central differences: h^2 = 1e-10 times third derivatives, and rounding 1e-16/h.
        slope = (objective.value(theta + step) - objective.value(theta - step)) / (2 * h)
        assert gradient[0, i] == pytest.approx(slope[0], rel=1e-6, abs=1e-7)
        bend = (objective.derivatives(theta + step)[0] - objective.derivatives(theta - step)[0]) / (2 * h)
        assert hessian[0, i] == pytest.approx(bend[0], rel=1e-6, abs=1e-6)


def test_likelihood_of_least_squares_is_that_of_normal_residuals() -> None:
    residual = np.random.default_rng(0).normal(0, 0.02, 50)
    expected = stats.norm.logpdf(residual, 0, math.sqrt(np.mean(residual**2))).sum()
    assert log_likelihood(0.5 * np.sum(residual**2), 50, math.inf) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("delta", [1e-3, 0.02, 0.5])
def test_likelihood_of_huber_is_the_best_over_the_scale_of_its_density(delta: float) -> None:
    residual = np.random.default_rng(1).standard_t(3, 80) * 0.02

    def cost(log_tau: float) -> float:
        tau = math.exp(log_tau)
        edges = np.array([0, min(delta, 40 * math.sqrt(tau))])
        inside = integrate.quad(lambda r: math.exp(-(r**2) / 2 / tau), *edges, epsabs=0)[0]
        outside = integrate.quad(lambda r: math.exp(-delta * (r - delta / 2) / tau), delta, np.inf, epsabs=0)[0]
        norm = 2 * (inside + outside)
        return float(special.huber(delta, residual).sum() / tau + 80 * math.log(norm))

    best = optimize.minimize_scalar(cost, bracket=(-8, -6))
    found = log_likelihood(float(special.huber(delta, residual).sum()), 80, delta)
    assert found == pytest.approx(-best.fun, abs=1e-6)  # both ends of a flat minimum
