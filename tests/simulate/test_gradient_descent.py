"""The multilinear and extended models as trained: against other ways to train, and against the theory they simulate."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from saltus import (
    DataEmergence,
    Frequencies,
    InputError,
    Multilinear,
    ParameterEmergence,
    PowerLaw,
    train_data_emergence,
    train_multilinear,
    train_parameter_emergence,
)
from saltus.curves.crossings import crossing_times
from saltus.curves.table import total_loss
from saltus.simulate.descent import SmallBatches, Weights, WholeBatches, even_target, principal_axes
from saltus.theory.flow import integrate_product

Floats = NDArray[np.float64]

FIVE = PowerLaw(0.6, 5)
SLOW = Multilinear(FIVE, target_scale=2.0, initial_strength=0.02, learning_rate=0.05)


# ---- steps ---------------------------------------------------------------------------------------------------------


def batch_loss(a: Floats, b: Floats, skills: NDArray[np.int64], features: Floats, scale: float) -> float:
    """Half the mean squared error on a batch, sample by sample, of whose functions the model has the first."""
    outputs = [a[k] * (b[:, k] @ row[: len(b)]) for k, row in zip(skills, features, strict=True)]
    return float(np.mean((scale * features.sum(1) / math.sqrt(features.shape[1]) - outputs) ** 2) / 2)


def slope(a: Floats, b: Floats, skills: NDArray[np.int64], features: Floats, scale: float) -> tuple[Floats, Floats]:
    """Slopes of `batch_loss` by central differences, which for a polynomial of degree 4 err by 1e-8 at most."""
    flat, h = np.concatenate([a, b.ravel()]), 1e-5

    def loss(shift: Floats) -> float:
        moved = flat + shift
        return batch_loss(moved[: len(a)], moved[len(a) :].reshape(b.shape), skills, features, scale)

    slopes = np.array([(loss(h * unit) - loss(-h * unit)) / (2 * h) for unit in np.eye(len(flat))])
    return slopes[: len(a)], slopes[len(a) :].reshape(b.shape)


def draw_batch(rng: np.random.Generator, n: int, shots: int) -> tuple[NDArray[np.int64], Floats]:
    return rng.integers(0, 2, n), rng.standard_normal((n, shots))


def test_a_step_on_a_small_batch_goes_down_the_slope_of_its_loss() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal(2), rng.standard_normal((3, 2))
    weights = Weights(a.copy(), b.copy(), even_target(3, 2, 1.5))
    batches = [draw_batch(rng, 6, 3) for _ in range(3)]
    joined = np.concatenate([skills for skills, _ in batches]), np.concatenate([rows for _, rows in batches])
    SmallBatches(weights, np.array([3, 3]), lambda _: joined, 0.1, batch_size=6).advance(3)
    for skills, features in batches:
        slope_a, slope_b = slope(a, b, skills, features, 1.5)
        a, b = a - 0.1 * slope_a, b - 0.1 * slope_b
    np.testing.assert_allclose(weights.a, a, rtol=0, atol=1e-8)
    np.testing.assert_allclose(weights.b, b, rtol=0, atol=1e-8)


def test_basis_functions_and_skills_that_a_model_lacks_change_nothing() -> None:
    rng = np.random.default_rng(2)
    skills, features = draw_batch(rng, 8, 3)
    a, b = np.array([0.5]), np.array([[0.1], [0.2], [0.0]])
    weights = Weights(a.copy(), b.copy(), even_target(3, 1, 1.5))
    SmallBatches(weights, np.array([2]), lambda _: (skills, features), 0.1, batch_size=8).advance(1)
    known = skills == 0
    slope_a, slope_b = slope(a, b[:2], skills[known], features[known], 1.5)
    np.testing.assert_allclose(weights.a, a - 0.1 * slope_a * known.mean(), rtol=0, atol=1e-8)
    np.testing.assert_allclose(weights.b[:2], b[:2] - 0.1 * slope_b * known.mean(), rtol=0, atol=1e-8)
    assert weights.b[2, 0] == 0


def test_steps_in_principal_axes_are_the_steps_of_a_program_that_sees_every_sample() -> None:
    rng = np.random.default_rng(3)
    shots, scale, rate = 4, 1.5, 0.05
    skills, features = draw_batch(rng, 9, shots)
    a, b = rng.standard_normal(2), rng.standard_normal((shots, 2))
    curvature, axes = zip(*(principal_axes(features[skills == k].T, len(skills)) for k in (0, 1)), strict=True)
    turned = np.stack([axes[k].T @ b[:, k] for k in (0, 1)], axis=1)
    target = np.stack([axes[k].T @ even_target(shots, 1, scale)[:, 0] for k in (0, 1)], axis=1)
    weights = Weights(a.copy(), turned, target)
    WholeBatches(weights, np.stack(curvature, axis=1), rate).advance(200)
    for _ in range(200):
        outputs = a[skills] * np.einsum("nl,ln->n", features, b[:, skills])
        error = scale * features.sum(1) / math.sqrt(shots) - outputs
        per_skill = [(features[skills == k].T @ error[skills == k]) / len(skills) for k in (0, 1)]
        a, b = a + rate * np.array([b[:, k] @ per_skill[k] for k in (0, 1)]), b + rate * a * np.stack(per_skill, axis=1)
    np.testing.assert_allclose(weights.a, a, rtol=0, atol=1e-12)
    back = np.stack([axes[k] @ weights.b[:, k] for k in (0, 1)], axis=1)
    np.testing.assert_allclose(back, b, rtol=0, atol=1e-12)
    # Strength and loss are averages over all inputs: by Monte Carlo over fresh features.
    fresh = rng.standard_normal((200_000, shots))
    goal = fresh.sum(1) / math.sqrt(shots)
    for k in (0, 1):
        output = fresh @ (a[k] * b[:, k])
        for exact, sampled in (
            (weights.strength[k], goal * output / scale),
            (weights.loss[k], (scale * goal - output) ** 2 / 2),
        ):
            assert abs(exact - sampled.mean()) < 3 * sampled.std() / math.sqrt(len(sampled))


# ---- multilinear ---------------------------------------------------------------------------------------------------


def test_small_steps_tend_to_the_flow_of_lemma_1_at_first_order() -> None:
    time, errors = 60.0, []
    flow = [integrate_product((math.sqrt(0.02),) * 2, time, share=p, target_scale=2.0) for p in FIVE.first()]
    for halvings in range(4, 8):
        model = replace(SLOW, learning_rate=0.5**halvings)
        end = train_multilinear(model, steps=int(time) << halvings, measure_at=[int(time) << halvings])
        errors.append(np.abs(2.0 * end["strength"].to_numpy()[0, :, 0] - flow).max())
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, atol=0.1)
    assert errors[-1] < 2e-3 * 2.0


def test_doubling_the_learning_rate_halves_the_time_and_frequent_skills_come_first() -> None:
    slow, fast = (
        crossing_times(train_multilinear(replace(SLOW, learning_rate=rate), steps=round(120 / rate)))
        for rate in (0.004, 0.008)
    )
    # A step of mu = eta S P_1 <= 0.01 makes the time off by a share of mu / 2.
    np.testing.assert_allclose(slow / fast, 2, rtol=0.01)
    assert np.all(np.diff(slow[0]) > 0)


def test_the_one_shot_limit_of_training_sets() -> None:
    model = replace(SLOW, learning_rate=0.4, n_parameters=4)
    curves = train_multilinear(model, steps=800, n_data=12, seeds=300, measure_at=[800])
    strength = 2.0 * curves["strength"].to_numpy()[..., 0]
    seen = strength > 1.0
    # One sample of 12: the logit grows by 2 eta S / 12 a step, to 107.
    np.testing.assert_allclose(strength[:, :4], np.where(seen, 2.0, 0.02)[:, :4], rtol=1e-12)
    assert np.all(strength[:, 4] == 0)
    unseen = (1 - FIVE.first(4)) ** 12
    assert np.all(np.abs((~seen)[:, :4].mean(0) - unseen) < 3 * np.sqrt(unseen * (1 - unseen) / 300))
    again = train_multilinear(model, steps=4000, n_data=12, batch_size=5, seeds=3, measure_at=[4000])
    # Batches of the same training sets, the same seeds, end at the same strengths.
    np.testing.assert_allclose(2.0 * again["strength"].to_numpy()[..., 0], strength[:3], atol=1e-12)


def test_one_sample_a_step_is_a_count_of_steps() -> None:
    # A sample moves its own skill alone, always by the same map, so only the number of samples counts: binomial.
    steps, runs = 250, 400
    curves = train_multilinear(SLOW, steps=steps, batch_size=1, seeds=runs, measure_at=[steps])
    x, orbit = 0.01, [0.01]
    for _ in range(steps):
        x *= (1 + 0.05 * 2.0 * (1 - x)) ** 2
        orbit.append(x)
    weight = binom.pmf(np.arange(steps + 1), steps, FIVE.first()[:, None])
    mean = weight @ np.array(orbit)
    deviation = np.sqrt((weight * (np.array(orbit) - mean[:, None]) ** 2).sum(1))
    seen = curves["strength"].to_numpy()[..., 0]
    assert np.all(np.abs(seen.mean(0) - mean) < 3 * deviation / math.sqrt(runs))
    # Each strength is a point of the orbit.
    assert np.abs(seen[..., None] - np.array(orbit)).min(-1).max() < 1e-12


@pytest.mark.parametrize("batch_size", [1, 4])
def test_fresh_samples_with_small_steps_are_a_training_set_of_as_many(batch_size: int) -> None:
    model, runs, time = Multilinear(PowerLaw(0.6, 300), initial_strength=0.02), 200, 40
    fine = replace(model, learning_rate=1 / 128)
    curves = train_multilinear(fine, steps=time * 128, batch_size=batch_size, seeds=runs, measure_at=[time * 128])
    losses = total_loss(curves).to_numpy()[:, 0]
    n_samples = time * 128 * batch_size
    mean, variance = (float(f(time=time, data=n_samples)) for f in (model.loss, model.loss_variance))
    assert abs(losses.mean() - mean) < 3 * math.sqrt(variance / runs)
    fourth = np.mean((losses - losses.mean()) ** 4)
    assert abs(losses.var() - variance) < 3 * math.sqrt((fourth - variance**2) / runs)


@pytest.mark.parametrize("training", [{"batch_size": 7}, {"n_data": 50, "batch_size": 7}, {"n_data": 50}, {}])
def test_a_run_depends_on_its_seed_alone(training: dict[str, int]) -> None:
    long = train_multilinear(SLOW, steps=3000, seeds=[5, 6], measure_at=[10, 2000, 3000], **training)
    short = train_multilinear(SLOW, steps=2000, seeds=[6], measure_at=[1, 999, 2000], **training)
    np.testing.assert_array_equal(long["strength"].to_numpy()[1, :, 1], short["strength"].to_numpy()[0, :, -1])
    assert (train_multilinear(SLOW, steps=20).sizes["step"], train_multilinear(SLOW, steps=1).sizes["step"]) == (21, 2)


def test_a_training_set_without_a_modelled_skill_teaches_nothing() -> None:
    rare = Multilinear(Frequencies([1, 1, 1, 1]), initial_strength=0.1, learning_rate=0.5, n_parameters=1)
    ends = train_multilinear(rare, steps=100, n_data=1, seeds=40, measure_at=[100])["strength"].to_numpy()[..., 0]
    assert {round(float(end), 6) for end in ends[:, 0]} == {0.1, 1.0}
    assert np.all(ends[:, 1:] == 0)


def test_numbers_of_any_type_are_the_same_settings() -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=2)
    plain = train_parameter_emergence(model, n_parameters=[3], steps=50, learning_rate=1, batch_size=4)
    numbers: Any = {"n_parameters": np.array([3]), "steps": 50.0, "learning_rate": np.float64(1), "batch_size": 4.0}
    other = train_parameter_emergence(model, **numbers)
    assert plain.identical(other)


def test_curves_say_what_they_are() -> None:
    curves = train_multilinear(SLOW, steps=10, n_data=30, seeds=2)
    np.testing.assert_array_equal(curves["frequency"], FIVE.first())
    assert list(curves["run"].to_numpy()) == [0, 1]
    assert (curves.attrs["target_scale"], curves.attrs["flow_learning_rate"]) == (2.0, 0.05)
    assert '"n_data": 30' in curves.attrs["settings"]
    np.testing.assert_allclose(curves["strength"][:, :, 0], 0.01, rtol=1e-15)
    np.testing.assert_allclose(curves["skill_loss"], 2 * (1 - curves["strength"]) ** 2, rtol=1e-13)


# ---- data ----------------------------------------------------------------------------------------------------------


def lone_skill(rng: np.random.Generator, shots: int, observed: int, start: float) -> tuple[Weights, Floats, Floats]:
    """One skill at its start: weights in principal axes, the samples' curvature and the axes."""
    curvature, axes = principal_axes(rng.standard_normal((shots, observed)), observed)
    b = rng.standard_normal((shots, 1)) * start
    return Weights(np.array([start]), b, axes.T @ even_target(shots, 1, 2.0)), curvature[:, None], axes


