"""The report of ``saltus forecast``: when skills emerge, in which interval, and whether to rely on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.curves.axis import SHORT, Axis, article, axis_of
from saltus.curves.crossings import emergence_times
from saltus.curves.names import has_names, named_all
from saltus.curves.report import reading_report
from saltus.figures.forecast import forecast_figure
from saltus.forecast.assess import Assessment
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.size.calibration import SizeCalibration
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.effective_time import power_of
from saltus.forecast.time.frequency_fit import FrequencyFit
from saltus.present.forecast_answer import answer_lines, come_by, mix_in_words
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.resource import STEP, resource_named

if TYPE_CHECKING:
    import xarray as xr

_NEVER = "not within this schedule"
_USED = "used"  # basis of a forecast that rests on the skill's own date
_UNTESTED = {"untested": _USED, "no_error": ""}  # texts in place of a test of it
_DRAWN_THRESHOLDS = np.linspace(0.02, 0.98, 25)  # R/S at which the curve of a size forecast is drawn


def forecast_report(
    curves: xr.Dataset, assessment: Assessment, settings: Mapping[str, Any], by: float | None = None
) -> Report:
    """Table, summary, figure and remarks.

    Args:
        curves: labelled curves.
        assessment: the assessment of these curves.
        settings: options of the command line, by name; they are written down and named below the figure.
        by: amount up to which the probability of emergence is wanted, too.
    """
    axis, summary, basis = axis_of(curves), assessment.summary(), _bases(curves, assessment, settings)
    summary |= {"skills": [skill | {"basis": one} for skill, one in zip(summary["skills"], basis, strict=True)]}
    if by is not None:
        summary |= {"by": by, "skills": _with_probabilities(summary["skills"], assessment, by)}
    moment = axis.moment.format(assessment.until if axis.ordinary else axis.text(assessment.until))
    note = _note(assessment, settings, axis)
    return Report(
        title=f"Forecast {moment}: {axis.unit} at R/S = {assessment.threshold:g}",
        table=Table(
            _columns(axis, settings["level"], has_names(assessment.names), by),
            [
                skill
                | {"before": _before(k, assessment, axis), **(_UNTESTED if skill["basis"] == _USED else {})}
                | _endless(k, assessment, axis)
                for k, skill in enumerate(summary["skills"])
            ],
        ),
        summary={
            **summary,
            "rate_power": power_of(curves) if assessment.in_effective_time else None,
            "unit": axis.unit,
            "settings": {**settings, "calibrate_on": settings["calibrate_on"] or _emerged(curves, assessment)},
            "version": __version__,
        },
        name="forecast",
        figures={"forecast": forecast_figure(curves, assessment, rise_of(assessment), note)},
        remarks=list(_remarks(curves, assessment)),
        answer=list(answer_lines(curves, assessment, settings, axis, by)),
    )


def rise_of(assessment: Assessment) -> list[EmergenceForecast]:
    """Forecasts at ascending thresholds, which a figure joins; none without a calibration.

    In time they are the scored ones, whose intervals were learned; in size the model gives the whole curve.
    """
    calibration, forecast = assessment.calibration, assessment.forecast
    if not isinstance(calibration, SizeCalibration) or forecast is None:
        return [assessment.scored[at] for at in sorted(assessment.scored)]
    return [
        calibration.forecast(assessment.frequencies, threshold=at, level=forecast.level)
        for at in _DRAWN_THRESHOLDS.tolist()
    ]


def _with_probabilities(skills: Sequence[Mapping[str, Any]], assessment: Assessment, by: float) -> list[dict[str, Any]]:
    """The skills, each with the probability that it has emerged by an amount: 1 where it has already."""
    forecast = assessment.forecast
    if forecast is None:
        return [{**skill, "probability_by": None} for skill in skills]
    probability = forecast.probability_by(by)
    if (measured := forecast.measured) is not None and by >= assessment.until:
        known = (measured.mean <= assessment.until) | (measured.censored & (measured.before <= assessment.until))
        probability = np.where(known, 1.0, probability)
    return [{**skill, "probability_by": float(one)} for skill, one in zip(skills, probability, strict=True)]


def _columns(axis: Axis, level: float, with_names: bool, by: float | None) -> list[Column]:
    resource = axis.resource
    amount = "" if by is None else axis.text(by) if axis.form == SHORT else f"{by:,.10g}"
    return [
        Column("skill", spare=1 if with_names else 0),
        *([Column("name")] if with_names else []),
        Column("frequency", form=".4g", spare=3),
        Column(resource.emergence, "forecast", form=axis.form, instead="never"),
        Column(
            "interval",
            f"{level:.0%} interval",
            form=axis.form,
            parts=("interval_from", "interval_to"),
            instead="endless",
        ),
        *([] if by is None else [Column("probability_by", f"by {amount}", form=".0%")]),
        Column(resource.observed, "observed", form=axis.form, missing="not yet", instead="before"),
        Column("log10_error", "log10 error", form="+.3f", spare=4, instead="no_error"),
        Column("hit", value=lambda row: row.get("hit"), instead="untested"),
        Column("basis", "based on", spare=2),
    ]


def _endless(k: int, assessment: Assessment, axis: Axis) -> dict[str, str]:
    """Words in place of a forecast, and of an interval, that the schedule of the learning rate has no time for."""
    forecast = assessment.forecast
    if forecast is None or forecast.clock is None:
        return {}
    (low, high), words = forecast.interval[k], {}
    if np.isinf(forecast.emergence_time[k]):
        words["never"] = _NEVER
    if np.isinf(high):
        words["endless"] = _NEVER if np.isinf(low) else f"from {axis.text(low)}"
    return words


def _before(k: int, assessment: Assessment, axis: Axis) -> str | None:
    """The observed time of a skill that was up at its first measurement; None for others."""
    measured = None if assessment.forecast is None else assessment.forecast.measured
    if measured is None or not measured.censored[k]:
        return None
    return axis.before(measured.before[k])


def _emerged(curves: xr.Dataset, assessment: Assessment) -> list[int]:
    """Numbers of the skills that inform a forecast for which none were chosen."""
    return (np.flatnonzero(come_by(emergence_times(curves), assessment.until)) + 1).tolist()


def _bases(curves: xr.Dataset, assessment: Assessment, settings: Mapping[str, Any]) -> list[str | None]:
    """The basis of each skill's forecast; None where there is no forecast."""
    forecast = assessment.forecast
    if forecast is None:
        return [None] * len(assessment.names)
    come = come_by(emergence_times(curves), assessment.until)
    law = "law" if assessment.resource == STEP.name else "calibration"
    tested = "others" if assessment.resource == STEP.name and settings["calibration"] is None else "calibration"
    return [
        _USED if used else f"test of the {tested}" if come[k] else f"{law}, own growth" if grown else law
        for k, (grown, used) in enumerate(zip(forecast.sharpened, assessment.used, strict=True))
    ]


