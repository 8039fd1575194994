"""The variants: limits into each other, inverses, invariants over random settings, oracles, extremes, refusals.

Agreement with the integrated gradient flow is in ``test_flow.py``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import (
    DeepMultilinear,
    DiscreteMultilinear,
    Frequencies,
    InputError,
    Linear,
    Multilinear,
    PowerLaw,
    UnbalancedMultilinear,
    with_momentum,
)
from saltus.theory.dynamics import GradientFlow, SkillDynamics
from saltus.theory.stages import n_emerged
from saltus.theory.variants.discrete import CORRECTION

ONE = Frequencies([1.0])
MEASURED = Frequencies([0.6, 0.3, 0.1])
ALL_TIMES = np.concatenate(([0.0], np.logspace(-300, 300, 301), [np.inf]))


@st.composite
def flows(draw: st.DrawFn) -> GradientFlow:
    """Any gradient flow at ordinary sizes of its parameters."""
    scale = draw(st.floats(0.1, 20))
    common = {"target_scale": scale, "learning_rate": draw(st.floats(1e-3, 10))}
    start = scale * draw(st.floats(1e-6, 0.9))
    kind = draw(st.sampled_from(["linear", "multilinear", "unbalanced", "deep"]))
    if kind == "multilinear":
        return Multilinear(MEASURED, initial_strength=start, **common)
    if kind == "linear":
        return Linear(MEASURED, initial_strength=start, **common)
    if kind == "unbalanced":
        imbalance = scale * draw(st.floats(0, 100))
        sign = draw(st.sampled_from([-1, 1])) if imbalance > 1e-3 * scale else 1
        return UnbalancedMultilinear(MEASURED, initial_strength=sign * start, imbalance=imbalance, **common)
    return DeepMultilinear(MEASURED, initial_strength=start, n_layers=draw(st.integers(1, 12)), **common)


@st.composite
def descents(draw: st.DrawFn) -> DiscreteMultilinear:
    """Gradient descent on both sides of the change from recursion to series, up to near the stability edge."""
    scale = draw(st.floats(0.1, 20))
    mu = 10 ** draw(st.floats(-4, -0.03))
    start = scale * draw(st.floats(1e-6, 0.9))
    rate = mu / (0.6 * scale)
    return DiscreteMultilinear(MEASURED, target_scale=scale, learning_rate=rate, initial_strength=start)


# Rounding at every step, amplified at most by the length of the wait (m up to 1, start down to 1e-6).
ROUNDING = 1e-12


@settings(deadline=None)
@given(model=flows(), clocks=st.lists(st.floats(0, 100), min_size=2, max_size=8))
def test_strength_rises_with_time_and_stays_between_start_and_target(model: GradientFlow, clocks: list[float]) -> None:
    strength = model.strength(np.sort(clocks) / model.rate)
    assert np.all(np.diff(strength, axis=0) >= -ROUNDING * model.target_scale)
    assert np.all(strength >= model.initial_strength - ROUNDING * model.target_scale)
    assert np.all(strength <= model.target_scale)


@settings(deadline=None)
@given(model=flows(), progress=st.floats(0.001, 0.999))
def test_strength_at_the_time_of_a_strength_is_that_strength(model: GradientFlow, progress: float) -> None:
    level = model.initial_strength + progress * (model.target_scale - model.initial_strength)
    time = model.time(level)
    back = np.array([model.strength(t, skills=k)[0] for k, t in enumerate(time, start=1)])
    np.testing.assert_allclose(back, level, rtol=1e-9, atol=ROUNDING * model.target_scale)


@settings(deadline=None)
@given(model=flows(), wait=st.floats(0.01, 0.99))
def test_time_of_the_strength_at_a_time_is_that_time(model: GradientFlow, wait: float) -> None:
    # Between 1 % and 99 % of the way, where the rounding of a strength does not blur the time.
    ends = model.initial_strength + np.array([0.01, 0.99]) * (model.target_scale - model.initial_strength)
    first, last = model.time(ends, skills=1)[:, 0]
    time = first + wait * (last - first)
    assert model.time(model.strength(time, skills=1)[0], skills=1)[0] == pytest.approx(time, rel=1e-9)


@settings(deadline=None)
@given(model=flows(), factor=st.floats(0.01, 100), clock=st.floats(0, 50))
def test_only_learning_rate_times_time_matters(model: GradientFlow, factor: float, clock: float) -> None:
    time = clock / model.rate
    faster = replace(model, learning_rate=model.learning_rate * factor)
    np.testing.assert_allclose(
        faster.strength(time / factor), model.strength(time), rtol=1e-9, atol=ROUNDING * model.target_scale
    )
    np.testing.assert_allclose(faster.emergence_time([1, 2]) * factor, model.emergence_time([1, 2]), rtol=1e-12)


@settings(deadline=None)
@given(model=flows(), factor=st.floats(0.01, 100), clock=st.floats(0, 50))
def test_strength_in_units_of_the_target_needs_only_dimensionless_ratios(
    model: GradientFlow, factor: float, clock: float
) -> None:
    lengths = {"target_scale", "initial_strength", "imbalance"} & set(vars(model))
    larger = replace(model, **{name: getattr(model, name) * factor for name in lengths})
    strength = model.strength(clock / model.rate) / model.target_scale
    np.testing.assert_allclose(
        larger.strength(clock / larger.rate) / larger.target_scale, strength, rtol=1e-9, atol=ROUNDING
    )


@settings(deadline=None)
@given(model=flows())
def test_emergence_and_saturation_are_times_between_strengths(model: GradientFlow) -> None:
    emerged = model.emergence_time(2, threshold=0.2)
    saturated = emerged + model.saturation_time(2, threshold=0.2)
    for time, level in ((emerged, 0.2), (saturated, 0.8)):
        expected = max(level * model.target_scale, model.initial_strength)
        assert model.strength(time, skills=2)[0] == pytest.approx(expected, rel=1e-9)


# ---- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [1e-300, 1e-10, 0.01, 0.5, 0.9])
def test_two_layers_and_a_balanced_start_are_the_multilinear_model(start: float) -> None:
    multilinear = Multilinear(MEASURED, initial_strength=start, target_scale=1.0)
    expected = multilinear.strength(ALL_TIMES[:-1])
    # A logit of -690 carries a rounding of 1e-13, which is the relative rounding of the strength.
    tolerance = 4e-16 * max(abs(multilinear.initial_logit), 4)
    deep = DeepMultilinear(MEASURED, initial_strength=start, n_layers=2)
    unbalanced = UnbalancedMultilinear(MEASURED, initial_strength=start, imbalance=0.0)
    np.testing.assert_allclose(deep.strength(ALL_TIMES[:-1]), expected, rtol=tolerance)
    np.testing.assert_allclose(unbalanced.strength(ALL_TIMES[:-1]), expected, rtol=tolerance)
    for model in (deep, unbalanced):
        np.testing.assert_allclose(
            model.emergence_time([1, 2], 0.6), multilinear.emergence_time([1, 2], 0.6), rtol=1e-12
        )


def test_one_layer_is_the_linear_model() -> None:
    for start in (1e-300, 0.01, 0.9):
        deep = DeepMultilinear(MEASURED, initial_strength=start, n_layers=1, learning_rate=0.3)
        linear = Linear(MEASURED, initial_strength=start, learning_rate=0.3)
        np.testing.assert_array_equal(deep.strength(ALL_TIMES), linear.strength(ALL_TIMES))


def test_far_from_balance_the_multilinear_model_becomes_linear_at_second_order() -> None:
    time = np.linspace(0, 10, 30)
    linear = Linear(ONE).strength(time)
    distance = []
    for imbalance in (1e2, 1e3):
        model = UnbalancedMultilinear(ONE, initial_strength=0.0, imbalance=imbalance, learning_rate=1 / imbalance)
        distance.append(np.max(np.abs(model.strength(time) - linear)))
    # rate = sqrt(delta^2 + 4 S^2) / delta = 1 + 2 / delta^2, and the curvature of R in b is of the same order.
    assert math.log10(distance[0] / distance[1]) == pytest.approx(2, abs=0.05)


def test_a_small_imbalance_moves_the_strength_at_first_order_from_a_start_at_zero() -> None:
    # From R = 0 the imbalance alone starts the growth: R = (delta/2) sinh(2 eta S p T) while R is small.
    time = np.linspace(0.1, 3, 10)
    for imbalance in (1e-6, 1e-12, 1e-140):
        model = UnbalancedMultilinear(ONE, initial_strength=0.0, imbalance=imbalance)
        expected = imbalance / 2 * np.sinh(2 * time)
        # What is left out is of relative order R = delta e^(2T) / 4, at most 101 delta; log(delta) rounds to 1e-13.
        np.testing.assert_allclose(model.strength(time)[:, 0], expected, rtol=1e-13 + 2e2 * imbalance)


@pytest.mark.parametrize(
    "model",
    [
        Linear(MEASURED),
        UnbalancedMultilinear(MEASURED, initial_strength=0.01, imbalance=3.0),
        DeepMultilinear(MEASURED, initial_strength=0.01, n_layers=4),
        DiscreteMultilinear(MEASURED, initial_strength=0.01),
    ],
    ids=repr,
)
def test_one_shot_learner_is_the_limit_of_long_training(model: SkillDynamics) -> None:
    # Nam et al. 2024, Corollary 1: a skill seen once is learned, one never seen stays where it was.
    strength = model.strength_on_sample(np.inf, np.array([0.9, 1e-12, 0.0]))
    np.testing.assert_array_equal(strength, [1.0, 1.0, model.initial_strength])
    frequencies = np.asarray(MEASURED.values)
    np.testing.assert_array_equal(model.strength_on_sample([3, 9], frequencies), model.strength([3, 9]))


# ---- oracles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [3, 4, 7, 100])
@pytest.mark.parametrize("start", [1e-6, 0.01, 0.7])
def test_deep_times_are_the_integral_of_the_inverse_velocity(layers: int, start: float) -> None:
    model = DeepMultilinear(ONE, initial_strength=start, n_layers=layers)
    for level in (start * 1.2, 0.5 * (1 + start), 1 - 2.0**-10, 1 - 2.0**-36, 1 - 2.0**-52):
        with mpmath.workdps(30):
            # In y = logit(R) the inverse velocity R^(2/L - 1) is smooth up to the target.
            ends = [mpmath.log(mpmath.mpf(x)) - mpmath.log(1 - mpmath.mpf(x)) for x in (start, level)]
            points = [*mpmath.arange(ends[0], ends[1], 2), ends[1]]
            power = mpmath.mpf(2) / layers - 1
            expected = mpmath.quad(lambda y, p=power: (1 + mpmath.exp(-y)) ** -p, points) / layers
        assert model.time(level)[0] == pytest.approx(float(expected), rel=1e-12)
        # The rounding of a long wait, times the velocity at its end.
        blur = 2e-15 * float(expected) * layers * level ** (2 - 2 / layers) * (1 - level)
        assert model.strength(float(expected))[0] == pytest.approx(level, rel=1e-12, abs=blur)


def exact_recursion(start: float, mu: float, steps: int) -> list[mpmath.mpf]:
    """a -> a + eta p (S - a^2) a in 40 digits, as the strength a^2 with S = 1."""
    with mpmath.workdps(40):
        a, orbit = mpmath.sqrt(mpmath.mpf(start)), []
        for _ in range(steps + 1):
            orbit.append(a * a)
            a += mpmath.mpf(mu) * (1 - a * a) * a
        return orbit


@pytest.mark.parametrize(
    ("mu", "steps"), [(1e-3, 9000), (0.0099, 900), (0.0101, 900), (0.2, 60), (0.5, 30), (0.97, 60)]
)
@pytest.mark.parametrize("start", [1e-4, 0.3])
def test_discrete_descent_is_the_recursion_of_its_weights(mu: float, steps: int, start: float) -> None:
    model = DiscreteMultilinear(ONE, initial_strength=start, learning_rate=mu)
    orbit = exact_recursion(start, mu, steps)
    expected = np.array([float(x) for x in orbit])
    strength = model.strength(np.arange(steps + 1))[:, 0]
    # Both paths round once or twice a step in the worst case, and amplify that by the growth still to come.
    np.testing.assert_allclose(strength, expected, rtol=1e-12)
    levels = np.linspace(start, 0.999, 50)
    first = np.argmax(expected[:, None] >= levels, axis=0)
    np.testing.assert_array_equal(model.time(levels)[:, 0], first)


def test_the_series_of_discrete_descent_has_the_error_order_it_claims() -> None:
    table = [[Fraction(float(entry)).limit_denominator(10_000) for entry in row] for row in CORRECTION]

    def line(x: mpmath.mpf, mu: mpmath.mpf) -> mpmath.mpf:
        """A(x), with the table's fractions exact."""
        ends = mpmath.log(x) / (2 * mpmath.log1p(mu)) + mpmath.log1p(-x) / mpmath.log1p(-2 * mu)
        terms = ((q.numerator * mu**j * x**i) / q.denominator for j, row in enumerate(table) for i, q in enumerate(row))
        return ends + mpmath.fsum(terms)

    def residual(mu: mpmath.mpf) -> mpmath.mpf:
        """How far A is from growing by 1 in a step."""
        starts = [mpmath.mpf(n) / 20 for n in range(1, 20)]
        return max(abs(line(x * (1 + mu * (1 - x)) ** 2, mu) - line(x, mu) - 1) for x in starts)

    with mpmath.workdps(60):
        # The first term left out is of order mu^6, and a step changes it by 2 mu; one wrong fraction gives 6 or less.
        order = mpmath.log(residual(mpmath.mpf("2e-6")) / residual(mpmath.mpf("1e-6")), 2)
    assert float(order) == pytest.approx(7, abs=1e-3)