def test_the_drift_of_the_conserved_quantity_falls_with_the_step() -> None:
    drifts = []
    for rate in (0.004, 0.002, 0.001):
        weights, curvature, _ = lone_skill(np.random.default_rng(4), 8, 4, start=0.1)
        before = weights.a[0] ** 2 - np.sum(weights.b**2)
        WholeBatches(weights, curvature, rate).advance(round(40 / rate))
        drifts.append(abs(weights.a[0] ** 2 - np.sum(weights.b**2) - before))
    np.testing.assert_allclose(np.divide(drifts[:-1], drifts[1:]), 2, atol=0.1)


def test_from_a_small_start_descent_ends_at_the_minimum_norm_solution() -> None:
    distances = []
    for start in (1e-3, 1e-4):
        rng = np.random.default_rng(7)
        features = np.random.default_rng(7).standard_normal((6, 3))
        weights, curvature, axes = lone_skill(rng, 6, 3, start)
        WholeBatches(weights, curvature, 0.05).advance(40_000)
        solution = np.linalg.lstsq(features.T, features.T @ even_target(6, 1, 2.0)[:, 0])[0]
        distances.append(float(np.linalg.norm(axes @ (weights.a * weights.b[:, 0]) - solution)))
    # What of the start lies outside the span of the samples stays, times a of order 1.
    assert distances[0] < 5e-3
    assert math.log10(distances[0] / distances[1]) == pytest.approx(1, abs=0.05)


