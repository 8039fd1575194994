"""The paper's network: two layers, ReLU, scalar output, biases in both layers, Gaussian start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.parity.batch import Batch
from saltus.parity.task import MultitaskSparseParity
from saltus.train import kernel
from saltus.train.configuration import MLPTraining
from saltus.train.loop import State


class MLP:
    """One network in training: parameters, optimiser state and the kernel's scratch memory.

    It minimises the plain mean squared error, without the factor 1/2, as the authors' networks do.

    Attributes:
        parameters: flat single-precision vector; see `rows`. Changes in place with every step.
        moments: optimiser state, shape ``(2, parameters)``: velocity (SGD) or first and second moment (Adam).
        steps_taken: number of updates so far.
    """

    def __init__(self, task: MultitaskSparseParity, training: MLPTraining, rng: np.random.Generator) -> None:
        self._training = training
        self._n_bits = task.n_bits
        self._shape = (kernel.n_rows(task.n_skills, task.n_bits), kernel.padded_width(training.width))
        self.parameters = kernel.aligned_zeros((self._shape[0] * self._shape[1] + 1,))
        self.rows[:] = rng.normal(0.0, training.init_std, self.rows.shape)
        self.parameters[-1] = rng.normal(0.0, training.init_std)
        self.moments = kernel.aligned_zeros((2, self.parameters.size))
        self.steps_taken = 0
        self._work = kernel.make_workspace(task.n_skills, task.n_bits, training.width)

    @property
    def rows(self) -> NDArray[np.float32]:
        """View of the parameters, ``(n_skills + n_bits + 2, width)``: control, bit weights, hidden bias, output."""
        return self.parameters[:-1].reshape(self._shape)[:, : self._training.width]

    def state(self) -> State:
        """All that the next steps depend on."""
        return {"parameters": self.parameters, "moments": self.moments, "steps_taken": np.array(self.steps_taken)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a `state`; its arrays are copied, so that ours keep their alignment."""
        self.parameters[:], self.moments[:] = state["parameters"], state["moments"]
        self.steps_taken = int(state["steps_taken"])

    def evaluate(self, batch: Batch) -> NDArray[np.float32]:
        """Network output for each sample, shape ``(n,)``."""
        output = np.empty(len(batch), np.float32)
        kernel.evaluate(self.parameters, self._n_bits, self._work, batch.skills - 1, batch.bits, output)
        return output

    def advance(self, batch: Batch, n_steps: int, limit: float) -> NDArray[np.float64]:
        """Take ``n_steps`` updates on consecutive parts of ``batch``.

        Returns:
            The mean squared error of each part before its update. Shorter than ``n_steps`` if an error was not below
            ``limit``; that error comes last, and its update was not made.
        """
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
            batch.bits.reshape(shape),
            batch.targets.reshape(shape),
            t.learning_rate,
            t.momentum,
            t.weight_decay,
            t.optimizer == "adam",
            limit,
            losses,
        )
        self.steps_taken += taken
        return losses[: taken + 1]