def test_discrete_descent_tends_to_the_flow_at_first_order() -> None:
    flow = Multilinear(ONE, initial_strength=0.01)
    error = []
    for rate in (0.08, 0.04):
        steps = np.arange(0, round(8 / rate), round(0.8 / rate))
        model = DiscreteMultilinear(ONE, initial_strength=0.01, learning_rate=rate)
        error.append(np.max(np.abs(model.strength(steps) - flow.strength(steps * rate))))
    assert math.log2(error[0] / error[1]) == pytest.approx(1, abs=0.1)


def test_momentum_is_a_faster_clock_at_first_order_in_the_learning_rate() -> None:
    momentum, error = 0.8, []
    for rate in (0.004, 0.002):
        flow = with_momentum(Multilinear(ONE, initial_strength=0.01, learning_rate=rate), momentum)
        weight, velocity, orbit = 0.1, 0.0, []
        for _ in range(round(2 / rate)):
            orbit.append(weight**2)
            velocity = momentum * velocity + rate * (1 - weight**2) * weight
            weight += velocity
        error.append(np.max(np.abs(flow.strength(np.arange(len(orbit)))[:, 0] - orbit)))
    assert error[1] < 0.05
    assert math.log2(error[0] / error[1]) == pytest.approx(1, abs=0.1)


