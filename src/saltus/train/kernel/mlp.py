"""The paper's network: two layers, ReLU, scalar output, biases in both layers, Gaussian start; or several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Float32, Floats
from saltus.parity.batch import Batch
from saltus.parity.task import MultitaskSparseParity
from saltus.train.configuration import Training
from saltus.train.kernel import kernel, workspace
from saltus.train.learner import State


class MLP:
    """A network in training, or several narrow ones side by side: parameters, optimiser state and scratch memory.

    It minimises the plain mean squared error, without the factor 1/2, as the authors' networks do. Networks side by
    side see the same batches and are otherwise independent.

    Args:
        task: gives the number of inputs.
        training: optimiser, learning rates, momentum and weight decay; and whether networks stand side by side.
        widths: hidden units of each network.
        init_std: standard deviation of every parameter at the start.
        rng: draws the start.

    Attributes:
        parameters: flat single-precision vector, as `saltus.train.kernel.workspace` lays it out. Changes in place.
        moments: optimiser state, shape ``(2, parameters)``: velocity (SGD) or first and second moment (Adam).
        steps_taken: number of updates so far.
    """

    def __init__(
        self,
        task: MultitaskSparseParity,
        training: Training,
        *,
        widths: tuple[int, ...],
        init_std: float,
        rng: np.random.Generator,
    ) -> None:
        self._training = training
        self._n_bits = task.n_bits
        self._n_rows = workspace.n_rows(task.n_skills, task.n_bits)
        self._lanes = workspace.unit_lanes(*widths)
        size = workspace.n_parameters(task.n_skills, task.n_bits, *widths)
        self.parameters = workspace.aligned_zeros((size,))
        for network, lanes in enumerate(self._lanes):
            self._rows[:, lanes] = rng.normal(0.0, init_std, (self._n_rows, len(lanes)))
            self._output_biases[network] = rng.normal(0.0, init_std)
        self.moments = workspace.aligned_zeros((2, size))
        self.steps_taken = 0
        self._work = workspace.make_workspace(task.n_skills, task.n_bits, *widths)

    @property
    def _rows(self) -> Float32:
        return self.parameters[: -len(self._lanes)].reshape(self._n_rows, -1)

    @property
    def _output_biases(self) -> Float32:
        return self.parameters[-len(self._lanes) :]

    def weights(self, network: int = 0) -> tuple[Float32, float]:
        """A network's weights, ``(n_rows, width)``: control, bits, hidden bias, output; and its output bias."""
        return self._rows[:, self._lanes[network]], float(self._output_biases[network])

    def state(self) -> State:
        """As in `saltus.train.learner.Learner`; the arrays are views."""
        return {"parameters": self.parameters, "moments": self.moments, "steps_taken": np.array(self.steps_taken)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a `state`; its arrays are copied, so that ours keep their alignment."""
        self.parameters[:], self.moments[:] = state["parameters"], state["moments"]
        self.steps_taken = int(state["steps_taken"])

    def evaluate(self, batch: Batch) -> Float32:
        """Output for each sample, shape ``(n,)``, or ``(networks, n)`` for networks side by side."""
        output = np.empty((len(self._lanes), len(batch)), np.float32)
        kernel.evaluate(self.parameters, self._n_bits, self._work, batch.skills - 1, batch.bits, output)
        return output if self._training.side_by_side else output[0]

    def advance(self, batch: Batch, n_steps: int, limit: float) -> Floats:
        """As in `saltus.train.learner.Learner`; an update whose error is not below ``limit`` is not made."""
        shape = (n_steps, -1)
        losses = np.empty(n_steps)
        t = self._training
        taken = kernel.train_steps(
            self.parameters,
            self.moments,
            self.steps_taken,
            self._n_bits,
            self._work,
            (batch.skills - 1).reshape(shape),
            batch.bits.reshape(n_steps, -1, batch.bits.shape[1]),
            batch.targets.reshape(shape),
            t.learning_rates(self.steps_taken, n_steps),
            t.momentum,
            t.weight_decay,
            t.optimizer == "adam",
            t.betas or (0.9, 0.999),
            limit,
            losses,
        )
        self.steps_taken += taken
        return losses[: taken + 1]
