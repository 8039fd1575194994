"""The forms of law that can be fitted, each with the derivatives of its log loss.

A form works in scaled coordinates: ``z = (log x - log x_min) / log(x_max / x_min)``, between 0 and 1 for every
resource, and ``y = log L - mean log L``. Its parameters theta are logarithms of coefficients, anchored where z = 0, and
exponents per unit of z, so that they are of order 1 whatever the units of the data. Arrays carry a leading axis of
``batch`` parameter vectors: many starts, or many resamples, are fitted at once.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.special import expit

from saltus._types import Flags, Floats, Integers

# Share of the lowest loss below which a coefficient is not seen in the data: the bound that stands for zero.
_LEAST_SHARE = 1e-6
_LARGEST_EXPONENT = 60.0  # per unit of z, on top of four times the range of log L in the data
_NARROWEST, _WIDEST = 0.02, 1.0  # bounds on the width of a break, in units of z


@dataclass(frozen=True)
class Scale:
    """How scaled coordinates relate to natural ones; ``origin`` and ``width`` of log x have one entry a resource."""

    origin: Floats
    width: Floats
    log_loss: float


class Form(ABC):
    """A law of the loss in one or more resources."""

    name: str
    equation: str
    n_resources: int

    @property
    @abstractmethod
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the natural parameters, in the order of theta."""

    @property
    @abstractmethod
    def exponents(self) -> dict[str, int]:
        """Resource, by position, of every parameter that is an exponent."""

    @property
    @abstractmethod
    def inner(self) -> Flags:
        """Whether an entry of theta has a closed form in a start, given the others, shape ``(p,)``."""

    @abstractmethod
    def bounds(self, y: Floats) -> tuple[Floats, Floats]:
        """Lowest and highest theta, each of shape ``(p,)``."""

    @abstractmethod
    def starts(self, z: Floats, y: Floats) -> Floats:
        """A grid over the outer entries of theta, each with the best inner ones (nearly), ``(batch, p)``."""

    @abstractmethod
    def log_loss(self, theta: Floats, z: Floats) -> Floats:
        """y by the law, for theta ``(batch, p)`` at z ``(n, n_resources)``, shape ``(batch, n)``."""

    @abstractmethod
    def jacobian(self, theta: Floats, z: Floats) -> Floats:
        """Derivatives of `log_loss` by theta, ``(batch, n, p)``."""

    @abstractmethod
    def curvature(self, theta: Floats, z: Floats, weight: Floats) -> Floats:
        """Second derivatives of `log_loss`, summed over points with ``weight`` ``(batch, n)``: ``(batch, p, p)``."""

    @abstractmethod
    def natural(self, theta: Floats, scale: Scale) -> Floats:
        """Theta ``(batch, p)`` as natural parameters, ``(batch, p)``; ``inf`` where they exceed double precision."""


