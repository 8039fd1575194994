"""Laws of emergence times over a run's skills, and recipes: the laws that runs of one kind were seen to follow.

The time of a skill goes as its frequency to the power -gamma (`Law`): gamma is 1 in the paper's model, and for other
optimisers a number of the run, which differs from recipe to recipe and can often be told from the steepness of a rise.
A `Recipe` is a mixture of such laws; runs teach it (`saltus.forecast.time.teach`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from saltus._types import Floats
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.scatter import Scatter

_LARGEST = 4.0  # largest gamma: rarer skills of a tenth of the frequency come 10,000 times later
_ENOUGH_RUNS = 5  # runs from which a class has a coverage
_TOLD = 0.1  # largest scale of a prior of gamma that counts as told
_REACH = 8.0  # half-width of a grid of gamma in scales of the prior


@dataclass(frozen=True)
class Law:
    """Times of skills as frequency^-gamma, with a prior of gamma and the scatter of single skills.

    Attributes:
        name: of the law, e.g. "steepness".
        weight: share of runs that follow it, before their curves are seen.
        gamma: centre of Student's t prior of gamma; or of gamma times the steepness h of the first rise.
        scale: of the prior.
        scatter: of single skills.
        by_steepness: whether the centre is ``gamma / h``.
        degrees: degrees of freedom of the prior; None for a normal one.
        clock_error: share of the decades by which effective time moves skills against each other, as the standard
            deviation of its errors.
        steepness: range of h in which the law applies at all, ends included; None for any.
    """

    name: str
    weight: float
    gamma: float
    scale: float
    scatter: Scatter
    by_steepness: bool = False
    degrees: float | None = None
    clock_error: float = 0.0
    steepness: tuple[float, float] | None = None

    def applies(self, flatness: float) -> bool:
        """Whether the law applies to a run whose first rise has the flatness 1/h; NaN where h is not known."""
        if not math.isfinite(flatness):
            return not self.by_steepness
        return self.steepness is None or self.steepness[0] * flatness <= 1 <= self.steepness[1] * flatness

    def prior(self, flatness: float, flatness_error: float) -> Prior:
        """The prior of gamma of a run whose first rise has the flatness 1/h."""
        if not self.by_steepness:
            return Prior(self.gamma, self.scale, self.degrees)
        return Prior(self.gamma * flatness, math.hypot(self.scale, self.gamma * flatness_error), self.degrees)


@dataclass(frozen=True)
class Prior:
    """Student's t, or a normal law, of gamma; certain where the scale is 0."""

    centre: float
    scale: float
    degrees: float | None

    def grid(self, n: int) -> Floats:
        """Values of gamma that cover the prior, closest about its centre; one where gamma is certain."""
        if self.scale <= 0:
            return np.array([self.centre])
        spread = np.linspace(-1, 1, n)
        grid = self.centre + _REACH * self.scale * spread * np.abs(spread)
        return np.unique(np.clip(grid, 0.0, _LARGEST))

    def log_weight(self, gamma: Floats) -> Floats:
        """Logarithm of the prior probability of each point of a grid, cut at the ends of possible gammas."""
        if len(gamma) < 2 or self.scale <= 0:
            return np.zeros(len(gamma))
        law = stats.norm if self.degrees is None else stats.t(self.degrees)
        ends = law.cdf((np.array([0.0, _LARGEST]) - self.centre) / self.scale)
        z = (gamma - self.centre) / self.scale
        return np.asarray(law.logpdf(z) + np.log(np.gradient(gamma) / self.scale) - np.log(ends[1] - ends[0]))


@dataclass(frozen=True)
class Coverage:
    """Measured coverage of a class of forecasts, on runs that taught nothing.

    Attributes:
        known: emerged skills at the moment of the forecast; the last class counts as that many or more, 0 as any
            number.
        scheduled: whether the learning rate varied, and steps were counted by it; None for both kinds.
        skills: number of skills that were forecast and came, or were to come after the end by their interval.
        runs: number of the runs that they are of.
        held: number of the skills whose 90 % interval held.
    """

    known: int
    scheduled: bool | None
    skills: int
    runs: int
    held: int

    @property
    def share(self) -> float:
        """Share of the skills whose interval held; NaN without any."""
        return self.held / self.skills if self.skills else math.nan

    def kind(self, recipe: Recipe) -> str:
        """The class in words, among those of a recipe."""
        most = max((one.known for one in recipe.coverage), default=0)
        rate = {True: "a varying rate", False: "a constant rate", None: "any rate"}[self.scheduled]
        number = "any number" if self.known == 0 else f"{self.known} or more" if self.known == most else str(self.known)
        return f"{number} emerged, {rate}"


@dataclass(frozen=True)
class Recipe:
    """Laws that runs of one kind follow, as far as earlier runs taught them.

    Attributes:
        name: of the recipe, by which verdicts and coverage are kept.
        about: the runs that taught it, in words.
        laws: the mixture; weights add up to 1.
        shape: departure of other thresholds from the half time: `Departure` whose law at 0.5 is all zeros.
        growth_sd: standard deviation, in decades, of a date from growth at R/S = 0.05, 0.15, 0.25 and 0.4.
        clock_weight: probability, before skills are seen, that effective time is the clock, and not the steps.
        reach: the most decades of frequency from the first skill that were taught.
        n_runs: number of the runs that taught it.
        coverage: of its forecasts, by class; empty where nobody measured it.
        version: raised whenever numbers change.
    """

    name: str
    about: str
    laws: tuple[Law, ...]
    shape: Departure
    growth_sd: tuple[float, float, float, float]
    clock_weight: float
    reach: float
    n_runs: int
    coverage: tuple[Coverage, ...] = ()
    version: int = 1

    @property
    def knows_gamma(self) -> bool:
        """Whether gamma is told within a tenth or so before any rise is seen, so that no steepness has to tell it."""
        return all(not law.by_steepness and law.scale <= _TOLD for law in self.laws)

    def covered(self, known: int, *, scheduled: bool) -> Coverage | None:
        """The coverage of forecasts with so many emerged skills: of their class, or of larger ones if it has few runs.

        A larger class has both kinds of learning rates, then any number of emerged skills too. None where even the
        largest has too few runs.
        """
        most = max((one.known for one in self.coverage), default=0)
        of_number = min(max(known, 1), most)  # a calibration made elsewhere stands for one skill
        same = [one for one in self.coverage if one.known == of_number]
        for number, rate, ones in (
            (of_number, scheduled, [one for one in same if one.scheduled == scheduled]),
            (of_number, None, same),
            (0, None, list(self.coverage)),
        ):
            runs = max((one.runs for one in ones), default=0)  # classes share their runs
            skills = sum(one.skills for one in ones)
            if runs >= _ENOUGH_RUNS and skills:
                return Coverage(number, rate, skills, runs, sum(one.held for one in ones))
        return None

    def straggling(self, samples: Floats) -> Floats:
        """Probability of straggling of skills by their samples in a batch, averaged over the laws."""
        weights = np.array([law.weight for law in self.laws])
        return np.asarray(weights @ [law.scatter.straggling(samples) for law in self.laws] / weights.sum())

    def plain(self) -> dict[str, Any]:
        """The recipe as plain data, for JSON."""
        return asdict(self)
