"""Networks that PyTorch trains: the same science as the kernel's, reproducible, stored and resumed like any run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import ttest_ind

pytest.importorskip("torch")

import torch
from torch import nn

from saltus import (
    InputError,
    Job,
    MLPTraining,
    MultitaskSparseParity,
    NetworkTraining,
    Perceptron,
    PowerLaw,
    TrainingWarning,
    read_store,
    sweep,
    train_mlp,
    train_network,
)
from saltus.curves.crossings import crossing_times
from saltus.parity.sampling import FreshSamples
from saltus.train.configuration import run_streams
from saltus.train.networks import in_torch

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=12, n_relevant=2, target_scale=3.0)
SMALL: dict[str, Any] = {"steps": 60, "learning_rate": 0.02, "batch_size": 50, "strength_samples": 16}


def training(**changes: Any) -> NetworkTraining:
    return NetworkTraining(**(SMALL | {"network": Perceptron(20, init_std=0.1)} | changes))


def same(left: xr.Dataset, right: xr.Dataset) -> bool:
    return all(np.array_equal(left[name], right[name], equal_nan=True) for name in left.data_vars)


def test_skills_emerge_when_they_do_in_the_kernel() -> None:
    n_seeds = 10
    kernel, ours = (
        crossing_times(
            train_mlp(
                TASK,
                steps=2400,
                learning_rate=0.02,
                init_std=0.02,
                width=64,
                batch_size=100,
                seeds=n_seeds,
                measure_at=range(0, 2401, 60),
                strength_samples=400,
                backend=backend,
            )
        )
        for backend in ("kernel", "torch")
    )
    spread = np.hypot(kernel.std(axis=0, ddof=1), ours.std(axis=0, ddof=1)) / np.sqrt(n_seeds)
    assert np.all(spread < 0.05 * kernel.mean(axis=0))  # else the comparison would say little
    # Two numbers of fixed seeds; equal means fail at this level once in five hundred tests.
    assert np.all(ttest_ind(kernel, ours, equal_var=False).pvalue > 1e-3)


def test_train_mlp_is_one_case_of_train_network() -> None:
    arguments: dict[str, Any] = {"momentum": 0.5, "n_data": 70, "weight_decay": 0.01, **SMALL}
    by_mlp = train_mlp(TASK, init_std=0.1, width=20, seeds=2, backend="torch", **arguments)
    by_network = train_network(TASK, training(**arguments), seeds=2)
    assert same(by_mlp, by_network)
    assert by_mlp.attrs == by_network.attrs
    assert by_mlp.attrs["flow_learning_rate"] == pytest.approx(0.08)
    for part in ('"kind": "NetworkTraining"', '"kind": "Perceptron"', '"width": 20', '"momentum": 0.5'):
        assert part in by_mlp.attrs["settings"]


def test_same_seed_gives_the_same_bits_for_any_number_of_workers_and_whatever_was_drawn() -> None:
    one = train_network(TASK, training(), seeds=3, workers=1)
    torch.rand(3)
    before = torch.get_rng_state()
    assert same(one, train_network(TASK, training(), seeds=3, workers=3))
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(one.sel(run=[2]).strength, train_network(TASK, training(), seeds=[2]).strength)
    assert not np.array_equal(one.strength[0], one.strength[1])


def test_another_device_or_precision_sees_the_same_samples_and_start() -> None:
    def words(of: NetworkTraining) -> list[int]:
        return [int(stream.generate_state(1)[0]) for stream in run_streams(0, TASK, of)]

    plain = training()
    assert words(plain) == words(replace(plain, device="cuda", precision="bfloat16", compiled=True))
    assert words(plain) == words(replace(plain, steps=999, strength_samples=99))
    assert words(plain) != words(replace(plain, loss="logistic"))
    assert words(plain) != words(replace(plain, network=Perceptron(20, init_std=0.1, activation="tanh")))


@pytest.mark.parametrize(
    ("activation", "function"),
    [("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh), ("silu", lambda x: x / (1 + np.exp(-x)))],
)
def test_a_perceptron_is_its_layers_applied_in_turn(
    activation: str, function: Callable[[np.ndarray], np.ndarray]
) -> None:
    network = Perceptron(7, n_layers=4, activation=activation).module(TASK)
    parameters = [parameter.detach().numpy() for parameter in network.parameters()]
    assert [p.shape for p in parameters] == [(7, 14), (7,), (7, 7), (7,), (7, 7), (7,), (1, 7), (1,)]
    inputs = TASK.sample(20, np.random.default_rng(0)).inputs
    x = inputs
    for weight, bias in zip(parameters[:6:2], parameters[1:6:2], strict=True):
        x = function(x @ weight.T + bias)
    wanted = x @ parameters[6].T + parameters[7]
    np.testing.assert_allclose(network(torch.from_numpy(inputs)).detach().numpy(), wanted, rtol=1e-4, atol=1e-6)


def test_a_perceptron_starts_gaussian_if_told_its_spread() -> None:
    values = torch.cat([p.detach().ravel() for p in Perceptron(300, init_std=0.2).module(TASK).parameters()])
    assert len(values) == 300 * 16 + 1
    # 4 standard errors of a mean and of a standard deviation.
    assert abs(float(values.mean())) < 4 * 0.2 / np.sqrt(len(values))
    assert float(values.std()) == pytest.approx(0.2, rel=4 / np.sqrt(2 * len(values)))
    linear = Perceptron(n_layers=1).module(TASK)
    assert [tuple(p.shape) for p in linear.parameters()] == [(1, 14), (1,)]


def _descend(network: Any, batch: Any, optimizer: Any, scheduler: Any) -> None:
    """Eight updates on 50 samples each."""
    for i in range(8):
        inputs, targets = (torch.from_numpy(a[50 * i : 50 * i + 50]) for a in (batch.inputs, batch.targets))
        optimizer.zero_grad()
        torch.autograd.backward(((network(inputs)[:, 0] - targets) ** 2).mean())
        optimizer.step()
        scheduler.step()


def test_learning_rates_are_halved_on_time() -> None:
    _require_rates_of_pytorch(
        training(halve_every=3, steps=8, momentum=0.9),
        lambda kinds, optimizer: kinds.StepLR(optimizer, 3, gamma=0.5),
    )


def test_scheduled_updates_are_those_of_pytorchs_own_scheduler() -> None:
    scheduled = training(schedule="linear:floor=0.2", steps=8, momentum=0.9)
    assert np.isnan(scheduled.flow_learning_rate)
    _require_rates_of_pytorch(scheduled, lambda kinds, optimizer: kinds.LinearLR(optimizer, 1.0, 0.2, total_iters=8))


def _require_rates_of_pytorch(changing: Any, scheduler: Any) -> None:
    """Eight updates of a training are those of PyTorch's optimiser with its own scheduler."""
    batch = FreshSamples(TASK, np.random.SeedSequence(0)).take(8, 50)
    learner = changing.learner(TASK, np.random.SeedSequence(4))
    learner.advance(batch[:250], 5, np.inf)
    learner.advance(batch[250:], 3, np.inf)
    torch.manual_seed(int(np.random.SeedSequence(4).generate_state(1, np.uint64)[0]))
    network = Perceptron(20, init_std=0.1).module(TASK)
    optimizer = torch.optim.SGD(network.parameters(), 0.02, momentum=0.9)
    _descend(network, batch, optimizer, scheduler(torch.optim.lr_scheduler, optimizer))
    # The sums may be split over threads here: a few roundings of single precision.
    np.testing.assert_allclose(
        learner.evaluate(batch), network(torch.from_numpy(batch.inputs))[:, 0].detach(), rtol=1e-4
    )


