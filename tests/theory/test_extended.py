"""Extended models: the equations as printed, the dynamics they were derived from, Monte Carlo over random features."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from saltus import (
    DataEmergence,
    Frequencies,
    InputError,
    Linear,
    Multilinear,
    ParameterEmergence,
    PowerLaw,
    with_feature_rate,
)
from saltus.theory.flow import integrate_product, integrate_shots

FIVE = PowerLaw(0.6, 5)


# ---- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Multilinear(FIVE, initial_strength=0.01), Linear(FIVE)], ids=repr)
def test_a_network_follows_equation_14(model: Multilinear | Linear) -> None:
    b_squared, time = 1 / 22, np.linspace(0, 400, 9)
    slowed = with_feature_rate(model, b_squared).strength(time, skills=2)[:, 0]
    weights = (0.1, 0.1) if isinstance(model, Multilinear) else (0.0,)
    # The layer of features at rest multiplies the learning signal by B, the gradient by B^2.
    share = float(FIVE.pmf(2))
    np.testing.assert_allclose(
        slowed, integrate_product(weights, time, share=share, learning_rate=b_squared), rtol=0, atol=1e-8
    )


# ---- data ------------------------------------------------------------------------------------------------------------


def minimum_norm_weights(features: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The smallest weights on the basis e_l that fit S g on every sample, g = sum_l e_l / sqrt(D_c) (Eq. 16)."""
    target = np.full(features.shape[0], scale / math.sqrt(features.shape[0]))
    return np.asarray(np.linalg.lstsq(features.T, features.T @ target)[0])


def loss_of(weights: NDArray[np.float64], scale: float) -> float:
    """Half the mean squared error over all inputs, on which the e_l are orthonormal."""
    return float(np.sum((scale / math.sqrt(weights.size) - weights) ** 2) / 2)


def test_shot_dynamics_from_a_small_start_end_at_the_minimum_norm_solution() -> None:
    rng = np.random.default_rng(7)
    shots, observed, scale = 6, 3, 2.0
    features = rng.standard_normal((shots, observed))
    aside = rng.standard_normal(shots)
    errors = []
    for size in (1e-3, 1e-4):
        start = size, size * aside
        a, b = integrate_shots(
            features, 4e3, initial_weights=start, n_data=observed, target_scale=scale, learning_rate=0.1
        )
        errors.append(float(np.linalg.norm(a * b - minimum_norm_weights(features, scale))))
    # The part of the start outside the span of the samples stays, times a of order 1: an error of first order in it.
    assert math.log10(errors[0] / errors[1]) == pytest.approx(1, abs=0.05)


def test_shot_loss_is_equation_104_averaged_over_random_features() -> None:
    rng = np.random.default_rng(11)
    shots, scale, draws = 12, 3.0, 2000
    model = DataEmergence(FIVE, shots=shots, target_scale=scale)
    for observed in (1, 4, 8, 11):
        fits = [minimum_norm_weights(rng.standard_normal((shots, observed)), scale) for _ in range(draws)]
        losses = [loss_of(weights, scale) for weights in fits]
        standard_error = np.std(losses, ddof=1) / math.sqrt(draws)
        expected = (scale - model.strength_on_sample(observed)) ** 2 / 2
        assert abs(np.mean(losses) - expected) < 3 * standard_error
        # Eq. 7, the correlation with g, gives the same learner another number.
        correlations = [np.sum(weights) / math.sqrt(shots) for weights in fits]
        standard_error = np.std(correlations, ddof=1) / math.sqrt(draws)
        assert abs(np.mean(correlations) - scale * observed / shots) < 3 * standard_error


def test_shot_dynamics_give_equation_104_when_integrated() -> None:
    rng = np.random.default_rng(13)
    shots, observed, scale, draws = 6, 3, 2.0, 60
    losses = []
    for _ in range(draws):
        # Orthonormal samples: the same average over directions, and no slow direction to wait for.
        features = np.linalg.qr(rng.standard_normal((shots, observed)))[0]
        start = 1e-4, 1e-4 * rng.standard_normal(shots)
        a, b = integrate_shots(features, 30.0, initial_weights=start, n_data=1, target_scale=scale)
        losses.append(loss_of(a * b, scale))
    expected = (scale - DataEmergence(FIVE, shots=shots, target_scale=scale).strength_on_sample(observed)) ** 2 / 2
    assert abs(np.mean(losses) - expected) < 3 * np.std(losses, ddof=1) / math.sqrt(draws)


