"""Fitted exponents beside the theory: the alphas of an exact law, of its interval, and of a finite model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from saltus import InputError, Multilinear, PowerLaw, fit_law, implied_alphas, implied_exponent
from saltus.lawfit.fit import LawFit
from saltus.lawfit.points import Points, checked_points
from saltus.lawfit.theory_comparison import beside_theory

X = np.geomspace(100.0, 1e4, 20)


def fitted(noise: float = 0.0, n_bootstrap: int = 0) -> tuple[LawFit, Points]:
    loss = 3 * X**-0.375 * np.exp(noise * np.random.default_rng(0).normal(size=X.size))
    return fit_law(X, loss, delta=math.inf, n_bootstrap=n_bootstrap), checked_points(X, loss, None, 1)


def test_in_the_limit_an_exponent_implies_its_alpha_and_an_alpha_its_exponent() -> None:
    (row,) = beside_theory(*fitted(), {"b": "data"}, alpha=1.5)
    assert (row.parameter, row.resource) == ("b", "data")
    # alpha/(alpha + 1) is 0.375 at alpha = 0.6, and 0.6 at alpha = 1.5.
    assert row.exponent == pytest.approx(0.375, rel=1e-9)
    assert row.alphas == pytest.approx((0.6,), rel=1e-8)
    assert row.exponent_of_alpha == pytest.approx(0.6, rel=1e-14)
    assert row.alpha_interval is None
    assert math.isnan(row.at)
    assert row.alphas_at == ()
    assert math.isnan(row.exponent_of_alpha_at)


def test_without_an_alpha_there_is_no_exponent_of_it() -> None:
    (row,) = beside_theory(*fitted(), {"b": "parameters"})
    assert row.alphas == pytest.approx((0.375,), rel=1e-9)
    assert math.isnan(row.exponent_of_alpha)
    assert beside_theory(*fitted(), {}) == ()


def test_the_ends_of_an_interval_have_alphas_of_their_own() -> None:
    fit, points = fitted(noise=0.1, n_bootstrap=200)
    low, high = fit.intervals["b"]
    (row,) = beside_theory(fit, points, {"b": "time"})
    assert row.alpha_interval == pytest.approx((low / (1 - low), high / (1 - high)), rel=1e-12)
    # Compute: exponents alpha/(alpha + 2).
    (row,) = beside_theory(fit, points, {"b": "compute"})
    assert row.alpha_interval == pytest.approx((2 * low / (1 - low), 2 * high / (1 - high)), rel=1e-12)


def test_an_end_without_an_alpha_leaves_no_interval() -> None:
    rng = np.random.default_rng(0)
    loss = X**-0.98 * np.exp(0.2 * rng.normal(size=X.size))
    fit, points = fit_law(X, loss, delta=math.inf, n_bootstrap=200), checked_points(X, loss, None, 1)
    assert fit.intervals["b"][0] < 1 < fit.intervals["b"][1]  # time exponents end at 1
    assert beside_theory(fit, points, {"b": "time"})[0].alpha_interval is None
    assert beside_theory(fit, points, {"b": "parameters"})[0].alpha_interval == fit.intervals["b"]


def test_a_finite_model_is_looked_at_in_the_geometric_middle_of_the_data() -> None:
    model = Multilinear(PowerLaw(1.0, 3000), initial_strength=0.01)
    (row,) = beside_theory(*fitted(), {"b": "data"}, alpha=0.6, model=model)
    assert row.at == pytest.approx(1000.0, rel=1e-12)
    assert row.alphas_at == implied_alphas(row.exponent, "data", model=model, at=row.at)
    assert len(row.alphas_at) > 0
    assert row.exponent_of_alpha_at == implied_exponent(0.6, "data", model=model, at=row.at)
    (row,) = beside_theory(*fitted(), {"b": "data"}, model=model)
    assert math.isnan(row.exponent_of_alpha_at)
    with pytest.raises(InputError, match="finite n_skills need time, data or parameters; received 'compute'; leave n_"):
        beside_theory(*fitted(), {"b": "compute"}, model=model)
