"""The multilinear model from an unbalanced start, a_k(0) != b_k(0), where a^2 - b^2 is conserved.

With a^2 - b^2 = delta, a b = (delta/2) sinh(theta), and U = (delta/2S) e^theta obeys a Riccati equation whose solution
is a logistic curve. ``docs/derivations/unbalanced-start.md`` derives it; every step below is free of cancellation, so
that delta = 0 (the multilinear model) and delta -> infinity (the linear model) are limits of one formula.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np
from scipy.special import expit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.dynamics import GradientFlow

SMALLEST_IMBALANCE = 1e-150  # in units of target_scale; its square must still be a normal float


@dataclass(frozen=True)
class UnbalancedMultilinear(GradientFlow):
    """f = sum_k a_k b_k g_k under gradient flow with a_k(0)^2 - b_k(0)^2 = ``imbalance`` (ours, unbalanced-start.md).

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = a_k(0) b_k(0), between -S and S, both excluded. It may be 0 or negative if ``imbalance``
            is at least 1e-150 S; otherwise the skill would rest at the saddle, or be drawn into it.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.
        imbalance: absolute value of a_k(0)^2 - b_k(0)^2, at least 0, in units of strength; 0 is the multilinear model.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    imbalance: float

    def _check_start(self) -> None:
        if not (math.isfinite(self.imbalance) and self.imbalance >= 0):
            raise InputError(
                "imbalance must be a finite number of at least 0",
                self.imbalance,
                "give the absolute value of a^2 - b^2",
            )
        if not abs(self.initial_strength) < self.target_scale:
            raise InputError(
                f"initial_strength must lie between -target_scale and target_scale = {self.target_scale:g}",
                self.initial_strength,
                "give a * b at time 0, e.g. 0",
            )
        if self.initial_strength <= 0 and self.imbalance < SMALLEST_IMBALANCE * self.target_scale:
            raise InputError(
                "initial_strength must be greater than 0 when the start is balanced",
                self.initial_strength,
                "give a positive strength, or an imbalance",
            )

    @property
    def rate(self) -> float:
        """eta sqrt(4 S^2 + delta^2): 2 eta S when balanced, eta delta when far from it."""
        return self.learning_rate * math.hypot(2 * self.target_scale, self.imbalance)

    @property
    def initial_weights(self) -> tuple[float, ...]:
        total = math.hypot(2 * self.initial_strength, self.imbalance)  # a^2 + b^2
        larger = math.sqrt((total + self.imbalance) / 2)
        return larger, self.initial_strength / larger

    @property
    def _start(self) -> Floats:
        return np.asarray(self.initial_strength / self.target_scale)

    @property
    def _constants(self) -> tuple[float, float, float]:
        """d = delta / 2S; V = 1 + sqrt(1 + d^2), the value of U at x = 1; and d^2 / V."""
        d = self.imbalance / (2 * self.target_scale)
        target = 1 + math.hypot(1, d)
        return d, target, d * (d / target)

    def _curve(self, clock: Floats) -> Floats:
        d, target, below = self._constants
        first, gap = self._riccati(self._start), self._gap(self._start)
        logit = np.log(first + below) - np.log(gap) + clock
        growth = gap * expit(logit) * -np.expm1(-clock)
        remaining = gap * (expit(-logit) + expit(logit) * np.exp(-clock))
        u = first + growth
        from_start = self._start + growth * (1 + (d / u) * (d / first)) / 2
        from_target = 1 - remaining * (1 + (d / u) * (d / target)) / 2
        return np.asarray(np.where(from_start < 0.5, from_start, from_target))

    def _clock(self, x: Floats) -> Floats:
        d, _, below = self._constants
        first, u = self._riccati(self._start), self._riccati(x)
        growth = 2 * (x - self._start) / (1 + (d / u) * (d / first))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(growth / (first + below)) + np.log1p(growth / self._gap(x)))

    def _riccati(self, x: Floats) -> Floats:
        """U = x + sqrt(x^2 + d^2) = d e^theta."""
        d, _, _ = self._constants
        size = np.hypot(x, d) + np.abs(x)
        # For x <= 0 the equal form d^2 / (sqrt(x^2 + d^2) - x) does not cancel.
        return np.asarray(np.where(x > 0, size, d * (d / size)))

    def _gap(self, x: Floats) -> Floats:
        """V - U, from 1 - x and not by subtraction."""
        d, target, _ = self._constants
        return np.asarray(2 * (1 - x) / (1 + (d / self._riccati(x)) * (d / target)))