def test_data_emergence_is_equation_17_as_printed() -> None:
    model = DataEmergence(FIVE, shots=800, target_scale=5.0)
    observed = np.arange(0, 2000, 37)
    printed = np.where(observed < 800, 5.0 * (1 - np.sqrt(1 - np.minimum(observed, 800) / 800)), 5.0)
    np.testing.assert_allclose(model.strength_on_sample(observed), printed, rtol=0, atol=5 * 1e-15)
    data = np.array([500.0, 35_000.0])
    np.testing.assert_array_equal(
        model.strength(data, skills=[2]), model.strength_on_sample(data[:, None] * FIVE.pmf(2))
    )


def test_expected_strength_is_the_mean_over_drawn_training_sets() -> None:
    rng = np.random.default_rng(5)
    model = DataEmergence(Frequencies([6, 3, 1]), shots=20, target_scale=2.0)
    drawn = model.strength_on_sample(rng.multinomial(40, [0.6, 0.3, 0.1], size=4000))
    standard_error = drawn.std(axis=0, ddof=1) / math.sqrt(4000)
    assert np.all(np.abs(drawn.mean(axis=0) - model.expected_strength(40)) < 3 * standard_error)


@pytest.mark.parametrize("shots", [1, 7.3, 20])
def test_expected_strength_between_counts_is_the_sum_as_written(shots: float) -> None:
    model, p, data = DataEmergence(Frequencies([6, 3, 1]), shots=shots, target_scale=2.0), np.array([0.6, 0.3, 0.1]), 40
    by_hand = [
        sum(
            math.comb(data, d) * q**d * (1 - q) ** (data - d) * 2 * (1 - math.sqrt(1 - min(d / shots, 1)))
            for d in range(data + 1)
        )
        for q in p
    ]
    np.testing.assert_allclose(model.expected_strength(data), by_hand, rtol=1e-12)


@pytest.mark.parametrize("strength", [0.0, 0.1, 1.0, 1.95])
def test_expected_data_is_the_smallest_sufficient_training_set(strength: float) -> None:
    model = DataEmergence(Frequencies([6, 3, 1]), shots=12.5, target_scale=2.0)
    means = np.array([model.expected_strength(data) for data in range(600)])
    np.testing.assert_array_equal(model.expected_data(strength), (means >= strength).argmax(axis=0))
    assert model.expected_data(strength, skills=3)[0] == model.expected_data(strength)[2]


def test_one_shot_is_the_multilinear_model_trained_to_the_end() -> None:
    model = DataEmergence(FIVE, shots=1, target_scale=2.0)
    np.testing.assert_array_equal(model.strength_on_sample([0, 1, 5]), [0, 2, 2])
    # A skill is missed by all of D samples with probability (1 - P_k)^D.
    np.testing.assert_allclose(model.expected_strength(9), 2 * (1 - (1 - FIVE.first()) ** 9), rtol=1e-13)


@settings(deadline=None)
@given(shots=st.integers(1, 5000), share=st.just(0.0) | st.floats(1e-290, 1), scale=st.floats(0.1, 10))
def test_data_is_the_inverse_of_strength(shots: int, share: float, scale: float) -> None:
    model = DataEmergence(FIVE, shots=shots, target_scale=scale)
    needed = model.data(share * scale)
    back = np.array([model.strength(d, skills=k)[0] for k, d in enumerate(needed, start=1)])
    # Near R = S the strength rises as a square root, which turns a rounding of 1e-16 into 1e-8.
    np.testing.assert_allclose(back, share * scale, rtol=1e-12, atol=1e-7 * scale * (share > 0.999))
    np.testing.assert_allclose(model.emergence_data(2, share), needed[1], rtol=1e-12)


@settings(deadline=None)
@given(data=st.lists(st.floats(0, 1e300), min_size=2, max_size=6))
def test_strength_rises_with_data_within_bounds(data: list[float]) -> None:
    strength = DataEmergence(PowerLaw(5.0), shots=800).strength(np.sort(data), skills=[1, 10**6])
    assert np.all(np.diff(strength, axis=0) >= 0)
    assert np.all((strength >= 0) & (strength <= 1))


