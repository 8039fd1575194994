"""Calibrations over steps: the calibrated constants with their forecasts and their file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from saltus._types import Floats
from saltus.errors import InputError
from saltus.forecast.base.checks import require_level, require_same_skills
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.base.saved import load_as, save_calibration
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.predict import Skills, calibrated_views, forecast_from, predictions, require_threshold
from saltus.forecast.time.recipes import of_departure, shipped_recipes
from saltus.resource import STEP
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Calibration(TimeConstants):
    """Calibration over training steps (``Nam et al. 2024, Eq. 14``); attributes as for `saltus.TimeConstants`."""

    resource: ClassVar[str] = STEP.name

    def forecast(
        self,
        frequencies: SkillFrequencies,
        *,
        measured: xr.Dataset | None = None,
        threshold: float = 0.5,
        until: float | None = None,
        recipe: Recipe | None = None,
        departure: Departure | None = None,
        level: float = 0.9,
        frequency_error: Floats | None = None,
    ) -> EmergenceForecast:
        """Forecast when each skill emerges, with an interval.

        Args:
            frequencies: of the skills to forecast, finitely many.
            measured: curves of the same skills. Their strengths up to ``until`` sharpen the forecast of skills that
                had not emerged by then; all of them are set beside the forecast.
            threshold: the strength R/S that counts as emerged, between 0 and 1. (0.5, as for curves; the method
                ``emergence_time`` of models has 0.05.)
            until: the step up to which ``measured`` may be used; None uses none of it, 0 or more otherwise.
            recipe: laws that such runs follow; by default those of SGD that the runs of ``saltus reproduce
                forecast-study`` taught.
            departure: departure of networks from the model, in place of a recipe. `saltus.PAPER` is the model as
                published.
            level: probability that the interval is to have, between 0 and 1.
            frequency_error: standard deviation of log10 of each frequency over the calibrated one, if they are not
                known but fitted (`saltus.fit_frequencies`), shape ``(n_skills,)``.

        Raises:
            InputError: if there are infinitely many skills, or a value is out of range.
        """
        require_level(level)
        if until is not None and not until >= 0:
            raise InputError("until must be a step of at least 0", until, "give the last step that may be used")
        require_threshold(self, threshold)
        number = np.arange(1, require_finite_skills(frequencies) + 1)
        if measured is not None:
            require_same_skills(measured, len(number))
        law = shipped_recipes()["sgd"] if recipe is None else recipe
        if departure is not None:
            law = of_departure(departure)
        frequency, nothing = frequencies.pmf(number), np.full(len(number), np.nan)
        skills = Skills(frequency, np.zeros(len(number)) if frequency_error is None else frequency_error, nothing)
        known = None if measured is None or until is None else measured.sel(step=measured["step"] <= until)
        known = None if known is None or known.sizes["step"] == 0 else known
        made = predictions(calibrated_views(self, skills, law, known, None), law)
        return forecast_from(made, skills, law, self, threshold=threshold, level=level, measured=measured, until=until)

    def summary(self) -> dict[str, Any]:
        """All constants and derived quantities with their errors, for a report; unknown ones are NaN."""
        values: dict[str, Any] = {}
        for name in ("feature_rate_squared", "initial_strength", "rate", "half_exposure", "initial_logit"):
            values[name], values[f"{name}_error"] = getattr(self, name), getattr(self, f"{name}_error")
        return values | asdict(self)

    def save(self, path: str | Path) -> None:
        """Write the calibration as JSON; `load` gives an equal one back, to the last bit."""
        save_calibration(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote, or the calibration in a forecast.json.

        Raises:
            InputError: if the file is no such JSON, or holds a calibration over another resource.
        """
        return load_as(cls, cls.resource, path)

    def checked(self, source: str | Path) -> Self:
        """The calibration itself, if its numbers are possible; ``source`` is named in the `InputError` otherwise."""
        above_0 = (self.rate, self.half_exposure, self.target_scale, self.frequency)
        if not (_are_finite(above_0) and min(above_0) > 0):
            raise InputError(
                "rate, half exposure, scale and frequency must be finite numbers greater than 0",
                str(source),
                "save the calibration again",
            )
        variances = [*self.covariance[0], *self.covariance[1], *self.fit_covariance[0], *self.fit_covariance[1]]
        if not _are_finite([*variances, self.fit_degrees, self.residual]):
            raise InputError(
                "covariances, degrees of freedom and residual must be finite numbers",
                str(source),
                "save the calibration again",
            )
        return self


def _are_finite(numbers: Iterable[float]) -> bool:
    return all(map(math.isfinite, numbers))
