"""Calibrations in size as data: D_c from curves over data, N_c from curves over parameters, and their forecasts.

Nam et al. 2024, Eq. 15-21, each with its one constant. Sizes that skills need are proportional to it, so that one
relative error holds for all of them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.crossings import emergence_times
from saltus.errors import InputError
from saltus.forecast.base.checks import require_level, require_same_skills
from saltus.forecast.base.results import Distribution, EmergenceForecast, Uncertainty
from saltus.forecast.base.saved import load_as, save_calibration
from saltus.forecast.size.arrivals import SizesByError, SizesByPosterior
from saltus.forecast.size.forms import NodesForm, ShotsForm, SizeForm
from saltus.forecast.size.posterior import LEVELS
from saltus.resource import DATA, PARAMETERS
from saltus.statistics import powers_of_ten, student_quantile
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr


_MANY = 1e5  # shots from which the scatter of their number, below a third of a percent, is left aside
_ASIDE = 0.05  # half-width, in R/S, of the finite difference for the slope at a threshold


_ABOVE = 0.8413447  # probability of being below one standard deviation above the median of a normal law


@dataclass(frozen=True)
class SizeCalibration(ABC):
    """One constant of an extended model, with its standard error.

    Attributes:
        constant: D_c or N_c, in samples or nodes.
        variance: of log(constant), from the fit and from run-to-run spread.
        fit_variance: the part of it that comes from single measurements.
        degrees: degrees of freedom of the variance.
        residual: root mean square of measured minus fitted R/S, mean over runs, on the rise (0.05 to 0.95).
        misfit: the part of it beyond the scatter of the measurements.
        target_scale: S.
        skills: numbers of the skills that the fit used, from 1.
        n_skills: number of skills of the curves.
        n_runs: number of runs of the curves.
        quantiles: of the constant's posterior, at `saltus.forecast.size.posterior.LEVELS`; none in files of 0.1.0,
            whose intervals are Student's t.
        unit: samples or nodes in one unit of the sizes: 1 where sizes count them.
    """

    constant: float
    variance: float
    fit_variance: float
    degrees: float
    residual: float
    misfit: float
    target_scale: float
    skills: tuple[int, ...]
    n_skills: int
    n_runs: int
    quantiles: tuple[float, ...] = ()
    unit: float = 1.0

    resource: ClassVar[str]
    constant_name: ClassVar[str]
    lowest_threshold: ClassVar[float] = 0.0

    @property
    def constant_error(self) -> float:
        """Standard error of the constant."""
        return self.constant * math.sqrt(self.variance)

    @abstractmethod
    def model(self, frequencies: SkillFrequencies) -> DataEmergence | ParameterEmergence:
        """The calibrated model for any frequencies."""

    @classmethod
    @abstractmethod
    def form(cls, sizes: Floats, skill: Integers, frequencies: SkillFrequencies) -> SizeForm:
        """Expected strengths of some skills at some sizes, as functions of the constant."""

    @abstractmethod
    def _size(self, frequencies: SkillFrequencies, threshold: float) -> Floats:
        """Size at which each skill's expected strength reaches a threshold."""

    def forecast(
        self,
        frequencies: SkillFrequencies,
        *,
        measured: xr.Dataset | None = None,
        threshold: float = 0.5,
        level: float = 0.9,
    ) -> EmergenceForecast:
        """Forecast the size at which each skill emerges, with an interval.

        Args:
            frequencies: of the skills to forecast, finitely many.
            measured: curves of the same skills, to be set beside the forecast.
            threshold: the strength R/S that counts as emerged, between 0 and 1. (0.5, as for curves; the methods
                ``emergence_...`` of models have 0.05.)
            level: probability that the interval is to have, between 0 and 1.

        Raises:
            InputError: if there are infinitely many skills, or a value is out of range.
        """
        require_level(level)
        if not 0 < threshold < 1:
            raise InputError("threshold must lie between 0 and 1", threshold, "give a share of the full strength")
        skill = np.arange(1, require_finite_skills(frequencies) + 1)
        if measured is not None:
            require_same_skills(measured, len(skill))
        log_size = np.log10(self._size(frequencies, threshold) / self.unit)
        same = np.ones(len(skill)) / math.log(10)
        fit, runs = (math.sqrt(part) * same for part in (self.fit_variance, self.variance - self.fit_variance))
        misfit = self.misfit / self._rise(threshold, frequencies)
        linear = np.sqrt(fit**2 + runs**2 + misfit**2)
        sizes = self._arrivals(log_size, misfit, linear)
        # The posterior is wider than its sources to first order: they keep their shares of it.
        total = (sizes.quantile(_ABOVE) - sizes.quantile(1 - _ABOVE)) / 2 if self.quantiles else linear
        wider = np.divide(total, linear, out=np.ones_like(total), where=linear > 0)
        ends = [sizes.quantile(probability) for probability in (0.5 - level / 2, 0.5 + level / 2)]
        return EmergenceForecast(
            threshold=threshold,
            skill=skill,
            frequency=frequencies.pmf(skill),
            emergence_time=powers_of_ten(sizes.quantile(0.5)),
            interval=powers_of_ten(np.column_stack(ends)),
            level=level,
            uncertainty=Uncertainty(wider * fit, wider * runs, wider * misfit, np.zeros(len(skill)), total),
            sharpened=np.zeros(len(skill), dtype=bool),
            measured=None if measured is None else emergence_times(measured, threshold),
            arrivals=sizes,
        )

    def _arrivals(self, log_size: Floats, misfit: Floats, total: Floats) -> Distribution:
        """Distribution of each skill's size: by the posterior of the constant, or by its standard error alone."""
        if not self.quantiles:
            return SizesByError(log_size, total, self.degrees)
        return SizesByPosterior.of(log_size, np.log10(np.array(self.quantiles) / self.constant), misfit)

    @property
    def relative_interval(self) -> tuple[float, float]:
        """Ends of the constant's 90 % interval over the constant itself."""
        if self.quantiles:
            low, high = (self.quantiles[LEVELS.index(level)] / self.constant for level in (0.05, 0.95))
            return low, high
        reach = math.exp(float(student_quantile(0.95, self.degrees)) * math.sqrt(self.variance))
        return 1 / reach, reach

    def _rise(self, threshold: float, frequencies: SkillFrequencies) -> Floats:
        """Slope of each skill there, in R/S a decade: it turns a misfit in strength into one in size."""
        aside = min(_ASIDE, threshold / 2, (1 - threshold) / 2)
        above, below = (np.log10(self._size(frequencies, threshold + by)) for by in (aside, -aside))
        return np.asarray(2 * aside / np.maximum(above - below, np.finfo(float).eps))  # some sizes make a jump

    def summary(self) -> dict[str, Any]:
        """The constant by its name, with its standard error, and all fields; for a report."""
        by_name = self.constant / self.unit, self.constant_error / self.unit
        named = dict(zip((self.constant_name, f"{self.constant_name}_error"), by_name, strict=True))
        return {"resource": self.resource, **named, **asdict(self)}

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
        above_0 = self.constant, self.target_scale, self.degrees
        others = self.variance, self.fit_variance, self.residual, self.misfit
        finite = all(map(math.isfinite, (*above_0, *others, *self.quantiles, self.unit)))
        ascend = len(self.quantiles) in (0, len(LEVELS)) and list(self.quantiles) == sorted(self.quantiles)
        possible = min(above_0) > 0 and min(others) >= 0 and self.constant >= 1 and self.unit > 0
        if not (finite and possible and ascend and min(self.quantiles, default=1.0) > 0):
            raise InputError(
                "the constant must be at least 1, and variances and degrees of freedom numbers that can be such",
                str(source),
                "save the calibration again",
            )
        return self