def _note(assessment: Assessment, settings: Mapping[str, Any], axis: Axis) -> str:
    """Version, file, and the settings that decide the figure."""
    mix = f"α = {settings['alpha']:g}" if settings["alpha"] is not None else mix_in_words(settings)
    if (schedule := settings.get("schedule")) is not None:
        mix += f", schedule {Path(schedule).name}"
    made = settings["calibration"]
    until = axis.text(assessment.until)
    chosen = settings["calibrate_on"]
    if not chosen and made is None:
        basis = "all that emerged"
    else:
        basis = _skills(chosen, assessment) if made is None else Path(made).name
    return f"saltus {__version__}: {_named(settings['curves'])}, {mix}, calibrated on {basis}, " + (
        f"{assessment.resource} up to {assessment.until:g}" if axis.ordinary else axis.moment.format(until)
    )


def _remarks(curves: xr.Dataset, assessment: Assessment) -> Iterator[str]:
    """Lines on further doubts, on the reading of the file and its oddities, on frequencies and calibration."""
    if assessment.verdict.level != "trust":
        yield from (f"also: {reason}" for reason in assessment.verdict.reasons[1:])
    if "reading" in curves.attrs:
        yield from reading_report(curves).lines
    if assessment.frequency_fit is not None:
        yield _fitted(assessment.frequency_fit)
    fit = assessment.calibration
    if isinstance(fit, Calibration):
        yield f"calibrated on {_skills(fit.skills, assessment)}: {_in_time(fit, axis_of(curves))}"
    elif isinstance(fit, SizeCalibration):
        yield f"calibrated on {_skills(fit.skills, assessment)}: {_in_size(fit)}"


def _fitted(fit: FrequencyFit) -> str:
    forms = ", ".join(f"{one.name} {one.log_likelihood:.1f} - {one.penalty:.1f} = {one.score:.1f}" for one in fit.forms)
    return (
        f"frequencies fitted to {int(fit.dated.sum())} skills that have shown themselves: {fit.forms[0].name}, "
        f"alpha {fit.alpha:.3f} ± {fit.alpha_error:.2g} (log likelihood - penalty: {forms})"
    )


def _in_time(fit: Calibration, axis: Axis) -> str:
    one = axis.one
    return (
        f"rate {fit.rate:.4g} ± {fit.rate_error:.1g} {article(one)} {one}, half learned at frequency x {one} = "
        f"{fit.half_exposure:.4g} ± {fit.half_exposure_error:.2g} (runs: {fit.n_runs}; misfit {fit.residual:.3f})"
    )


def _in_size(fit: SizeCalibration) -> str:
    return (
        f"{resource_named(fit.resource).symbol}_c = {fit.constant:.4g} ± {fit.constant_error:.2g} "
        f"(runs: {fit.n_runs}; misfit on the rise {fit.residual:.3f}, beyond scatter {fit.misfit:.3f})"
    )


def _skills(chosen: Sequence[int | str], assessment: Assessment) -> str:
    """Skills given by number or by name, by their names in a sentence."""
    names = assessment.names
    return named_all(names[one - 1] if isinstance(one, int) and 0 < one <= len(names) else str(one) for one in chosen)


def _named(curves: str | Sequence[str]) -> str:
    """The name of the file, or of the first of several and how many more there are."""
    paths = [curves] if isinstance(curves, str) else curves
    return Path(paths[0]).name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
