"""When curves pass a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.schema import resource_of
from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def crossing_times(curves: xr.Dataset, threshold: float = 0.5) -> Floats:
    """Step at which each skill first reaches ``threshold``, linear between measurements, ``(runs, skills)``.

    NaN where a run ended below the threshold everywhere.

    Raises:
        InputError: if ``threshold`` is not between 0 and 1.
    """
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
    return np.where(above.any(axis=-1), times, np.nan)


def emergence_times(curves: xr.Dataset, threshold: float = 0.5) -> EmergenceTimes:
    """Mean and spread over runs of the `crossing_times`."""
    times = crossing_times(curves, threshold)
    emerged = [column[np.isfinite(column)] for column in times.T]
    return EmergenceTimes(
        threshold=threshold,
        mean=np.array([t.mean() if t.size else np.nan for t in emerged]),
        sd=np.array([t.std(ddof=1) if t.size > 1 else np.nan for t in emerged]),
        n_emerged=np.array([t.size for t in emerged]),
    )


@dataclass(frozen=True)
class EmergenceTimes:
    """When each skill was measured to pass a threshold; arrays of shape ``(n_skills,)``.

    Attributes:
        threshold: the strength R/S that counts as emerged.
        mean: steps, over the runs in which the skill emerged; NaN if in none.
        sd: standard deviation over those runs; NaN for fewer than two.
        n_emerged: number of those runs.
    """

    threshold: float
    mean: Floats
    sd: Floats
    n_emerged: Integers


def _last_measured_before(strength: Floats, after: Integers) -> Integers:
    """Index of the last entry before ``after`` that is not NaN; ``after`` itself if there is none."""
    index = np.arange(strength.shape[-1])
    known = np.isfinite(strength) & (index < after[..., None])
    return np.where(known.any(axis=-1), index[-1] - known[..., ::-1].argmax(axis=-1), after)
