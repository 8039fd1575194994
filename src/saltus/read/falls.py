"""Steps that fall: of a file out of order, or of a run that went back to a checkpoint."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats

Indices = NDArray[np.intp]
_FEWEST_RISES = 3  # on the mean, between two falls of a run that restarts; rows in random order fall every other time
_EVEN = 1.5  # longest interval over the shortest, up to which steps count as evenly spaced


def falls_of(position: Floats) -> Indices:
    """Places of entries with a lower step than the one before."""
    return np.flatnonzero(np.diff(position) < 0) + 1


def out_of_order(position: Floats, falls: Indices) -> bool:
    """Whether the falls show rows in disorder, and not restarts.

    A restart begins a branch that ascends and goes over ground of the one before. Rows in disorder descend, follow
    the alphabet (1, 10, 100, 2), stand in blocks that do not overlap, fall at every turn, or skip steps that an even
    grid has and that come later.

    Args:
        position: steps of one curve in the order of the file.
        falls: their falls, at least one.
    """
    if _apart(position, falls) or _alphabetical(position):
        return True
    if _all_revisit(position, falls):
        return False
    step = np.diff(position)
    if falls.size * (_FEWEST_RISES + 1) > step.size:
        return True
    return _even(np.diff(np.sort(position))) and not _even(step[step >= 0])


def last_branch(position: Floats, falls: Indices) -> Indices:
    """Entries below every step that a later restart went back to."""
    restarted_at = np.full(len(position) + 1, np.inf)
    restarted_at[falls] = position[falls]
    lowest_later = np.minimum.accumulate(restarted_at[::-1])[::-1][1:]
    return np.flatnonzero(position < lowest_later)


def _apart(position: Floats, falls: Indices) -> bool:
    """Whether the branches cover ranges of steps that do not overlap."""
    starts, ends = position[np.append(0, falls)], position[np.append(falls - 1, len(position) - 1)]
    order = np.argsort(starts)
    return bool((ends[order][:-1] < starts[order][1:]).all())


def _alphabetical(position: Floats) -> bool:
    """Whether the steps ascend as text: bare, or as part of a longer name ("step10" comes after "step100.json")."""
    ends = ["", ".~", "~"]
    for a, b in pairwise(f"{step:.0f}" if step.is_integer() else repr(step) for step in position.tolist()):
        ends = [end for end in ends if a + end <= b + end]
        if not ends:
            return False
    return True


def _all_revisit(position: Floats, falls: Indices) -> bool:
    """Whether every fall leads to a step that was measured before."""
    _, first, inverse = np.unique(position, return_index=True, return_inverse=True)
    return bool((first[inverse[falls]] < falls).all())


def _even(intervals: Floats) -> bool:
    return bool(intervals.min() > 0 and intervals.max() <= _EVEN * intervals.min())
