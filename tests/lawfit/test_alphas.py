"""Exponents and alphas, in the limit and against plain sums at finite amounts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus import InputError, Multilinear, PowerLaw, fit_law, implied_alphas, implied_exponent, scaling_law
from saltus.theory.scaling import LawResource

RESOURCES: list[LawResource] = ["time", "data", "parameters", "compute"]


def model(n_skills: float) -> Multilinear:
    return Multilinear(PowerLaw(1.0, n_skills), initial_strength=0.01)


@given(alpha=st.floats(0.01, 5), resource=st.sampled_from(RESOURCES))
def test_an_alpha_and_its_exponent_imply_each_other(alpha: float, resource: LawResource) -> None:
    exponent = implied_exponent(alpha, resource)
    assert implied_alphas(exponent, resource) == pytest.approx((alpha,), rel=1e-12)


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_exponent_is_that_of_the_law(resource: LawResource) -> None:
    law = scaling_law(Multilinear(PowerLaw(0.7), initial_strength=0.01), resource)
    assert implied_exponent(0.7, resource) == pytest.approx(law.exponent, rel=1e-14)


def test_exponents_that_no_alpha_gives() -> None:
    assert implied_alphas(-0.1, "time") == ()
    assert implied_alphas(1.0, "data") == ()
    assert implied_alphas(1.5, "parameters") == (1.5,)


@pytest.mark.parametrize("alpha", [0.2, 0.8])
def test_with_finitely_many_skills_the_exponent_is_the_slope_of_a_plain_sum(alpha: float) -> None:
    p = np.arange(1, 2001) ** -(alpha + 1.0)
    p /= p.sum()

    def data_loss(d: float) -> float:
        return float(np.sum(p * (1 - p) ** d))

    slope = -math.log(data_loss(330) / data_loss(300)) / math.log(1.1)
    middle = implied_exponent(alpha, "data", model=model(2000), at=315)
    assert middle == pytest.approx(slope, rel=2e-3)  # 10 % of D is nearly a point on a curve this smooth
    tail = -math.log(p[110:].sum() / p[90:].sum()) / math.log(110 / 90)
    assert implied_exponent(alpha, "parameters", model=model(2000), at=100) == pytest.approx(tail, rel=5e-3)
    assert middle != pytest.approx(implied_exponent(alpha, "data"), rel=0.02)


@pytest.mark.parametrize(("resource", "at"), [("time", 300.0), ("data", 500.0), ("parameters", 50.0)])
def test_every_alpha_found_gives_the_exponent_and_the_true_one_is_among_them(resource: LawResource, at: float) -> None:
    exponent = implied_exponent(0.45, resource, model=model(3000), at=at)
    alphas = implied_alphas(exponent, resource, model=model(3000), at=at)
    assert min(abs(alpha - 0.45) for alpha in alphas) < 1e-6
    for alpha in alphas:
        assert implied_exponent(alpha, resource, model=model(3000), at=at) == pytest.approx(exponent, abs=1e-8)


def test_where_every_skill_is_learned_the_loss_falls_faster_than_any_power() -> None:
    assert implied_exponent(0.6, "data", model=model(100), at=1e9) == math.inf
    assert implied_exponent(0.6, "time", model=model(100), at=1e9) == math.inf
    found = implied_alphas(0.4, "data", model=model(100), at=1e6)
    for alpha in found:
        assert implied_exponent(alpha, "data", model=model(100), at=1e6) == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("resource", ["time", "data"])
def test_just_before_the_loss_vanishes_its_slope_is_not_asked_for(resource: LawResource) -> None:
    asked = Multilinear(PowerLaw(0.6, 20), initial_strength=0.01)
    low, high = 1e3, 1e6
    while high > 1.0001 * low:
        middle = round(math.sqrt(low * high))
        low, high = (low, middle) if asked.loss(**{resource: middle}) == 0 else (middle, high)
    at = float(round(high / 1.005))
    assert asked.loss(**{resource: at}) > 0
    assert asked.loss(**{resource: round(1.01 * at)}) == 0
    assert implied_exponent(0.6, resource, model=asked, at=at) == math.inf


def test_two_alphas_can_give_one_exponent() -> None:
    found = implied_alphas(0.5, "data", model=model(1000), at=1000)
    assert len(found) == 2


@pytest.mark.parametrize(("alpha", "searched"), [(0.0099, False), (0.0101, True), (4.95, True), (5.05, False)])
def test_alphas_are_searched_from_a_hundredth_to_five(alpha: float, searched: bool) -> None:
    exponent = implied_exponent(alpha, "parameters", model=model(3000), at=50.0)
    found = implied_alphas(exponent, "parameters", model=model(3000), at=50.0)
    assert any(one == pytest.approx(alpha, rel=1e-6) for one in found) == searched


def test_a_fit_to_exact_losses_leads_back_to_their_alpha() -> None:
    exact = Multilinear(PowerLaw(0.6, 10**4), initial_strength=0.01)
    x = np.round(np.geomspace(300, 3000, 15))
    fit = fit_law(x, exact.loss(data=x), n_bootstrap=0)
    found = implied_alphas(fit.parameters["b"], "data", model=exact, at=math.exp(np.log(x).mean()))
    # The exact loss bends a little over the decade: the fit's slope is that of its middle to about 1 %.
    assert found[-1] == pytest.approx(0.6, abs=0.03)
    limit = implied_alphas(fit.parameters["b"], "data")[0]
    assert abs(found[-1] - 0.6) < abs(limit - 0.6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.0, "time", {}), "alpha must be a finite number greater than 0; received 0.0; "),
        ((0.5, "space", {}), "resource must be one of time, data, parameters, compute; received 'space'; "),
        ((0.5, "time", {"at": 3.0}), "a local exponent needs a model with power-law frequencies; received None; "),
        ((0.5, "compute", {"at": 3.0}), "a local exponent exists for time, data and parameters; received 'compute'; "),
        (
            (0.5, "parameters", {"at": 10.0, "model": model(10)}),
            "parameters must be fewer than the skills; received 10.0; a model of all skills has no loss left",
        ),
    ],
)
def test_bad_input_says_what_must_hold(arguments: tuple[float, LawResource, dict[str, object]], text: str) -> None:
    alpha, resource, options = arguments
    with pytest.raises(InputError) as caught:
        implied_exponent(alpha, resource, **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(text)
