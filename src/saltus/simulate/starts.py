"""Starting weights of each solvable model, and its descent: on all inputs, on a training set, or on batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats, Integers
from saltus.errors import require_positive, require_whole
from saltus.simulate.descent import (
    Descent,
    Draw,
    SmallBatches,
    Weights,
    WholeBatches,
    even_target,
    principal_axes,
)
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills
from saltus.theory.multilinear import Multilinear

STEPS_ADVICE = "give the number of parameter updates"


@dataclass(frozen=True)
class SmallStart:
    """Settings of an extended model's training; the fields are arguments of `saltus.train_data_emergence`."""

    steps: int
    learning_rate: float
    batch_size: int | None
    initial_weight: float

    def __post_init__(self) -> None:
        # Equal settings are equal data, whether 5, 5.0 or a NumPy number was given.
        plain = {
            "steps": require_whole("steps", self.steps, 1, STEPS_ADVICE),
            "learning_rate": require_positive("learning_rate", self.learning_rate, "give a step size, e.g. 0.1"),
            "batch_size": checked_count("batch_size", self.batch_size),
            "initial_weight": require_positive("initial_weight", self.initial_weight, "give a small one, e.g. 1e-3"),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def weights(self, target: Floats, rng: np.random.Generator) -> Weights:
        """Small and Gaussian, with as much in a_k as in B_k."""
        spread = self.initial_weight / math.sqrt(len(target))
        return Weights(np.full(target.shape[1], self.initial_weight), rng.normal(0.0, spread, target.shape), target)


def start_multilinear(
    model: Multilinear, n_data: int | None, batch_size: int | None, seed: int
) -> tuple[Weights, Descent]:
    """The modelled skills at their start, and their descent."""
    data_rng, batch_rng = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    n_modelled, frequencies = int(model.n_modelled), model.frequencies
    start = np.full((1, n_modelled), math.sqrt(model.initial_strength))
    weights = Weights(start[0].copy(), start, even_target(1, n_modelled, model.target_scale))
    training_set = None if n_data is None else frequencies.sample(n_data, data_rng) - 1
    if batch_size is None:
        share = frequencies.first(n_modelled)
        if training_set is not None:
            share = np.bincount(training_set, minlength=n_modelled)[:n_modelled] / len(training_set)
        return weights, WholeBatches(weights, share[None], model.learning_rate)
    if training_set is None:
        draw = _fresh(frequencies, lambda n: np.ones((n, 1)), batch_rng)
    else:
        draw = _again(training_set, np.ones((len(training_set), 1)), batch_rng)
    return weights, SmallBatches(weights, np.ones(n_modelled, np.int64), draw, model.learning_rate, batch_size)


def start_shots(
    model: DataEmergence, n_data: int, training: SmallStart, rng: np.random.Generator
) -> tuple[Weights, Descent]:
    """Every skill of a training set at its start, and their descent."""
    n_skills, rate = require_finite_skills(model.frequencies), training.learning_rate
    shots = require_whole("shots", model.shots, 1, "a trained skill has whole basis functions")
    skills = model.frequencies.sample(n_data, rng) - 1
    features = rng.standard_normal((n_data, shots))
    weights = training.weights(even_target(shots, n_skills, model.target_scale), rng)
    if training.batch_size is not None:
        draw = _again(skills, features, rng)
        return weights, SmallBatches(weights, np.full(n_skills, shots), draw, rate, training.batch_size)
    curvature = np.empty(weights.b.shape)
    for k in range(n_skills):
        curvature[:, k], axes = principal_axes(features[skills == k].T, n_data)
        # A Gaussian start is as Gaussian in any other axes.
        weights.target[:, k] = axes.T @ weights.target[:, k]
    return weights, WholeBatches(weights, curvature, rate)


def start_nodes(
    model: ParameterEmergence, n_parameters: int, training: SmallStart, rng: np.random.Generator
) -> tuple[Weights, Descent]:
    """Every skill with its share of the basis functions at its start, and their descent."""
    n_skills, rate = require_finite_skills(model.frequencies), training.learning_rate
    nodes = require_whole("nodes_per_skill", model.nodes_per_skill, 1, "a trained skill has whole basis functions")
    weights = training.weights(even_target(nodes, n_skills, model.target_scale), rng)
    n_functions = np.clip(n_parameters - nodes * np.arange(n_skills), 0, nodes)
    has = np.arange(nodes)[:, None] < n_functions
    weights.b[~has] = 0.0
    if training.batch_size is None:
        return weights, WholeBatches(weights, model.frequencies.first() * has, rate)
    draw = _fresh(model.frequencies, lambda n: rng.standard_normal((n, nodes)), rng)
    return weights, SmallBatches(weights, n_functions, draw, rate, training.batch_size)


def _fresh(frequencies: SkillFrequencies, features: Callable[[int], Floats], rng: np.random.Generator) -> Draw:
    return lambda n: (frequencies.sample(n, rng) - 1, features(n))


def _again(skills: Integers, features: Floats, rng: np.random.Generator) -> Draw:
    """Samples of a training set, with replacement."""

    def draw(n: int) -> tuple[Integers, Floats]:
        chosen = rng.integers(len(skills), size=n)
        return skills[chosen], features[chosen]

    return draw


def checked_count(name: str, value: int | None) -> int | None:
    """A whole number of samples, or None."""
    return None if value is None else require_whole(name, value, 1, "give a number of samples, or None")
