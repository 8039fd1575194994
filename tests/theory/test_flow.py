"""Closed forms against the gradient flow of the weights themselves, and the flow against what it must conserve."""

from __future__ import annotations

import numpy as np
import pytest

from saltus import (
    DeepMultilinear,
    Frequencies,
    InputError,
    Linear,
    Multilinear,
    UnbalancedMultilinear,
)
from saltus.theory.dynamics import GradientFlow
from saltus.theory.flow import integrate_product, integrate_shots

MEASURED = Frequencies([0.6, 0.3, 0.1])
COMMON = {"target_scale": 2.5, "learning_rate": 0.3}
FLOWS = [
    Multilinear(MEASURED, initial_strength=0.02, **COMMON),
    Linear(MEASURED, **COMMON),
    Linear(MEASURED, initial_strength=0.4, **COMMON),
    UnbalancedMultilinear(MEASURED, initial_strength=0.02, imbalance=0.0, **COMMON),
    UnbalancedMultilinear(MEASURED, initial_strength=0.02, imbalance=0.3, **COMMON),
    UnbalancedMultilinear(MEASURED, initial_strength=0.0, imbalance=1e-3, **COMMON),
    UnbalancedMultilinear(MEASURED, initial_strength=-2.0, imbalance=0.05, **COMMON),
    UnbalancedMultilinear(MEASURED, initial_strength=1.9, imbalance=7.0, **COMMON),
    *[DeepMultilinear(MEASURED, initial_strength=0.05, n_layers=layers, **COMMON) for layers in (1, 2, 3, 4, 9)],
    DeepMultilinear(MEASURED, initial_strength=2.0, n_layers=5, **COMMON),
]


@pytest.mark.parametrize("model", FLOWS, ids=repr)
def test_every_closed_form_is_its_gradient_flow(model: GradientFlow) -> None:
    until_saturated = float(model.emergence_time(3, threshold=0.999))
    time = np.linspace(0, until_saturated, 25)
    strength = model.strength(time)
    for skill, share in enumerate(MEASURED.values):
        integrated = integrate_product(model.initial_weights, time, share=share, **COMMON)
        # The integrator works to 1e-12 a step, which a skill amplifies by up to S/r while it emerges: some 1e-10.
        np.testing.assert_allclose(strength[:, skill], integrated, rtol=0, atol=1e-8 * model.target_scale)


@pytest.mark.parametrize("model", FLOWS, ids=repr)
def test_the_inverse_lies_on_the_gradient_flow(model: GradientFlow) -> None:
    levels = model.initial_strength + np.array([0.1, 0.5, 0.9]) * (model.target_scale - model.initial_strength)
    time = model.time(levels, skills=2)[:, 0]
    integrated = integrate_product(model.initial_weights, time, share=MEASURED.values[1], **COMMON)
    np.testing.assert_allclose(integrated, levels, rtol=0, atol=1e-8 * model.target_scale)


def test_the_multilinear_model_is_the_flow_of_two_equal_weights() -> None:
    model = Multilinear(MEASURED, initial_strength=0.01, **COMMON)
    time = np.linspace(0, float(model.emergence_time(1, threshold=0.999)), 25)
    integrated = integrate_product((0.1, 0.1), time, share=MEASURED.values[0], **COMMON)
    np.testing.assert_allclose(model.strength(time, skills=1)[:, 0], integrated, rtol=0, atol=1e-8 * 2.5)


def test_a_skill_without_samples_rests() -> None:
    assert integrate_product((0.2, 0.4), 1e3, share=0.0) == 0.2 * 0.4


def test_a_flow_passes_through_a_weight_that_is_zero() -> None:
    # b starts at exactly 0: R / b, the naive gradient, would be 0 / 0.
    assert integrate_product((1.0, 0.0), 50.0, share=1.0) == pytest.approx(1.0, abs=1e-10)


def test_times_come_back_in_the_order_and_shape_given() -> None:
    time = np.array([[4.0, 0.0], [1.0, 4.0]])
    strength = integrate_product((0.3, 0.3), time, share=1.0)
    assert strength.shape == time.shape
    assert strength[0, 1] == 0.3 * 0.3
    assert strength[0, 0] == strength[1, 1] > strength[1, 0]


def test_shot_dynamics_conserve_the_difference_of_squares() -> None:
    rng = np.random.default_rng(3)
    features = rng.standard_normal((6, 4))
    start = 0.05, 0.05 * rng.standard_normal(6)
    a, b = integrate_shots(features, 200.0, initial_weights=start, n_data=4, target_scale=2.0, learning_rate=0.1)
    # Nam et al. 2024, Lemma 3; the weights have grown from 0.05 to about 1.
    assert a**2 - b @ b == pytest.approx(start[0] ** 2 - start[1] @ start[1], abs=1e-10)
    assert a > 0.5


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="time must be finite and at least 0; received inf; give the number of steps"):
        integrate_product((0.1, 0.1), np.inf, share=1.0)
    with pytest.raises(InputError, match="share must lie from 0 to 1; received 2; give P_k, or d_k / D"):
        integrate_product((0.1, 0.1), 1.0, share=2)
    with pytest.raises(InputError, match="target_scale must be a finite number greater than 0; received 0"):
        integrate_product((0.1, 0.1), 1.0, share=0.5, target_scale=0)
    with pytest.raises(InputError, match="n_data must be a whole number, 1 or more; received 0; give the size of the"):
        integrate_shots(np.ones((2, 1)), 1.0, initial_weights=(0.1, np.zeros(2)), n_data=0)
    with pytest.raises(InputError, match="learning_rate must be a finite number greater than 0; received -1"):
        integrate_product((0.1, 0.1), 1.0, share=0.5, learning_rate=-1)
