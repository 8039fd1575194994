"""A PyTorch module in training: against the kernel and against steps by hand, and its state, bit for bit."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from saltus import MLPTraining, MultitaskSparseParity, PowerLaw
from saltus.parity.batch import Batch
from saltus.parity.sampling import FreshSamples
from saltus.train.kernel.mlp import MLP
from saltus.train.learner import State
from saltus.train.loop import Course
from saltus.train.torch.learner import TorchLearner

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=12, n_relevant=2, target_scale=3.0)
N_INPUTS = 14


def batch_of(n: int, seed: int = 0) -> Batch:
    return TASK.sample(n, np.random.default_rng(seed))


def seeded(*layers: Any) -> nn.Sequential:
    """Layers made from one seed, whatever was drawn before."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(layer() if callable(layer) and not isinstance(layer, nn.Module) else layer for layer in layers)
    )


def plain_network() -> nn.Sequential:
    return seeded(lambda: nn.Linear(N_INPUTS, 20), nn.ReLU(), lambda: nn.Linear(20, 1))


def dropout_network() -> nn.Sequential:
    return seeded(
        lambda: nn.Linear(N_INPUTS, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Dropout(0.3), lambda: nn.Linear(20, 1)
    )


def copied_from(mlp: MLP, width: int) -> nn.Sequential:
    """The kernel's network as a PyTorch module: its weights, and no random numbers."""
    rows, output_bias = mlp.weights()
    network = nn.Sequential(nn.Linear(N_INPUTS, width), nn.ReLU(), nn.Linear(width, 1))
    with torch.no_grad():
        for target, values in zip(
            network.parameters(),
            (rows[:N_INPUTS].T, rows[N_INPUTS], rows[N_INPUTS + 1][None], [output_bias]),
            strict=True,
        ):
            target.copy_(torch.from_numpy(np.array(values, dtype=np.float32)))
    return network


@pytest.mark.parametrize(
    ("settings", "make"),
    [
        ({}, lambda p: torch.optim.SGD(p, 0.02)),
        ({"momentum": 0.9, "weight_decay": 0.01}, lambda p: torch.optim.SGD(p, 0.02, 0.9, weight_decay=0.01)),
        ({"optimizer": "adam", "weight_decay": 0.01}, lambda p: torch.optim.Adam(p, 0.02, weight_decay=0.01)),
    ],
)
def test_equal_starts_and_batches_give_the_kernels_parameters(settings: dict[str, Any], make: Any) -> None:
    width, n_steps = 24, 8
    training = MLPTraining(n_steps, learning_rate=0.02, init_std=0.3, width=width, batch_size=60, **settings)
    mlp = training.learner(TASK, np.random.SeedSequence(3))
    network = copied_from(mlp, width)
    learner = TorchLearner(network, make(network.parameters()), seed=None)
    batch = batch_of(60 * n_steps)
    np.testing.assert_allclose(learner.advance(batch, n_steps, np.inf), mlp.advance(batch, n_steps, np.inf), rtol=1e-5)
    assert learner.steps_taken == mlp.steps_taken == n_steps
    # Eight steps, each a sum over 60 samples in another order: some 1e2 roundings of 6e-8 in numbers of order 0.3.
    # Adam divides by the gradient's own size, which turns a relative rounding of it into one of the step.
    for ours, theirs in zip(network.parameters(), copied_from(mlp, width).parameters(), strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(learner.evaluate(batch), mlp.evaluate(batch), atol=1e-4)


def test_the_logistic_loss_is_cross_entropy_and_its_answer_the_expected_target() -> None:
    network = plain_network().double()
    learner = TorchLearner(network, torch.optim.SGD(network.parameters(), 0.1), loss="logistic", seed=None)
    batch = batch_of(200)
    before = copy.deepcopy(network)
    log_odds = before(torch.from_numpy(batch.inputs).double())[:, 0]
    cross_entropy = -torch.sigmoid(log_odds * torch.from_numpy(np.sign(batch.targets))).log().mean()
    np.testing.assert_allclose(learner.evaluate(batch), 3.0 * (2 * torch.sigmoid(log_odds) - 1).detach(), rtol=1e-12)
    (doubled,) = learner.advance(batch, 1, np.inf)
    assert doubled / 2 == pytest.approx(cross_entropy.item(), rel=1e-12)
    torch.autograd.backward(cross_entropy)
    for old, new in zip(before.parameters(), network.parameters(), strict=True):
        assert old.grad is not None
        torch.testing.assert_close(new.detach(), (old - 0.1 * old.grad).detach(), rtol=0, atol=1e-14)


OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.02),
    "momentum": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01),
    "nadam": lambda p: torch.optim.NAdam(p, 0.01),
    "asgd": lambda p: torch.optim.ASGD(p, 0.01),
    "adafactor": lambda p: torch.optim.Adafactor(p, 0.01),
}


