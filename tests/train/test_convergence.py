"""Runs that train several networks at once, or end when they have converged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus import InputError, Job, MLPTraining, MultitaskSparseParity, PowerLaw
from saltus.parity.batch import Batch
from saltus.runs.sweep import stored_runs
from saltus.train.convergence import Settling
from saltus.train.job import run_jobs
from saltus.train.kernel.mlp import MLP
from saltus.train.loop import Course, Measurements

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=10, n_relevant=2, target_scale=3.0)
DATA = MLPTraining(
    8000, learning_rate=0.02, init_std=0.05, width=64, batch_size=50, n_data=300, until_loss=0.01,
    measure_at=tuple(range(100, 8001, 100)), strength_samples=400,
)  # fmt: skip
SEVERAL = MLPTraining(
    200, learning_rate=0.003, init_std=0.1, width=(3, 20, 9), batch_size=50, optimizer="adam", weight_decay=1e-4,
    strength_samples=64, measure_at=(0, 50, 200),
)  # fmt: skip


def run(training: MLPTraining, seed: int = 0) -> Measurements:
    return Job(TASK, training, seed).run(lambda _: None)


def outputs(network: MLP, batch: Batch, index: int = 0) -> np.ndarray:
    """By plain matrix products in double precision."""
    rows, output_bias = network.weights(index)
    n_skills, n_bits = batch.n_skills, batch.n_bits
    weights = rows.astype(float)
    hidden = batch.inputs.astype(float) @ weights[: n_skills + n_bits] + weights[-2]
    return np.asarray(np.maximum(hidden, 0) @ weights[-1] + output_bias)


def test_a_run_ends_when_its_training_set_is_learned_and_its_strengths_stand_still() -> None:
    job = Job(TASK, DATA, 0)
    course = job.course()
    course.advance(lambda _: None)
    seen = course.measurements
    assert seen.converged_at is not None
    assert seen.converged_at == seen.steps[seen.n_made - 1] < DATA.steps
    assert np.isnan(seen.strength[:, seen.n_made :]).all()
    network = DATA.learner(TASK, np.random.SeedSequence(0))
    network.restore({name[8:]: value for name, value in course.state().items() if name.startswith("learner.")})
    data = job.training_set().data
    assert np.mean((outputs(network, data) - data.targets) ** 2) / 2 < 0.01
    # Carried ten times further, the strengths are the same: the rule does not end a run too early.
    end = 10 * seen.converged_at
    before = tuple(seen.steps[: seen.n_made].tolist())
    later = run(replace(DATA, steps=end, until_loss=None, measure_at=(*before, end)))
    np.testing.assert_array_equal(later.strength[:, -2], seen.last())
    assert np.abs(later.strength[:, -1] - seen.last()).max() < 0.02 + 3 * seen.strength_error[:, seen.n_made - 1].max()


@pytest.mark.parametrize("stored", [False, True])
def test_whoever_follows_a_run_that_ends_early_hears_that_it_is_done(stored: bool, tmp_path: Path) -> None:
    heard: list[int] = []

    def follow(_: int, steps_taken: int) -> None:
        heard.append(steps_taken)

    jobs = [Job(TASK, DATA, 0)]
    (seen,) = stored_runs(jobs, tmp_path, 1, follow) if stored else run_jobs(jobs, 1, follow)
    assert seen.converged_at is not None
    assert seen.converged_at < DATA.steps
    assert heard[-1] == DATA.steps


@pytest.mark.parametrize("training", [DATA, SEVERAL], ids=["training set", "side by side"])
def test_a_run_taken_up_again_gives_the_same_bits(training: MLPTraining) -> None:
    whole = run(training)
    course: Course = Job(TASK, training, 0).course()
    for pause_at in (60, 150, 151):
        course.advance(lambda steps, at=pause_at: steps >= at)  # type: ignore[misc]
        state = {name: values.copy() for name, values in course.state().items()}
        course = Job(TASK, training, 0).course()
        course.restore(state)
    course.advance(lambda _: None)
    for name in ("strength", "strength_error", "skill_loss"):
        np.testing.assert_array_equal(getattr(course.measurements, name), getattr(whole, name))
    assert course.measurements.converged_at == whole.converged_at


def test_networks_side_by_side_learn_what_each_learns_alone() -> None:
    together = SEVERAL.learner(TASK, np.random.SeedSequence(1))
    alone = []
    for index, width in enumerate(SEVERAL.widths):
        network = replace(SEVERAL, width=width).learner(TASK, np.random.SeedSequence(2))
        rows, bias = together.weights(index)
        parameters = network.parameters.copy()
        parameters[:-1].reshape(len(rows), -1)[:, :width] = rows
        parameters[-1] = bias
        network.restore(network.state() | {"parameters": parameters})
        alone.append(network)
    batch = TASK.sample(20 * 50, np.random.default_rng(3))
    losses = together.advance(batch, 20, np.inf)
    each = [network.advance(batch, 20, np.inf) for network in alone]
    # Single precision, added up in another order; Adam divides small gradients by their own size.
    np.testing.assert_allclose(losses, np.max(each, axis=0), rtol=1e-4)
    probe = TASK.sample(300, np.random.default_rng(4))
    values = together.evaluate(probe)
    for index, network in enumerate(alone):
        np.testing.assert_allclose(values[index], network.evaluate(probe), atol=2e-3)
        np.testing.assert_allclose(values[index], outputs(together, probe, index), atol=1e-4)


def test_a_halved_learning_rate_takes_half_the_step() -> None:
    training = replace(DATA, halve_every=4, until_loss=None)
    rates = training.learning_rates(2, 8)
    np.testing.assert_allclose(rates, 0.02 * np.array([1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]))
    batch = TASK.sample(50, np.random.default_rng(0))
    moves = []
    for first_step in (0, 4):
        network = training.learner(TASK, np.random.SeedSequence(1))
        before = network.parameters.copy()
        network.steps_taken = first_step
        network.advance(batch, 1, np.inf)
        moves.append(network.parameters - before)
    np.testing.assert_allclose(moves[1], moves[0] / 2, rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize(("last", "miss", "reached"), [(0.5, 0.05, True), (0.5, 0.5, False), (0.58, 0.05, False)])
def test_the_rule_wants_a_small_loss_and_strengths_that_stand_still(last: float, miss: float, reached: bool) -> None:
    batch = TASK.sample(100, np.random.default_rng(0))
    steps = np.array([100, 800, 900, 1000])
    strength = np.array([[0.1, 0.5, 0.7, last]])  # compared with step 800, whatever happened since
    rule = Settling(0.01, batch)
    assert rule.reached(lambda b: b.targets + miss, steps, strength, np.full((1, 4), 0.001)) is reached
    # The same change of strength is no change where measuring is as uncertain as that.
    assert rule.reached(lambda b: b.targets, steps, strength, np.full((1, 4), 0.05))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"width": ()}, "width must name at least one network"),
        ({"width": (3, 0)}, "every width must be a whole number, 1 or more"),
        ({"n_data": None}, "until_loss belongs to a training set"),
        ({"until_loss": 0.0}, "until_loss must be a finite number greater than 0"),
        ({"halve_every": 0}, "halve_every must be a whole number, 1 or more"),
    ],
)
def test_bad_settings_are_refused_in_one_line(change: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as refused:
        replace(DATA, **change)
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_a_run_with_a_training_set_has_one() -> None:
    with pytest.raises(InputError, match="only a run with n_data has a training set"):
        Job(TASK, SEVERAL, 0).n_observed()
    job = Job(TASK, DATA, 5)
    skills = job.training_set().data.skills
    np.testing.assert_array_equal(job.n_observed(), [np.sum(skills == 1), np.sum(skills == 2)])
