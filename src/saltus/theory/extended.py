"""The extended models: emergence in data and in parameters, and the clock of a network (``Nam et al. 2024, Sec. 5``).

One calibrated number each: D_c samples, N_c hidden nodes, a rate B^2. Strengths are R itself, as in all of the theory.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from saltus._types import Floats
from saltus.errors import InputError, require_positive, require_whole
from saltus.theory.bisection import first_where
from saltus.theory.dynamics import FlowModel, frequency_of, skills_asked_for
from saltus.theory.frequencies import SkillFrequencies


def with_feature_rate(model: FlowModel, feature_rate_squared: float) -> FlowModel:
    """The same model with every rate times B^2: time emergence of a network (``Nam et al. 2024, Eq. 14``).

    Args:
        model: any model in continuous time.
        feature_rate_squared: B^2, greater than 0; below 1 for a network that has to build its features (1/22 for the
            perceptron of the paper).

    Raises:
        InputError: if B^2 is not a finite number above 0.
    """
    b_squared = require_positive("feature_rate_squared", feature_rate_squared, "give B^2, e.g. 1/22")
    return replace(model, learning_rate=model.learning_rate * b_squared)


@dataclass(frozen=True)
class _TrainedToTheEnd:
    """Common base of the models of data and of parameters: skills, and the strength of a learned one."""

    frequencies: SkillFrequencies
    _: KW_ONLY
    target_scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("target_scale", self.target_scale, "give the size of the target, e.g. 1")


@dataclass(frozen=True)
class DataEmergence(_TrainedToTheEnd):
    """The D_c-shot learner: a skill of D_c basis functions is learned from D_c of its samples (``Eq. 15-17``).

    The strength is read off the loss of the minimum-norm solution, (S - R_k)^2 / 2 = S^2/2 (1 - d_k/D_c), averaged over
    random features (Eq. 104). Its correlation with g_k (Eq. 7) is another number, S d_k/D_c on average.

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        shots: D_c, at least 1; 1 is the one-shot learner of the multilinear model. A whole number in the derivation;
            Eq. 17 extends it to numbers between, so that D_c can be fitted.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    shots: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_at_least_1("shots", self.shots, "give the samples one skill needs, e.g. 800")

    def strength(self, data: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Skill strengths after training to the end on D samples, of which each skill has its share, d_k = P_k D.

        Args:
            data: D, at least 0, infinity allowed, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Strengths from 0 to S, shape ``data.shape + (K,)``.
        """
        return self.strength_on_sample(_at_least_0("data", data)[..., None] * frequency_of(self.frequencies, skills))

    def strength_on_sample(self, n_observed: ArrayLike) -> Floats:
        """Strength of a skill that occurs ``n_observed`` = d_k times in the training set, any shape (``Eq. 17``)."""
        u = np.minimum(_at_least_0("n_observed", n_observed) / self.shots, 1.0)
        return np.asarray(self.target_scale * u / (1 + np.sqrt(1 - u)))  # 1 - sqrt(1 - u), without its cancellation

    def expected_strength(self, data: int, *, skills: ArrayLike | None = None) -> Floats:
        """Strengths averaged over training sets, d_k ~ Binomial(D, P_k), shape ``(K,)``: exact, a sum of D_c terms.

        Args:
            data: D, a whole number of at least 0.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.
        """
        n_data = require_whole("data", data, 0, "give the size of the training set")
        frequency = frequency_of(self.frequencies, skills)
        return self._expected(np.full(frequency.shape, float(n_data)), frequency)

    def expected_data(self, strength: float, *, skills: ArrayLike | None = None) -> Floats:
        """Smallest whole D with which each skill's `expected_strength` reaches a strength, shape ``(K,)``.

        Args:
            strength: R, from 0 to less than ``target_scale``, which no finite training set reaches for certain.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.
        """
        if _share_of("strength", strength, self.target_scale) == 1:
            raise InputError("strength must be less than target_scale", strength, "some training sets miss a skill")
        frequency = frequency_of(self.frequencies, skills)
        enough = np.ceil(self.shots / frequency)
        while np.any(short := self._expected(enough, frequency) < strength):
            enough = np.where(short, 2 * enough, enough)
        return first_where(lambda data: self._expected(data, frequency) >= strength, np.zeros_like(enough), enough)

    def _expected(self, data: Floats, frequency: Floats) -> Floats:
        """Mean strength of skills of these frequencies, each on a training set of its own size, shape ``(K,)``."""
        observed = np.arange(math.ceil(self.shots))
        probability = binom.pmf(observed, data[:, None], frequency[:, None])
        return np.asarray(self.target_scale - probability @ (self.target_scale - self.strength_on_sample(observed)))

    def data(self, strength: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Size of the training set at which each skill reaches a strength: the inverse of `strength`.

        Args:
            strength: R, from 0 to ``target_scale``, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            D, shape ``strength.shape + (K,)``.
        """
        level = _share_of("strength", strength, self.target_scale)
        return np.asarray(self._observed_at(level)[..., None] / frequency_of(self.frequencies, skills))

    def emergence_data(self, skill: ArrayLike, threshold: float = 0.05) -> Floats:
        """Size of the training set at which R_k reaches ``threshold * S``, the shape of ``skill``."""
        return np.asarray(self._observed_at(_share_of("threshold", threshold, 1.0)) / self.frequencies.pmf(skill))

    def emergence(self, skill: ArrayLike, threshold: float) -> Floats:
        """`emergence_data`, as every `saltus.theory.protocols.SkillModel` calls it."""
        return self.emergence_data(skill, threshold)

    def _observed_at(self, x: Floats) -> Floats:
        """d_k at which R_k/S = x: D_c (1 - (1 - x)^2)."""
        return np.asarray(self.shots * x * (2 - x))


@dataclass(frozen=True)
class ParameterEmergence(_TrainedToTheEnd):
    """Each skill takes N_c hidden nodes, the most frequent first; the last one gets the remainder (``Eq. 18-21``).

    Args:
        frequencies: how often each skill occurs; only their order matters here.
        target_scale: S, the target is +S or -S; greater than 0.
        nodes_per_skill: N_c, at least 1; 1 is the multilinear model. Between whole numbers, a node may serve the end of
            one skill and the start of the next.

    Raises:
        InputError: if a value is outside its range.
    """

    _: KW_ONLY
    nodes_per_skill: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_at_least_1("nodes_per_skill", self.nodes_per_skill, "give the hidden nodes one skill needs, e.g. 4")

    def strength(self, n_parameters: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Skill strengths of a network with N hidden nodes after training to the end on unlimited data.

        Args:
            n_parameters: N, whole numbers of at least 0, infinity allowed, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Strengths from 0 to S, shape ``n_parameters.shape + (K,)``.
        """
        nodes = _at_least_0("n_parameters", n_parameters)
        if np.any(np.floor(nodes) != nodes):
            raise InputError("n_parameters must be whole numbers", n_parameters, "count hidden nodes")
        taken_before = self._nodes_before(skills_asked_for(self.frequencies, skills))
        return np.asarray(
            self.target_scale * np.clip((nodes[..., None] - taken_before) / self.nodes_per_skill, 0.0, 1.0)
        )

    def emergence_parameters(self, skill: ArrayLike, threshold: float = 0.05) -> Floats:
        """Smallest N with R_k at ``threshold * S`` or above, the shape of ``skill``."""
        share = _share_of("threshold", threshold, 1.0)
        needed = self._nodes_before(skill) + share * self.nodes_per_skill
        # One node always gives 1 / N_c at least, so rounding in the product must not ask for one more.
        return np.asarray(np.ceil(needed * (1 - 2 * np.finfo(float).eps)))

    def emergence(self, skill: ArrayLike, threshold: float) -> Floats:
        """`emergence_parameters`, as every `saltus.theory.protocols.SkillModel` calls it."""
        return self.emergence_parameters(skill, threshold)

    def parameters(self, strength: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """N at which each skill reaches a strength, not rounded up to whole nodes: the inverse of `strength`.

        Args:
            strength: R, from 0 to ``target_scale``, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            N, shape ``strength.shape + (K,)``.
        """
        share = _share_of("strength", strength, self.target_scale)
        before = self._nodes_before(skills_asked_for(self.frequencies, skills))
        return np.asarray(before + share[..., None] * self.nodes_per_skill)

    def _nodes_before(self, skill: ArrayLike) -> Floats:
        self.frequencies.pmf(skill)  # refuses an index out of range
        return (np.asarray(skill, dtype=float) - 1) * self.nodes_per_skill


def _require_at_least_1(name: str, value: float, advice: str) -> None:
    if require_positive(name, value, advice) < 1:
        raise InputError(f"{name} must be at least 1", value, advice)


def _at_least_0(name: str, value: ArrayLike) -> Floats:
    number = np.asarray(value, dtype=float)
    if not np.all(number >= 0):
        raise InputError(f"{name} must be at least 0", value, "give a count")
    return number


def _share_of(name: str, value: ArrayLike, whole: float) -> Floats:
    number = np.asarray(value, dtype=float)
    if not np.all((number >= 0) & (number <= whole)):
        raise InputError(f"{name} must lie from 0 to {whole:g}", value, "1 is a learned skill, in units of the target")
    return number / whole
