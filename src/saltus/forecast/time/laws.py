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
from scipy.special import gammaln

from saltus._types import Floats
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.scatter import Scatter

_LARGEST = 4.0  # largest gamma: rarer skills of a tenth of the frequency come 10,000 times later
_POINTS = 161  # of the grid over gamma
_REACH = 8.0  # half-width of that grid in scales of the prior


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

    def prior(self, flatness: float, flatness_error: float) -> tuple[Floats, Floats]:
        """A grid of gamma, shape ``(n,)``, and the logarithms of its prior weights, which add up to 1."""
        centre = self.gamma * flatness if self.by_steepness else self.gamma
        scale = math.hypot(self.scale, self.gamma * flatness_error) if self.by_steepness else self.scale
        if scale <= 0:
            return np.array([centre]), np.zeros(1)
        low, high = max(centre - _REACH * scale, 0.0), min(centre + _REACH * scale, _LARGEST)
        grid = np.linspace(low, max(high, low + scale), _POINTS)
        z = (grid - centre) / scale
        if self.degrees is None:
            log_weight = -0.5 * z**2
        else:
            half = (self.degrees + 1) / 2
            log_weight = gammaln(half) - half * np.log1p(z**2 / self.degrees)
        return grid, log_weight - np.logaddexp.reduce(log_weight)


@dataclass(frozen=True)
class Recipe:
    """Laws that runs of one kind follow, as far as earlier runs taught them.

    Attributes:
        name: of the recipe, by which verdicts and coverage are kept.
        about: the runs that taught it, in words.
        laws: the mixture; weights add up to 1.
        shape: departure of other thresholds from the half time: `Departure` whose law at 0.5 is all zeros.
        growth_sd: standard deviation, in decades, of a date from growth at R/S = 0.05, 0.1, 0.2 and 0.3.
        clock_weight: probability, before skills are seen, that effective time is the clock, and not the steps.
        reach: the most decades of frequency from the first skill that were taught.
        n_runs: number of the runs that taught it.
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
    version: int = 1

    @property
    def slowest(self) -> float:
        """Longest mean delay of a straggler, decades."""
        return max(law.scatter.delay for law in self.laws)

    def plain(self) -> dict[str, Any]:
        """The recipe as plain data, for JSON."""
        return asdict(self)
