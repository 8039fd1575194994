"""L layers a skill from a balanced start: dR/dT = L eta P_k R^(2 - 2/L) (S - R).

In x = R/S the clock is F(x) = Int du / (u^(1+m) (1-u)) with m = 1 - 2/L: a power near 0 (the wait), a logarithm near 1
(the approach) and an incomplete beta function between. ``docs/derivations/deep.md`` derives it.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from scipy.special import boxcox, digamma, expit, hyp2f1, inv_boxcox

from saltus._types import Floats
from saltus.errors import require_whole
from saltus.theory.dynamics import ROUNDING, SATURATED_LOGIT, GradientFlow
from saltus.theory.variants.linear import exponential_approach, exponential_approach_clock

SERIES_TERMS = 56  # in powers of 1 - x <= 1/2, so the first one left out is below 2^-56
NEWTON_STEPS = 30  # a bound never met: both iterations converge quadratically from their first step


@dataclass(frozen=True)
class DeepMultilinear(GradientFlow):
    """f = sum_k (product of L weights of skill k) g_k from equal weights, under gradient flow (ours, deep.md).

    One layer is the linear model, two are the multilinear model. Beyond two the wait before a skill emerges grows as a
    power of S/r and not as its logarithm, so that near the end of a very long wait (r/S below 1e-16 or so) the
    strength turns from small to large within the rounding of ``time``.

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r, the product of the L equal weights at time 0; between 0 and S, both excluded.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.
        n_layers: L, a whole number of at least 1.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    n_layers: int

    def _check_start(self) -> None:
        super()._check_start()
        require_whole("n_layers", self.n_layers, 1, "give the number of factors of each skill, e.g. 3")

    @property
    def rate(self) -> float:
        """L eta S^(2 - 2/L): eta for one layer, 2 eta S for two."""
        return self.n_layers * self.learning_rate * float(self.target_scale ** (2 - 2 / self.n_layers))

    @property
    def initial_weights(self) -> tuple[float, ...]:
        return (self.initial_strength ** (1 / self.n_layers),) * int(self.n_layers)

    @property
    def _start(self) -> float:
        return self.initial_strength / self.target_scale

    def _curve(self, clock: Floats) -> Floats:
        if self.n_layers == 1:
            return exponential_approach(self._start, clock)
        reading = clock + self._antiderivative(np.asarray(self._start))
        half = self._antiderivative(np.asarray(0.5))
        early, late = self._solve_early(np.minimum(reading, half)), self._solve_late(np.maximum(reading, half))
        return np.maximum(np.where(reading > half, late, early), self._start)

    def _clock(self, x: Floats) -> Floats:
        if self.n_layers == 1:
            return exponential_approach_clock(self._start, x)
        return np.asarray(self._antiderivative(x) - self._antiderivative(np.asarray(self._start)))

    @property
    def _m(self) -> float:
        return 1 - 2 / self.n_layers

    def _antiderivative(self, x: Floats) -> Floats:
        """F(x) = (1 - x^-m)/m + B_x(1-m, 0) for x from above 0 to 1; infinity at 1."""
        late = x > 0.5
        beta = np.where(late, self._beta_above(np.where(late, 1 - x, 0.5)), self._beta_below(np.where(late, 0.5, x)))
        return np.asarray(boxcox(x, -self._m) + beta)

    def _beta_below(self, x: Floats) -> Floats:
        """Incomplete beta B_x(1-m, 0) = Int_0^x u^-m / (1-u) du for x <= 1/2."""
        c = 1 - self._m
        return np.asarray(x**c / c * hyp2f1(1, c, 1 + c, x))

    def _beta_above(self, t: Floats) -> Floats:
        """The same for x = 1 - t >= 1/2, as a series in t: SciPy's hyp2f1 is wrong within 1e-10 of its singularity."""
        n = np.arange(1, SERIES_TERMS)
        series = t * np.polynomial.polynomial.polyval(t, np.cumprod((self._m + n - 1) / n) / n)
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(t) - digamma(1 - self._m) - np.euler_gamma - series)

    def _solve_early(self, reading: Floats) -> Floats:
        """x <= 1/2 with F(x) = ``reading``, by Newton in w = (1 - x^-m)/m, where dF/dw lies between 1 and 2."""
        m = self._m
        # F exceeds w, so this start is to the right of the root; F is convex in w, so the descent is monotone.
        w = np.minimum(reading, boxcox(0.5, -m))
        for _ in range(NEWTON_STEPS):
            x = inv_boxcox(w, -m)
            step = (1 - x) * (w + self._beta_below(x) - reading)
            w = w - step
            if np.all(np.abs(step) <= ROUNDING * np.maximum(np.abs(w), 1.0)):
                break
        return np.asarray(inv_boxcox(w, -m))

    def _solve_late(self, reading: Floats) -> Floats:
        """x >= 1/2 with F(x) = ``reading``, by Newton in y = logit(x), where dF/dy = x^-m lies between 1 and 2^m."""
        m = self._m
        target = np.minimum(reading, self._antiderivative(np.asarray(0.5)) + SATURATED_LOGIT)
        y = np.zeros_like(target)  # to the left of the root of a concave function: the ascent is monotone
        for _ in range(NEWTON_STEPS):
            x = expit(y)
            step = x**m * (target - boxcox(x, -m) - self._beta_above(expit(-y)))
            y = y + step
            if np.all(np.abs(step) <= ROUNDING * SATURATED_LOGIT):
                break
        return np.asarray(expit(y))