@pytest.mark.parametrize(
    "optimizer", ["SGD", "adam", "AdamW", "rmsprop", "nadam", "radam", "adamax", "adagrad", "asgd"]
)
def test_optimisers_of_pytorch_learn_by_name(optimizer: str) -> None:
    rate = 0.03 if optimizer in ("SGD", "asgd") else 0.005
    changes = {"steps": 300, "batch_size": 200, "network": Perceptron(20, init_std=0.3), "measure_at": (0, 300)}
    curves = train_network(TASK, training(optimizer=optimizer, learning_rate=rate, **changes))
    loss = (curves.skill_loss * curves.frequency).sum("skill")[0]
    assert loss[-1] < 0.95 * loss[0]
    assert np.isfinite(curves.attrs["flow_learning_rate"]) == (optimizer == "SGD")


@pytest.mark.parametrize(
    "changes",
    [{"loss": "logistic", "optimizer": "adam", "learning_rate": 5e-3}, {"network": Perceptron(64, n_layers=3)}],
)
def test_other_losses_and_depths_learn_the_first_skill(changes: dict[str, Any]) -> None:
    curves = train_network(TASK, training(**({"steps": 900, "batch_size": 200, "network": Perceptron(64)} | changes)))
    assert curves.strength[0, 0, -1] > 0.8
    assert abs(curves.strength[0, 0, 0]) < 0.2
    assert curves.status.values.tolist() == ["finished"]


