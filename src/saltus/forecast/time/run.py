"""A run at one moment: its curves, its skills and its clock, from which forecasts over steps are made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus.forecast.base.checks import OnSkill, checked_skills
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.frequency_fit import FrequencyFit
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.masses import View
from saltus.forecast.time.predict import Skills, calibrated_views, can_date, forecast_from, predictions, views_of
from saltus.forecast.time.recipe import batch_size_of
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.protocols import Clock

if TYPE_CHECKING:
    import xarray as xr


def skills_of(
    curves: xr.Dataset, frequencies: SkillFrequencies, fit: FrequencyFit | None, *, ranked: bool = False
) -> Skills:
    """The skills of curves, with the samples of each in a batch where the settings tell its size.

    Args:
        curves: labelled curves over steps.
        frequencies: of their skills.
        fit: how the frequencies were found, if they were not given.
        ranked: whether the recipe goes by ranks, so that only the order of the frequencies counts.
    """
    frequency = frequencies.pmf(curves["skill"].to_numpy())
    error = np.zeros(len(frequency)) if fit is None or ranked else fit.log10_error
    return Skills(frequency, error, batch_size_of(curves) * frequency, ranked=ranked)


@dataclass(frozen=True)
class TimeRun:
    """A run at one moment.

    Attributes:
        curves: labelled curves over steps; those after ``until`` are only set beside forecasts.
        until: the moment, a step.
        skills: their frequencies.
        recipe: laws of the run.
        clock: of effective time, where steps do not all count alike.
    """

    curves: xr.Dataset
    until: float
    skills: Skills
    recipe: Recipe
    clock: Clock | None

    @property
    def known(self) -> xr.Dataset:
        """The curves up to the moment."""
        return self.curves.isel(step=self.curves["step"].to_numpy() <= self.until)

    def views(
        self, constants: TimeConstants | None, on_skill: OnSkill | None, *, calibrated_elsewhere: bool
    ) -> list[View]:
        """The run as its clocks show it; none where no skill has a date.

        Args:
            constants: of the calibrated curve.
            on_skill: the skills whose rise may inform the law; None for all.
            calibrated_elsewhere: whether the constants are of other curves, and stand for all rises of these.
        """
        if calibrated_elsewhere and constants is not None:
            return calibrated_views(constants, self.skills, self.recipe, self.known, self.clock)
        usable = np.ones(self.curves.sizes["skill"], bool)
        if on_skill is not None:
            usable[:] = False
            usable[[skill - 1 for skill in checked_skills(on_skill, self.curves)]] = True
        views = views_of(self.known, self.skills, self.recipe, constants, usable=usable, clock=self.clock)
        return [view for view in views if view.seen.emerged.any()]

    def forecasts(
        self, views: list[View], constants: TimeConstants | None, thresholds: Collection[float], level: float
    ) -> dict[float, EmergenceForecast]:
        """Forecasts by threshold; of those other than 0.5, only thresholds that the shape of a rise can date."""
        made = predictions(views, self.recipe)
        return {
            at: forecast_from(
                made,
                self.skills,
                self.recipe,
                constants,
                threshold=at,
                level=level,
                measured=self.curves,
                until=self.until,
            )
            for at in thresholds
            if all(can_date(view, constants, at) for view in views)
        }
