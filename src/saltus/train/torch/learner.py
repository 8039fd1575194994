"""A PyTorch module of any architecture, with any optimiser, on any device, as a `saltus.train.learner.Learner`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.parity.batch import Batch
from saltus.parity.torch_module import home_of, inputs_of, scalar_outputs, values_of
from saltus.parity.torch_random import borrowed_random_state, random_state, seeded_random_state, set_random_state
from saltus.train.learner import State
from saltus.train.torch.objective import OBJECTIVES, Loss
from saltus.train.torch.state import (
    module_state,
    optimizer_state,
    restore_module,
    restore_optimizer,
    to_array,
    to_tensor,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

Precision = Literal["single", "bfloat16"]
LearningRates = Callable[[int, int], Floats]


class TorchLearner:
    """A module and its optimiser, trained by a `saltus.train.loop.Course`; on a processor, it resumes to the same bits.

    It computes on one thread of the processor: runs side by side are faster than threads within a run, and the order
    of sums, so every bit, would depend on their number.

    Args:
        module: maps inputs ``(n, n_skills + n_bits)`` in {0, 1} to outputs ``(n,)`` or ``(n, 1)``. Samples are sent to
            the device of its first parameter. It is trained in place, in its present mode (``train()`` or ``eval()``).
        optimizer: the optimiser of its parameters; any but those that need a closure.
        loss: "squared", the plain mean squared error, or "logistic", the cross-entropy of the output as a log-odds
            (Michaud et al. 2023); its strengths are those of S tanh(f/2), the expected target.
        precision: "bfloat16" computes outputs in mixed precision (autocast); parameters stay as they are.
        compiled: compile the module's training step with ``torch.compile``.
        learning_rates: gives the rates of steps, from the first one and their number; by default the optimiser keeps
            its own.
        seed: seed of the random numbers that the module draws in training (dropout). PyTorch's generators belong to the
            whole process, so learners with a seed train one at a time. None declares that the module draws none.

    Attributes:
        steps_taken: number of updates so far.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        loss: Loss = "squared",
        precision: Precision = "single",
        compiled: bool = False,
        learning_rates: LearningRates | None = None,
        seed: int | None = 0,
    ) -> None:
        import torch

        self.steps_taken = 0
        self._module, self._optimizer, self._objective = module, optimizer, OBJECTIVES[loss]
        self._forward = torch.compile(module) if compiled else module
        self._precision, self._learning_rates = precision, learning_rates
        self._device, self._dtype = home_of(module)
        self._random = None if seed is None else seeded_random_state(self._device, seed)

    def advance(self, batch: Batch, n_steps: int, limit: float) -> Floats:
        """As in `saltus.train.learner.Learner`: mean squared errors, or twice the cross-entropies.

        Losses meet ``limit`` once the whole block is done, since a look at each would hold up the device; the
        parameters are invalid if one was not below it.
        """
        import torch

        size = len(batch) // n_steps
        targets = torch.from_numpy(batch.targets).to(self._device)
        rates = None if self._learning_rates is None else self._learning_rates(self.steps_taken, n_steps).tolist()
        losses = []
        with self._alone(), _one_thread():
            for i in range(n_steps):
                part = slice(i * size, (i + 1) * size)
                if rates is not None:
                    for group in self._optimizer.param_groups:
                        group["lr"] = rates[i]
                losses.append(self._step(batch[part], targets[part]))
        doubled = np.asarray(torch.stack(losses).double().cpu().numpy()) * (2 / self._objective.times_reported)
        lost = np.flatnonzero(~(doubled < limit))
        taken = int(lost[0]) if len(lost) else n_steps
        self.steps_taken += taken
        return doubled[: taken + 1]

    def evaluate(self, batch: Batch) -> Floats:
        """The network's estimate of each target, shape ``(n,)``, in full precision and evaluation mode."""
        with self._alone(), _one_thread():
            return self._objective.answer(values_of(self._module, batch), batch.targets.astype(float))

    def state(self) -> State:
        """As in `saltus.train.learner.Learner`; the arrays are copies."""
        parts = {
            "module": module_state(self._module),
            "optimizer": optimizer_state(self._optimizer),
            "random": {str(i): to_array(state) for i, state in enumerate(self._random or ())},
        }
        named = {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
        return {"steps_taken": np.array(self.steps_taken), **named}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """As in `saltus.train.learner.Learner`."""
        parts: dict[str, dict[str, NDArray[Any]]] = {"module": {}, "optimizer": {}, "random": {}}
        for whole, array in state.items():
            part, _, name = whole.partition(".")
            if part in parts:
                parts[part][name] = array
        restore_module(self._module, parts["module"])
        restore_optimizer(self._optimizer, parts["optimizer"])
        if self._random is not None:
            self._random = [to_tensor(parts["random"][str(i)], like) for i, like in enumerate(self._random)]
        self.steps_taken = int(state["steps_taken"])

    def _step(self, batch: Batch, targets: torch.Tensor) -> torch.Tensor:
        import torch

        self._optimizer.zero_grad(set_to_none=True)
        with self._mixed():
            outputs = scalar_outputs(self._forward, inputs_of(batch, self._device, self._dtype))
        loss = self._objective.loss(outputs, targets)  # in single precision at least: the targets are
        torch.autograd.backward(loss)
        self._optimizer.step()
        return loss.detach()

    def _mixed(self) -> AbstractContextManager[Any]:
        import torch

        return torch.autocast(self._device.type, torch.bfloat16) if self._precision == "bfloat16" else nullcontext()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The block runs with random numbers of this learner, if the module draws any."""
        if self._random is None:
            yield
            return
        with borrowed_random_state(self._device):
            set_random_state(self._device, self._random)
            yield
            self._random = random_state(self._device)


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch computes on this thread alone; other threads keep their setting."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
