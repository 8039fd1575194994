"""``saltus forecast``: from curves as they stand to dated emergence, with intervals and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from saltus.cli.output import show

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.assess import Assessment
    from saltus.report import Report
    from saltus.theory.frequencies import SkillFrequencies


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Forecast when skills emerge, from curves as they stand at one moment, and say whether to trust it.

    Example: saltus forecast results/mlp/curves.csv --alpha 0.6 --until 3000 --out results/forecast
    """

    curves: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CURVES")]
    """Table of curves: skill (from 1, most frequent first), step, strength, and run if there are several."""
    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    frequencies: Path | None = None
    """File of frequencies or counts instead, one number a skill, most frequent first."""
    calibrate_on: tuple[int, ...] = (1,)
    """The skill to calibrate on, or several."""
    until: float | None = None
    """Use nothing after this step; what came later is only compared. By default the last step."""
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
    out: Path | None = None
    """Folder for forecast.json and the figure; by default nothing is written."""
    json: bool = False
    """Print forecast.json on stdout instead of the table."""

    def run(self) -> None:
        import saltus
        from saltus.forecast.assess import assess
        from saltus.forecast.calibration import Calibration
        from saltus.report import prepare_folder, write

        calibration = None if self.calibration is None else Calibration.load(self.calibration)
        curves = saltus.read_curves(
            self.curves,
            columns=self.columns,
            step_column=self.step_column,
            quantity=self.quantity,
            skip=self.skip,
        )
        assessment = assess(
            curves,
            self._frequencies(curves.sizes["skill"]),
            on_skill=self.calibrate_on,
            until=self.until,
            calibration=calibration,
            threshold=self.threshold,
            level=self.level,
        )
        report = _report(curves, assessment, self._settings())
        show(report, [] if self.out is None else write(report, prepare_folder(self.out)), as_json=self.json)

    def _frequencies(self, n_skills: int) -> SkillFrequencies:
        from saltus.errors import InputError
        from saltus.theory.frequencies import PowerLaw

        if (self.alpha is None) == (self.frequencies is None):
            given = None if self.alpha is None else [self.alpha, str(self.frequencies)]
            raise InputError(
                "frequencies must be given once", given, "give --alpha, or --frequencies FILE, one number a skill"
            )
        if self.alpha is not None:
            return PowerLaw(self.alpha, n_skills)
        assert self.frequencies is not None
        return read_frequencies(self.frequencies)

    def _settings(self) -> dict[str, Any]:
        from saltus.settings import describe

        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in describe(self).items()
            if name not in ("kind", "json", "out")
        }


def read_frequencies(path: Path) -> SkillFrequencies:
    """Frequencies or counts from a text file, numbers apart by commas, spaces or lines, most frequent first.

    Raises:
        InputError: if the file is none, or its numbers do not descend from the first.
    """
    from saltus.errors import InputError
    from saltus.theory.frequencies import Frequencies

    advice = "give a text file with one number a skill"
    try:
        values = [float(word) for word in path.read_text().replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise InputError("frequencies must be a file of numbers", str(path), advice) from error
    if any(later > earlier for earlier, later in pairwise(values)):
        raise InputError("frequencies must descend: skill 1 is the most frequent", values, "sort them, and the skills")
    return Frequencies(values)


def _report(curves: xr.Dataset, assessment: Assessment, settings: dict[str, Any]) -> Report:
    import saltus
    from saltus.figures.forecast import forecast_figure
    from saltus.report import Report

    summary = assessment.summary()
    level = f"{settings['level']:.0%}"
    return Report(
        title=f"Forecast at step {assessment.until:g}: steps at R/S = {assessment.threshold:g}",
        columns=("skill", "frequency", "forecast", f"{level} interval", "observed", "log10 error", "hit", "based on"),
        rows=[_row(skill, assessment) for skill in summary["skills"]],
        summary={**summary, "settings": settings, "version": saltus.__version__},
        name="forecast",
        figures={"forecast": forecast_figure(curves, assessment, f"saltus {saltus.__version__}")},
        remarks=[*_reading(curves), *_calibrated(assessment), str(assessment.verdict)],
    )


def _row(skill: dict[str, Any], assessment: Assessment) -> list[str]:
    from saltus.report import cell, yes_no

    start = [str(skill["skill"]), f"{skill['frequency']:.4g}"]
    if skill["interval"] is None:
        return [*start, *["–"] * 6]
    observed = math.nan if skill["observed_time"] is None else skill["observed_time"]
    assert assessment.calibration is not None
    if skill["skill"] in assessment.calibration.skills:
        basis = "calibrated on"
    elif observed <= assessment.until:
        basis = "calibration (already emerged)"
    else:
        basis = "calibration, own growth" if skill["sharpened"] else "calibration"
    return [
        *start,
        f"{skill['emergence_time']:.0f}",
        "{:.0f} – {:.0f}".format(*skill["interval"]),
        cell(observed, ".0f"),
        cell(skill["log10_error"], "+.3f", "–"),
        yes_no(skill["hit"]),
        basis,
    ]


def _reading(curves: xr.Dataset) -> Sequence[str]:
    """How the file was read, by which rule it became strengths, and all that was irregular in it."""
    from saltus.forecast.read.report import reading_report

    return reading_report(curves).lines if "reading" in curves.attrs else ()


def _calibrated(assessment: Assessment) -> list[str]:
    fit = assessment.calibration
    if fit is None:
        return []
    return [
        f"calibrated on skill {', '.join(map(str, fit.skills))}: rate {fit.rate:.4g} ± {fit.rate_error:.1g} a step, "
        f"half learned at frequency x step = {fit.half_exposure:.4g} ± {fit.half_exposure_error:.2g} "
        f"(runs: {fit.n_runs}; misfit {fit.residual:.3f})"
    ]
