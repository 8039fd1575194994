"""Scaling laws: prefactors, convergence of the exact loss to each law, crossovers, validity, local exponents."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus.errors import InputError
from saltus.theory.crossovers import data_and_parameters, time_and_parameters
from saltus.theory.frequencies import Frequencies, PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import corrected_time_law, local_exponent, scaling_law, small_start_law
from saltus.theory.validity import Resources, evaluated
from tests.helpers import ROOT

REFERENCE = ROOT / "tests/data/theory.json"
ALPHAS = [0.3, 0.6, 0.9, 2.0]


def model(alpha: float = 0.6, n_skills: float = math.inf, **settings: Any) -> Multilinear:
    return Multilinear(PowerLaw(alpha, n_skills), **{"initial_strength": 0.01, **settings})


def order(errors: list[float], factor: float) -> float:
    """Measured exponent of a falling error when its argument grows by ``factor`` each time."""
    return math.log(abs(errors[-2] / errors[-1])) / math.log(factor)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_time_law_is_the_limit_of_the_exact_loss(alpha: float, offset: float) -> None:
    m = replace(model(target_scale=2.0, learning_rate=0.3), frequencies=PowerLaw(alpha, offset=offset))
    law = scaling_law(m, "time")
    distance = [abs(float(law(t)) / float(m.loss(time=t)) - 1) for t in (1e8, 1e12)]
    # Thm. 2 and 3 bound the loss by this order; in fact sum and integral differ by less than any power of T, since
    # all derivatives vanish where skills are learned. What is left is rounding.
    assert max(distance) < 1e-12


@pytest.mark.parametrize("alpha", ALPHAS)
def test_data_law_is_the_limit_of_the_exact_loss(alpha: float) -> None:
    m = model(alpha)
    law = scaling_law(m, "data")
    errors = [float(law(d)) - float(m.loss(data=d)) for d in (10**4, 10**6)]
    # Thm. 5 bounds the error by D^-(2 alpha + 1)/(2 alpha + 2).
    assert order(errors, 100) >= (2 * alpha + 1) / (2 * alpha + 2)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_parameter_law_is_the_limit_of_the_exact_loss(alpha: float) -> None:
    law = scaling_law(model(alpha), "parameters")
    errors = [float(law(n)) - float(model(alpha, n_parameters=n).loss()) for n in (10**3, 10**5)]
    # Thm. 1 bounds the error by N^-min(alpha + 1, 2 alpha), here for unlimited time and data.
    assert order(errors, 100) >= min(alpha + 1, 2 * alpha) - 0.01


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_parameter_law_at_a_fixed_ratio_to_the_number_of_skills(share: float) -> None:
    errors = []
    for n_skills in (10**4, 10**6):
        m = model(0.6, n_skills, n_parameters=share * n_skills)
        errors.append(float(scaling_law(m, "parameters")(share * n_skills)) - float(m.loss()))
    if share < 1:
        assert order(errors, 100) >= 1.2 - 0.01
    else:
        assert errors == [0, 0]


@pytest.mark.parametrize("alpha", [0.3, 0.6, 0.9])
def test_compute_law_is_the_minimum_over_lambda(alpha: float) -> None:
    m = model(alpha, target_scale=3.0, learning_rate=0.2)
    law = scaling_law(m, "compute")
    assert law.optimal_lambda is not None
    scaled = 0.6  # eta S
    budget = 1e6

    def at(lam: float) -> float:
        n = lam * (scaled * budget) ** (1 / (alpha + 2))
        return time_and_parameters(m, budget / n, n)

    grid = law.optimal_lambda * np.exp(np.linspace(-2, 2, 401))
    # The middle of the grid is the optimum of the law; all others are worse, by the curvature of the minimum.
    losses = np.array([at(lam) for lam in grid])
    assert losses.argmin() == 200
    assert law(budget) == pytest.approx(losses[200], rel=1e-12)


@pytest.mark.parametrize("lam", [0.3, 1.0, 4.0])
def test_time_and_parameters_converge_together(lam: float) -> None:
    alpha, errors = 0.6, []
    for n in (10**3, 10**4, 10**5):
        time = (n / lam) ** (alpha + 1)
        m = model(alpha, n_parameters=n)
        errors.append(time_and_parameters(m, time, n) / float(m.loss(time=time)) - 1)
    # Sum against integral at the last modelled skill: one part in N.
    assert order(errors, 10) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("mu", [0.05, 1.0, 5.0])
def test_data_and_parameters_converge_together(mu: float) -> None:
    alpha, errors = 0.6, []
    for n in (10**2, 10**3, 10**4):
        data = round(mu * n ** (alpha + 1))
        m = model(alpha, n_parameters=n)
        errors.append(data_and_parameters(m, data, n) / float(m.loss(data=data)) - 1)
    # Sum against integral at the last modelled skill, and (1 - p)^D against exp(-D p): at least one part in N.
    assert order(errors, 10) > 0.95


def test_crossovers_end_in_the_single_laws() -> None:
    m = model()
    assert time_and_parameters(m, 1e9, math.inf) == pytest.approx(float(scaling_law(m, "time")(1e9)), rel=1e-13)
    assert data_and_parameters(m, 1e9, math.inf) == pytest.approx(float(scaling_law(m, "data")(1e9)), rel=1e-13)
    for crossover in (time_and_parameters, data_and_parameters):
        assert crossover(m, 1e30, 100) == pytest.approx(float(scaling_law(m, "parameters")(100)), rel=1e-13)


def test_prefactors_in_elementary_cases() -> None:
    # alpha = 1: zeta(2) = pi^2/6 and Gamma(1/2) = sqrt(pi).
    m = model(1.0, target_scale=2.0)
    zeta = math.pi**2 / 6
    assert scaling_law(m, "data").prefactor == pytest.approx(
        1.99**2 / 2 * zeta**-0.5 / 2 * math.sqrt(math.pi), rel=1e-14
    )
    assert scaling_law(m, "parameters").prefactor == pytest.approx(4 / (2 * zeta), rel=1e-14)


@pytest.mark.parametrize("resource", ["time", "data", "parameters", "compute"])
def test_reference_prefactors(resource: Any) -> None:
    for case in json.loads(REFERENCE.read_text())["prefactors"]:
        m = model(
            case["alpha"],
            target_scale=case["target_scale"],
            initial_strength=case["initial_strength"],
            learning_rate=case["learning_rate"],
        )
        law = scaling_law(m, resource)
        assert law.prefactor == pytest.approx(float(case[resource]), rel=1e-14)
        if resource == "compute":
            # The reference has 12 digits.
            assert law.optimal_lambda == pytest.approx(float(case["optimal_lambda"]), rel=1e-11)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 5), st.floats(1e-12, 0.9), st.floats(0.01, 100), st.floats(0.01, 100))
def test_prefactors_scale_with_the_target_and_the_rate(alpha: float, r: float, scale: float, rate: float) -> None:
    plain = model(alpha, initial_strength=r)
    scaled = model(alpha, initial_strength=r * scale, target_scale=scale, learning_rate=rate)
    for resource, exponent in (
        ("time", alpha / (alpha + 1)),
        ("data", 0),
        ("parameters", 0),
        ("compute", alpha / (alpha + 2)),
    ):
        expected = scale**2 * (scale * rate) ** -exponent * scaling_law(plain, resource).prefactor  # type: ignore[arg-type]
        assert scaling_law(scaled, resource).prefactor == pytest.approx(expected, rel=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [0.1, 0.3, 0.5, 0.7])
def test_corrected_law_describes_finitely_many_skills(alpha: float) -> None:
    # Fig. 7: as many skills as parameters, 50,000; a tiny r, for which Eq. 56 was derived.
    n, r = 50_000, 1e-6
    m = model(alpha, n, initial_strength=r)
    plain, corrected = scaling_law(m, "time"), corrected_time_law(m)
    for time in (1e5, 2e5):
        exact, last = float(m.loss(time=time)), float(m.frequencies.pmf(n))
        # Sum against integral at the last skill, and what the skills beyond it would have moved by.
        allowed = last / 2 + 2 * r * math.exp(2 * time * last) * corrected.shift
        assert float(corrected(time)) == pytest.approx(exact, abs=allowed)
        assert abs(float(plain(time)) - exact) > 100 * allowed


def test_small_start_law_converges_as_one_over_the_logarithm() -> None:
    alpha, s = 0.6, 0.6 / 1.6
    for r in (1e-50, 1e-300):
        m = model(alpha, initial_strength=r)
        ratio = scaling_law(m, "time").prefactor / small_start_law(m).prefactor
        # Next order: 1 - s/log(S/r), up to the square of the logarithm (coefficient below 2).
        onset = -m.initial_logit
        assert ratio - 1 == pytest.approx(-s / onset, abs=2 / onset**2)


def test_conditions_and_distance() -> None:
    m = model(0.6)
    good = scaling_law(m, "parameters").check(n_parameters=100, time=1e6)
    assert good.holds
    assert good.exact_loss == m_loss(m, 100, time=1e6)
    assert good.relative_distance == pytest.approx(good.law_loss / good.exact_loss - 1)
    assert str(good).startswith("holds: data >> (eta S time)^3 (left/right = inf); holds: eta S time >> n_parameters^")
    bad = scaling_law(m, "parameters").check(n_parameters=100, time=100.0)
    assert not bad.holds
    assert "does not hold, because eta S time >> n_parameters^(alpha+1) is not so (left/right = 0.0631)" in str(bad)
    assert bad.relative_distance < -0.5


def test_conditions_do_not_overflow() -> None:
    check = scaling_law(model(5.0), "time").check(time=1e300, data=10, n_parameters=1e15)
    assert [c.ratio for c in check.conditions] == pytest.approx([0, 0, 0, 1e300 / math.log(99)], rel=1e-12, abs=1e-200)
    learned = scaling_law(model(0.6, 5), "time").check(time=1e6)
    assert learned.exact_loss == 0
    assert learned.relative_distance == math.inf


def test_every_condition_compares_what_it_says() -> None:
    tau, data, n, exponent, log_odds = 7.0, 500.0, 30.0, 1.6, 4.0
    ratios = {
        "time": [data / (n * tau**2), data / tau**3, n**exponent / tau, tau / log_odds],
        "data": [tau / (data * math.log(data)), n**exponent / data],
        "parameters": [data / tau**3, tau / n**exponent],
        "compute": [data / tau**3, n**exponent / tau],
    }
    for resource, expected in ratios.items():
        found = evaluated(resource, Resources(tau, data, n, exponent, log_odds))
        assert [condition.ratio for condition in found] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("ratio", "larger", "alike"), [(0.09, False, False), (0.11, False, True), (9.9, False, True)])
def test_much_larger_is_a_factor_of_ten_and_alike_less_than_one(ratio: float, larger: bool, alike: bool) -> None:
    # n^2 is ratio times tau; n^2 >> tau is the third condition of the time law, n^2 ~ tau the second of compute.
    asked = Resources(100.0, math.inf, math.sqrt(100 * ratio), 2.0, 1.0)
    assert evaluated("time", asked)[2].holds is larger
    assert evaluated("compute", asked)[1].holds is alike
    beyond = replace(asked, n_parameters=math.sqrt(100 * 10.1))
    assert evaluated("time", beyond)[2].holds
    assert not evaluated("compute", beyond)[1].holds


def m_loss(m: Multilinear, n: float, **resources: float) -> float:
    return float(replace(m, n_parameters=n).loss(**resources))


@pytest.mark.parametrize(
    ("resource", "resources", "holds"),
    [
        ("time", {"time": 1e4}, True),
        ("time", {"time": 1e4, "n_parameters": 50}, False),
        ("time", {"time": 1e4, "data": 10**6}, False),
        ("data", {"data": 1000}, True),
        ("data", {"data": 1000, "time": 10.0}, False),
        ("compute", {"time": 1e4, "n_parameters": 300}, True),
        ("compute", {"time": 1e4, "n_parameters": 3}, False),
    ],
)
def test_conditions_tell_the_bottleneck(resource: Any, resources: dict[str, Any], holds: bool) -> None:
    check = scaling_law(model(0.6), resource).check(**resources)
    assert check.holds is holds
    if holds and resource != "compute":
        assert abs(check.relative_distance) < 0.05


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (lambda: local_exponent(model(), "time", time=1e8), 0.6 / 1.6),
        (lambda: local_exponent(model(), "data", data=10**8), 0.6 / 1.6),
        (lambda: local_exponent(model(n_parameters=10**6), "parameters"), 0.6),
    ],
)
def test_local_exponent_becomes_that_of_the_law(point: Callable[[], float], expected: float) -> None:
    assert point() == pytest.approx(expected, rel=1e-5)


def test_local_exponent_of_a_single_skill_is_its_derivative() -> None:
    # L = h(2 T)/2 for one skill: -dlogL/dlogT = 4 T R/S.
    m = Multilinear(Frequencies([1.0]), initial_strength=0.1)
    time = 0.8
    strength = 1 / (1 + 9 * math.exp(-2 * time))
    assert local_exponent(m, "time", time=time) == pytest.approx(4 * time * strength, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: scaling_law(model(), cast(Any, "width")),
            "resource must be one of time, data, parameters, compute; received 'width'",
        ),
        (
            lambda: scaling_law(Multilinear(Frequencies([1]), initial_strength=0.1), "time"),
            "a scaling law needs power-law frequencies; received 'Frequencies'; use compute_optimal or local_exponent",
        ),
        (lambda: scaling_law(model(), "time")(0), "time must be greater than 0; received 0; a law says nothing"),
        (
            lambda: scaling_law(model(), "data").check(time=5.0),
            "a law in data needs a finite amount of it; received inf",
        ),
        (
            lambda: small_start_law(model(initial_strength=0.6)),
            "initial_strength must be below target_scale / 2; received",
        ),
        (lambda: local_exponent(model(), "compute"), "resource must be one of time, data, parameters; received"),
        (
            lambda: local_exponent(model(), "data"),
            "data must be finite and greater than 0 here; received inf; give the",
        ),
        (
            lambda: scaling_law(model(0.01, initial_strength=0.999999), "compute"),
            "the compute law needs an optimum within double precision; received 0.999999; start further from S",
        ),
    ],
)
def test_bad_questions_are_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        call()
    assert message in str(error.value)


def test_zeta_is_that_of_the_paper_for_infinitely_many_skills() -> None:
    law = PowerLaw(0.6)
    assert law.normalisation == pytest.approx(float(mpmath.zeta(1.6)), rel=1e-15)