def test_momentum_slows_the_start_by_the_share_derived() -> None:
    momentum, residuals = 0.9, []
    for rate in (2e-4, 1e-4):
        model = with_momentum(Multilinear(ONE, initial_strength=0.01, learning_rate=rate), momentum)
        weight, velocity = 1e-100, 0.0  # so small that the growth is the same at every step
        weights = []
        for _ in range(2000):
            velocity = momentum * velocity + rate * (1 - weight**2) * weight
            weight += velocity
            weights.append(weight)
        growth = math.log(weights[-1] / weights[-1001]) / 1000
        slower = model.learning_rate / 2 * (1 + momentum) / (1 - momentum)
        residuals.append(abs(growth / model.learning_rate - (1 - slower)))
    # What is left is of second order in the learning rate.
    assert math.log2(residuals[0] / residuals[1]) == pytest.approx(2, abs=0.1)


# ---- discrete descent: what only steps can do ------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(model=descents(), steps=st.integers(0, 2000))
def test_time_of_a_strength_is_the_first_update_that_reaches_it(model: DiscreteMultilinear, steps: int) -> None:
    strength = model.strength(steps)
    time = np.diagonal(model.time(np.minimum(strength, model.target_scale * (1 - 1e-9))))
    assert np.all(time <= steps)
    reached = np.array([model.strength(t, skills=k)[0] for k, t in enumerate(time, start=1)])
    assert np.all(reached >= np.minimum(strength, model.target_scale * (1 - 1e-9)) * (1 - 1e-10))
    before = np.array([model.strength(max(t - 1, 0), skills=k)[0] for k, t in enumerate(time, start=1)])
    assert np.all((before < strength) | (time == 0))


