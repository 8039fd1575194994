"""Strengths of PyTorch modules against the same functions in NumPy, and what measuring leaves untouched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from saltus import InputError, MultitaskSparseParity, PowerLaw, skill_strengths
from saltus.parity.torch_module import inputs_of
from saltus.parity.torch_random import borrowed_random_state, seeded_random_state, set_random_state

TASK = MultitaskSparseParity(PowerLaw(0.6, 3), n_bits=9, n_relevant=3, target_scale=2.0, seed=1)
CPU = torch.device("cpu")


def dropout_network() -> nn.Sequential:
    with borrowed_random_state(CPU):
        set_random_state(CPU, seeded_random_state(CPU, 0))
        network = nn.Sequential(nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
        network(torch.rand(64, 12)).sum().backward()  # running means and gradients that are not zero
    network[1].eval()  # a part that its owner has frozen
    return network


def by_hand(network: nn.Sequential) -> Callable[[np.ndarray], np.ndarray]:
    """The network in evaluation mode, in NumPy and double precision."""
    w = {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}

    def function(inputs: np.ndarray) -> np.ndarray:
        x = inputs @ w["0.weight"].T + w["0.bias"]
        x = (x - w["1.running_mean"]) / np.sqrt(w["1.running_var"] + 1e-5) * w["1.weight"] + w["1.bias"]
        return np.asarray(np.maximum(x, 0) @ w["4.weight"].T + w["4.bias"])

    return function


def test_packed_samples_become_the_inputs_of_the_task() -> None:
    # The highest bit of a word is the sign of a signed one.
    wide, wider = (MultitaskSparseParity(PowerLaw(0.6, 5), n_bits=n_bits) for n_bits in (64, 130))
    for task in (TASK, wide, wider):
        batch = task.sample(500, np.random.default_rng(0))
        np.testing.assert_array_equal(inputs_of(batch, CPU, torch.float32).numpy(), batch.inputs)


@pytest.mark.parametrize("at_a_time", [1, 7, 4096])
def test_a_module_is_measured_as_the_same_function_in_numpy(at_a_time: int) -> None:
    network = dropout_network()
    seen = skill_strengths(network, TASK, n_samples=80, at_a_time=at_a_time)
    wanted = skill_strengths(by_hand(network), TASK, n_samples=80)
    for name in ("strength", "standard_error", "skill_loss", "skill_loss_error"):
        # Single against double precision: a few hundred roundings of 6e-8, of numbers of order one.
        np.testing.assert_allclose(getattr(seen, name), getattr(wanted, name), atol=2e-6)


def test_measuring_leaves_modes_gradients_buffers_and_random_numbers_alone() -> None:
    network = dropout_network()
    modes = [part.training for part in network.modules()]
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]
    random = torch.get_rng_state()
    with torch.enable_grad():
        skill_strengths(network, TASK, n_samples=80)
        assert torch.is_grad_enabled()
    assert [part.training for part in network.modules()] == modes
    assert len(set(modes)) == 2
    assert all(torch.equal(tensors[name], tensor) for name, tensor in network.state_dict().items())
    after = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert all(torch.equal(old, new) for old, new in zip(gradients, after, strict=True))
    assert torch.equal(random, torch.get_rng_state())


class Noisy(nn.Module):
    """It draws even when it is not training, and fails on request."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.fails = fails

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        noise = torch.randn(len(inputs))
        if self.fails:
            raise RuntimeError("out of memory")
        return noise


def test_a_module_that_draws_does_not_move_the_users_random_numbers_even_if_it_fails() -> None:
    random = torch.get_rng_state()
    skill_strengths(Noisy(), TASK, n_samples=80)
    failing = Noisy(fails=True)
    with pytest.raises(RuntimeError, match="out of memory"):
        skill_strengths(failing, TASK, n_samples=80)
    assert torch.equal(random, torch.get_rng_state())
    assert failing.training


def test_modules_of_other_precisions_are_given_their_own() -> None:
    network = dropout_network()
    single = skill_strengths(network, TASK, n_samples=80)
    double = skill_strengths(network.double(), TASK, n_samples=80)
    np.testing.assert_allclose(single.strength, double.strength, atol=2e-6)
    assert skill_strengths(network.bfloat16(), TASK, n_samples=80).strength.dtype == np.float64


def test_outputs_of_another_shape_are_refused_in_one_line() -> None:
    with pytest.raises(InputError) as refusal:
        skill_strengths(nn.Linear(12, 2), TASK, n_samples=16)
    assert str(refusal.value) == (
        "the module must return one number an input, shape (48,); received (48, 2); "
        "wrap it so that it returns the scalar output of the network"
    )
    with pytest.raises(InputError, match="at_a_time must be a whole number, 1 or more; received 0; "):
        skill_strengths(nn.Linear(12, 1), TASK, at_a_time=0)


def test_generators_are_seeded_borrowed_and_given_back() -> None:
    before = torch.get_rng_state()
    with borrowed_random_state(CPU):
        set_random_state(CPU, seeded_random_state(CPU, 7))
        drawn = torch.rand(3)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(drawn, torch.rand(3, generator=torch.Generator().manual_seed(7)))


def test_functions_are_measured_without_pytorch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import saltus\n"
        "task = saltus.MultitaskSparseParity(saltus.PowerLaw(alpha=0.6, n_skills=3))\n"
        "assert saltus.skill_strengths(task.target, task).relative.min() == 1\n"
        "from saltus.parity.torch_module import require_torch\n"
        "try:\n    require_torch()\nexcept saltus.InputError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("this needs PyTorch; received ")
    assert done.stdout.endswith("; pip install 'saltus[torch]'\n")
