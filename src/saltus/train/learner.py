"""The contract between the training loop and anything that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from saltus._types import Floats
from saltus.parity.batch import Batch

State = dict[str, NDArray[Any]]  # plain arrays: they travel between machines and into files without pickle


class Learner(Protocol):
    """A network in training, or several side by side: updated on batches, evaluated on others, kept and taken up again.

    `saltus.train.loop.Course` drives it from one thread and knows nothing else of it. Equal starts and equal batches
    give equal bits, whatever the lengths of the blocks in which the batches arrive.

    Attributes:
        steps_taken: the number of updates so far; 0 at the start.
    """

    steps_taken: int

    def advance(self, batch: Batch, n_steps: int, limit: float) -> Floats:
        """Take ``n_steps`` updates on consecutive, equal parts of ``batch``.

        Args:
            batch: ``n_steps`` times the samples of an update; step i takes the i-th part.
            n_steps: number of updates, at least 1.
            limit: bound on the entries of the result; infinity for none. An entry that is not below it, NaN included,
                means divergence and ends the block.

        Returns:
            **Twice** the reported loss of each part before its update, shape ``(n_steps,)``. The reported loss is half
            the mean squared error (docs/conventions.md), so this is the mean squared error itself; of networks side by
            side, the largest one. A block that ended at the limit gives a shorter result, whose last entry is the one
            that was not below ``limit``; ``steps_taken`` has then grown by the number of entries less one. Parameters
            and optimiser state are undefined after that: a learner may or may not have made further updates.
        """
        ...

    def evaluate(self, batch: Batch) -> NDArray[Any]:
        """The network's answer to each sample, in the units of the target; changes nothing.

        Returns:
            Shape ``(n,)``, or ``(networks, n)`` for networks side by side (`Training.side_by_side`).
        """
        ...

    def state(self) -> State:
        """All that later updates and evaluations depend on: parameters, optimiser, own random numbers, steps taken.

        Arrays of plain dtypes, by names without a meaning outside. They may be views that the next update changes.
        """
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a `state` of a learner of the same settings, which then goes on to the same bits.

        Raises:
            KeyError, TypeError, ValueError: if it is the state of something else.
        """
        ...
