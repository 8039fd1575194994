"""How the loss varies from dataset to dataset: the loss of one, and the variance over all.

The counts (d_1, d_2, ...) of a dataset of D samples are multinomial, so they are correlated. Independent Poisson
counts, given their sum, have the same distribution (Bartlett 1938): with w = exp(i theta), averages over theta with the
weight exp(D (w - 1)) w^-D pick out the sum D, and at each theta the skills are independent, with Poisson means D P_k w.
The variance is exact, for infinitely many skills too (ours, ``docs/derivations/finite-data.md``).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.contributing import RelevantSkills, relevant_skills
from saltus.theory.finite_data import Complex, Counts, LogisticPower, sum_over_counts
from saltus.theory.loss import checked_data, first_observation_gain, logit_growth
from saltus.theory.protocols import LogisticSkills

# Angles at which the weight is below exp(-45) of its peak are left out of the average over theta.
_LOG_CUT = 45.0
# Stands for infinite growth: after one observation the skill is learned, after none it has not moved.
_LARGEST_GROWTH = 1e290


def variance_of_loss(model: LogisticSkills, time: ArrayLike, data: ArrayLike) -> Floats:
    """Variance over datasets, the broadcast shape of ``time`` and ``data``; see `Multilinear.loss_variance`."""
    growth, sizes = np.broadcast_arrays(logit_growth(model, time), checked_data(data))
    pairs = zip(growth.ravel(), sizes.ravel(), strict=True)
    variances = [0.0 if math.isinf(size) else _variance(model, min(x, _LARGEST_GROWTH), size) for x, size in pairs]
    return np.asarray(model.untrained_loss**2 * np.reshape(variances, growth.shape))


def _variance(model: LogisticSkills, growth: float, data: float) -> float:
    """Variance of the sum of P_k h(growth d_k/D) over the modelled skills."""
    skills = relevant_skills(model, growth, growth, data)
    theta, weight = _angles(data)
    counts = Counts(data * skills.frequency, math.inf)
    tilt = np.exp(-counts.mean * _excess_phase(theta)[:, None])
    start, slope = -model.initial_logit, -growth / data
    first = tilt * sum_over_counts(counts, LogisticPower(start, slope, 2), theta)
    second = tilt * sum_over_counts(counts, LogisticPower(start, slope, 4), theta)
    centre = first @ (skills.weight * skills.frequency) - _beyond(model, skills, growth, data) * np.exp(1j * theta)
    spread = (second - first**2) @ (skills.weight * skills.frequency**2)
    deviation = centre - (weight @ centre).real
    return max(float((weight @ (deviation**2 + spread)).real), 0.0)


def _beyond(model: LogisticSkills, skills: RelevantSkills, growth: float, data: float) -> float:
    """Mean reduction of the sum by single observations of skills too rare to have nodes."""
    gain = first_observation_gain(model, growth, data) * data * skills.mean_beyond
    return float(expit(-model.initial_logit) ** 2 * skills.mass_beyond * gain)


def _angles(data: float) -> tuple[Floats, Complex]:
    """Angles from 0 to pi and weights: the real part of ``weight @ f`` is the average that picks out the sum D."""
    # So many points on the circle that the sums D +- 2 half, which they cannot tell from D, have no weight left.
    half = math.ceil(32 + 10 * math.sqrt(data))
    largest = 2 * math.asin(min(math.sqrt(_LOG_CUT / (2 * data)), 1.0))
    theta = np.pi * np.arange(math.floor(largest / np.pi * half) + 1.0) / half
    weight = np.exp(data * _excess_phase(theta))
    # Every angle but 0 and pi stands for its mirror image too.
    weight[(theta > 0) & (theta < np.pi)] *= 2
    return theta, weight / weight.sum().real


def _excess_phase(theta: Floats) -> Complex:
    """exp(i theta) - 1 - i theta, exact for small angles too."""
    return np.asarray(-2 * np.sin(theta / 2) ** 2 + 1j * (np.sin(theta) - theta))


def loss_of_dataset(model: LogisticSkills, n_observed: ArrayLike, skills: ArrayLike | None, time: ArrayLike) -> Floats:
    """Loss after training on given counts, the shape of ``time``; see `Multilinear.dataset_loss`."""
    skill, counts = _checked_counts(n_observed, skills)
    growth, data = logit_growth(model, time), counts.sum()
    skill, counts = skill[skill <= model.n_modelled], counts[skill <= model.n_modelled]
    frequency, seen = model.frequencies.pmf(skill), counts > 0
    missing = expit(-model.initial_logit - growth[..., None] * (counts[seen] / data)) ** 2 @ frequency[seen]
    # Skills 1 to n_first are listed; what lies beyond them is a tail, less those listed there.
    n_first = int(np.argmin(np.append(skill, 0) == np.arange(1, skill.size + 2)))
    tail = model.frequencies.tail
    unlisted = max(float(tail(n_first)) - float(tail(model.n_modelled)) - float(np.sum(frequency[n_first:])), 0.0)
    never_seen = float(np.sum(frequency[~seen])) + unlisted
    untouched = expit(-model.initial_logit) ** 2 * never_seen + float(tail(model.n_modelled))
    return np.asarray(model.untrained_loss * (missing + untouched))


def _checked_counts(n_observed: ArrayLike, skills: ArrayLike | None) -> tuple[Floats, Floats]:
    """Skills in ascending order and their counts."""
    counts = np.atleast_1d(np.asarray(n_observed, dtype=float))
    if counts.ndim != 1 or not np.all((counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)):
        raise InputError("n_observed must be a list of whole numbers of at least 0", n_observed, "give d_1, d_2, ...")
    if counts.sum() < 1:
        raise InputError("n_observed must hold at least one sample", n_observed, "give the counts of a dataset")
    skill = np.arange(1.0, counts.size + 1) if skills is None else np.asarray(skills, dtype=float)
    if skill.shape != counts.shape or np.unique(skill).size != skill.size:
        raise InputError("skills must name each skill of n_observed once", skills, "give one index a count")
    order = np.argsort(skill)
    return skill[order], counts[order]