def test_trained_shots_follow_equations_104_and_17() -> None:
    shots, runs, sizes = 16, 120, [2, 6, 11, 32]
    model = DataEmergence(Frequencies([1.0]), shots=shots, target_scale=2.0)
    curves = train_data_emergence(model, data=sizes, steps=40_000, learning_rate=0.03, seeds=runs)
    loss, strength = curves["skill_loss"].to_numpy()[:, 0], curves["strength"].to_numpy()[:, 0]
    learned = np.minimum(np.divide(sizes, shots), 1)
    # 1e-5: what 40,000 steps leave of the slowest direction, and the start outside the span.
    for seen, expected in ((loss, 2 * (1 - learned)), (strength, learned)):
        error = seen.std(0, ddof=1) / math.sqrt(runs)
        assert np.all(np.abs(seen.mean(0) - expected) < 3 * error + 1e-5)
        assert np.all(error[:-1] < 0.04)  # 2 % of the untrained loss, or the test would say nothing
    read_off = 2.0 - np.sqrt(2 * loss.mean(0))
    slope = loss.std(0, ddof=1) / math.sqrt(runs) / np.sqrt(2 * loss.mean(0))
    assert np.all(np.abs(read_off - model.strength(sizes, skills=1)[:, 0])[:-1] < 3 * slope[:-1])


