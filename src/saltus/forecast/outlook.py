"""Conditions of a forecast, before any is made: skills that can calibrate it, and how frequencies may be known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus.curves.crossings import emergence_times
from saltus.curves.schema import resource_of
from saltus.errors import InputError
from saltus.forecast.families import FAMILIES
from saltus.forecast.time.departure import shipped_departure
from saltus.resource import PARAMETERS

if TYPE_CHECKING:
    import xarray as xr

Known = Literal["given", "order suffices", "can be fitted", "must be given"]


@dataclass(frozen=True)
class Outlook:
    """Conditions of a forecast from curves as they stand.

    Attributes:
        calibrating: the skills, from 1, that were seen to rise and can calibrate a forecast.
        risen_before: the skills that were up at their first measurement already, and cannot.
        first: the skill of `calibrating` that rose first; None without any.
        in_order: whether skills rose in the order in which they stand.
        highest: highest mean R/S over runs of each skill, skill 1 first; NaN where it was not measured.
        frequencies: "given" by the curves; "order suffices", where a forecast rests on no more (one skill, or curves
            over parameters); "can be fitted" to the curves; or "must be given".
    """

    calibrating: tuple[int, ...]
    risen_before: tuple[int, ...]
    first: int | None
    in_order: bool
    highest: tuple[float, ...]
    frequencies: Known


def outlook(curves: xr.Dataset) -> Outlook:
    """Conditions of a forecast from labelled curves (`saltus.curves`).

    Raises:
        InputError: if the dataset is no such curves.
    """
    resource = resource_of(curves)
    family, skills = FAMILIES[resource.name], range(1, curves.sizes["skill"] + 1)
    mean = curves["strength"].mean("run").to_numpy()
    highest = np.nanmax(np.where(np.isfinite(mean), mean, -np.inf), axis=-1)
    calibrating = tuple(skill for skill in skills if family.ready(curves, skill))
    frequency = curves["frequency"].to_numpy()
    known: Known = "must be given"
    if np.isfinite(frequency).all():
        known = "given"
    elif len(skills) == 1 or resource is PARAMETERS:
        known = "order suffices"
    elif calibrating and _can_be_fitted(curves, calibrating[0]):
        known = "can be fitted"
    measured = emergence_times(curves)
    when = np.where(measured.censored, -np.inf, np.where(np.isfinite(measured.mean), measured.mean, np.inf))
    return Outlook(
        calibrating=calibrating,
        risen_before=tuple(int(one) + 1 for one in np.flatnonzero(measured.censored)),
        first=min(calibrating, key=lambda skill: float(when[skill - 1]), default=None),
        in_order=bool(np.all(when[1:] >= when[:-1])),
        highest=tuple(float(one) if np.isfinite(one) else np.nan for one in highest),
        frequencies=known,
    )


def _can_be_fitted(curves: xr.Dataset, on_skill: int) -> bool:
    """Whether the curves let their frequencies be fitted; to try is the only way to know, and takes little time."""
    fit_frequencies = FAMILIES[resource_of(curves).name].fit_frequencies
    try:
        return fit_frequencies is not None and bool(fit_frequencies(curves, on_skill, shipped_departure()))
    except InputError:
        return False
