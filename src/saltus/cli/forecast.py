"""``saltus forecast``: from curves as they stand to when skills emerge, with intervals and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from saltus.present.terminal import show
from saltus.read.frequencies import read_frequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.assess import Assessment
    from saltus.present.report import Report
    from saltus.theory.frequencies import SkillFrequencies


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Forecast when skills emerge, from curves as they stand at one moment, and say whether to trust it.

    Curves over data or parameters (a column of that name in place of step) give the size of the training set, or the
    number of hidden nodes, that each skill needs.

    Example: saltus forecast results/mlp/curves.csv --alpha 0.6 --until 3000 --out results/forecast
    """

    curves: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CURVES")]
    """Table of curves: skill (from 1, most frequent first), step, strength, run if there are several; or a store."""
    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    frequencies: Path | None = None
    """File of frequencies or counts instead, one number a skill, most frequent first. Or the word fitted: all that is
    known is their order."""
    calibrate_on: tuple[int, ...] = (1,)
    """The skill to calibrate on, or several."""
    until: float | None = None
    """Use nothing after this step, or beyond this size; what came later is only compared. By default the last one."""
    threshold: float = 0.5
    """Strength R/S that counts as emerged."""
    level: float = 0.9
    """Probability that the intervals are to have."""
    calibration: Path | None = None
    """Use this calibration (forecast.json, or what Calibration.save wrote) instead of making one."""
    columns: str | None = None
    """Pattern of the columns to read, for example 'eval/*_acc'."""
    step_column: str | None = None
    """Column of steps, if the file does not make it plain."""
    quantity: Literal["strength", "loss", "accuracy"] | None = None
    """What the values are: strength, loss or accuracy."""
    skip: int = 0
    """Measurements to leave out at the start of every curve."""
    where: str | None = None
    """Of a store, take only runs whose settings fulfil this, for example 'width == 1000'."""
    over: Literal["step", "data", "parameters"] = "step"
    """Of a store, what to forecast over: step, or data or parameters with one point for each run."""
    out: Path | None = None
    """Folder for forecast.json and the figure; by default nothing is written."""
    json: bool = False
    """Print forecast.json on stdout instead of the table."""

    def run(self) -> None:
        from saltus.forecast.assess import assess
        from saltus.forecast.calibrate import load_calibration
        from saltus.present.report import prepare_folder, write
        from saltus.read.reading import read_curves

        calibration = None if self.calibration is None else load_calibration(self.calibration)
        curves = read_curves(
            self.curves,
            columns=self.columns,
            step_column=self.step_column,
            quantity=self.quantity,
            skip=self.skip,
            where=self.where,
            over=self.over,
        )
        assessment = assess(
            curves,
            self._frequencies(curves),
            on_skill=self.calibrate_on,
            until=self.until,
            calibration=calibration,
            threshold=self.threshold,
            level=self.level,
        )
        report = _report(curves, assessment, self._settings())
        show(report, [] if self.out is None else write(report, prepare_folder(self.out)), as_json=self.json)

    def _frequencies(self, curves: xr.Dataset) -> SkillFrequencies | Literal["fitted"] | None:
        """As given; None where the curves carry them."""
        import numpy as np

        from saltus.errors import InputError
        from saltus.theory.frequencies import PowerLaw

        given = [str(one) for one in (self.alpha, self.frequencies) if one is not None]
        if len(given) > 1 or not (given or np.isfinite(curves["frequency"]).all()):
            raise InputError(
                "frequencies must be given once",
                given or None,
                "give --alpha, or --frequencies FILE, one number a skill, or --frequencies fitted",
            )
        if self.alpha is not None:
            return PowerLaw(self.alpha, curves.sizes["skill"])
        if self.frequencies is None:
            return None
        return "fitted" if str(self.frequencies) == "fitted" else read_frequencies(self.frequencies)

    def _settings(self) -> dict[str, Any]:
        from saltus.settings import describe

        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in describe(self).items()
            if name not in ("kind", "json", "out")
        }


_UNIT = {"step": "steps", "data": "samples", "parameters": "hidden nodes"}