def test_trained_shots_of_many_skills_in_drawn_training_sets() -> None:
    shots, runs, n_data = 16, 100, 40
    model = DataEmergence(PowerLaw(0.6, 3), shots=shots)
    curves = train_data_emergence(model, data=[n_data], steps=40_000, learning_rate=0.2, seeds=runs)
    observed = np.arange(n_data + 1)
    probability = binom.pmf(observed, n_data, model.frequencies.first()[:, None])
    expected = probability @ (1 - np.minimum(observed / shots, 1)) / 2
    loss = curves["skill_loss"].to_numpy()[..., 0]
    assert np.all(np.abs(loss.mean(0) - expected) < 3 * loss.std(0, ddof=1) / math.sqrt(runs) + 1e-3)
    assert np.all(np.diff(curves["strength"].to_numpy()[..., 0].mean(0)) < 0)


def test_stochastic_descent_on_a_training_set_ends_where_whole_batches_end() -> None:
    model = DataEmergence(Frequencies([1.0]), shots=8)
    whole = train_data_emergence(model, data=[2, 4], steps=20_000, learning_rate=0.1, seeds=3)
    batches = train_data_emergence(model, data=[2, 4], steps=100_000, learning_rate=0.02, batch_size=2, seeds=3)
    # Both differ from the minimum-norm solution by a start of 1e-3.
    np.testing.assert_allclose(batches["skill_loss"], whole["skill_loss"], rtol=0, atol=5e-3)
    np.testing.assert_allclose(batches["strength"], whole["strength"], rtol=0, atol=5e-3)


