"""Doubts that a forecast itself raises: dates that are vague, and skills that came, or did not, against its law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import emergence_times
from saltus.curves.names import called, named, skill_names
from saltus.forecast.base.verdict import CARE, STOP, Doubts

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast

_WIDE, _VAGUE = 0.6, 2.0  # widest interval in decades: above the first use with care, above the second stop
_SURPRISE, _IMPOSSIBLE = 0.05, 1e-3  # probability of the worst miss: below the first take care, below the second stop


def to_come(known: xr.Dataset) -> Flags:
    """Whether each skill has not passed half of its strength by now."""
    emerged = emergence_times(known)
    return np.asarray((emerged.n_emerged == 0) & ~emerged.censored)


def wide(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a date to come is vague; an interval beyond the end of a schedule counts up to that end."""
    low, high = np.log10(np.clip(forecast.interval, np.finfo(float).tiny, _end(forecast))).T
    width = np.where(to_come(known), high - low, 0.0)
    widest = int(width.argmax())
    if width[widest] > _WIDE:
        yield (
            STOP if width[widest] > _VAGUE else CARE,
            f"the {forecast.level:.0%} interval of {named(skill_names(known)[widest])} is {width[widest]:.2g} decades "
            "wide",
        )


def _end(forecast: EmergenceForecast) -> float:
    """The last step that a clock reaches; the largest number where there is none, or it goes on."""
    whole = math.inf if forecast.clock is None else float(forecast.clock.flow_time(math.inf))
    if forecast.clock is None or math.isinf(whole):
        return float(np.finfo(float).max)
    return float(forecast.clock.step(whole * (1 - 1e-9)))


def overdue(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a skill should have come by now, as the others say, and has not."""
    awaited = to_come(known)
    chance = _any_of(int(awaited.sum()), np.where(awaited, forecast.arrivals.waiting, 1.0))
    worst = int(chance.argmin())
    if chance[worst] < _SURPRISE:
        yield (
            STOP if chance[worst] < _IMPOSSIBLE else CARE,
            f"{named(skill_names(known)[worst])} should have emerged by now, and has not (chance {chance[worst]:.1g})",
        )


def missed(known: xr.Dataset, forecast: EmergenceForecast, alone: int | None = None) -> Doubts:
    """The doubt where a skill that has emerged came at a time that the others made unlikely.

    Args:
        known: curves up to now.
        forecast: of their half strengths, each without the skill's own date.
        alone: position of the only skill that has a date, which no other one tests; None where there are several.
    """
    emerged = emergence_times(over_steps(known))
    at = np.where(np.isfinite(emerged.mean), emerged.mean, np.where(emerged.censored, emerged.before, np.nan))
    tested = np.array([k for k in np.flatnonzero(at > 0) if k != alone], dtype=int)
    if not tested.size:
        return
    by = np.array([forecast.arrivals.probability_by(math.log10(at[k]))[k] for k in tested])
    late = 1 - by
    late[emerged.censored[tested]] = 1.0  # one that was up when first measured is not known to be late
    chance = _any_of(tested.size, 2 * np.minimum(by, late))
    worst = int(chance.argmin())
    if chance[worst] < _SURPRISE:
        k = int(tested[worst])
        error = abs(math.log10(forecast.emergence_time[k] / at[k]))
        least = "at least " if emerged.censored[k] else ""
        when = "earlier" if by[worst] < late[worst] else "later"
        yield (
            STOP if chance[worst] < _IMPOSSIBLE else CARE,
            f"{called(skill_names(known), k + 1)} emerged {least}{error:.2f} dex {when} than the others say "
            f"(chance {chance[worst]:.1g})",
        )


def grown(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a skill grows towards a date that the others make unlikely."""
    by = np.where(to_come(known), forecast.arrivals.by_growth, np.nan)
    chance = _any_of(int(np.isfinite(by).sum()), np.where(np.isfinite(by), 2 * np.minimum(by, 1 - by), 1.0))
    worst = int(chance.argmin())
    if chance[worst] < _SURPRISE:
        when = "earlier" if by[worst] < 0.5 else "later"
        yield (
            STOP if chance[worst] < _IMPOSSIBLE else CARE,
            f"{named(skill_names(known)[worst])} grows towards a date {when} than the others say "
            f"(chance {chance[worst]:.1g})",
        )


def _any_of(n: int, chance: Floats) -> Floats:
    """Probability that one of n alike independent tests has so small a chance."""
    return np.asarray(-np.expm1(max(n, 1) * np.log1p(-np.clip(chance, 0.0, 1 - 1e-16))))


def over_steps(known: xr.Dataset) -> xr.Dataset:
    """Curves over steps as the log has them, where they run over effective time."""
    if "logged_step" not in known.coords:
        return known
    return known.assign_coords(step=known["logged_step"].to_numpy())
