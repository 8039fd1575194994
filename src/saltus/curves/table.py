"""Curves as one tidy table, and their total loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus._types import Floats
from saltus.curves.schema import resource_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def tidy_table(curves: xr.Dataset) -> pd.DataFrame:
    """One row a measurement: run, skill, step, strength (R/S), loss (of that skill); unmeasured entries left out."""
    import pandas as pd

    resource = resource_of(curves).name
    runs = []
    for i, run in enumerate(curves["run"].to_numpy()):
        measured = {"strength": curves["strength"].to_numpy()[i], "loss": curves["skill_loss"].to_numpy()[i]}
        columns = tidy_columns(curves["skill"], curves[resource], measured, over=resource)
        runs.append(pd.DataFrame({"run": np.full_like(columns["skill"], run), **columns}))
    return pd.concat(runs, ignore_index=True)


def tidy_columns(
    skill: ArrayLike, at: ArrayLike, measured: dict[str, Floats], over: str = "step"
) -> dict[str, NDArray[Any]]:
    """One run's measurements as columns of equal length, skill by skill: ``skill``, ``over``, then what was measured.

    Args:
        skill: label of each skill.
        at: steps, samples or parameters.
        measured: arrays over (skills, ``at``) by the name of their column; entries of which all are NaN are left out.
        over: name of the column of ``at``.
    """
    made = ~np.all([np.isnan(values) for values in measured.values()], axis=0)
    skills, places = np.broadcast_arrays(np.asarray(skill)[:, None], np.asarray(at))
    return {"skill": skills[made], over: places[made]} | {name: values[made] for name, values in measured.items()}


def total_loss(curves: xr.Dataset) -> xr.DataArray:
    """Expected loss L = sum_k P_s(k) L_k (``Nam et al. 2024, Eq. 6``), over run and step."""
    return (curves["skill_loss"] * curves["frequency"]).sum("skill", skipna=False)
