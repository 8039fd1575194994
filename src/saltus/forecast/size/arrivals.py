"""Distributions of the size at which each skill emerges: of a constant's posterior, or of its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from saltus._types import Floats
from saltus.forecast.size.posterior import by_chance
from saltus.statistics import student_probability, student_quantile

_NODES, _POINTS = 400, 1025  # values of a constant, and points of log10(size), by which a distribution is summed
_SDS = 6.0  # standard deviations of a misfit that a grid reaches
_LEAST = 1e-6  # least standard deviation, in decades


@dataclass(frozen=True)
class SizesByError:
    """Student's t of log10(size) about a centre.

    Attributes:
        log_size: log10 of each skill's size, shape ``(n_skills,)``.
        sd: standard deviation of the same, shape ``(n_skills,)``.
        degrees: of freedom; infinity for a normal law.
    """

    log_size: Floats
    sd: Floats
    degrees: float

    @property
    def waiting(self) -> Floats:
        """Probability of not having come by now: sizes have no now."""
        return np.ones_like(self.log_size)

    @property
    def by_growth(self) -> Floats:
        """Probability of coming by the date that growth shows: no skill grows over sizes."""
        return np.full_like(self.log_size, np.nan)

    def quantile(self, probability: float) -> Floats:
        """log10 of the size by which each skill has come with that probability, shape ``(n_skills,)``."""
        return np.asarray(self.log_size + student_quantile(probability, self.degrees) * self.sd)

    def probability_by(self, log_time: float) -> Floats:
        """Probability that each skill has come by a size, given by its log10, shape ``(n_skills,)``."""
        beyond = log_time - self.log_size
        with np.errstate(divide="ignore", invalid="ignore"):
            sigmas = np.where(beyond == 0, 0.0, beyond / self.sd)
        return student_probability(np.nan_to_num(sigmas, nan=-np.inf, posinf=np.inf, neginf=-np.inf), self.degrees)


@dataclass(frozen=True)
class SizesByPosterior:
    """Sizes in proportion to a constant of known quantiles, off by a normal misfit.

    Attributes:
        log_size: grid of log10(size) of each skill, ascending, shape ``(n_skills, n)``.
        cdf: probability of having come by then, same shape.
    """

    log_size: Floats
    cdf: Floats

    @classmethod
    def of(cls, log_size: Floats, shift: Floats, misfit: Floats) -> SizesByPosterior:
        """The distribution from the sizes at one constant.

        Args:
            log_size: log10 of each skill's size there, shape ``(n_skills,)``.
            shift: quantiles of log10(constant) less that one, at `saltus.forecast.size.posterior.LEVELS`.
            misfit: standard deviation of log10(size) at a given constant, shape ``(n_skills,)``.
        """
        values, sd = by_chance(shift, _NODES), np.maximum(misfit, _LEAST)
        low, high = values[0] - _SDS * sd, values[-1] + _SDS * sd
        grid = np.asarray(np.linspace(low, high, _POINTS, axis=1))
        late = (grid[:, :, None] - values) / sd[:, None, None]
        return cls(log_size[:, None] + grid, norm.cdf(late).mean(axis=-1))

    @property
    def waiting(self) -> Floats:
        """Probability of not having come by now: sizes have no now."""
        return np.ones(len(self.log_size))

    @property
    def by_growth(self) -> Floats:
        """Probability of coming by the date that growth shows: no skill grows over sizes."""
        return np.full(len(self.log_size), np.nan)

    def quantile(self, probability: float) -> Floats:
        """log10 of the size by which each skill has come with that probability, shape ``(n_skills,)``."""
        return np.array([np.interp(probability, cdf, at) for at, cdf in zip(self.log_size, self.cdf, strict=True)])

    def probability_by(self, log_time: float) -> Floats:
        """Probability that each skill has come by a size, given by its log10, shape ``(n_skills,)``."""
        return np.array(
            [np.interp(log_time, at, cdf, left=0.0, right=1.0) for at, cdf in zip(self.log_size, self.cdf, strict=True)]
        )