def test_without_data_nothing_and_with_all_data_everything_is_learned() -> None:
    model = DataEmergence(FIVE, shots=800)
    np.testing.assert_array_equal(model.strength([0, np.inf]), [[0] * 5, [1] * 5])
    np.testing.assert_array_equal(model.expected_strength(0), 0)
    np.testing.assert_array_equal(model.expected_strength(10**9), 1)


# ---- parameters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes_per_skill", [1, 4, 7])
def test_parameter_emergence_is_equations_18_to_21_as_printed(nodes_per_skill: int) -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=nodes_per_skill, target_scale=5.0)
    for n in range(1, 50):
        q = (n - 1) // nodes_per_skill + 1
        remaining = n - (q - 1) * nodes_per_skill
        printed = [1 if k < q else remaining / nodes_per_skill if k == q else 0 for k in range(1, 6)]
        np.testing.assert_allclose(model.strength(n), 5 * np.array(printed), rtol=1e-15)


@settings(deadline=None)
@given(nodes=st.integers(1, 50) | st.floats(1, 50), skill=st.integers(1, 5), threshold=st.floats(0.001, 1))
def test_emergence_parameters_is_the_smallest_sufficient_network(nodes: float, skill: int, threshold: float) -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=nodes)
    smallest = next(n for n in range(400) if model.strength(n, skills=skill)[0] >= threshold * (1 - 1e-15))
    assert model.emergence_parameters(skill, threshold) == smallest


def test_a_threshold_that_is_a_whole_number_of_nodes_asks_for_no_more() -> None:
    # 0.07 * 100 is 7.000000000000001 in floats.
    model = ParameterEmergence(FIVE, nodes_per_skill=100)
    assert model.emergence_parameters(2, 0.07) == 107
    assert model.strength(107, skills=2) == 0.07


@given(nodes=st.floats(1, 50), share=st.floats(0.001, 1))
def test_parameters_is_the_inverse_of_the_ramp(nodes: float, share: float) -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=nodes, target_scale=2.0)
    skills = np.arange(1, 6)
    np.testing.assert_allclose(model.parameters(2 * share), (skills - 1 + share) * nodes, rtol=1e-12)
    np.testing.assert_array_equal(model.parameters([[0.5, 1]], skills=2), [[[1.25 * nodes], [1.5 * nodes]]])


def test_infinitely_many_skills_are_learned_in_order() -> None:
    model = ParameterEmergence(PowerLaw(0.6), nodes_per_skill=4)
    np.testing.assert_array_equal(model.strength([0, 6, np.inf], skills=[1, 2, 3]), [[0, 0, 0], [1, 0.5, 0], [1, 1, 1]])


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(
        InputError, match=r"^shots must be a finite number greater than 0; received 0; give the samples"
    ):
        DataEmergence(FIVE, shots=0)
    with pytest.raises(InputError, match=r"^nodes_per_skill must be at least 1; received 0\.5; give the hidden nodes"):
        ParameterEmergence(FIVE, nodes_per_skill=0.5)
    with pytest.raises(InputError, match=r"^strength must be less than target_scale; received 2; some training sets"):
        DataEmergence(FIVE, shots=3, target_scale=2.0).expected_data(2)
    with pytest.raises(InputError, match=r"^feature_rate_squared must be a finite number greater than 0; received 0; "):
        with_feature_rate(Linear(FIVE), 0)
    with pytest.raises(InputError, match=r"^data must be at least 0; received -1; give a count$"):
        DataEmergence(FIVE, shots=1).strength(-1)
    with pytest.raises(InputError, match=r"^n_parameters must be whole numbers; received 2\.5; count hidden nodes$"):
        ParameterEmergence(FIVE, nodes_per_skill=4).strength(2.5)
    with pytest.raises(InputError, match=r"^strength must lie from 0 to 2; received 3; 1 is a learned skill"):
        DataEmergence(FIVE, shots=1, target_scale=2.0).data(3)
    with pytest.raises(InputError, match=r"^skill must be a whole number from 1 to n_skills = 5; received 6; "):
        ParameterEmergence(FIVE, nodes_per_skill=4).emergence_parameters(6)
    with pytest.raises(InputError, match=r"^n_skills must be finite here; received inf; "):
        ParameterEmergence(PowerLaw(0.6), nodes_per_skill=4).strength(3)