@pytest.mark.parametrize("mu", [0.51, 0.9, 0.999])
def test_between_half_the_edge_and_the_edge_strength_overshoots_and_settles(mu: float) -> None:
    model = DiscreteMultilinear(ONE, initial_strength=0.01, learning_rate=mu)
    assert np.max(model.strength(np.arange(100))) > 1
    assert model.strength(np.inf)[0] == 1
    assert math.isfinite(model.time(1.0)[0])


@pytest.mark.parametrize("mu", [0.005, 0.3, 0.5])
def test_up_to_half_the_edge_strength_rises_and_never_arrives(mu: float) -> None:
    model = DiscreteMultilinear(ONE, initial_strength=0.01, learning_rate=mu)
    assert np.all(np.diff(model.strength(np.arange(3000)), axis=0) >= 0)
    assert model.time(1.0)[0] == math.inf


def test_the_stability_edge_is_where_the_recursion_stops_settling() -> None:
    edge = DiscreteMultilinear(MEASURED, initial_strength=0.1, target_scale=4.0, learning_rate=0.1).stability_edge

    def distance_after_long_descent(learning_rate: float) -> float:
        a = math.sqrt(0.1)
        for _ in range(20_000):
            a += learning_rate * 0.6 * (4.0 - a * a) * a
        return abs(a * a - 4.0)

    # The distance shrinks by 1 - 2 * 0.001 a step below the edge; above it, a cycle of two stays.
    assert distance_after_long_descent(0.999 * edge) < 1e-12
    assert distance_after_long_descent(1.001 * edge) > 0.05


