"""The report of ``saltus forecast``: when skills emerge, in which interval, and whether to rely on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.curves.axis import SHORT, Axis, article, axis_of
from saltus.curves.names import has_names, named_all
from saltus.curves.report import reading_report
from saltus.figures.forecast import forecast_figure
from saltus.forecast.assess import Assessment
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.size.calibration import SizeCalibration
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.effective_time import power_of
from saltus.forecast.time.frequency_fit import FrequencyFit
from saltus.present.report import Report
from saltus.present.table import DASH, Column, Table
from saltus.resource import resource_named

if TYPE_CHECKING:
    import xarray as xr

_NEVER = "not within this schedule"
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
    axis, summary = axis_of(curves), assessment.summary()
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
                | {"basis": _basis(k, assessment), "before": _before(k, assessment, axis)}
                | _endless(k, assessment, axis)
                for k, skill in enumerate(summary["skills"])
            ],
        ),
        summary={
            **summary,
            "rate_power": power_of(curves) if assessment.in_effective_time else None,
            "unit": axis.unit,
            "settings": settings,
            "version": __version__,
        },
        name="forecast",
        figures={"forecast": forecast_figure(curves, assessment, rise_of(assessment), note)},
        remarks=list(_remarks(curves, assessment)),
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
        Column("skill"),
        *([Column("name")] if with_names else []),
        Column("frequency", form=".4g"),
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
        Column("log10_error", "log10 error", form="+.3f"),
        Column("hit", value=lambda row: "used" if row.get("used") else row.get("hit")),
        Column("basis", "based on"),
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
        words["endless"] = _NEVER if np.isinf(low) else f"{axis.text(low)} {DASH} {_NEVER}"
    return words


def _before(k: int, assessment: Assessment, axis: Axis) -> str | None:
    """The observed time of a skill that was up at its first measurement; None for others."""
    measured = None if assessment.forecast is None else assessment.forecast.measured
    if measured is None or not measured.censored[k]:
        return None
    return axis.before(measured.before[k])


def _basis(k: int, assessment: Assessment) -> str | None:
    """The basis of a skill's forecast; None where there is no forecast."""
    forecast, calibration = assessment.forecast, assessment.calibration
    if forecast is None or calibration is None:
        return None
    if k + 1 in calibration.skills:
        return "calibrated on"
    measured = forecast.measured
    if measured is not None and (measured.mean[k] <= assessment.until or measured.censored[k]):
        return "calibration (already emerged)"
    return "calibration, own growth" if forecast.sharpened[k] else "calibration"


def _note(assessment: Assessment, settings: Mapping[str, Any], axis: Axis) -> str:
    """Version, file, and the settings that decide the figure."""
    if settings["alpha"] is not None:
        mix = f"α = {settings['alpha']:g}"
    elif settings["frequencies"] is not None:
        mix = f"frequencies {Path(settings['frequencies']).name}"
    else:
        mix = "frequencies of the curves"
    if (schedule := settings.get("schedule")) is not None:
        mix += f", schedule {Path(schedule).name}"
    made = settings["calibration"]
    until = axis.text(assessment.until)
    basis = _skills(settings["calibrate_on"], assessment) if made is None else Path(made).name
    return f"saltus {__version__}: {_named(settings['curves'])}, {mix}, calibrated on {basis}, " + (
        f"{assessment.resource} up to {assessment.until:g}" if axis.ordinary else axis.moment.format(until)
    )


def _remarks(curves: xr.Dataset, assessment: Assessment) -> Iterator[str]:
    """Lines on the reading of the file and its oddities, on frequencies and calibration, and the verdict."""
    if "reading" in curves.attrs:
        yield from reading_report(curves).lines
    if assessment.clock is not None:
        yield assessment.clock
    if assessment.frequency_fit is not None:
        yield _fitted(assessment.frequency_fit)
    fit = assessment.calibration
    if isinstance(fit, Calibration):
        yield f"calibrated on {_skills(fit.skills, assessment)}: {_in_time(fit, axis_of(curves))}"
    elif isinstance(fit, SizeCalibration):
        yield f"calibrated on {_skills(fit.skills, assessment)}: {_in_size(fit)}"
    yield str(assessment.verdict)
    if assessment.verdict.still:
        yield _still(assessment, axis_of(curves))


def _still(assessment: Assessment, axis: Axis) -> str:
    """Bounds and own growth of the skills to come, where no forecast holds."""
    said = []
    for one in assessment.verdict.still:
        text = f"{_skills([one.skill], assessment)} not before {axis.text(one.not_before)}"
        if one.by_growth is not None:
            low, middle, high = (axis.text(at) if np.isfinite(at) else _NEVER for at in one.by_growth)
            text += f", by its own growth {middle} ({low} to {high})"
        said.append(text)
    return f"still true: {'; '.join(said)}"


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
