"""The strength estimators against exhaustive enumeration, and their standard errors against their own spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from saltus import InputError, MultitaskSparseParity, PowerLaw, skill_strengths
from tests.helpers import every_input

TASK = MultitaskSparseParity(PowerLaw(0.6, 3), n_bits=9, n_relevant=3, target_scale=2.0, seed=1)


def rough_function(inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Some of every skill, more of it where more bits are set, an offset, a linear part and a product of bits."""
    x = inputs.astype(float)
    some = TASK.basis(x) @ np.array([1.5, -0.3, 0.4]) * x.sum(axis=1) / 5
    return np.asarray(some + 0.7 + x @ np.linspace(-1, 1, x.shape[1]) + 0.5 * x[:, 4] * x[:, 7] * x[:, 0])


def exact(function: Callable[[NDArray[Any]], NDArray[Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Strengths (Eq. 7) and skill losses (Eq. 8) over all inputs."""
    inputs, _ = every_input(TASK)
    value = function(inputs)
    skill = inputs[:, :3].argmax(axis=1)
    of_skill = [(TASK.basis(inputs)[:, k] * value)[skill == k] for k in range(3)]
    strength = np.array([product.mean() for product in of_skill])
    square = np.array([(value[skill == k] ** 2).mean() for k in range(3)])
    return strength, (TASK.target_scale**2 + square - 2 * TASK.target_scale * strength) / 2


@pytest.mark.parametrize("stratified", [True, False])
def test_estimates_are_unbiased_and_their_errors_right(stratified: bool) -> None:
    strength, loss = exact(rough_function)
    repetitions = 1000
    estimates = [
        skill_strengths(rough_function, TASK, n_samples=400, seed=seed, stratified=stratified)
        for seed in range(repetitions)
    ]
    for estimate, error, truth in (
        (np.array([e.strength for e in estimates]), np.array([e.standard_error for e in estimates]), strength),
        (np.array([e.skill_loss for e in estimates]), np.array([e.skill_loss_error for e in estimates]), loss),
    ):
        spread = estimate.std(axis=0, ddof=1)
        bias = (estimate.mean(axis=0) - truth) / (spread / np.sqrt(repetitions))
        # Six values of each kind are tested over the two cases: 4 standard errors for all of them.
        assert np.abs(bias).max() < 4
        # The relative error of a standard deviation from n values is 1/sqrt(2n) for a normal law; kurtosis doubles it.
        np.testing.assert_allclose(np.sqrt((error**2).mean(axis=0)), spread, rtol=8 / np.sqrt(2 * repetitions))


LONG = MultitaskSparseParity(PowerLaw(0.6, 3), n_bits=150, n_relevant=3, target_scale=2.0, seed=1)
assert max(len(set(words)) for words in LONG.relevant_bits // 64) > 1  # a skill reads several words


@pytest.mark.parametrize("task", [TASK, LONG])
def test_stratified_measures_a_constant_and_a_learned_skill_without_noise(task: MultitaskSparseParity) -> None:
    constant = skill_strengths(lambda inputs: np.ones(len(inputs)), task, n_samples=80)
    np.testing.assert_array_equal(constant.strength, 0)  # as many patterns of one parity as of the other
    learned = skill_strengths(task.target, task, n_samples=80)
    np.testing.assert_allclose(learned.relative, 1.0, rtol=1e-12)
    np.testing.assert_allclose(learned.standard_error, 0.0, atol=1e-12)
    np.testing.assert_allclose(learned.skill_loss, 0.0, atol=1e-12)


def test_stratified_beats_independent_samples_at_equal_cost() -> None:
    errors = [
        skill_strengths(rough_function, TASK, n_samples=8000, stratified=stratified).standard_error
        for stratified in (True, False)
    ]
    assert np.all(errors[0] < errors[1])


def test_a_column_of_outputs_is_accepted_and_lists_too() -> None:
    flat = skill_strengths(rough_function, TASK, n_samples=80)
    column = skill_strengths(lambda x: rough_function(x)[:, None], TASK, n_samples=80)
    listed = skill_strengths(lambda x: rough_function(x).tolist(), TASK, n_samples=80)
    np.testing.assert_array_equal(flat.strength, column.strength)
    np.testing.assert_array_equal(flat.strength, listed.strength)
    assert flat.n_samples == 80


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(
        InputError, match=r"the function must return one number an input, shape \(48,\); received \(48, 2\)"
    ):
        skill_strengths(lambda x: np.zeros((len(x), 2)), TASK, n_samples=16)
    with pytest.raises(InputError, match="n_samples must be at least 16 to average over 8 patterns twice; received 15"):
        skill_strengths(rough_function, TASK, n_samples=15)
    with pytest.raises(InputError, match="n_samples must be a whole number, 2 or more; received 1"):
        skill_strengths(rough_function, TASK, n_samples=1, stratified=False)
