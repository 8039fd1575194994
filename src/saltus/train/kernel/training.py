"""Training of a two-layer network by the kernel, as plain frozen data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus.errors import InputError, require_positive, require_whole
from saltus.parity.task import MultitaskSparseParity
from saltus.train.configuration import Training

if TYPE_CHECKING:
    from saltus.train.kernel.mlp import MLP

Optimizer = Literal["sgd", "adam"]


@dataclass(frozen=True)
class MLPTraining(Training):
    """Settings of the training of a two-layer network by the kernel.

    Args:
        init_std: standard deviation of every parameter at the start.
        width: hidden units; several widths train that many networks side by side, on the same samples.
        optimizer: "sgd" or "adam".
        others: see `Training`.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    init_std: float
    width: int | tuple[int, ...] = 1000
    optimizer: Optimizer = "sgd"

    def __post_init__(self) -> None:
        super().__post_init__()
        spread = require_positive("init_std", self.init_std, "give the spread of the starting weights, e.g. 0.01")
        object.__setattr__(self, "init_std", spread)
        object.__setattr__(self, "width", _checked_width(self.width))
        if self.optimizer not in ("sgd", "adam"):
            raise InputError("optimizer must be 'sgd' or 'adam'", self.optimizer, "choose one of them")
        if self.optimizer == "adam" and self.momentum != 0:
            raise InputError("momentum belongs to SGD", self.momentum, "leave it at 0 with adam")
        if self.optimizer == "sgd" and self.betas is not None:
            raise InputError("betas belong to Adam", self.betas, "leave them out with sgd")

    def learner(self, task: MultitaskSparseParity, start: np.random.SeedSequence) -> MLP:
        """As in `Training`."""
        from saltus.train.kernel.mlp import MLP  # brings numba

        rng = np.random.default_rng(start)
        return MLP(task, self, widths=self.widths, init_std=self.init_std, rng=rng)

    @property
    def widths(self) -> tuple[int, ...]:
        """Hidden units of each network."""
        return (self.width,) if isinstance(self.width, int) else self.width

    @property
    def side_by_side(self) -> tuple[int, ...]:
        """Shape that networks side by side add in front of a run's measurements: their number, or nothing for one."""
        return () if isinstance(self.width, int) else (len(self.width),)

    @property
    def gaussian_start(self) -> float:
        """``init_std``."""
        return self.init_std

    @property
    def flow_learning_rate(self) -> float:
        """As in `Training`; NaN for Adam."""
        return super().flow_learning_rate if self.optimizer == "sgd" else math.nan


def _checked_width(width: int | tuple[int, ...]) -> int | tuple[int, ...]:
    advice = "give the number of hidden units, e.g. 1000, or several for networks side by side"
    if not isinstance(width, Sequence):
        return require_whole("width", width, 1, advice)
    if len(width) == 0:
        raise InputError("width must name at least one network", width, advice)
    return tuple(require_whole("every width", units, 1, advice) for units in width)