@pytest.mark.parametrize("betas", [None, (0.8, 0.95)])
def test_adam_of_the_kernel_is_pytorchs(betas: tuple[float, float] | None) -> None:
    kernel = MLPTraining(5, init_std=0.3, optimizer="adam", betas=betas, width=20, learning_rate=0.01, batch_size=200)
    ours, theirs = (
        kernel.learner(TASK, np.random.SeedSequence(1)),
        in_torch(kernel).learner(TASK, np.random.SeedSequence(1)),
    )
    rows, output_bias = ours.weights()
    first, second = theirs._module[0], theirs._module[2]  # type: ignore[index]
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(rows[:-2].T.copy()))
        first.bias.copy_(torch.from_numpy(rows[-2]))
        second.weight.copy_(torch.from_numpy(rows[-1:]))
        second.bias.fill_(output_bias)
    batch = FreshSamples(TASK, np.random.SeedSequence(2)).take(5, 200)
    np.testing.assert_allclose(ours.advance(batch, 5, np.inf), theirs.advance(batch, 5, np.inf), rtol=1e-5)
    # Single precision, five updates: each rounds, and Adam divides by small square roots.
    np.testing.assert_allclose(ours.evaluate(batch), theirs.evaluate(batch), atol=1e-3)
    plain = replace(kernel, betas=(0.9, 0.999)).learner(TASK, np.random.SeedSequence(1))
    plain.advance(batch, 5, np.inf)
    assert np.array_equal(plain.evaluate(batch), ours.evaluate(batch)) == (betas is None)


def test_layers_are_normalised_where_asked() -> None:
    network = Perceptron(6, n_layers=3, init_std=0.5, normalised=True).module(TASK)
    inputs = FreshSamples(TASK, np.random.SeedSequence(2)).take(1, 50).inputs
    weights = [value.detach().double().numpy() for value in network.parameters()]
    values = inputs.astype(float)
    for matrix, bias, scale, shift in (weights[0:4], weights[4:8]):
        before = values @ matrix.T + bias
        centred = before - before.mean(axis=1, keepdims=True)
        values = np.maximum(0, scale * centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) + shift)
    with torch.no_grad():
        answers = network(torch.from_numpy(inputs))[:, 0].numpy()
    # The usual start of a normalisation stays: 1 and 0. Tolerance: single precision.
    assert [weights[2].min(), weights[2].max(), weights[3].max()] == [1, 1, 0]
    np.testing.assert_allclose(answers, values @ weights[8][0] + weights[9], atol=1e-5)
    assert np.isnan(Perceptron(6, init_std=0.5, normalised=True).gaussian_start)


def test_runs_are_stored_and_resumed_to_the_same_bits(tmp_path: Path) -> None:
    settings = training(steps=400, optimizer="adam", measure_at=(0, 100, 400))
    jobs = [Job(TASK, settings, seed) for seed in range(2)]
    outcome = sweep(jobs, store=tmp_path, workers=1, checkpoint_seconds=1e-9)  # a checkpoint after every stretch
    assert outcome.failed == {}
    stored, direct = read_store(tmp_path), train_network(TASK, settings, seeds=2)
    np.testing.assert_array_equal(stored.strength, direct.strength)
    np.testing.assert_array_equal(stored.skill_loss, direct.skill_loss)
    assert stored["seed"].values.tolist() == [0, 1]


