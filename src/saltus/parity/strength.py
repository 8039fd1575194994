"""Skill strength of any function: R_k = E[g_k f], with its standard error, and the skill loss.

The default estimator draws the irrelevant bits at random and averages over all 2^m patterns of the relevant ones.
The parity itself then adds no noise, which at equal cost beats independent samples (the paper's estimator).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Float32, Floats, Integers
from saltus.errors import InputError, require_whole
from saltus.parity.batch import Batch, draw_bits, pack
from saltus.parity.task import MultitaskSparseParity
from saltus.parity.torch_module import AT_A_TIME, home_of, is_module, values_of
from saltus.parity.torch_random import borrowed_random_state

if TYPE_CHECKING:
    from torch import nn

_SAMPLES_AT_A_TIME = 65_536  # samples of several skills measured at once: bounds the memory


@dataclass(frozen=True)
class SkillStrengths:
    """Measured strengths and losses of each skill; standard errors come from the spread of the samples.

    Attributes:
        strength: R_k, the projection of the function on skill k (``Nam et al. 2024, Eq. 7``), ``(n_skills,)``;
            ``(functions, n_skills)`` here and below where several functions were measured at once.
        standard_error: the standard error of ``strength``.
        skill_loss: L_k, half the mean squared error on samples of skill k (Eq. 8).
        skill_loss_error: the standard error of ``skill_loss``.
        target_scale: S.
        n_samples: function evaluations for each skill.
    """

    strength: Floats
    standard_error: Floats
    skill_loss: Floats
    skill_loss_error: Floats
    target_scale: float
    n_samples: int

    @property
    def relative(self) -> Floats:
        """R_k / S: 1 is a learned skill."""
        return self.strength / self.target_scale

    @property
    def relative_error(self) -> Floats:
        """Standard error of R_k / S."""
        return self.standard_error / self.target_scale


def skill_strengths(
    function: Callable[[Float32], Any] | nn.Module,
    task: MultitaskSparseParity,
    *,
    n_samples: int = 20_000,
    seed: int = 0,
    stratified: bool = True,
    at_a_time: int = AT_A_TIME,
) -> SkillStrengths:
    """Measure how much of each skill a function has.

    Args:
        function: maps inputs of shape ``(n, n_skills + n_bits)`` in {0, 1} to outputs of shape ``(n,)`` or ``(n, 1)``;
            or a PyTorch module that does so with tensors, on any device. A module is measured in evaluation mode; its
            own modes, its gradients and PyTorch's random state are afterwards as they were.
        task: the task whose skills are measured.
        n_samples: evaluations for each skill; the stratified estimator rounds down to a multiple of ``2**n_relevant``.
        seed: the seed of the random bits; a call with the same seed uses the same inputs.
        stratified: average over all patterns of the relevant bits (True), or draw every bit independently (False,
            as the paper does with 20,000 samples).
        at_a_time: inputs that a PyTorch module gets at once: bounds its memory.

    Returns:
        Strengths, skill losses and their standard errors.

    Raises:
        InputError: if there are too few samples for a standard error, or the function returns another shape.
    """

    rng = np.random.default_rng(require_whole("seed", seed, 0, "give a whole number"))
    if is_module(function):
        module, rows = function, require_whole("at_a_time", at_a_time, 1, "give the inputs at once, e.g. 4096")
        with borrowed_random_state(home_of(module)[0]):
            return measure(
                lambda batch: values_of(module, batch, rows), task, n_samples=n_samples, rng=rng, stratified=stratified
            )

    def evaluate(batch: Batch) -> Floats:
        values = np.asarray(function(batch.inputs), dtype=float)
        if values.size != len(batch) or values.shape[0] != len(batch):
            raise InputError(
                f"the function must return one number an input, shape ({len(batch)},)",
                values.shape,
                "return the scalar output of the network",
            )
        return values.reshape(len(batch))

    return measure(evaluate, task, n_samples=n_samples, rng=rng, stratified=stratified)


def measure(
    evaluate: Callable[[Batch], NDArray[Any]],
    task: MultitaskSparseParity,
    *,
    n_samples: int,
    rng: np.random.Generator,
    stratified: bool = True,
) -> SkillStrengths:
    """As `skill_strengths`, for a function of packed batches and a generator that several calls share.

    The function may return values of shape ``(functions, n)``: several functions, all measured on the same samples.
    """
    patterns = 2**task.n_relevant if stratified else 1
    require_whole("n_samples", n_samples, 2, "a standard error needs several samples")
    draws = n_samples // patterns
    if draws < 2:
        raise InputError(
            f"n_samples must be at least {2 * patterns} to average over {patterns} patterns twice",
            n_samples,
            "take more samples, or stratified=False",
        )
    n_skills, scale = task.n_skills, task.target_scale
    parts = []
    at_a_time = max(1, _SAMPLES_AT_A_TIME // (draws * patterns))
    for first in range(0, n_skills, at_a_time):
        skills = np.arange(first, min(first + at_a_time, n_skills)) + 1
        batch = _probe(task, skills, draws, rng, stratified)
        target = batch.targets.astype(float).reshape(len(skills), draws, patterns)
        value = np.asarray(evaluate(batch), dtype=float)
        value = value.reshape(value.shape[:-1] + target.shape)
        own = _mean_and_error((target * value).mean(axis=-1) / scale)
        parts.append(own + _mean_and_error(0.5 * ((target - value) ** 2).mean(axis=-1)))
    strength, strength_error, loss, loss_error = (
        np.concatenate(values, axis=-1) for values in zip(*parts, strict=True)
    )
    return SkillStrengths(strength, strength_error, loss, loss_error, scale, draws * patterns)


def _probe(
    task: MultitaskSparseParity, skills: Integers, draws: int, rng: np.random.Generator, stratified: bool
) -> Batch:
    """Samples of each skill in turn; if stratified, each random background with every pattern of the relevant bits."""
    bits = draw_bits(len(skills) * draws, task.n_bits, rng).reshape(len(skills), draws, 1, -1)
    if stratified:
        index = np.arange(2**task.n_relevant, dtype=np.uint64)[:, None]
        chosen = (index >> np.arange(task.n_relevant, dtype=np.uint64)) & np.uint64(1)
        patterns = pack(task.relevant_bits[skills - 1, None, :], chosen, task.n_bits)
        bits = (bits & ~task.masks[skills - 1, None, None, :]) | patterns[:, None, :, :]
    n_each = bits.shape[1] * bits.shape[2]
    return task.batch(np.repeat(skills, n_each), bits.reshape(len(skills) * n_each, -1))


def _mean_and_error(values: Floats) -> tuple[Floats, Floats]:
    """Mean over the last axis, and its standard error."""
    return values.mean(axis=-1), values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])
