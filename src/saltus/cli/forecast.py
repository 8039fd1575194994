"""``saltus forecast``: from curves as they stand to when skills emerge, with intervals and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus.cli.mix import frequencies_of, stated_frequencies
from saltus.cli.options import settings_of
from saltus.cli.reading import ReadingOptions
from saltus.cli.schedules import schedule_of
from saltus.errors import InputError
from saltus.present.terminal import show

if TYPE_CHECKING:
    import xarray as xr

    from saltus.cli.mix import Stated
    from saltus.forecast.base.calibration import AnyCalibration
    from saltus.forecast.time.effective_time import AnySchedule
    from saltus.forecast.time.laws import Recipe
    from saltus.present.report import Report


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
    recipe: Path | None = None
    """Forecast by the laws in this file, which saltus teach wrote, instead of by those that come with the program."""
    pilot: tuple[Path, ...] = ()
    """Earlier runs of the same training, a file each, that teach these laws on the fly (as saltus teach would)."""
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
        if self.recipe is not None and self.pilot:
            given = [str(self.recipe), *map(str, self.pilot)]
            raise InputError("the law of the run must be given once", given, "give --recipe or --pilot, not both")
        calibration = None if self.calibration is None else load_calibration(self.calibration)
        stated, schedule = stated_frequencies(self.alpha, self.frequencies), schedule_of(self.schedule)
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
            "recipe": self._recipe(curves, stated, schedule),
        }
        answer = self._backtest if self.backtest else self._forecast
        report = answer(curves, frequencies_of(curves, self.alpha, stated), asked)
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

    def _recipe(self, curves: xr.Dataset, stated: Stated, schedule: AnySchedule) -> Recipe | None:
        """The laws that the options name, or that earlier runs teach; None for those of the program."""
        from saltus.cli.own_runs import read_runs, taught_by
        from saltus.forecast.time.recipes import load_recipe

        if self.recipe is not None:
            return load_recipe(self.recipe)
        if not self.pilot:
            return None
        own = {path.resolve() for path in self.curves}
        twice = next((path for path in self.pilot if path.resolve() in own), None)
        sets = [] if twice is not None else read_runs(self, self.pilot)
        if twice is not None or any(_are_same(curves, pilot) for pilot in sets):
            raise InputError(
                "pilot must be another run than the one to forecast", str(twice or self.pilot[0]), "give earlier runs"
            )
        return taught_by(sets, self.pilot, alpha=self.alpha, stated=stated, schedule=schedule).recipe


def _are_same(curves: xr.Dataset, pilot: xr.Dataset) -> bool:
    """Whether a run of the curves is also one of the pilot, as far as both were measured."""
    return any(one.equals(other) for one in _runs(curves) for other in _runs(pilot))


def _runs(curves: xr.Dataset) -> list[xr.DataArray]:
    return [curves["strength"].isel(run=k, drop=True) for k in range(curves.sizes["run"])]