@dataclass(frozen=True)
class OneBit:
    """An architecture of somebody else's, without a width: all of one bit."""

    bit: int = 0

    def module(self, task: MultitaskSparseParity) -> nn.Module:
        return nn.Bilinear(task.n_skills + task.n_bits, task.n_skills + task.n_bits, 1) if self.bit else Square()


class Square(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.of = nn.Bilinear(14, 14, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.of(inputs, inputs))


def test_any_architecture_is_a_run(tmp_path: Path) -> None:
    sweep([Job(TASK, training(network=OneBit()), 0)], store=tmp_path)
    curves = read_store(tmp_path)
    assert '"bit": 0' in curves.attrs["settings"]
    assert curves.sizes["run"] == 1


def test_compiling_is_asked_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def compile_(module: nn.Module) -> nn.Module:
        asked.append(module)
        return module

    monkeypatch.setattr(torch, "compile", compile_)
    assert same(train_network(TASK, training(compiled=True)), train_network(TASK, training()))
    assert len(asked) == 1


def test_a_run_past_its_stability_edge_is_diagnosed_as_in_the_kernel() -> None:
    with pytest.warns(TrainingWarning, match=r"run with seed 0 diverged: at step [0-9]+ .* try learning_rate=2.5"):
        train_network(TASK, training(learning_rate=5.0, network=Perceptron(20, init_std=0.3)))
    assert training().gaussian_start == 0.1
    for other in (Perceptron(20), Perceptron(20, init_std=0.1, n_layers=3), OneBit()):
        assert np.isnan(training(network=other).gaussian_start)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"steps": -5}, "steps must be a whole number, 1 or more; received -5; "),
        ({"optimizer": "lion"}, "optimizer must be one of adadelta, adafactor, "),
        ({"optimizer": "lbfgs"}, "optimizer must be one of adadelta, adafactor, "),
        ({"optimizer": "adam", "momentum": 0.9}, "adam must know momentum; received 0.9; leave momentum at 0"),
        ({"betas": (0.9, 0.99)}, "sgd must know betas; received (0.9, 0.99); leave them out"),
        ({"optimizer": "adam", "betas": (0.9, 1)}, "every one of betas must be below 1; received (0.9, 1); give both"),
        ({"optimizer": "adam", "betas": (0.9,)}, "betas must be two numbers; received (0.9,); give both shares, e.g. "),
        ({"loss": "hinge"}, "loss must be one of squared, logistic; received 'hinge'; choose one of them"),
        ({"precision": "half"}, "precision must be one of single, bfloat16; received 'half'; choose one of them"),
    ],
)
def test_bad_settings_are_refused_in_one_line(change: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        training(**change)
    assert str(refusal.value).startswith(text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"width": 0}, "width must be a whole number, 1 or more; received 0; "),
        ({"n_layers": 0}, "n_layers must be a whole number, 1 or more; received 0; "),
        ({"activation": "step"}, "activation must be one of relu, gelu, "),
        ({"init_std": 0}, "init_std must be a finite number greater than 0; received 0; "),
    ],
)
def test_bad_architectures_are_refused_in_one_line(change: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        Perceptron(**change)
    assert str(refusal.value).startswith(text)


def test_what_cannot_be_done_here_is_refused_in_one_line() -> None:
    with pytest.raises(
        InputError, match=r"PyTorch must be able to use the device here; received 'warp'; choose another"
    ):
        train_network(TASK, training(device="warp"))
    with pytest.raises(InputError, match="muon must take this network; received "):
        train_network(TASK, training(optimizer="muon"))
    with pytest.raises(InputError, match="backend must be 'kernel' or 'torch'; received 'jax'; choose one of them"):
        train_mlp(TASK, init_std=0.1, backend="jax", **SMALL)  # type: ignore[arg-type]
    several = MLPTraining(5, learning_rate=0.1, init_std=0.1, width=(3, 4))
    with pytest.raises(
        InputError, match=r"networks side by side belong to the kernel; received \(3, 4\); give one width"
    ):
        in_torch(several)