# ---- skills that are not modelled ------------------------------------------------------------------------------------


@given(model=flows(), n_parameters=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_skills_beyond_n_parameters_stay_at_zero_and_never_emerge(model: GradientFlow, n_parameters: int) -> None:
    small = replace(model, n_parameters=n_parameters)
    time = np.array([0.0, 1.0, 1e3, np.inf])
    modelled = np.arange(1, 4) <= n_parameters
    np.testing.assert_array_equal(small.strength(time), np.where(modelled, model.strength(time), 0.0))
    level = 0.5 * model.target_scale
    np.testing.assert_array_equal(small.time(level), np.where(modelled, model.time(level), np.inf))
    emergence = small.emergence_time([1, 2, 3], 0.3)
    np.testing.assert_array_equal(emergence, np.where(modelled, model.emergence_time([1, 2, 3], 0.3), np.inf))
    saturation = small.saturation_time([1, 2, 3], 0.3)
    np.testing.assert_array_equal(saturation, np.where(modelled, model.saturation_time([1, 2, 3], 0.3), np.inf))
    assert n_emerged(small, np.inf, 0.3) == min(n_parameters, 3)


# ---- extremes --------------------------------------------------------------------------------------------------------

EXTREME_MODELS = [
    Multilinear(MEASURED, initial_strength=1e-300, learning_rate=1e10),
    Linear(MEASURED, initial_strength=1e-300),
    *[UnbalancedMultilinear(MEASURED, initial_strength=1e-300, imbalance=d) for d in (0, 1e-300, 1e-5, 1, 1e5, 1e300)],
    *[UnbalancedMultilinear(MEASURED, initial_strength=-0.9, imbalance=d) for d in (1e-150, 1e-5, 1, 1e300)],
    *[DeepMultilinear(MEASURED, initial_strength=1e-300, n_layers=n) for n in (1, 2, 3, 10, 1000)],
    *[DiscreteMultilinear(MEASURED, initial_strength=1e-300, learning_rate=eta) for eta in (1e-300, 1e-9, 0.01, 1.6)],
    Linear(PowerLaw(0.01, 1000), target_scale=1e100, learning_rate=1e200),
    UnbalancedMultilinear(PowerLaw(5.0, 1000), initial_strength=1e-300, imbalance=1e10, learning_rate=1e-300),
    DeepMultilinear(PowerLaw(5.0, 1000), target_scale=1e5, initial_strength=1e-300, n_layers=5),
]


@pytest.mark.parametrize("model", EXTREME_MODELS, ids=repr)
def test_extremes_give_numbers_within_bounds_and_no_warning(model: SkillDynamics) -> None:
    whole = np.concatenate(([0.0, 1.0, 7.0], np.logspace(3, 300, 298).round(), [np.inf]))
    time = whole if isinstance(model, DiscreteMultilinear) else ALL_TIMES
    strength = model.strength(time, skills=[1, 2])
    slack = 1e-12 * model.target_scale
    overshoots = isinstance(model, DiscreteMultilinear) and model.learning_rate * 0.6 > 0.5
    assert np.all(strength >= model.initial_strength)
    if not overshoots:
        assert np.all(strength <= model.target_scale)
        assert np.all(np.diff(strength, axis=0) >= -slack)
    np.testing.assert_array_equal(strength[0], model.initial_strength)
    np.testing.assert_array_equal(strength[-1], model.target_scale)
    levels = np.array([model.initial_strength, 0.5 * model.target_scale, model.target_scale * (1 - 1e-12)])
    assert np.all(np.diff(model.time(levels, skills=[1, 2]), axis=0) >= 0)
    np.testing.assert_array_equal(model.time(levels[0], skills=[1, 2]), 0)


# ---- refusals --------------------------------------------------------------------------------------------------------


def refused(rule: str, received: str, advice: str) -> pytest.RaisesExc[InputError]:
    return pytest.raises(InputError, match=f"^{re.escape(f'{rule}; received {received}; {advice}')}$")


def test_bad_settings_are_refused_in_one_line() -> None:
    start = "give the skill strength at time 0, e.g. 0"
    with refused("initial_strength must lie from 0 to target_scale = 1, which is excluded", "-0.1", start):
        Linear(ONE, initial_strength=-0.1)
    with refused("initial_strength must lie between 0 and target_scale = 2", "2", start + ".01"):
        DeepMultilinear(ONE, target_scale=2.0, initial_strength=2, n_layers=3)
    with refused(
        "n_layers must be a whole number, 1 or more", "2.5", "give the number of factors of each skill, e.g. 3"
    ):
        DeepMultilinear(ONE, initial_strength=0.1, n_layers=2.5)  # type: ignore[arg-type]
    with refused("imbalance must be a finite number of at least 0", "-1", "give the absolute value of a^2 - b^2"):
        UnbalancedMultilinear(ONE, initial_strength=0.1, imbalance=-1)
    with refused(
        "initial_strength must lie between -target_scale and target_scale = 1", "-1.5", "give a * b at time 0, e.g. 0"
    ):
        UnbalancedMultilinear(ONE, initial_strength=-1.5, imbalance=1)
    with refused(
        "initial_strength must be greater than 0 when the start is balanced",
        "-0.1",
        "give a positive strength, or an imbalance",
    ):
        UnbalancedMultilinear(ONE, initial_strength=-0.1, imbalance=0)
    with refused(
        "learning_rate must be below the stability edge, 1 / (target_scale * largest share) = 0.5",
        "0.5",
        "take a smaller one; past the edge the most frequent skill never settles",
    ):
        DiscreteMultilinear(ONE, target_scale=2.0, initial_strength=0.1, learning_rate=0.5)
    with refused("momentum must lie from 0 to 1, 1 excluded", "1", "give e.g. 0.9, or 0 for none"):
        with_momentum(Linear(ONE), 1)
    with refused("model must be a gradient flow", "'DiscreteMultilinear'", "momentum in steps is no rescaling"):
        with_momentum(DiscreteMultilinear(MEASURED, initial_strength=0.1), 0.5)  # type: ignore[type-var]


def test_bad_questions_are_refused_in_one_line() -> None:
    model = Linear(ONE)
    with refused("time must be at least 0", "-1", "give the number of steps"):
        model.strength(-1)
    with refused("time must be at least 0", "nan", "give the number of steps"):
        model.strength(math.nan)
    with refused("every share must lie from 0 to 1", "[1.5]", "divide the counts d_k by D"):
        model.strength_on_sample(1, [1.5])
    with refused("strength must be at most target_scale = 1", "1.5", "give R itself, not R/S"):
        model.time(1.5)
    with refused("threshold must lie between 0 and 1", "1", "give a share of target_scale, e.g. 0.05"):
        model.emergence_time(1, 1)
    with refused("threshold must lie between 0 and 1/2", "0.5", "give a share of S, e.g. 0.05"):
        model.saturation_time(1, 0.5)
    discrete = DiscreteMultilinear(ONE, initial_strength=0.1, learning_rate=0.99999)
    with refused("time must be a whole number of updates", "2.5", "round it"):
        discrete.strength(2.5)
    with refused(
        "learning_rate * target_scale * share must be at most 0.9999 for more than 300,000 updates",
        "0.99999",
        "ask for fewer updates, or take a smaller learning rate",
    ):
        discrete.strength(1e9)