@dataclass(frozen=True)
class SumOfPowers(Form):
    """``L = [E +] sum_j A_j x_j^-b_j``, one term for each resource listed; theta = (log E?, log A_1, b_1, ...).

    Attributes:
        terms: for each term its resource (by position) and the names of its coefficient and exponent.
        offset: whether there is an irreducible loss E.
    """

    name: str
    equation: str
    terms: tuple[tuple[int, str, str], ...]
    offset: bool
    n_resources: int = 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        powers = itertools.chain.from_iterable((coefficient, exponent) for _, coefficient, exponent in self.terms)
        return (("E",) if self.offset else ()) + tuple(powers)

    @property
    def exponents(self) -> dict[str, int]:
        return {exponent: resource for resource, _, exponent in self.terms}

    @property
    def inner(self) -> Flags:
        return np.array([name not in self.exponents for name in self.parameter_names])

    @property
    def _is_linear(self) -> bool:
        return not self.offset and len(self.terms) == 1

    def bounds(self, y: Floats) -> tuple[Floats, Floats]:
        is_coefficient, largest = self.inner, _largest_exponent(y)
        # Beside another term, an exponent of 0 is one more constant; alone, it may have either sign.
        least_exponent = -largest if self._is_linear else 0.0
        lower = np.where(is_coefficient, y.min() + math.log(_LEAST_SHARE), least_exponent)
        upper = np.where(is_coefficient, y.max() + largest, largest)
        return lower, upper

    def starts(self, z: Floats, y: Floats) -> Floats:
        grid = np.array(list(itertools.product((0.3, 0.8, 1.7, 3.5, 7.0), repeat=len(self.terms))))
        theta = np.zeros((len(grid), len(self.parameter_names)))
        theta[:, ~self.inner] = grid
        # With the exponents held, relative residuals are linear in the coefficients: least squares in closed form.
        for row in theta:
            columns = np.exp(self._log_terms(row[None], z)[0] - y[:, None])
            coefficient = nnls(columns, np.ones_like(y))[0]
            row[self.inner] = np.log(np.maximum(coefficient, _LEAST_SHARE))
        return theta

    def log_loss(self, theta: Floats, z: Floats) -> Floats:
        return self._shares(theta, z)[1]

    def jacobian(self, theta: Floats, z: Floats) -> Floats:
        # d/dtheta log sum exp t_j = sum_j share_j dt_j/dtheta.
        return self._shares(theta, z)[0][:, :, self._term_of_parameter] * self._slopes(z)

    def curvature(self, theta: Floats, z: Floats, weight: Floats) -> Floats:
        # diag(share) - share share^T, in the terms; each parameter belongs to one term, in which it is linear.
        jacobian = self.jacobian(theta, z)
        same_term = self._term_of_parameter[:, None] == self._term_of_parameter
        weighted = weight[:, :, None] * jacobian
        within = np.swapaxes(weighted, 1, 2) @ self._slopes(z)
        return np.asarray(within * same_term - np.swapaxes(weighted, 1, 2) @ jacobian)

    def natural(self, theta: Floats, scale: Scale) -> Floats:
        out = np.empty_like(theta)
        if self.offset:
            out[:, 0] = _exp(theta[:, 0] + scale.log_loss)
        for j, (resource, _, _) in enumerate(self.terms):
            at = int(self.offset) + 2 * j
            out[:, at + 1] = exponent = theta[:, at + 1] / scale.width[resource]
            out[:, at] = _exp(theta[:, at] + scale.log_loss + exponent * scale.origin[resource])
        return out

    @property
    def _term_of_parameter(self) -> Integers:
        powers = np.repeat(np.arange(len(self.terms)) + int(self.offset), 2)
        return np.concatenate([np.zeros(int(self.offset), dtype=np.int64), powers])

    def _slopes(self, z: Floats) -> Floats:
        """dt/dtheta of the one term that each parameter belongs to, ``(n, p)``: 1 or -z."""
        slopes = np.ones((len(z), len(self.parameter_names)))
        for column, resource in zip(np.flatnonzero(~self.inner), self.exponents.values(), strict=True):
            slopes[:, column] = -z[:, resource]
        return slopes

    def _log_terms(self, theta: Floats, z: Floats) -> Floats:
        """Logarithm of each term, ``(batch, n, terms)``."""
        terms = np.empty((len(theta), len(z), int(self.offset) + len(self.terms)))
        terms[:, :, 0] = theta[:, :1]  # the offset, or overwritten
        for j, (resource, _, _) in enumerate(self.terms):
            at = int(self.offset) + 2 * j
            terms[:, :, int(self.offset) + j] = theta[:, at, None] - theta[:, at + 1, None] * z[:, resource]
        return terms

    def _shares(self, theta: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Share of each term in the loss, ``(batch, n, terms)``, and the log loss, ``(batch, n)``."""
        terms = self._log_terms(theta, z)
        highest = terms.max(axis=-1, keepdims=True)
        relative = np.exp(terms - highest)
        total = relative.sum(axis=-1, keepdims=True)
        return relative / total, (highest + np.log(total))[:, :, 0]


@dataclass(frozen=True)
class Broken(Form):
    """One power law that turns into another: theta = (log A, b_early, b_late, position and log width of the break).

    ``L = A x^-b_early (1 + (x/x_break)^(1/width))^(-(b_late - b_early) width)`` (Caballero et al. 2023, arXiv
    2210.14891, with one break): the local exponent goes from 12 % to 88 % of the way while log x grows by four widths.
    """

    name: str = "broken"
    equation: str = "L = A x^-b_early (1 + (x/x_break)^(1/width))^(-(b_late - b_early) width)"
    n_resources: int = 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return ("A", "b_early", "b_late", "x_break", "width")

    @property
    def exponents(self) -> dict[str, int]:
        return {"b_early": 0, "b_late": 0}

    @property
    def inner(self) -> Flags:
        return np.array([True, True, True, False, False])

    def bounds(self, y: Floats) -> tuple[Floats, Floats]:
        largest = _largest_exponent(y)
        lower = np.array([y.min() + math.log(_LEAST_SHARE), -largest, -largest, 0.0, math.log(_NARROWEST)])
        return lower, np.array([y.max() + largest, largest, largest, 1.0, math.log(_WIDEST)])

    def starts(self, z: Floats, y: Floats) -> Floats:
        grid = np.array(list(itertools.product((0.1, 0.25, 0.4, 0.55, 0.7, 0.85), np.log([0.03, 0.08, 0.2, 0.5]))))
        theta = np.zeros((len(grid), 5))
        theta[:, ~self.inner] = grid
        # With the break held, log L is linear in the three others.
        for row, jacobian in zip(theta, self.jacobian(theta, z), strict=True):
            row[self.inner] = np.linalg.lstsq(jacobian[:, self.inner], y)[0]
        return theta

    def log_loss(self, theta: Floats, z: Floats) -> Floats:
        log_a, early, late, _, _ = theta.T[:, :, None]
        past = self._past(theta, z)[0]
        return np.asarray(log_a - early * z[:, 0] - (late - early) * past)

    def jacobian(self, theta: Floats, z: Floats) -> Floats:
        turn = (theta[:, 2] - theta[:, 1])[:, None]
        past, sigma, _, by_width = self._past(theta, z)
        return np.stack([np.ones_like(past), past - z[:, 0], -past, turn * sigma, -turn * by_width], axis=-1)

    def curvature(self, theta: Floats, z: Floats, weight: Floats) -> Floats:
        turn, width = theta[:, 2] - theta[:, 1], np.exp(theta[:, 4])
        _, sigma, q, by_width = self._past(theta, z)
        bell = weight * sigma * expit(-q)
        out = np.zeros((len(theta), 5, 5))
        out[:, 2, 3] = np.sum(weight * sigma, axis=1)
        out[:, 1, 3] = -out[:, 2, 3]
        out[:, 1, 4] = np.sum(weight * by_width, axis=1)
        out[:, 2, 4] = -out[:, 1, 4]
        out[:, 3, 4] = -turn * np.sum(bell * q, axis=1)
        out += np.swapaxes(out, 1, 2)
        out[:, 3, 3] = -turn / width * np.sum(bell, axis=1)
        out[:, 4, 4] = -turn * (np.sum(weight * by_width, axis=1) + width * np.sum(bell * q**2, axis=1))
        return out

    def natural(self, theta: Floats, scale: Scale) -> Floats:
        origin, width = scale.origin[0], scale.width[0]
        log_a, early, late, position, log_width = theta.T
        columns = [
            _exp(log_a + scale.log_loss + early / width * origin),
            early / width,
            late / width,
            _exp(origin + position * width),
            np.exp(log_width) * width,
        ]
        return np.stack(columns, axis=-1)

    def _past(self, theta: Floats, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Smoothed distance past the break, s log(1 + e^q) with q = (z - z_0)/s; expit(q); q; the first by log s."""
        position, width = theta[:, 3, None], np.exp(theta[:, 4, None])
        q = (z[:, 0] - position) / width
        softplus, sigma = np.logaddexp(0.0, q), expit(q)
        return width * softplus, sigma, q, width * (softplus - q * sigma)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        SumOfPowers("power", "L = A x^-b", ((0, "A", "b"),), offset=False),
        SumOfPowers("power-offset", "L = E + A x^-b", ((0, "A", "b"),), offset=True),
        Broken(),
        SumOfPowers("two-resource", "L = E + A N^-a + B D^-b", ((0, "A", "a"), (1, "B", "b")), True, n_resources=2),
    )
}


def _largest_exponent(y: Floats) -> float:
    return _LARGEST_EXPONENT + 4 * float(np.ptp(y))


def _exp(exponent: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(exponent))
