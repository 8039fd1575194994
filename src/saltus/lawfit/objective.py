"""The objective of a fit: the sum of Huber's function over the residuals of log L.

``rho(r) = r^2/2`` up to ``|r| = delta`` and ``delta (|r| - delta/2)`` beyond (Huber 1964; Hoffmann et al. 2022 take
delta = 1e-3). Least squares is ``delta = inf``. A sum, not a mean: a mean over many points makes an optimiser stop
early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from saltus._types import Flags, Floats
from saltus.lawfit.forms import Form


def huber(residual: Floats, delta: float) -> Floats:
    """rho(r), elementwise."""
    inside = np.clip(residual, -delta, delta)
    return np.asarray(inside * (residual - inside / 2))


@dataclass(frozen=True)
class Objective:
    """Sum over points of ``weight * rho(y - law)`` for a batch of parameter vectors.

    Attributes:
        form: the law.
        z: scaled log resources, ``(n, n_resources)``.
        y: scaled log losses, ``(n,)``.
        weight: how often each point counts, ``(batch, n)`` or ``(1, n)``.
        delta: where Huber's function turns from a square into a line, in units of log L.
        sharpness: factor of each residual, ``(n,)`` or ``(1,)``: above 1 where a loss is known better than others.
    """

    form: Form
    z: Floats
    y: Floats
    weight: Floats
    delta: float
    sharpness: Floats = field(default_factory=lambda: np.ones(1))

    def members(self, chosen: Flags) -> Objective:
        """The same for some members of the batch."""
        weight = self.weight if len(self.weight) == 1 else self.weight[chosen]
        return replace(self, weight=weight)

    def value(self, theta: Floats) -> Floats:
        """One number a member, ``(batch,)``."""
        residual = self.sharpness * (self.y - self.form.log_loss(theta, self.z))
        return np.asarray(np.sum(self.weight * huber(residual, self.delta), axis=1))

    def derivatives(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Gradient ``(batch, p)``, Hessian ``(batch, p, p)``, and a positive matrix that bounds its residual part.

        The third is the matrix of iteratively reweighted least squares: rho'(r)/r in the place of rho''(r). Unlike the
        Hessian, it also counts the points in the straight part of rho.
        """
        residual = self.sharpness * (self.y - self.form.log_loss(theta, self.z))
        jacobian = self.sharpness[:, None] * self.form.jacobian(theta, self.z)
        slope = self.weight * np.clip(residual, -self.delta, self.delta)
        is_inside = np.abs(residual) <= self.delta
        bending = self.weight * is_inside
        secant = self.weight * (self.delta / np.maximum(np.abs(residual), self.delta) if self.delta < math.inf else 1.0)
        transposed = np.swapaxes(jacobian, 1, 2)
        gradient = -(transposed @ slope[:, :, None])[:, :, 0]
        hessian = transposed @ (bending[:, :, None] * jacobian) - self.form.curvature(
            theta, self.z, self.sharpness * slope
        )
        return gradient, hessian, transposed @ (secant[:, :, None] * jacobian)


def log_likelihood(objective: float, n_points: int, delta: float) -> float:
    """Log likelihood of the residuals behind an objective, maximised over the scale of the noise.

    Residuals of log L with density ``exp(-rho(r)/tau)/Z(tau)``; tau is fitted. For ``delta = inf`` they are normal with
    variance tau. In units of 1/log L.
    """
    if math.isinf(delta):
        variance = 2 * max(objective, np.finfo(float).tiny) / n_points
        return -0.5 * n_points * (math.log(2 * math.pi * variance) + 1)

    def cost(log_tau: float) -> float:
        tau = math.exp(log_tau)
        edge = delta / math.sqrt(tau)
        # Z: the square's part, sqrt(2 pi tau) erf(edge/sqrt 2), and both straight tails, 2 tau/delta exp(-edge^2/2).
        log_square = 0.5 * math.log(2 * math.pi * tau) + math.log(math.erf(edge / math.sqrt(2)))
        log_tails = math.log(2 * tau / delta) - edge * edge / 2
        return objective / tau + n_points * float(logsumexp([log_square, log_tails]))

    per_point = max(objective / n_points, 1e-300)
    best = minimize_scalar(cost, bounds=(math.log(per_point) - 3, math.log(per_point) + 3), method="bounded")
    return -float(best.fun)
