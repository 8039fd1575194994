"""The contract between the training loop and anything that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from saltus._types import Floats
from saltus.parity.batch import Batch

State = dict[str, NDArray[Any]]  # plain arrays: they travel between machines and into files without pickle


class Learner(Protocol):
    """What is trained: anything that can be updated on a batch, evaluated on one, kept and taken up again."""

    steps_taken: int

    def advance(self, batch: Batch, n_steps: int, limit: float) -> Floats: ...

    def evaluate(self, batch: Batch) -> NDArray[Any]: ...

    def state(self) -> State: ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None: ...
