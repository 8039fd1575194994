"""The multilinear model and both extended models, trained by gradient descent on drawn samples.

Simulations of the solvable model, to check its closed forms: weights, batches and step sizes are those of a training
program, and no solution is used. Strengths and losses of the trained model are exact, since its basis functions are
orthonormal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.schema import curves_from
from saltus.curves.spacing import geometric_steps
from saltus.errors import InputError, require_seeds, require_whole
from saltus.settings import describe
from saltus.simulate.descent import Descent, Weights
from saltus.simulate.starts import (
    STEPS_ADVICE,
    SmallStart,
    checked_count,
    start_multilinear,
    start_nodes,
    start_shots,
)
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import require_finite_skills
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr


def train_multilinear(
    model: Multilinear,
    *,
    steps: int,
    n_data: int | None = None,
    batch_size: int | None = None,
    seeds: int | Sequence[int] = 1,
    measure_at: Sequence[int] | None = None,
) -> xr.Dataset:
    """Train f = sum_k a_k b_k g_k from a_k = b_k = sqrt(r) (``Nam et al. 2024, Eq. 9``), with steps of eta.

    Small steps follow `Multilinear.strength` (Lemma 1): a hundredth of the learning rate and a hundred times the steps
    are the same time. ``batch_size=1`` on fresh samples is the model on a training set of as many samples
    (``docs/derivations/stochastic-descent.md``).

    Args:
        model: the model, with finitely many skills; its learning rate is the step size.
        steps: number of parameter updates.
        n_data: D, size of the training set; None for unlimited data.
        batch_size: samples an update: fresh ones, or drawn from the training set with replacement. None for the whole
            training set, or for the mean over all inputs, at every step.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.
        measure_at: steps at which to measure; by default at most 2 % apart.

    Returns:
        Curves (`saltus.curves`) over step, without errors: strength and loss are exact.

    Raises:
        InputError: if a value is outside its range, or the learning rate too large for whole batches to settle.
    """
    steps = require_whole("steps", steps, 1, STEPS_ADVICE)
    marks = _checked_marks(steps, measure_at)
    n_data, batch_size = checked_count("n_data", n_data), checked_count("batch_size", batch_size)
    runs = require_seeds(seeds)
    n_skills = require_finite_skills(model.frequencies)
    strength = np.zeros((len(runs), n_skills, len(marks)))
    loss = np.full(strength.shape, model.untrained_loss)
    for run, seed in enumerate(runs):
        weights, descent = start_multilinear(model, n_data, batch_size, seed)
        modelled = slice(len(weights.a))
        for mark, n_steps in enumerate(np.diff(marks, prepend=0)):
            descent.advance(int(n_steps))
            strength[run, modelled, mark], loss[run, modelled, mark] = weights.strength, weights.loss
    training = {"steps": steps, "n_data": n_data, "batch_size": batch_size}
    return _curves(model, training, runs, ("step", marks), strength, loss, model.learning_rate)


def train_data_emergence(
    model: DataEmergence,
    *,
    data: Sequence[int],
    steps: int,
    learning_rate: float,
    batch_size: int | None = None,
    initial_weight: float = 1e-3,
    seeds: int | Sequence[int] = 1,
) -> xr.Dataset:
    """Train the D_c-shot learner, f = sum_k a_k sum_l B_kl e_kl, on training sets (``Nam et al. 2024, Eq. 83, 85``).

    The values of the basis functions on a sample are independent and Gaussian, so E[e_l e_l'] = delta. From a small
    start a skill ends at the minimum-norm solution (Prop. 1). Its ``skill_loss`` is then S^2/2 (1 - d_k/D_c) on average
    (Eq. 104), from which `DataEmergence` reads R_k; ``strength`` is the correlation with g_k (Eq. 7), d_k/D_c.

    Args:
        model: the model, with finitely many skills; its ``shots`` are the basis functions of a skill.
        data: sizes D of the training sets, ascending; each run draws one of each size.
        steps: number of parameter updates. The end takes long where d_k is close to D_c.
        learning_rate: eta of the loss **with** the factor 1/2.
        batch_size: samples an update, drawn from the training set with replacement; None for the whole set.
        initial_weight: a_k, and the root mean square of \\|B_k\\|, at the start.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.

    Returns:
        Curves (`saltus.curves`) over data, without errors: strength and loss are exact.

    Raises:
        InputError: if a value is outside its range, or the learning rate too large for whole batches to settle.
    """
    training = SmallStart(steps, learning_rate, batch_size, initial_weight)
    return _trained_to_the_end(model, training, start_shots, ("data", _ascending("data", data)), seeds)


def train_parameter_emergence(
    model: ParameterEmergence,
    *,
    n_parameters: Sequence[int],
    steps: int,
    learning_rate: float,
    batch_size: int | None = None,
    initial_weight: float = 1e-3,
    seeds: int | Sequence[int] = 1,
) -> xr.Dataset:
    """Train N basis functions, N_c a skill, the most frequent skills first (``Nam et al. 2024, Eq. 18-21``).

    With unlimited data the strengths end at `ParameterEmergence.strength` (Prop. 2). On batches a skill that lacks
    functions sees them as noise and keeps wandering around it.

    Args:
        model: the model, with finitely many skills; its ``nodes_per_skill`` are the basis functions of a skill.
        n_parameters: numbers N of basis functions, ascending; each run trains one model of each.
        steps: number of parameter updates.
        learning_rate: eta of the loss **with** the factor 1/2.
        batch_size: fresh samples an update; None for the mean over all inputs at every step.
        initial_weight: a_k, and the root mean square of \\|B_k\\|, at the start.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.

    Returns:
        Curves (`saltus.curves`) over parameters, without errors: strength and loss are exact.

    Raises:
        InputError: if a value is outside its range, or the learning rate too large for whole batches to settle.
    """
    training = SmallStart(steps, learning_rate, batch_size, initial_weight)
    sizes = _ascending("n_parameters", n_parameters)
    return _trained_to_the_end(model, training, start_nodes, ("parameters", sizes), seeds)


_Extended = TypeVar("_Extended", DataEmergence, ParameterEmergence)


def _trained_to_the_end(
    model: _Extended,
    training: SmallStart,
    at_start: Callable[[_Extended, int, SmallStart, np.random.Generator], tuple[Weights, Descent]],
    resource: tuple[str, list[int]],
    seeds: int | Sequence[int],
) -> xr.Dataset:
    runs, ends = require_seeds(seeds), []
    for seed in runs:
        for size in resource[1]:
            weights, descent = at_start(model, size, training, np.random.default_rng([seed, size]))
            descent.advance(training.steps)
            ends.append((weights.strength, weights.loss))
    strength, loss = np.moveaxis(np.reshape(ends, (len(runs), len(resource[1]), 2, -1)), (2, 1), (0, 3))
    return _curves(model, describe(training), runs, resource, strength, loss, training.learning_rate)


def _curves(
    model: Multilinear | DataEmergence | ParameterEmergence,
    training: dict[str, Any],
    runs: list[int],
    resource: tuple[str, Sequence[int] | Integers],
    strength: Floats,
    loss: Floats,
    learning_rate: float,
) -> xr.Dataset:
    finite = np.isfinite(strength) & np.isfinite(loss)
    return curves_from(
        over=resource[0],
        at=resource[1],
        strength=np.where(finite, strength, np.nan),
        strength_error=np.where(finite, 0.0, np.nan),
        skill_loss=np.where(finite, loss, np.nan),
        frequencies=model.frequencies.first(),
        runs=runs,
        status=np.where(finite.all(axis=(1, 2)), "finished", "diverged").tolist(),
        target_scale=model.target_scale,
        flow_learning_rate=learning_rate,
        settings={"model": describe(model), "training": training},
    )


def _ascending(name: str, values: Sequence[int], least: int = 1) -> list[int]:
    whole = [require_whole(f"every number in {name}", value, least, "give whole numbers") for value in values]
    if not whole or any(later <= earlier for earlier, later in pairwise(whole)):
        raise InputError(f"{name} must name at least one number, and ascend", values, "sort them")
    return whole


def _checked_marks(steps: int, measure_at: Sequence[int] | None) -> Integers:
    if measure_at is None:
        return geometric_steps(steps)
    marks = _ascending("measure_at", measure_at, least=0)
    if marks[-1] > steps:
        raise InputError(f"measure_at must end by the last step, {steps}", measure_at, "measure earlier, or go further")
    return np.array(marks, dtype=np.int64)
