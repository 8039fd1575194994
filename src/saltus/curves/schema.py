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
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats, Integers

if TYPE_CHECKING:
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

    from saltus._version import __version__

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
            "version": __version__,
        },
    )


def resource_of(curves: xr.Dataset) -> str:
    """What the curves run along: "step", "data" or "parameters"."""
    return str(curves["strength"].dims[-1])


def _last_measured_before(strength: Floats, after: Integers) -> Integers:
    """Index of the last entry before ``after`` that is not NaN; ``after`` itself if there is none."""
    index = np.arange(strength.shape[-1])
    known = np.isfinite(strength) & (index < after[..., None])
    return np.where(known.any(axis=-1), index[-1] - known[..., ::-1].argmax(axis=-1), after)
