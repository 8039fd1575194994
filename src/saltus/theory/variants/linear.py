"""The linear model: one weight a skill, so every strength starts to rise at once (``Nam et al. 2024, App. H``)."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.dynamics import GradientFlow


@dataclass(frozen=True)
class Linear(GradientFlow):
    """f = sum_k w_k g_k under gradient flow: R_k = S - (S - r) exp(-eta P_k T) (``Nam et al. 2024, Eq. 125``).

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = w_k(0), from 0 (the default, as in the paper) to S, S excluded.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    initial_strength: float = 0.0

    def _check_start(self) -> None:
        if not 0 <= self.initial_strength < self.target_scale:
            raise InputError(
                f"initial_strength must lie from 0 to target_scale = {self.target_scale:g}, which is excluded",
                self.initial_strength,
                "give the skill strength at time 0, e.g. 0",
            )

    @property
    def rate(self) -> float:
        """eta: the clock of a linear model does not depend on the target."""
        return self.learning_rate

    @property
    def initial_weights(self) -> tuple[float, ...]:
        return (self.initial_strength,)

    def _curve(self, clock: Floats) -> Floats:
        return exponential_approach(self.initial_strength / self.target_scale, clock)

    def _clock(self, x: Floats) -> Floats:
        return exponential_approach_clock(self.initial_strength / self.target_scale, x)


def exponential_approach(start: float, clock: Floats) -> Floats:
    """x from ``start`` towards 1 with dx/dt = 1 - x; exact also for the smallest starts and times."""
    return np.asarray(start - (1 - start) * np.expm1(-clock))


def exponential_approach_clock(start: float, x: Floats) -> Floats:
    """Inverse of `exponential_approach`; infinity at ``x`` = 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p((x - start) / (1 - x)))
