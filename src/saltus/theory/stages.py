"""Training as stages: which skills have emerged, whether one ends before the next begins, the staircase of the loss.

Everything here follows from when each skill emerges, so it holds for every `saltus.theory.protocols.SkillModel`: of a
model over data or parameters, read "amount" for "time".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Flags, Floats, Integers
from saltus.errors import InputError, require_whole
from saltus.theory.protocols import SkillModel

MOST_SKILLS = 2**53  # largest count up to which floats hold every whole number


class Staircase(NamedTuple):
    """A loss that falls by P_k S^2 / 2 as skill k is learned; plateau i lasts from ``time[i]`` to ``time[i + 1]``."""

    time: Floats
    loss: Floats
    n_learned: Integers


def n_emerged(model: SkillModel, time: ArrayLike, threshold: float = 0.05) -> Floats:
    """Number of skills whose strength has reached ``threshold * S`` by each time: skills 1 to that number have emerged.

    Args:
        model: any model of skills.
        time: T in steps, at least 0, any shape.
        threshold: share of ``target_scale``, between 0 and 1, both excluded.

    Returns:
        Whole numbers, the shape of ``time``; infinity where all of infinitely many skills have emerged.

    Raises:
        InputError: if a value is outside its range, or if more than 2^53 skills, but not all, have emerged.
    """
    elapsed = np.asarray(time, dtype=float)
    if not np.all(elapsed >= 0):
        raise InputError("time must be at least 0", time, "give the number of steps")
    count = np.zeros(elapsed.shape, dtype=np.int64)
    last = int(min(model.frequencies.n_skills, MOST_SKILLS))
    # Binary search, one bit of the count at a time: later skills never emerge before earlier ones.
    for bit in reversed(range(last.bit_length())):
        candidate = np.minimum(count + 2**bit, last)
        emerges = model.emergence(candidate, threshold)
        count = np.where(np.isfinite(emerges) & (emerges <= elapsed), candidate, count)
    if model.frequencies.n_skills <= MOST_SKILLS:
        return count.astype(float)
    beyond = count == last
    if np.any(beyond & np.isfinite(elapsed)):
        raise InputError("time must be so short that at most 2^53 skills emerge", time, "ask for an earlier time")
    return np.where(beyond, math.inf, count)


def stage_like(model: SkillModel, skill: ArrayLike, threshold: float = 0.05) -> Flags:
    """Whether a skill has saturated before the next one emerges, tau_s(k) < tau_e(k+1) - tau_e(k) (``Eq. 41``).

    Args:
        model: any model of skills.
        skill: 1-based index k of the earlier skill of the pair, at most ``n_skills - 1``, any shape.
        threshold: share of ``target_scale``: a skill emerges at ``threshold``, has saturated at ``1 - threshold``;
            between 0 and 1/2, both excluded.

    Returns:
        Booleans, the shape of ``skill``.
    """
    if not 0 < threshold < 0.5:
        raise InputError("threshold must lie between 0 and 1/2", threshold, "give a share of S, e.g. 0.05")
    following = np.asarray(skill) + 1
    # From tau_e(k) both sides are times of the run: k saturates at tau_e(k) + tau_s(k).
    return np.asarray(model.emergence(skill, 1 - threshold) < model.emergence(following, threshold))


def loss_staircase(model: SkillModel, n_stages: int, threshold: float = 0.5) -> Staircase:
    """The loss if every skill were learned at one instant (``Nam et al. 2024, Fig. 6b``).

    Args:
        model: any model of skills.
        n_stages: number of drops, from 1 to ``n_skills``.
        threshold: share of ``target_scale`` at which skill k counts as learned, between 0 and 1, both excluded.

    Returns:
        ``time``, ``loss`` and ``n_learned``, each of shape ``(n_stages + 1,)``: the first plateau starts at time 0 with
        no skill learned and loss S^2/2; draw it with ``drawstyle="steps-post"``.
    """
    stages = require_whole("n_stages", n_stages, 1, "give the number of drops to draw")
    learned = np.arange(stages + 1)
    time = np.concatenate(([0.0], model.emergence(learned[1:], threshold)))
    return Staircase(time, model.target_scale**2 / 2 * model.frequencies.tail(learned), learned)
