"""Training by PyTorch as plain frozen data: architecture, optimiser, loss, device; and its learner."""

from __future__ import annotations

import inspect
import math
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, get_args

import numpy as np

from saltus.errors import InputError
from saltus.parity.task import MultitaskSparseParity
from saltus.parity.torch_module import require_torch
from saltus.parity.torch_random import borrowed_random_state, seeded_random_state, set_random_state
from saltus.train.configuration import NOT_IN_STREAMS, Training
from saltus.train.torch.learner import Precision, TorchLearner
from saltus.train.torch.objective import OBJECTIVES, Loss

if TYPE_CHECKING:
    import torch
    from torch import nn


class Architecture(Protocol):
    """A frozen dataclass of plain fields (`saltus.settings.describe`), such as `Perceptron`."""

    def module(self, task: MultitaskSparseParity) -> nn.Module:
        """A network for the task, on the processor. PyTorch's random numbers, seeded by the caller, decide its start.

        The network must draw no random numbers in training.
        """
        ...


@dataclass(frozen=True)
class NetworkTraining(Training):
    """Settings of the training of any architecture by PyTorch.

    Args:
        network: the architecture.
        optimizer: any of ``torch.optim`` by name, such as "sgd" (the default), "adam", "adamw", "rmsprop", with its
            own defaults.
        loss: "squared", the plain mean squared error, or "logistic", the cross-entropy of the output as a log-odds, as
            in Michaud et al. 2023. Strengths are then those of the expected target S tanh(f/2).
        device: PyTorch's name of it: "cpu", "cuda", "cuda:1", "mps".
        precision: "single", or "bfloat16" for mixed precision.
        compiled: compile the training step with ``torch.compile``.
        others: as in `saltus.train.configuration.Training`; ``learning_rate`` is the optimiser's.

    Raises:
        InputError: if a value is outside its range, or PyTorch is not installed.
    """

    _: KW_ONLY
    network: Architecture
    optimizer: str = "sgd"
    loss: Loss = "squared"
    device: str = field(default="cpu", metadata=NOT_IN_STREAMS)
    precision: Precision = field(default="single", metadata=NOT_IN_STREAMS)
    compiled: bool = field(default=False, metadata=NOT_IN_STREAMS)

    samples_at_a_time: ClassVar[int] = 8192

    def __post_init__(self) -> None:
        super().__post_init__()
        require_torch()
        object.__setattr__(self, "optimizer", str(self.optimizer).lower())
        accepted = inspect.signature(_optimizer_class(self.optimizer)).parameters
        for name in ("momentum", "weight_decay"):
            if getattr(self, name) != 0 and name not in accepted:
                raise InputError(f"{self.optimizer} must know {name}", getattr(self, name), f"leave {name} at 0")
        if self.betas is not None and "betas" not in accepted:
            raise InputError(f"{self.optimizer} must know betas", self.betas, "leave them out")
        for name, known in (("loss", tuple(OBJECTIVES)), ("precision", get_args(Precision))):
            if getattr(self, name) not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}", getattr(self, name), "choose one of them")

    def learner(self, task: MultitaskSparseParity, start: np.random.SeedSequence) -> TorchLearner:
        """The network at its start, the same on every device.

        Raises:
            InputError: if the device cannot be used here, or the optimiser does not take the network's parameters.
        """
        import torch

        device, cpu = _usable(self.device), torch.device("cpu")
        with borrowed_random_state(cpu):
            set_random_state(cpu, seeded_random_state(cpu, int(start.generate_state(1, np.uint64)[0])))
            module = self.network.module(task).to(device)
        return TorchLearner(
            module,
            self.make_optimizer(module),
            loss=self.loss,
            precision=self.precision,
            compiled=self.compiled,
            learning_rates=self.learning_rates,
            seed=None,
        )

    @property
    def gaussian_start(self) -> float:
        """As in `Training`."""
        return float(getattr(self.network, "gaussian_start", math.nan))

    @property
    def flow_learning_rate(self) -> float:
        """As in `Training`; NaN for any optimiser but SGD, and for any loss but the squared error."""
        is_flow = self.optimizer == "sgd" and self.loss == "squared"
        return super().flow_learning_rate if is_flow else math.nan

    def make_optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of a module's parameters.

        Raises:
            InputError: if it does not take them.
        """
        made = _optimizer_class(self.optimizer)
        accepted = inspect.signature(made).parameters
        options = {name: getattr(self, name) for name in ("momentum", "weight_decay") if name in accepted}
        if self.betas is not None:
            options["betas"] = self.betas
        try:
            optimizer: torch.optim.Optimizer = made(module.parameters(), lr=self.learning_rate, **options)
        except ValueError as error:
            raise InputError(f"{self.optimizer} must take this network", str(error), "choose another one") from error
        return optimizer


def _optimizer_class(name: str) -> Any:
    import torch

    known = {
        entry.lower(): kind
        for entry, kind in vars(torch.optim).items()
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
    }
    del known["lbfgs"]  # it asks for the loss several times a step
    if name not in known:
        raise InputError(f"optimizer must be one of {', '.join(sorted(known))}", name, "choose one of them")
    return known[name]


def _usable(name: str) -> torch.device:
    import torch

    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError("PyTorch must be able to use the device here", name, f"choose another: {reason}") from error
    return device
