"""``saltus forecast``: from curves as they stand to when skills emerge, with intervals and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from saltus.cli.options import settings_of
from saltus.cli.reading import ReadingOptions
from saltus.present.terminal import show
from saltus.read.frequencies import read_frequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.theory.frequencies import SkillFrequencies


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
    out: Path | None = None
    """Folder for forecast.json and the figure; by default nothing is written."""
    json: bool = False
    """Print forecast.json on stdout instead of the table."""

    def run(self) -> None:
        from saltus.forecast.assess import assess
        from saltus.forecast.calibrate import load_calibration
        from saltus.present.forecast import forecast_report
        from saltus.present.report import prepare_folder, write

        calibration = None if self.calibration is None else load_calibration(self.calibration)
        curves = self.read()
        assessment = assess(
            curves,
            self._frequencies(curves),
            on_skill=self.calibrate_on,
            until=self.until,
            calibration=calibration,
            threshold=self.threshold,
            level=self.level,
        )
        report = forecast_report(curves, assessment, settings_of(self) | self.reading_settings())
        show(report, [] if self.out is None else write(report, prepare_folder(self.out)), as_json=self.json)

    def _frequencies(self, curves: xr.Dataset) -> SkillFrequencies | Literal["fitted"] | None:
        """The frequencies that the options name; None where the curves carry them."""
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
