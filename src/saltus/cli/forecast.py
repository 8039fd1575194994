"""``saltus forecast``: from curves as they stand to when skills emerge, with intervals and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saltus.cli.options import settings_of
from saltus.cli.reading import ReadingOptions
from saltus.cli.schedules import schedule_of
from saltus.errors import InputError
from saltus.present.terminal import show
from saltus.read.frequencies import read_frequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.calibration import AnyCalibration
    from saltus.forecast.time.effective_time import AnySchedule
    from saltus.present.report import Report
    from saltus.theory.frequencies import SkillFrequencies

    Stated = SkillFrequencies | Literal["fitted"] | None


@dataclass(frozen=True, kw_only=True)
class Forecast(ReadingOptions):
    """Forecast when skills emerge, from curves as they stand at one moment, and say whether to trust it.

    Curves over data or parameters (a column of that name in place of step) give the size of the training set, or the
    number of hidden nodes, that each skill needs.

    Example: saltus forecast results/mlp/curves.csv --alpha 0.6 --until 3000 --out results/forecast
    """

    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    frequencies: Path | None = None
    """File of frequencies or counts instead, one number a skill, most frequent first. Or the word fitted: all that is
    known is their order."""
    calibrate_on: tuple[int | str, ...] = ()
    """The skill to calibrate on, by number or name, or several. By default all that have emerged; over sizes the
    first."""
    until: float | None = None
    """Use nothing after this step, or beyond this size; what came later is only compared. By default the last one."""
    threshold: float = 0.5
    """Strength R/S that counts as emerged."""
    schedule: str | None = None
    """How the learning rate changes, as text (cosine:warmup=500,steps=20000,floor=0.1) or a table with columns step and
    learning_rate; steps are counted by it. Or none: all count alike. By default as the curves tell."""
    level: float = 0.9
    """Probability that the intervals are to have."""
    calibration: Path | None = None
    """Use this calibration (forecast.json, or what Calibration.save wrote) instead of making one."""
    by: float | None = None
    """Also say how probable it is that each skill has emerged by this step, or at this size."""
    backtest: bool = False
    """Instead, forecast at every earlier moment, and say how these forecasts did."""
    out: Path | None = None
    """Folder for forecast.json (or backtest.json) and the figure; by default nothing is written."""
    json: bool = False
    """Print that JSON on stdout instead of the table."""

    def run(self) -> None:
        from saltus.curves.report import explaining, reading_lines
        from saltus.forecast.calibrate import load_calibration
        from saltus.present.report import prepare_folder, write

        if self.by is not None and self.backtest:
            raise InputError("by and backtest are two questions", [self.by, "backtest"], "give one of them")
        calibration = None if self.calibration is None else load_calibration(self.calibration)
        stated, schedule = self._stated_frequencies(), schedule_of(self.schedule)
        curves = self.read()
        with explaining(lambda: reading_lines(curves)):
            report = self._report(curves, stated, calibration, schedule)
        show(report, [] if self.out is None else write(report, prepare_folder(self.out)), as_json=self.json)

    def _report(
        self, curves: xr.Dataset, stated: Stated, calibration: AnyCalibration | None, schedule: AnySchedule
    ) -> Report:
        from saltus.cli.language import arguments_of, spoken

        asked = {
            "on_skill": self.calibrate_on or None,
            "until": self.until,
            "calibration": calibration,
            "threshold": self.threshold,
            "level": self.level,
            "schedule": schedule,
        }
        answer = self._backtest if self.backtest else self._forecast
        report = answer(curves, self._frequencies(curves, stated), asked)
        arguments = arguments_of(self)

        def said(lines: Sequence[str]) -> list[str]:
            return [spoken(line, arguments) for line in lines]

        return replace(report, remarks=said(report.remarks), answer=said(report.answer))

    def _forecast(self, curves: xr.Dataset, frequencies: Stated, asked: Mapping[str, Any]) -> Report:
        from saltus.forecast.assess import assess
        from saltus.present.forecast import forecast_report

        assessment = assess(curves, frequencies, **asked)
        return forecast_report(curves, assessment, settings_of(self) | self.reading_settings(), self.by)

    def _backtest(self, curves: xr.Dataset, frequencies: Stated, asked: Mapping[str, Any]) -> Report:
        from saltus.cli.progress import moment_progress
        from saltus.forecast.backtest import backtest
        from saltus.present.backtest import backtest_report

        with moment_progress() as progress:
            found = backtest(curves, frequencies, **asked, progress=progress)
        return backtest_report(curves, found, settings_of(self) | self.reading_settings())

    def _stated_frequencies(self) -> Stated:
        """The frequencies of `frequencies`, known before any curve is."""
        if self.alpha is not None and self.frequencies is not None:
            raise _given_once([str(self.alpha), str(self.frequencies)])
        if self.frequencies is None:
            return None
        return "fitted" if str(self.frequencies) == "fitted" else read_frequencies(self.frequencies)

    def _frequencies(self, curves: xr.Dataset, stated: Stated) -> Stated:
        """The frequencies that the options name; None where the curves carry them."""
        import numpy as np

        from saltus.theory.frequencies import PowerLaw

        if self.alpha is not None:
            return PowerLaw(self.alpha, curves.sizes["skill"])
        if stated is None and not np.isfinite(curves["frequency"]).all():
            raise _given_once(None)
        return stated


def _given_once(given: object) -> InputError:
    advice = "give --alpha, or --frequencies FILE, one number a skill, or --frequencies fitted"
    return InputError("frequencies must be given once", given, advice)
