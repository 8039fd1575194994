"""Curves as one tidy table, and their total loss."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus._types import Floats
from saltus.curves.schema import resource_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


_TOLD = ("optimizer", "batch_size", "schedule")


def told_settings(training: Mapping[str, Any], *, rate_varies: bool = False) -> dict[str, str | float]:
    """Settings by which a forecast is made and judged, and which every table of curves tells.

    A training of ours without a schedule keeps its learning rate: its table says "constant", unless runs beside it do
    not.
    """
    told = {name: training[name] for name in _TOLD if isinstance(training.get(name), str | int | float)}
    keeps_rate = training.get("halve_every", math.nan) is None and training.get("schedule") is None
    return told | {"schedule": "constant"} if keeps_rate and not rate_varies else told


def tidy_table(curves: xr.Dataset) -> pd.DataFrame:
    """One row a measurement: run, skill, step, strength (R/S), loss (of that skill); unmeasured entries left out.

    Where the curves know them, there are columns for the learning_rate, if it changes, the optimizer, the batch_size,
    the schedule, n (items behind a value) and the axis (the log's name of steps, if it is another). Of curves that were
    read from files, runs and skills have their names where these are no numbers, and there are further columns for
    numbers that the files told: frequency, and strength_stderr, or strength_error if it is none of measurement; and
    unexplained_floor (level at which a skill starts without a known reason, else 0), if the strengths were converted,
    and scale_error (of R/S at one half, by an estimated chance or initial loss).
    `read_curves` makes the same curves of such a table.
    """
    import pandas as pd

    resource = resource_of(curves).name
    skills, run_names = (_labels(curves, name) for name in ("skill", "run"))
    names = {"strength": "strength", "loss": "skill_loss"}
    if _is_read(curves) and np.isfinite(curves["strength_error"]).any():
        measured_errors = curves.attrs.get("measured_errors", 0)  # the column's name says which they are
        names["strength_stderr" if measured_errors else "strength_error"] = "strength_error"
    told, floors = _told(curves), _floors(curves)
    shared = "learning_rate" in curves.coords and "run" not in curves["learning_rate"].dims
    runs = []
    for i in range(curves.sizes["run"]):
        measured = {column: curves[name].to_numpy()[i] for column, name in names.items()}
        columns = tidy_columns(curves["skill"], curves[resource], measured, over=resource)
        row_skill = np.searchsorted(curves["skill"].to_numpy(), columns["skill"])
        row_at = np.searchsorted(curves[resource].to_numpy(), columns[resource])
        further: dict[str, NDArray[Any]] = {}
        if _is_read(curves) and np.isfinite(curves["frequency"]).any():
            further["frequency"] = curves["frequency"].to_numpy()[row_skill]
        if "items" in curves.coords:
            further["n"] = curves["items"].to_numpy()[row_skill]
        if floors is not None:
            further["unexplained_floor"] = floors[row_skill]
        if "scale_error" in curves.coords:
            further["scale_error"] = curves["scale_error"].to_numpy()[row_skill]
        if "learning_rate" in curves.coords and resource in curves["learning_rate"].dims:
            further["learning_rate"] = np.atleast_2d(curves["learning_rate"].to_numpy())[-1 if shared else i, row_at]
        named = columns | {"skill": skills[row_skill]}
        further |= {name: np.full(len(row_skill), value) for name, value in told.items()}
        runs.append(pd.DataFrame({"run": np.full(len(row_skill), run_names[i]), **named, **further}))
    return pd.concat(runs, ignore_index=True)


def _told(curves: xr.Dataset) -> dict[str, str | float]:
    """The settings that all runs share and that decide how their forecasts are judged, and the axis of a log."""
    settings = json.loads(curves.attrs.get("settings", "{}"))
    training = settings.get("training")
    known = training if isinstance(training, dict) else settings  # those of a store are flat
    told = told_settings(known)
    axis = curves.attrs.get("axis", "")
    return told if axis in ("", resource_of(curves).name) else told | {"axis": axis}


def _floors(curves: xr.Dataset) -> Floats | None:
    """Unexplained levels at which skills start, 0 for those without; None where the strengths show it themselves."""
    if "unexplained_floor" in curves.coords:
        return np.asarray(np.nan_to_num(curves["unexplained_floor"].to_numpy()))
    if json.loads(curves.attrs.get("reading", "{}")).get("quantity", "strength") in ("", "strength"):
        return None
    return np.zeros(curves.sizes["skill"])


def _is_read(curves: xr.Dataset) -> bool:
    return "reading" in curves.attrs


def _labels(curves: xr.Dataset, name: str) -> NDArray[Any]:
    """The names of runs or skills; their numbers, where all names are numbers."""
    numbers = curves[name].to_numpy()
    if not _is_read(curves):
        return numbers
    names = curves[f"{name}_name"].to_numpy()
    return numbers if all(one.isdecimal() for one in names) else names


def tidy_columns(
    skill: ArrayLike, at: ArrayLike, measured: dict[str, Floats], over: str = "step"
) -> dict[str, NDArray[Any]]:
    """One run's measurements as columns of equal length, skill by skill: ``skill``, ``over``, then the measured ones.

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
