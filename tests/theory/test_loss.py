"""The loss in (T, D, N) against plain sums, series of Hurwitz zeta functions, and sums over all counts."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from saltus.errors import InputError
from saltus.theory.frequencies import Frequencies, PowerLaw
from saltus.theory.multilinear import Multilinear
from tests.helpers import ROOT

REFERENCE = ROOT / "tests/data/theory.json"


def model(alpha: float = 0.6, n_skills: float = math.inf, offset: float = 0.0, **settings: Any) -> Multilinear:
    return Multilinear(PowerLaw(alpha, n_skills, offset), **{"initial_strength": 0.01, **settings})


def loss_term_by_term(m: Multilinear, time: float) -> float:
    """Eq. 12 for unlimited data, in extended precision."""
    law = m.frequencies
    assert isinstance(law, PowerLaw)
    weight = (np.arange(1, law.n_skills + 1, dtype=np.longdouble) + law.offset) ** -(np.longdouble(law.alpha) + 1)
    p = weight / weight.sum()
    n = int(m.n_modelled)
    s, r = np.longdouble(m.target_scale), np.longdouble(m.initial_strength)
    growth = 2 * np.longdouble(m.learning_rate) * s * np.longdouble(time) * p[:n]
    missing = 1 / (1 + np.exp(np.minimum(np.log(r / (s - r)) + growth, 5000))) ** 2
    return float(s**2 / 2 * ((p[:n] * missing).sum() + p[n:].sum()))


def loss_by_zeta_series(m: Multilinear, time: float, head: int = 400) -> float:
    """Eq. 12 for infinitely many modelled skills: a head, and a Taylor series in the growth with zeta tails."""
    law = m.frequencies
    assert isinstance(law, PowerLaw)
    with mpmath.workdps(40):
        exponent, shift = mpmath.mpf(law.alpha) + 1, mpmath.mpf(law.offset)
        z = mpmath.zeta(exponent, 1 + shift)
        c = (mpmath.mpf(m.target_scale) - mpmath.mpf(m.initial_strength)) / mpmath.mpf(m.initial_strength)
        x = 2 * mpmath.mpf(m.learning_rate) * mpmath.mpf(m.target_scale) * mpmath.mpf(time) / z

        def missing(growth: mpmath.mpf) -> mpmath.mpf:
            return (1 + mpmath.exp(growth) / c) ** -2

        assert x * (head + shift) ** -exponent < 0.5  # well inside the radius of convergence, pi
        total = mpmath.fsum(
            (k + shift) ** -exponent * missing(x * (k + shift) ** -exponent) for k in range(1, head + 1)
        )
        for i, coefficient in enumerate(mpmath.taylor(missing, 0, 24)):
            total += coefficient * x**i * mpmath.zeta(exponent * (i + 1), head + 1 + shift)
        return float(mpmath.mpf(m.target_scale) ** 2 / 2 * total / z)


@pytest.mark.parametrize("n_skills", [1, 7, 3000, 30_000])
@pytest.mark.parametrize("alpha", [0.01, 0.6, 5.0])
@pytest.mark.parametrize("r", [1e-300, 1e-4, 0.5, 0.999])
@pytest.mark.parametrize("n_parameters", [None, 1500])
def test_unlimited_data_is_the_plain_sum(n_skills: int, alpha: float, r: float, n_parameters: int | None) -> None:
    times = [0, 1e-3, 3.0, 1e3, 1e6, 1e10]
    m = model(alpha, n_skills, initial_strength=r, n_parameters=n_parameters)
    for time, loss in zip(times, np.asarray(m.loss(time=times)), strict=True):
        expected = loss_term_by_term(m, time)
        # An exponentially small loss exp(-2z) carries the rounding of z, in units of the last place of its logarithm.
        amplification = max(1.0, -math.log(max(expected, 1e-300)))
        assert loss == pytest.approx(expected, rel=1e-13 + 2e-15 * amplification, abs=1e-290)


@pytest.mark.parametrize("offset", [0.0, 2.5])
@pytest.mark.parametrize("alpha", [0.01, 0.3, 0.9, 5.0])
@pytest.mark.parametrize("r", [1e-8, 0.01, 0.7])
@pytest.mark.parametrize("time", [0.0, 1.0, 40.0, 600.0])
def test_infinitely_many_skills(alpha: float, offset: float, r: float, time: float) -> None:
    m = model(alpha, offset=offset, initial_strength=r, target_scale=1.5, learning_rate=0.3)
    assert m.loss(time=time) == pytest.approx(loss_by_zeta_series(m, time), rel=1e-13)


def test_number_of_skills_tends_to_infinity_continuously() -> None:
    for time in (10.0, 1e4, 1e9):
        gap = float(model(0.6, 10**12).loss(time=time)) - float(model(0.6).loss(time=time))
        # Cutting the power law at n leaves out a share n^-alpha / (alpha zeta), which the others take over.
        missing = (1e12) ** -0.6 / (0.6 * float(mpmath.zeta(1.6)))
        assert abs(gap) <= missing


@pytest.mark.parametrize("alpha", [0.01, 0.6, 5.0])
@pytest.mark.parametrize("r", [1e-300, 0.01, 1 - 1e-12])
@pytest.mark.parametrize("n_skills", [1, 10**5, math.inf])
@pytest.mark.parametrize("n_parameters", [None, 1, 1000])
def test_extremes_give_numbers_in_range_and_order(alpha: float, r: float, n_skills: float, n_parameters: int) -> None:
    m = model(alpha, n_skills, initial_strength=r, n_parameters=n_parameters)
    losses = np.asarray(m.loss(time=[0, 1e-300, 1, 1e10, 1e100, 1e200, 1e300, math.inf]))
    # Rounding of the sum that makes up 1/2 at time 0.
    assert np.all(np.diff(losses) <= 1e-15)
    assert np.all(losses >= losses[-1])
    unmodelled = float(m.frequencies.tail(m.n_modelled)) / 2
    assert losses[0] == pytest.approx((1 - r) ** 2 / 2 * (1 - 2 * unmodelled) + unmodelled, rel=1e-14, abs=1e-40)
    assert losses[-1] == pytest.approx(unmodelled, rel=1e-15, abs=0)
    at_data = np.asarray(m.loss(time=[1.0, 1e300], data=[[1], [10**9]]))
    assert np.all((at_data >= 0) & (at_data <= 0.5 + 1e-15))


def test_very_long_times_follow_the_power_law() -> None:
    # With so many skills in play the law's corrections, of relative order 1/k, are gone.
    for alpha in (0.01, 0.6, 5.0):
        losses = np.asarray(model(alpha).loss(time=[1e250, 1e300]))
        assert math.log(losses[0] / losses[1]) / math.log(1e50) == pytest.approx(alpha / (alpha + 1), rel=1e-10)


def expected_over_counts(m: Multilinear, time: float, data: int) -> float:
    """Eq. 12 averaged over d_k ~ Binomial(D, P_k) by summing over every count, in 30 digits."""
    with mpmath.workdps(30):
        c = (mpmath.mpf(m.target_scale) - m.initial_strength) / mpmath.mpf(m.initial_strength)
        share = [mpmath.mpf(1)] + [
            (1 + mpmath.exp(2 * mpmath.mpf(m.learning_rate) * m.target_scale * d / data * time) / c) ** -2
            if time < math.inf
            else 0
            for d in range(1, data + 1)
        ]
        share[0] = (c / (1 + c)) ** 2
        total = mpmath.mpf(0)
        for k, p in enumerate(map(mpmath.mpf, m.frequencies.first().tolist()), start=1):
            term = [mpmath.binomial(data, d) * p**d * (1 - p) ** (data - d) * share[d] for d in range(data + 1)]
            total += p * (mpmath.fsum(term) if k <= m.n_modelled else 1)
        return float(mpmath.mpf(m.target_scale) ** 2 / 2 * total)


@pytest.mark.parametrize("data", [1, 2, 30, 500])
@pytest.mark.parametrize("time", [0.0, 0.1, 20.0, 3000.0, math.inf])
@pytest.mark.parametrize("r", [1e-12, 0.01, 0.9])
def test_finite_data_is_the_sum_over_all_counts(data: int, time: float, r: float) -> None:
    m = model(0.6, 6, initial_strength=r, n_parameters=4)
    assert m.loss(time=time, data=data) == pytest.approx(expected_over_counts(m, time, data), rel=1e-13)


@pytest.mark.parametrize("data", [1, 100, 10**6])
def test_infinite_time_is_eq_274(data: int) -> None:
    m = model(0.3, 2000, n_parameters=500, target_scale=3.0)
    p = m.frequencies.first()
    expected = (3 - 0.01) ** 2 / 2 * np.sum(p[:500] * (1 - p[:500]) ** data) + 9 / 2 * np.sum(p[500:])
    assert m.loss(data=data) == pytest.approx(expected, rel=1e-12)
    # The expectation over counts must arrive there by itself.
    assert m.loss(time=1e200, data=data) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("data", "head"), [(50, 500), (10**6, 10_000)])
@pytest.mark.parametrize("time", [30.0, 3000.0])
@pytest.mark.parametrize("r", [1e-6, 0.3])
def test_infinitely_many_skills_on_finite_data(data: int, head: int, time: float, r: float) -> None:
    m = model(0.9, initial_strength=r)
    skills = np.arange(1, head + 1)
    noded = m.frequencies.pmf(skills) @ np.asarray(m.skill_loss(time=time, data=data, skills=skills))
    # Rarer skills by Newton's series, E[h(d)] = sum_j binomial(D, j) p^j (j-th difference of h at 0), with zeta tails.
    with mpmath.workdps(40):
        s, c = mpmath.mpf(0.9) + 1, (1 - mpmath.mpf(r)) / mpmath.mpf(r)
        z = mpmath.zeta(s)
        h = [(1 + mpmath.exp(2 * mpmath.mpf(time) * d / data) / c) ** -2 for d in range(13)]
        beyond = mpmath.mpf(0)
        for j in range(13):
            difference = mpmath.fsum((-1) ** (j - i) * mpmath.binomial(j, i) * h[i] for i in range(j + 1))
            beyond += mpmath.binomial(data, j) * difference * mpmath.zeta(s * (j + 1), head + 1) / z ** (j + 1)
    # D p is below 0.02 beyond the head: the 13th power is far below rounding.
    assert m.loss(time=time, data=data) == pytest.approx(noded + float(beyond) / 2, rel=2e-13)


@pytest.mark.parametrize("time", [1.0, 1e4, 1e7])
def test_error_of_finite_data_falls_as_one_over_d(time: float) -> None:
    m = model(0.6, 100)
    gap = [float(m.loss(time=time, data=d)) - float(m.loss(time=time)) for d in (10**7, 10**8, 10**9)]
    if abs(gap[-1]) > 1e-11:
        assert gap[0] / gap[1] == pytest.approx(10, rel=0.05)
        assert gap[1] / gap[2] == pytest.approx(10, rel=0.05)


def test_shapes_follow_the_arguments() -> None:
    m = model(0.6, 5)
    assert isinstance(m.loss(time=3), float)
    assert np.shape(m.loss(time=[1, 2, 3], data=[[5.0], [math.inf]])) == (2, 3)
    assert np.shape(m.loss(time=np.ones((0,)))) == (0,)
    assert m.strength([1.0, 2.0], data=[[3.0], [math.inf]], skills=[1, 4]).shape == (2, 2, 2)
    assert m.skill_loss(time=1.0).shape == (5,)
    assert np.shape(m.loss_variance(time=[1.0, 2.0], data=4)) == (2,)
    mixed = np.asarray(m.loss(time=[50, 1, 1e9], data=[math.inf, 7.0, math.inf]))
    assert mixed.tolist() == [m.loss(time=50), m.loss(time=1, data=7), m.loss(time=1e9)]


@pytest.mark.parametrize("data", [40, math.inf])
def test_shares_of_all_skills_sum_to_one(data: float) -> None:
    m = model(0.6, 30, n_parameters=20)
    assert m.loss_share(time=[0, 100, 1e5], data=data).sum(axis=-1) == pytest.approx(1, abs=1e-13)


def test_expected_strength_is_the_average_over_counts() -> None:
    m, data, time = model(0.6, 3, n_parameters=2), 25, 40.0
    p = m.frequencies.first()
    counts = np.arange(data + 1)
    strengths = 1 / (1 + 99 * np.exp(-2 * counts / data * time))
    for k in (0, 1):
        # scipy's binomial probabilities are good to 1e-13.
        expected = binom.pmf(counts, data, p[k]) @ strengths
        assert m.strength(time, data=data)[k] == pytest.approx(expected, rel=1e-12)
    assert m.strength(time, data=data)[2] == 0
    # The one-shot learner, Corollary 1: learned if seen, untouched if not.
    unseen = (1 - p[:2]) ** data
    assert m.strength(math.inf, data=data)[:2] == pytest.approx(0.01 * unseen + 1 - unseen, rel=1e-14)


positive = st.floats(0.01, 100)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.01, 5), st.one_of(st.integers(1, 10**6), st.just(math.inf)), st.floats(1e-9, 0.99), st.floats(0, 1e9),
    st.floats(1, 10), st.integers(1, 10**6), st.integers(1, 3),
)  # fmt: skip
def test_loss_falls_in_every_resource(
    alpha: float, n_skills: float, r: float, time: float, factor: float, n: int, whole_factor: int
) -> None:
    m = model(alpha, n_skills, initial_strength=r, n_parameters=n)
    more = replace(m, n_parameters=n * whole_factor)
    # Rounding of sums of order 1/2.
    assert float(m.loss(time=time * factor)) <= float(m.loss(time=time)) + 1e-13
    assert float(more.loss(time=time)) <= float(m.loss(time=time)) + 1e-13
    # More data is sure to help only a fully trained model: early on, strength is convex in d_k and chance helps.
    assert float(m.loss(data=n * whole_factor)) <= float(m.loss(data=n)) + 1e-13


@settings(max_examples=25, deadline=None)
@given(positive, positive, st.floats(0, 1e6), st.one_of(st.just(math.inf), st.integers(1, 1000)))
def test_only_dimensionless_groups_matter(scale: float, rate: float, time: float, data: float) -> None:
    plain = model(0.6, 50)
    scaled = model(0.6, 50, target_scale=scale, initial_strength=0.01 * scale, learning_rate=rate)
    expected = scale**2 * float(plain.loss(time=time, data=data))
    # The scaled time is rounded, and an exponentially small loss multiplies that by minus its logarithm.
    assert scaled.loss(time=time / (scale * rate), data=data) == pytest.approx(expected, rel=1e-12, abs=1e-250)


def test_measured_frequencies_of_a_power_law_have_its_loss() -> None:
    law = PowerLaw(0.6, 5000)
    measured = Multilinear(Frequencies(law.first()), initial_strength=0.01, n_parameters=700)
    exact = replace(measured, frequencies=law)
    for data in (math.inf, 300):
        # Term by term on one side, by quadrature on the other.
        assert measured.loss(time=1e4, data=data) == pytest.approx(exact.loss(time=1e4, data=data), rel=1e-12)


@pytest.mark.parametrize("kind", ["loss_infinite_data", "loss_finite_data"])
def test_reference_values(kind: str) -> None:
    for case in json.loads(REFERENCE.read_text())[kind]:
        m = model(
            case["alpha"],
            case["n_skills"] or math.inf,
            target_scale=case["target_scale"],
            initial_strength=case["initial_strength"],
            learning_rate=case["learning_rate"],
            n_parameters=case["n_parameters"],
        )
        loss = m.loss(time=case["time"], data=case.get("n_data", math.inf))
        assert loss == pytest.approx(float(case["loss"]), rel=1e-14)


def test_the_longest_time_follows_the_rate() -> None:
    # 2 eta S T may reach 1e303: with eta = 0.005 that is 1e305 steps.
    assert 0 < float(model(learning_rate=0.005).loss(time=9e304)) < 1e-100
    with pytest.raises(InputError, match="must be at most 1e\\+303; received 2e\\+301; use time=inf"):
        model(learning_rate=50).loss(time=2e301)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": -1}, "time must be at least 0; received -1; give the number of steps"),
        ({"time": math.nan}, "time must be at least 0; received nan; give the number of steps"),
        ({"time": 1e305}, "time must be at most 1e+303; received 1e+305; use time=inf"),
        ({"data": 1e17}, "data must be at most 2^53, where whole numbers end in double precision; received 1e+17; use"),
        ({"data": 0}, "data must be a whole number of samples, at least 1, or inf; received 0; give the size"),
        ({"data": [3, 2.5]}, "data must be a whole number of samples, at least 1, or inf; received [3, 2.5]; give"),
    ],
)
def test_bad_resources_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        model().loss(**arguments)
    assert message in str(error.value)


def test_a_bad_number_of_parameters_is_refused() -> None:
    with pytest.raises(
        InputError, match="n_parameters must be a whole number, 1 or more; received 0; give the number of"
    ):
        model(n_parameters=0)