def through_a_file(state: State) -> dict[str, Any]:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("make", [plain_network, dropout_network])
def test_a_course_goes_on_from_a_file_to_the_same_bits(make: Any, optimizer: str) -> None:
    def course() -> Course:
        network = make()
        return Course(
            TorchLearner(network, OPTIMIZERS[optimizer](network.parameters())),
            TASK,
            FreshSamples(TASK, np.random.SeedSequence(1)),
            np.random.default_rng(2),
            batch_size=50,
            measurement_steps=np.array([0, 1, 7, 20, 40]),
            strength_samples=16,
        )

    whole = course()
    whole.advance(lambda _: False)
    first = course()
    first.advance(lambda steps: steps >= 7)
    kept = through_a_file(first.state())
    first.advance(lambda _: False)  # the state is a copy: going on does not change it
    torch.rand(5)
    second = course()
    second.restore(kept)
    second.advance(lambda _: False)
    for other in (first, second):
        assert other.finished
        np.testing.assert_array_equal(whole.measurements.strength, other.measurements.strength)
        for name, array in whole.state().items():
            np.testing.assert_array_equal(array, other.state()[name], err_msg=name)


def test_half_precision_parameters_are_kept_to_the_bit() -> None:
    network = plain_network().bfloat16()
    learner = TorchLearner(network, torch.optim.Adam(network.parameters(), 0.01))
    learner.advance(batch_of(100), 2, np.inf)
    kept = through_a_file(learner.state())
    learner.advance(batch_of(100, seed=1), 2, np.inf)
    wanted = learner.state()
    learner.restore(kept)
    learner.advance(batch_of(100, seed=1), 2, np.inf)
    for name, array in wanted.items():
        np.testing.assert_array_equal(array, learner.state()[name], err_msg=name)


def test_the_state_of_another_network_is_refused() -> None:
    small, wide = nn.Linear(N_INPUTS, 1), nn.Linear(1, 1)
    state, other = (TorchLearner(net, torch.optim.SGD(net.parameters(), 0.1)).state() for net in (small, wide))
    learner = TorchLearner(small, torch.optim.SGD(small.parameters(), 0.1))
    with pytest.raises(ValueError, match=r"a tensor of shape \(1, 14\) cannot be restored from one of shape \(1, 1\)"):
        learner.restore(other)
    with pytest.raises(KeyError):
        learner.restore({name: array for name, array in state.items() if name != "module.bias"})


def test_training_draws_its_own_random_numbers_and_keeps_modes_and_threads() -> None:
    results = []
    for drawn in (0, 3):
        network = dropout_network()
        norm: Any = network[1].eval()  # statistics that their owner has frozen
        frozen = norm.running_mean.clone()
        learner = TorchLearner(network, torch.optim.SGD(network.parameters(), 0.02), seed=5)
        torch.rand(drawn)
        before, threads = torch.get_rng_state(), torch.get_num_threads()
        learner.advance(batch_of(100), 2, np.inf)
        learner.evaluate(batch_of(10))
        results.append(learner.advance(batch_of(100, seed=1), 2, np.inf))
        assert torch.equal(before, torch.get_rng_state())
        assert torch.get_num_threads() == threads
        assert network.training
        assert not norm.training
        assert torch.equal(frozen, norm.running_mean)
    np.testing.assert_array_equal(results[0], results[1])


def test_a_loss_out_of_bounds_comes_last() -> None:
    network = plain_network()
    learner = TorchLearner(network, torch.optim.SGD(network.parameters(), 1e4))
    losses = learner.advance(batch_of(500), 10, 1e6)
    assert len(losses) == learner.steps_taken + 1 < 10
    assert np.all(losses[:-1] < 1e6)
    assert not losses[-1] < 1e6


def test_mixed_precision_learns_nearly_the_same() -> None:
    losses = []
    for precision in ("single", "bfloat16"):
        network = plain_network()
        learner = TorchLearner(network, torch.optim.SGD(network.parameters(), 0.01), precision=precision, seed=None)
        losses.append(learner.advance(batch_of(1000), 20, np.inf))
        assert network[0].weight.dtype == torch.float32
    assert not np.array_equal(losses[0], losses[1])
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)  # bfloat16 has 8 significant bits: 0.4 % a number