@dataclass(frozen=True)
class DataCalibration(SizeCalibration):
    """D_c, the samples that one skill needs (``Nam et al. 2024, Eq. 17``); attributes as for `SizeCalibration`."""

    resource = DATA.name
    constant_name = "shots"

    @property
    def shots(self) -> float:
        """D_c, samples; in the unit of the curves' sizes where these do not count samples."""
        return self.constant / self.unit

    @property
    def shots_error(self) -> float:
        """Its standard error."""
        return self.constant_error / self.unit

    def model(self, frequencies: SkillFrequencies) -> DataEmergence:
        return DataEmergence(frequencies, target_scale=self.target_scale, shots=self.constant)

    @classmethod
    def form(cls, sizes: Floats, skill: Integers, frequencies: SkillFrequencies) -> ShotsForm:
        return ShotsForm(sizes, frequencies.pmf(skill))

    def _size(self, frequencies: SkillFrequencies, threshold: float) -> Floats:
        model, strength = self.model(frequencies), threshold * self.target_scale
        return model.data(strength) if self.constant > _MANY else model.expected_data(strength)


@dataclass(frozen=True)
class ParameterCalibration(SizeCalibration):
    """N_c, the hidden nodes that one skill needs (``Eq. 18-21``); attributes as for `SizeCalibration`.

    Forecasts are of the width at which the mean over runs is expected to pass the threshold, not rounded up.
    """

    resource = PARAMETERS.name
    constant_name = "nodes_per_skill"

    @property
    def nodes_per_skill(self) -> float:
        """N_c, hidden nodes; in the unit of the curves' sizes where these do not count nodes."""
        return self.constant / self.unit

    @property
    def nodes_per_skill_error(self) -> float:
        """Its standard error."""
        return self.constant_error / self.unit

    def model(self, frequencies: SkillFrequencies) -> ParameterEmergence:
        return ParameterEmergence(frequencies, target_scale=self.target_scale, nodes_per_skill=self.constant)

    @classmethod
    def form(cls, sizes: Floats, skill: Integers, frequencies: SkillFrequencies) -> NodesForm:  # noqa: ARG003
        return NodesForm(sizes, skill)

    def _size(self, frequencies: SkillFrequencies, threshold: float) -> Floats:
        return self.model(frequencies).parameters(threshold * self.target_scale)