def _report(curves: xr.Dataset, assessment: Assessment, settings: dict[str, Any]) -> Report:
    from saltus._version import __version__
    from saltus.figures.forecast import forecast_figure
    from saltus.present.report import Report

    summary = assessment.summary()
    level, resource = f"{settings['level']:.0%}", assessment.resource
    moment = f"at step {assessment.until:g}" if resource == "step" else f"from {resource} up to {assessment.until:g}"
    return Report(
        title=f"Forecast {moment}: {_UNIT[resource]} at R/S = {assessment.threshold:g}",
        columns=("skill", "frequency", "forecast", f"{level} interval", "observed", "log10 error", "hit", "based on"),
        rows=[_row(k, assessment) for k in range(len(summary["skills"]))],
        summary={**summary, "settings": settings, "version": __version__},
        name="forecast",
        figures={"forecast": forecast_figure(curves, assessment, _note(assessment, settings))},
        remarks=[*_reading(curves), *_fitted(assessment), *_calibrated(assessment), str(assessment.verdict)],
    )


def _note(assessment: Assessment, settings: dict[str, Any]) -> str:
    """What the figure rests on: version, file, and the settings that decide it."""
    from saltus._version import __version__

    if settings["alpha"] is not None:
        mix = f"α = {settings['alpha']:g}"
    elif settings["frequencies"] is not None:
        mix = f"frequencies {Path(settings['frequencies']).name}"
    else:
        mix = "frequencies of the curves"
    made = settings["calibration"]
    basis = f"skill {', '.join(map(str, settings['calibrate_on']))}" if made is None else Path(made).name
    return (
        f"saltus {__version__}: {Path(settings['curves']).name}, {mix}, calibrated on {basis}, "
        f"{assessment.resource} up to {assessment.until:g}"
    )


def _row(k: int, assessment: Assessment) -> list[str]:
    from saltus.present.report import cell, yes_no

    start = [str(k + 1), f"{float(assessment.frequencies.pmf(k + 1)):.4g}"]
    forecast = assessment.forecast
    if forecast is None:
        return [*start, *["–"] * 6]
    assert assessment.calibration is not None
    assert forecast.measured is not None
    observed = float(forecast.measured.mean[k])
    if k + 1 in assessment.calibration.skills:
        basis = "calibrated on"
    elif observed <= assessment.until:
        basis = "calibration (already emerged)"
    else:
        basis = "calibration, own growth" if forecast.sharpened[k] else "calibration"
    form = ".1f" if assessment.resource == "parameters" else ".0f"
    low, high = forecast.interval[k]
    return [
        *start,
        format(forecast.emergence_time[k], form),
        f"{low:{form}} – {high:{form}}",
        cell(observed, form),
        cell(forecast.log10_ratio[k], "+.3f", "–"),
        yes_no(forecast.hit[k]),
        basis,
    ]


def _reading(curves: xr.Dataset) -> Sequence[str]:
    """How the file was read, by which rule it became strengths, and all that was irregular in it."""
    from saltus.read.report import reading_report

    return reading_report(curves).lines if "reading" in curves.attrs else ()


def _fitted(assessment: Assessment) -> list[str]:
    fit = assessment.frequency_fit
    if fit is None:
        return []
    forms = ", ".join(f"{one.name} {one.log_likelihood:.1f} - {one.penalty:.1f} = {one.score:.1f}" for one in fit.forms)
    return [
        f"frequencies fitted to {int(fit.dated.sum())} skills that have shown themselves: {fit.forms[0].name}, "
        f"alpha {fit.alpha:.3f} ± {fit.alpha_error:.2g} (log likelihood - penalty: {forms})"
    ]


def _calibrated(assessment: Assessment) -> list[str]:
    from saltus.forecast.size.calibration import SizeCalibration
    from saltus.forecast.time.calibration import Calibration

    fit = assessment.calibration
    if fit is None:
        return []
    if isinstance(fit, Calibration):
        found = (
            f"rate {fit.rate:.4g} ± {fit.rate_error:.1g} a step, half learned at frequency x step = "
            f"{fit.half_exposure:.4g} ± {fit.half_exposure_error:.2g} (runs: {fit.n_runs}; misfit {fit.residual:.3f})"
        )
    else:
        assert isinstance(fit, SizeCalibration)
        name = {"shots": "D_c", "nodes_per_skill": "N_c"}[fit.constant_name]
        found = (
            f"{name} = {fit.constant:.4g} ± {fit.constant_error:.2g} "
            f"(runs: {fit.n_runs}; misfit on the rise {fit.residual:.3f}, beyond scatter {fit.misfit:.3f})"
        )
    return [f"calibrated on skill {', '.join(map(str, fit.skills))}: {found}"]
