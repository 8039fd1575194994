"""Labelled learning curves: the one thing that training, stored runs and users' files all become.

Curves are an `xarray.Dataset` over ``run`` (its seed), ``skill`` (from 1) and ``step`` (parameter updates):

- ``strength``, ``strength_error``: R/S (1 is a learned skill) and its standard error, over run, skill, step;
- ``skill_loss``: half the mean squared error on samples of one skill (``Nam et al. 2024, Eq. 8``);
- coordinates ``frequency`` of each skill and ``status`` of each run ("finished", "stalled" or "diverged");
- attributes ``target_scale``, ``flow_learning_rate`` (NaN if unknown), ``settings`` (JSON) and ``version``.

Entries that were never measured (after a divergence) are NaN.

Curves that `read_curves` made of a file may run over ``data`` or ``parameters`` in place of ``step``. Their
``skill_loss`` is the file's, in its unit, their ``status`` is "unknown", and what the file does not tell is NaN. They
also have coordinates ``skill_name`` and ``run_name``, and the attribute ``reading`` (see `saltus.reading_report`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

CURVES = ("strength", "strength_error", "skill_loss")


def make_curves(
    *,
    steps: ArrayLike,
    strength: ArrayLike,
    strength_error: ArrayLike,
    skill_loss: ArrayLike,
    frequencies: ArrayLike,
    runs: ArrayLike,
    status: Sequence[str],
    target_scale: float,
    flow_learning_rate: float,
    settings: dict[str, Any],
    resource: str = "step",
) -> xr.Dataset:
    """Assemble curves from arrays of shape ``(runs, skills, steps)`` and their labels."""
    import xarray as xr

    import saltus

    dims = ("run", "skill", resource)
    frequency = np.asarray(frequencies, dtype=float)
    return xr.Dataset(
        {
            "strength": (dims, np.asarray(strength, dtype=float)),
            "strength_error": (dims, np.asarray(strength_error, dtype=float)),
            "skill_loss": (dims, np.asarray(skill_loss, dtype=float)),
        },
        coords={
            "run": np.asarray(runs, dtype=np.int64),
            "skill": np.arange(1, len(frequency) + 1),
            resource: np.asarray(steps, dtype=np.int64),
            "frequency": ("skill", frequency),
            "status": ("run", np.asarray(status, dtype=str)),
        },
        attrs={
            "target_scale": float(target_scale),
            "flow_learning_rate": float(flow_learning_rate),
            "settings": json.dumps(settings, sort_keys=True),
            "version": saltus.__version__,
        },
    )


def resource_of(curves: xr.Dataset) -> str:
    """What the curves run along: "step", "data" or "parameters"."""
    return str(curves["strength"].dims[-1])


def tidy_table(curves: xr.Dataset) -> pd.DataFrame:
    """One row a measurement: run, skill, step, strength (R/S), loss (of that skill); unmeasured entries left out."""
    dims = list(curves["strength"].dims)
    table = curves[["strength", "skill_loss"]].to_dataframe(dim_order=dims).reset_index()
    table = table.rename(columns={"skill_loss": "loss"})
    return table[[*dims, "strength", "loss"]].dropna(how="all", subset=["strength", "loss"], ignore_index=True)


def total_loss(curves: xr.Dataset) -> xr.DataArray:
    """Expected loss L = sum_k P_s(k) L_k (``Nam et al. 2024, Eq. 6``), over run and step."""
    return (curves["skill_loss"] * curves["frequency"]).sum("skill", skipna=False)


def crossing_times(curves: xr.Dataset, threshold: float = 0.5) -> NDArray[np.float64]:
    """Step at which each skill first reaches ``threshold``, linear between measurements, ``(runs, skills)``.

    NaN where a run ended below the threshold everywhere.

    Raises:
        InputError: if ``threshold`` is not between 0 and 1.
    """
    if not 0 < threshold < 1:
        raise InputError("threshold must lie between 0 and 1", threshold, "give a share of the full strength, e.g. 0.5")
    strength = curves["strength"].to_numpy()
    steps = curves[resource_of(curves)].to_numpy().astype(float)
    above = strength >= threshold
    after = above.argmax(axis=-1)
    before = _last_measured_before(strength, after)
    low, high = (np.take_along_axis(strength, i[..., None], axis=-1)[..., 0] for i in (before, after))
    rise = np.where(before < after, high - low, 1.0)
    share = np.where(before < after, (threshold - low) / rise, 0.0)
    times = steps[before] + share * (steps[after] - steps[before])
    return np.where(above.any(axis=-1), times, np.nan)


def _last_measured_before(strength: NDArray[np.float64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the last entry before ``after`` that is not NaN; ``after`` itself if there is none."""
    index = np.arange(strength.shape[-1])
    known = np.isfinite(strength) & (index < after[..., None])
    return np.where(known.any(axis=-1), index[-1] - known[..., ::-1].argmax(axis=-1), after)


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
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    n_emerged: NDArray[np.int64]


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
