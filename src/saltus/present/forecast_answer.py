"""First lines of the report of ``saltus forecast``: the verdict, the next skill, the skills so far, the assumptions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Flags
from saltus.curves.axis import SHORT, Axis, amount_text
from saltus.curves.crossings import EmergenceTimes, emergence_times
from saltus.curves.names import has_names
from saltus.curves.report import reading_report
from saltus.forecast.assess import Assessment
from saltus.forecast.base.results import EmergenceForecast
from saltus.present.table import DASH
from saltus.resource import STEP

if TYPE_CHECKING:
    import xarray as xr

_NAMED = 8  # most skills that a line names
_SURE = 0.005  # probability from which on per cents would round to 1
_DIGITS = ".3g"  # format to which expected dates are rounded


def answer_lines(
    curves: xr.Dataset, assessment: Assessment, settings: Mapping[str, Any], axis: Axis, by: float | None
) -> Iterator[str]:
    """Verdict, coverage, the next skill, skills learned so far, and assumptions; one line each.

    Args:
        curves: labelled curves.
        assessment: the assessment of these curves.
        settings: options of the command line, by name.
        axis: of the curves.
        by: amount up to which the probability of emergence is wanted, too.
    """
    verdict, found = assessment.verdict, emergence_times(curves, assessment.threshold)
    said = "; ".join(verdict.reasons) if verdict.level == "trust" else verdict.reasons[0]
    yield f"{verdict.level.capitalize()}: {said}."
    if verdict.coverage:
        yield f"{verdict.coverage[0].upper()}{verdict.coverage[1:]}."
    come = come_by(found, assessment.until)
    if assessment.forecast is not None:
        yield _next(assessment, assessment.forecast, found, come, axis, by)
    if verdict.still:
        yield _still(assessment, axis)
    yield _learned(assessment, found, come, axis)
    yield f"Assumed: {'; '.join(_assumptions(curves, assessment, settings))}."


def come_by(found: EmergenceTimes, until: float) -> Flags:
    """Whether each skill had emerged by a moment, or stood when it was first measured."""
    return np.asarray((found.mean <= until) | (found.censored & (found.before <= until)))


def _next(
    assessment: Assessment,
    forecast: EmergenceForecast,
    found: EmergenceTimes,
    come: Flags,
    axis: Axis,
    by: float | None,
) -> str:
    waiting = np.flatnonzero(~come)
    if not waiting.size:
        return f"Next: none, all {len(come)} skills have emerged."
    k = int(waiting[forecast.emergence_time[waiting].argmin()])
    low, high = forecast.interval[k]
    words = [f"{_called(assessment.names, k)}, {_expected(float(forecast.emergence_time[k]), axis)}"]
    if math.isfinite(low):
        words[0] += f" ({forecast.level:.0%}: {_span(low, high, axis)})"
    if math.isinf(high):
        ever = float(forecast.probability_by(math.inf)[k])
        words.append(f"with {_chances(ever)} before the schedule ends")
    if by is not None:
        words.append(f"by {_at(by, axis)} with {_chances(float(forecast.probability_by(by)[k]))}")
    came = f"; it came at {_amount(float(found.mean[k]), axis)}" if math.isfinite(found.mean[k]) else ""
    doubtful = " (not to be relied on)" if assessment.verdict.level == "do not use" else ""
    return f"Next{doubtful}: {', '.join(words)}{came}."


def _chances(probability: float) -> str:
    """A probability in per cent, not rounded to what is certain."""
    if not _SURE < probability < 1 - _SURE:
        return "under 1%" if probability < 0.5 else "over 99%"
    return f"{probability:.0%}"


def _expected(amount: float, axis: Axis) -> str:
    return f"expected at {_at(_rounded(amount), axis)}" if math.isfinite(amount) else "not within this schedule"


def _span(low: float, high: float, axis: Axis) -> str:
    """An interval in words."""
    if math.isinf(high):
        return f"from {_amount(_rounded(low), axis)}"
    return f"{_amount(_rounded(low), axis)}{DASH}{_amount(_rounded(high), axis)}"


def _still(assessment: Assessment, axis: Axis) -> str:
    """Bounds and own growth of the skills to come, where no forecast holds."""
    said = []
    for one in assessment.verdict.still[:_NAMED]:
        text = f"{_called(assessment.names, one.skill - 1)} not before {_amount(one.not_before, axis)}"
        if one.by_growth is not None:
            low, middle, high = one.by_growth
            text += (
                f", by its own growth {_expected(middle, axis).removeprefix('expected ')} ({_span(low, high, axis)})"
            )
        said.append(text)
    more = len(assessment.verdict.still) - len(said)
    return f"Still true: {'; '.join([*said, f'and {more} more'] if more else said)}."


def _learned(assessment: Assessment, found: EmergenceTimes, come: Flags, axis: Axis) -> str:
    if not come.any():
        return f"Learned so far: none of {len(come)} skills."
    in_time = np.where(np.isfinite(found.mean), found.mean, np.nan_to_num(found.before))
    order = sorted(np.flatnonzero(come).tolist(), key=lambda k: float(in_time[k]))
    dated = [f"{_called(assessment.names, k)} {_date(found, k, axis)}" for k in order]
    more = [f"and {len(dated) - _NAMED} more"] if len(dated) > _NAMED else []
    return f"Learned so far: {', '.join([*dated[:_NAMED], *more])}."


def _date(found: EmergenceTimes, k: int, axis: Axis) -> str:
    return axis.before(found.before[k]) if found.censored[k] else f"at {_amount(float(found.mean[k]), axis)}"


def _assumptions(curves: xr.Dataset, assessment: Assessment, settings: Mapping[str, Any]) -> Iterator[str]:
    if (chance := _chance(curves, assessment.names)) is not None:
        yield chance
    yield mix_in_words(settings)
    if settings.get("order") == "emergence":
        yield "skills in the order in which they emerged"
    if assessment.resource == STEP.name:
        yield assessment.clock or "all steps count alike"
    if (recipe := assessment.recipe) is not None:
        yield f"recipe {recipe.name!r} ({recipe.about})"
    if (made := settings.get("calibration")) is not None:
        yield f"calibration of {Path(made).name}"


def mix_in_words(settings: Mapping[str, Any]) -> str:
    """The frequencies of a forecast, by the options that gave them."""
    if settings["alpha"] is not None:
        return f"frequencies by alpha = {settings['alpha']:g}"
    if settings["frequencies"] is None:
        return "frequencies of the curves"
    name = Path(settings["frequencies"]).name
    return "frequencies unknown but for their order" if name == "fitted" else f"frequencies of {name}"


def _chance(curves: xr.Dataset, names: Sequence[str]) -> str | None:
    """The accuracies of guessing; None where the values are none."""
    if "chance" not in curves.coords:
        return None
    chance = curves["chance"].to_numpy()
    known = [k for k in range(len(chance)) if math.isfinite(chance[k])]
    if not known:
        return None
    levels, counts = np.unique(chance[known], return_counts=True)
    common = float(levels[counts.argmax()])
    others = [f"{_called(names, k)} {chance[k]:.3g}" for k in known if chance[k] != common]
    more = [f"{len(others) - _NAMED} more"] if len(others) > _NAMED else []
    kinds = [one.kind for one in reading_report(curves).findings] if "reading" in curves.attrs else []
    source = " (from the flat starts: chance= sets it)" if "chance estimated" in kinds else ""
    return f"accuracy by chance {', '.join([f'{common:.3g}', *others[:_NAMED], *more])}{source}"


def _called(names: Sequence[str], k: int) -> str:
    return names[k] if has_names(names) else f"skill {k + 1}"


def _at(amount: float, axis: Axis) -> str:
    """An amount with its unit."""
    text = _amount(amount, axis)
    return f"{axis.one} {text}" if axis.ordinary and axis.resource is STEP else f"{text} {axis.unit}"


def _amount(amount: float, axis: Axis) -> str:
    return amount_text(amount, axis.form if axis.form == SHORT else f",{axis.form}")


def _rounded(amount: float) -> float:
    return float(format(amount, _DIGITS))