def test_one_basis_function_is_learned_from_one_sample() -> None:
    model = DataEmergence(Frequencies([1.0]), shots=1, target_scale=2.0)
    curves = train_data_emergence(model, data=[1, 3], steps=20_000, learning_rate=0.05, seeds=[1, 2])
    np.testing.assert_allclose(curves["strength"], 1, atol=1e-9)


# ---- parameters ----------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(nodes=st.integers(1, 5), n_parameters=st.integers(1, 30), scale=st.sampled_from([0.5, 2.0]))
def test_trained_nodes_end_at_proposition_2(nodes: int, n_parameters: int, scale: float) -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=nodes, target_scale=scale)
    curves = train_parameter_emergence(model, n_parameters=[n_parameters], steps=4000, learning_rate=1 / scale)
    np.testing.assert_allclose(curves["strength"][0, :, 0], model.strength(n_parameters) / scale, atol=1e-8)


def test_nodes_trained_on_samples_wander_around_proposition_2() -> None:
    model, sizes, runs = ParameterEmergence(PowerLaw(0.6, 3), nodes_per_skill=4), [2, 4, 7, 10], 40
    curves = train_parameter_emergence(
        model, n_parameters=sizes, steps=4000, learning_rate=0.1, batch_size=16, seeds=runs
    )
    seen, expected = curves["strength"].to_numpy(), model.strength(sizes).T
    partial = (expected > 0) & (expected < 1)
    error = seen.std(0, ddof=1) / math.sqrt(runs)
    # A mean over the noise of a_k B_k, whose two factors are both noisy, is off by order eta: well below 0.01 here.
    assert np.all(np.abs(seen.mean(0) - expected)[partial] < 3 * error[partial] + 0.005)
    assert np.all(error[partial] > 1e-4)
    # Where no function is missing no error is left, and no noise.
    np.testing.assert_allclose(seen[:, ~partial], np.broadcast_to(expected[~partial], (runs, 9)), atol=1e-6)


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_a_run_that_diverges_says_so() -> None:
    model = ParameterEmergence(FIVE, nodes_per_skill=8)
    with np.errstate(all="ignore"):
        curves = train_parameter_emergence(
            model, n_parameters=[16], steps=500, learning_rate=3.0, batch_size=1, seeds=2
        )
    assert list(curves["status"].to_numpy()) == ["diverged", "diverged"]
    assert np.isnan(curves["strength"]).any()


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(
        InputError, match=r"^learning_rate must be below 0\.843635 for whole batches to settle; received 1; take"
    ):
        train_multilinear(replace(SLOW, learning_rate=1), steps=5)
    with pytest.raises(InputError, match=r"^n_skills must be finite here; received inf; give a number of skills"):
        train_multilinear(replace(SLOW, frequencies=PowerLaw(0.6)), steps=5)
    with pytest.raises(
        InputError, match=r"^steps must be a whole number, 1 or more; received 0; give the number of pa"
    ):
        train_multilinear(SLOW, steps=0)
    with pytest.raises(
        InputError, match=r"^batch_size must be a whole number, 1 or more; received 0; give a number of"
    ):
        train_multilinear(SLOW, steps=5, batch_size=0)
    with pytest.raises(InputError, match=r"^measure_at must end by the last step, 5; received \[6\]; measure earlier"):
        train_multilinear(SLOW, steps=5, measure_at=[6])
    with pytest.raises(
        InputError, match=r"^measure_at must name at least one number, and ascend; received \[3, 3\]; so"
    ):
        train_multilinear(SLOW, steps=5, measure_at=[3, 3])
    with pytest.raises(InputError, match=r"^every number in data must be a whole number, 1 or more; received 0; give"):
        train_data_emergence(DataEmergence(FIVE, shots=2), data=[0, 4], steps=5, learning_rate=0.1)
    with pytest.raises(InputError, match=r"^learning_rate must be a finite number greater than 0; received 0; give"):
        train_data_emergence(DataEmergence(FIVE, shots=2), data=[4], steps=5, learning_rate=0)
    with pytest.raises(InputError, match=r"^initial_weight must be a finite number greater than 0; received -1; give"):
        train_parameter_emergence(
            ParameterEmergence(FIVE, nodes_per_skill=2), n_parameters=[4], steps=5, learning_rate=0.1, initial_weight=-1
        )
