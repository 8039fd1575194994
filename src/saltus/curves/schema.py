"""Labelled learning curves: the common form of training, stored runs and users' files.

Curves are an `xarray.Dataset` over ``run`` (its seed), ``skill`` (from 1) and ``step`` (parameter updates):

- ``strength``, ``strength_error``: R/S (1 is a learned skill) and its standard error, over run, skill, step;
- ``skill_loss``: half the mean squared error on samples of one skill (``Nam et al. 2024, Eq. 8``);
- coordinates ``frequency`` of each skill and ``status`` of each run ("finished", "stalled" or "diverged");
- of curves that say it: coordinates ``learning_rate`` over run and step, and over skill ``items`` (questions behind a
  value), ``chance`` (accuracy without the skill, where R/S is (accuracy - chance) / (1 - chance), else NaN) and
  ``unexplained_floor`` (level at which a skill starts without a known reason, else NaN) and ``scale_error`` (standard
  error of R/S at one half by an estimated chance or initial loss, which all values of a skill share);
- attributes ``target_scale``, ``flow_learning_rate`` (NaN if unknown), ``settings`` (JSON) and ``version``.

Entries that were never measured (after a divergence) are NaN.

Curves may run over ``data`` or ``parameters`` in place of ``step`` (`saltus.resource`). Those that `read_curves` made
of a file have the file's ``skill_loss``, in its unit, and ``status`` "unknown"; numbers missing in the file are NaN.
They also have coordinates ``skill_name`` and ``run_name``, and the attributes ``reading`` (see
`saltus.reading_report`), ``axis`` (name of the column of steps, e.g. "epoch") and ``measured_errors`` (1 where
``strength_error`` is the error of measurement that the file tells, by which fits weigh; else 0).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats, Integers
from saltus.errors import InputError, require_positive
from saltus.resource import Resource, resource_named

if TYPE_CHECKING:
    import xarray as xr

_LAST_WHOLE = 2.0**53  # largest number up to which floats hold every whole one
CURVES = ("strength", "strength_error", "skill_loss")


def curves_from(
    strength: ArrayLike,
    at: ArrayLike,
    *,
    over: str = "step",
    strength_error: ArrayLike | None = None,
    skill_loss: ArrayLike | None = None,
    frequencies: ArrayLike | None = None,
    runs: ArrayLike | None = None,
    status: str | Sequence[str] = "unknown",
    target_scale: float = 1.0,
    flow_learning_rate: float = math.nan,
    settings: Mapping[str, Any] | None = None,
    learning_rate: ArrayLike | None = None,
    axis: str | None = None,
) -> xr.Dataset:
    """Labelled curves from arrays, for example of your own training loop.

    Args:
        strength: R/S, 1 is a learned skill; shape (runs, skills, n), or (skills, n) for a single run. NaN where a run
            was not measured.
        at: the n steps, samples or parameters of the measurements, in any unit: numbers of at least 0, ascending.
        over: what ``at`` counts: ``"step"``, ``"data"`` or ``"parameters"``.
        strength_error: standard error of ``strength``, in its shape; by default NaN.
        skill_loss: loss on samples of each skill alone, in the shape of ``strength``; by default NaN.
        frequencies: of the skills, most frequent first, or one row of them a run; by default NaN, not known.
        runs: a whole number for each run, e.g. its seed; by default 0, 1, ...
        status: how the runs ended, one word for all or one each: "finished", "stalled", "diverged" or "unknown".
        target_scale: S, the strength R of a learned skill.
        flow_learning_rate: flow time a step; NaN if not known.
        settings: whatever made the curves, as plain data for JSON.
        learning_rate: of the optimiser at each measurement, shape (runs, n), or (n,) for all runs; NaN where it is not
            known.
        axis: what ``at`` counts in the words of the log, e.g. "epoch"; by default ``over``.

    Returns:
        Labelled curves (`saltus.curves`).

    Raises:
        InputError: if shapes do not fit together, or values are out of range.
    """
    import xarray as xr

    from saltus._version import __version__

    resource = resource_named(over).name
    values = _numbers("strength", strength)
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3:
        advice = "give an array over (runs, skills, n), or (skills, n)"
        raise InputError("strength must be over runs, skills and measurements", values.shape, advice)
    n_runs, n_skills, n = values.shape
    dims = ("run", "skill", resource)
    frequency = _frequencies(frequencies, n_runs, n_skills)
    curves = xr.Dataset(
        {
            "strength": (dims, values),
            "strength_error": (dims, _beside("strength_error", strength_error, values.shape)),
            "skill_loss": (dims, _beside("skill_loss", skill_loss, values.shape)),
        },
        coords={
            "run": np.arange(n_runs) if runs is None else _whole("runs", runs, n_runs, "run"),
            "skill": np.arange(1, n_skills + 1),
            resource: _ascending(at, n),
            "frequency": (dims[:2][-frequency.ndim :], frequency),
            "status": ("run", _words(status, n_runs)),
        },
        attrs={
            "target_scale": require_positive(
                "target_scale", target_scale, "give S, or leave it out where strength is R/S"
            ),
            "flow_learning_rate": float(flow_learning_rate),
            "settings": json.dumps({} if settings is None else dict(settings), sort_keys=True),
            "version": __version__,
        },
    )
    if axis is not None:
        curves.attrs["axis"] = axis
    if learning_rate is not None:
        curves = curves.assign_coords(learning_rate=((dims[0], resource), _rates(learning_rate, n_runs, n)))
    return curves


def resource_of(curves: xr.Dataset) -> Resource:
    """The resource along which the curves run: steps, data or parameters.

    Raises:
        InputError: if the dataset is no such curves.
    """
    if "strength" not in curves:
        names = [str(name) for name in curves.data_vars]
        raise InputError("curves must have strengths", names, "make them with curves_from or read_curves")
    return resource_named(str(curves["strength"].dims[-1]))


def plain(amount: float) -> int | float:
    """An amount of a resource as a whole number, where it is one."""
    return int(amount) if _all_whole(np.asarray(amount, dtype=float)) else float(amount)


def _numbers(name: str, values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be an array of numbers", values, "give rows of equal length") from None


def _beside(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    """Numbers in the shape of the strengths; NaN where none are given."""
    if values is None:
        return np.full(shape, np.nan)
    found = _numbers(name, values)
    found = found[None] if found.ndim == 2 else found
    if found.shape != shape:
        raise InputError(f"{name} must have the shape of strength, {shape}", found.shape, "give one each, or none")
    return found


def _whole(name: str, values: ArrayLike, count: int, noun: str) -> Integers:
    found = _numbers(name, values)
    if found.shape != (count,):
        raise InputError(f"{name} must be {count}, one a {noun}", found.shape, "give a list of that length")
    if not np.all(found == np.floor(found)) or np.isinf(found).any():
        raise InputError(f"{name} must be whole numbers", values, "round them")
    return np.asarray(values, dtype=np.int64)


def _ascending(at: ArrayLike, count: int) -> Integers | Floats:
    """Amounts of the resource, as integers where all are whole."""
    places = _numbers("at", at)
    if places.shape != (count,):
        raise InputError(f"at must be {count}, one a measurement", places.shape, "give a list of that length")
    if not np.isfinite(places).all():
        raise InputError("at must be finite numbers", at, "leave the others out")
    if np.any(places < 0) or np.any(np.diff(places) <= 0):
        received = places.astype(np.int64) if _all_whole(places) else places
        raise InputError("at must ascend from 0 or more", received, "sort the measurements, each place once")
    return np.asarray(at, dtype=np.int64) if _all_whole(places) else places


def _all_whole(numbers: Floats) -> bool:
    return bool(np.all(numbers == np.floor(numbers)) and np.all(np.abs(numbers) <= _LAST_WHOLE))


def _rates(given: ArrayLike, n_runs: int, n: int) -> Floats:
    found = _numbers("learning_rate", given)
    if found.shape not in ((n,), (n_runs, n)):
        raise InputError(f"learning_rate must be {n}, one a measurement", found.shape, "give one each, or none")
    return np.broadcast_to(found, (n_runs, n)).copy()


def _frequencies(given: ArrayLike | None, n_runs: int, n_skills: int) -> Floats:
    if given is None:
        return np.full(n_skills, np.nan)
    found = _numbers("frequencies", given)
    if found.shape not in ((n_skills,), (n_runs, n_skills)):
        raise InputError(f"frequencies must be {n_skills}, one a skill", found.shape, "give a list of that length")
    if np.any(found <= 0):
        raise InputError("frequencies must be greater than 0", found, "give NaN where one is not known")
    return found


def _words(status: str | Sequence[str], n_runs: int) -> np.ndarray[Any, np.dtype[np.str_]]:
    words = [status] * n_runs if isinstance(status, str) else list(status)
    if len(words) != n_runs:
        raise InputError(f"status must be one word a run, {n_runs} in all", words, "give one each, or one for all")
    return np.asarray(words, dtype=str)
