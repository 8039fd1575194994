"""Times at which curves pass a threshold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats, Integers
from saltus.curves.schema import resource_of
from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def crossing_times(curves: xr.Dataset, threshold: float = 0.5) -> Floats:
    """Step at which each skill first reaches ``threshold``, linear between measurements, ``(runs, skills)``.

    NaN where a run ended below the threshold everywhere, and where the first measurement already stood at it: such a
    skill emerged earlier, nobody saw when (`emerged_before`).

    Raises:
        InputError: if ``threshold`` is not between 0 and 1.
    """
    times, seen = _passages(curves, threshold)
    return np.where(seen, times, np.nan)


def emerged_before(curves: xr.Dataset, threshold: float = 0.5) -> Floats:
    """Step of a skill's first measurement where that already stood at ``threshold``, ``(runs, skills)``; else NaN.

    The skill emerged before that step; at step 0, before the training began.

    Raises:
        InputError: if ``threshold`` is not between 0 and 1.
    """
    times, seen = _passages(curves, threshold)
    return np.where(seen, np.nan, times)


def _passages(curves: xr.Dataset, threshold: float) -> tuple[Floats, Flags]:
    """Step by which each skill has reached the threshold, NaN if never, and whether it was seen below before."""
    if not 0 < threshold < 1:
        raise InputError("threshold must lie between 0 and 1", threshold, "give a share of the full strength, e.g. 0.5")
    strength = curves["strength"].to_numpy()
    steps = curves[resource_of(curves).name].to_numpy().astype(float)
    above = strength >= threshold
    after = above.argmax(axis=-1)
    before = _last_measured_before(strength, after)
    low, high = (np.take_along_axis(strength, i[..., None], axis=-1)[..., 0] for i in (before, after))
    rise = np.where(before < after, high - low, 1.0)
    share = np.where(before < after, (threshold - low) / rise, 0.0)
    times = steps[before] + share * (steps[after] - steps[before])
    return np.where(above.any(axis=-1), times, np.nan), before < after


def emergence_times(curves: xr.Dataset, threshold: float = 0.5) -> EmergenceTimes:
    """Mean and spread over runs of the `crossing_times`."""
    times = crossing_times(curves, threshold)
    earlier = emerged_before(curves, threshold)
    emerged, up = ([column[np.isfinite(column)] for column in found.T] for found in (times, earlier))
    return EmergenceTimes(
        threshold=threshold,
        mean=np.array([t.mean() if t.size else np.nan for t in emerged]),
        sd=np.array([t.std(ddof=1) if t.size > 1 else np.nan for t in emerged]),
        n_emerged=np.array([t.size for t in emerged]),
        before=np.array([t.max() if t.size else np.nan for t in up]),
        n_before=np.array([t.size for t in up]),
    )


@dataclass(frozen=True)
class EmergenceTimes:
    """Measured times at which skills pass a threshold; arrays of shape ``(n_skills,)``.

    Attributes:
        threshold: the strength R/S that counts as emerged.
        mean: steps, over the runs in which the skill was seen to emerge; NaN if in none.
        sd: standard deviation over the same runs, in steps; NaN for fewer than two.
        n_emerged: number of the runs in which the skill was seen to emerge.
        before: the first measured step, where a skill stood at the threshold by then and emerged earlier; the latest
            of such runs, NaN without any.
        n_before: number of the runs in which it did.
    """

    threshold: float
    mean: Floats
    sd: Floats
    n_emerged: Integers
    before: Floats = field(default_factory=lambda: np.array([]))
    n_before: Integers = field(default_factory=lambda: np.array([], dtype=np.int64))

    def __post_init__(self) -> None:
        if not self.before.size:
            object.__setattr__(self, "before", np.full(self.mean.shape, np.nan))
            object.__setattr__(self, "n_before", np.zeros(self.mean.shape, dtype=np.int64))

    @property
    def censored(self) -> Flags:
        """Whether a skill's time is only known to lie before its first measurement, in every run that has it."""
        return np.asarray((self.n_before > 0) & (self.n_emerged == 0))


def _last_measured_before(strength: Floats, after: Integers) -> Integers:
    """Index of the last entry before ``after`` that is not NaN; ``after`` itself if there is none."""
    index = np.arange(strength.shape[-1])
    known = np.isfinite(strength) & (index < after[..., None])
    return np.where(known.any(axis=-1), index[-1] - known[..., ::-1].argmax(axis=-1), after)
