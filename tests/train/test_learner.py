"""The contract of everything that can be trained, held by each way to train: see `saltus.train.learner`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import saltus
from saltus import GatedPerceptron, MLPTraining, MultitaskSparseParity, NetworkTraining, Perceptron, PowerLaw
from saltus.parity.batch import Batch
from saltus.train.configuration import Training
from saltus.train.learner import Learner
from saltus.train.registry import ARCHITECTURES, TRAININGS
from saltus.train.torch.transformer import Transformer

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=6, n_relevant=2, target_scale=3.0)
STEPS, BATCH = 5, 20
COMMON: dict[str, Any] = {"steps": 50, "learning_rate": 0.01, "batch_size": BATCH}
WAYS: dict[str, Training] = {
    "kernel": MLPTraining(**COMMON, init_std=0.3, width=20, momentum=0.9),
    "kernel, Adam": MLPTraining(**COMMON, init_std=0.3, width=20, optimizer="adam", halve_every=2),
    "kernel, a schedule": MLPTraining(**COMMON, init_std=0.3, width=20, schedule="cosine:warmup=3"),
    "kernel, side by side": MLPTraining(**COMMON, init_std=0.3, width=(4, 9, 3)),
    "torch, SGD": NetworkTraining(**COMMON, network=Perceptron(20, init_std=0.3), momentum=0.9, halve_every=2),
    "torch, Adam": NetworkTraining(**COMMON, network=Perceptron(20, n_layers=3), optimizer="adam"),
    "torch, logistic": NetworkTraining(**COMMON, network=Perceptron(20), loss="logistic"),
    "transformer": NetworkTraining(**COMMON, network=Transformer(8, heads=2)),
    "gated": NetworkTraining(**COMMON, network=GatedPerceptron(20)),
}
each_way = pytest.mark.parametrize("training", WAYS.values(), ids=WAYS.keys())


def learner_of(training: Training, seed: int = 1) -> Learner:
    return training.learner(TASK, np.random.SeedSequence(seed))


def batch_of(n_steps: int, seed: int = 2) -> Batch:
    return TASK.sample(n_steps * BATCH, np.random.default_rng(seed))


def twice_the_loss(training: Training, answers: np.ndarray, batch: Batch) -> float:
    """From the answers alone, of each network ``(..., n)``, the largest."""
    targets = batch.targets.astype(float)
    if isinstance(training, NetworkTraining) and training.loss == "logistic":
        log_odds = 2 * np.arctanh(answers / TASK.target_scale)  # the answer is S tanh(f / 2)
        return float(2 * np.mean(np.logaddexp(0, -np.sign(targets) * log_odds)))
    return float(np.max(np.mean((answers.astype(float) - targets) ** 2, axis=-1)))


def test_every_way_to_train_and_every_architecture_is_held_to_the_contract() -> None:
    assert {type(training).__name__ for training in WAYS.values()} == set(TRAININGS)
    networks = [training.network for training in WAYS.values() if isinstance(training, NetworkTraining)]
    assert {type(network).__name__ for network in networks} == set(ARCHITECTURES)


@each_way
def test_answers_have_one_entry_a_sample_and_network(training: Training) -> None:
    learner, batch = learner_of(training), batch_of(3)
    answers = learner.evaluate(batch)
    assert answers.shape == (*training.side_by_side, len(batch))
    assert learner.steps_taken == 0
    np.testing.assert_array_equal(learner.evaluate(batch), answers)  # looking changes nothing
    one_by_one = np.stack([learner.evaluate(batch[i : i + 1])[..., 0] for i in range(6)], axis=-1)
    # Sums of a few dozen single-precision terms, in another order if the batch is another.
    np.testing.assert_allclose(one_by_one, answers[..., :6], rtol=1e-5, atol=1e-5)


@each_way
def test_advance_returns_twice_the_loss_before_each_update(training: Training) -> None:
    learner, batch = learner_of(training), batch_of(STEPS)
    expected = []
    alone = learner_of(training)
    for i in range(STEPS):
        part = batch[i * BATCH : (i + 1) * BATCH]
        expected.append(twice_the_loss(training, np.asarray(alone.evaluate(part)), part))
        alone.advance(part, 1, math.inf)
    losses = learner.advance(batch, STEPS, math.inf)
    assert losses.shape == (STEPS,)
    assert learner.steps_taken == STEPS
    np.testing.assert_allclose(losses, expected, rtol=1e-5)  # single precision, summed over 20 samples
    assert len(set(losses)) == STEPS


@each_way
def test_blocks_of_any_length_give_the_same_bits(training: Training) -> None:
    whole, parts, batch = learner_of(training), learner_of(training), batch_of(STEPS)
    losses = whole.advance(batch, STEPS, math.inf)
    in_parts = [parts.advance(batch[: 2 * BATCH], 2, math.inf), parts.advance(batch[2 * BATCH :], 3, math.inf)]
    np.testing.assert_array_equal(np.concatenate(in_parts), losses)
    assert whole.state().keys() == parts.state().keys()
    for name, values in whole.state().items():
        np.testing.assert_array_equal(parts.state()[name], values)


@each_way
def test_a_block_ends_at_the_limit_with_the_loss_that_reached_it(training: Training) -> None:
    batch = batch_of(STEPS)
    losses = learner_of(training).advance(batch, STEPS, math.inf)
    for limit in (float(np.max(losses)), float(losses[0]), math.nextafter(float(losses[0]), math.inf)):
        learner = learner_of(training)
        first = int(np.flatnonzero(losses >= limit)[0]) if np.any(losses >= limit) else STEPS
        cut = learner.advance(batch, STEPS, limit)
        np.testing.assert_array_equal(cut, losses[: first + 1])
        assert learner.steps_taken == first


@each_way
def test_a_loss_that_is_no_number_is_beyond_any_limit(training: Training) -> None:
    learner, batch = learner_of(training), batch_of(STEPS)
    state = learner.state()
    learner.restore(
        {name: np.full_like(value, np.nan) if value.dtype == np.float32 else value for name, value in state.items()}
    )
    losses = learner.advance(batch, STEPS, math.inf)
    assert len(losses) == 1
    assert np.isnan(losses[0])
    assert learner.steps_taken == 0


@each_way
def test_a_restored_learner_goes_on_to_the_same_bits(training: Training) -> None:
    learner, batch = learner_of(training), batch_of(STEPS)
    learner.advance(batch, STEPS, math.inf)
    kept = {name: np.array(value) for name, value in learner.state().items()}
    assert all(value.dtype.kind in "fiuU" for value in kept.values())  # nothing that would need pickle
    other = learner_of(training, seed=9)
    other.advance(batch_of(2, seed=3), 2, math.inf)
    other.restore(kept)
    assert other.steps_taken == STEPS
    more = batch_of(STEPS, seed=4)
    np.testing.assert_array_equal(other.advance(more, STEPS, math.inf), learner.advance(more, STEPS, math.inf))
    np.testing.assert_array_equal(other.evaluate(more), learner.evaluate(more))
    with pytest.raises((KeyError, TypeError, ValueError)):
        other.restore({"steps_taken": np.array(3)})


@each_way
def test_the_start_alone_decides_the_start(training: Training) -> None:
    batch = batch_of(1)
    first = learner_of(training).evaluate(batch)
    np.testing.assert_array_equal(learner_of(training).evaluate(batch), first)
    assert not np.array_equal(learner_of(training, seed=5).evaluate(batch), first)


@pytest.mark.parametrize("how", ["train_mlp", "train_network", "Job"])
def test_a_warning_names_the_users_line(how: str) -> None:
    wild = MLPTraining(60, learning_rate=50.0, init_std=0.5, width=20, batch_size=BATCH, strength_samples=16)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if how == "train_mlp":
            saltus.train_mlp(
                TASK, steps=60, learning_rate=50.0, init_std=0.5, width=20, batch_size=BATCH, strength_samples=16
            )
        elif how == "train_network":
            saltus.train_network(TASK, NetworkTraining(**COMMON | {"learning_rate": 1e6}, network=Perceptron(20)))
        else:
            from saltus.train.job import collect, run_jobs

            jobs = [saltus.Job(TASK, wild, 0)]
            collect(jobs, run_jobs(jobs))
    (warning,) = caught
    assert warning.category is saltus.TrainingWarning
    assert warning.filename == __file__
