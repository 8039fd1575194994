"""Weights of residuals by errors of measurement, where a file told them: few questions count less than many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats

if TYPE_CHECKING:
    import xarray as xr

_MISFIT = 0.05  # R/S that any curve misses its model by: however exact a measurement, it counts no more than so


def measured_errors(curves: xr.Dataset) -> Floats:
    """``strength_error`` where it is an error of measurement that a file told, else NaN, over run, skill, resource.

    Errors of our own trainings are those of one strength drawn from samples; their fits do not weigh.
    """
    error = curves["strength_error"].to_numpy()
    return error if curves.attrs.get("measured_errors") else np.full_like(error, np.nan)


def weights(error: Floats) -> Floats:
    """Factors of residuals, 1 in the root mean square; all of them 1 unless every error is known and above 0.

    Args:
        error: standard errors of the measurements that are fitted together, R/S, shape ``(n,)``.
    """
    if not (np.isfinite(error) & (error > 0)).all():
        return np.ones_like(error)
    inverse = 1 / np.hypot(error, _MISFIT)
    return np.asarray(inverse / np.sqrt(np.mean(inverse**2)))
