"""Verdicts: how far a forecast can be trusted, weighed from doubts in words and from evidence in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus.curves.names import named, skill_names

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.degenerate import DegenerateFitError


Level = Literal["trust", "use with care", "do not use"]
_LEVELS: tuple[Level, ...] = ("trust", "use with care", "do not use")
Doubts = Iterable[tuple[int, str]]
"""`CARE` or `STOP`, and the reason in words."""
CARE, STOP = 1, 2
ROUGH, WRONG = 0.05, 0.1  # rms misfit of a curve, in R/S: above the first use with care, above the second do not use


@dataclass(frozen=True)
class Verdict:
    """How far a forecast can be trusted.

    Attributes:
        level: "trust", "use with care" or "do not use".
        reasons: doubts, gravest first; with "trust", the checks that were passed.
        evidence: how well each explanation of the curves fits, best first; empty for forecasts in size.
    """

    level: Level
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        joined = "; ".join(self.reasons)
        return f"{self.level}: {joined}" if self.level == "trust" else f"{self.level} because {joined}"


@dataclass(frozen=True)
class Evidence:
    """How well one explanation of the curves fits.

    Attributes:
        name: of the explanation, e.g. "decoupled".
        residual: root mean square of measured minus fitted R/S.
        log_likelihood: natural logarithm, for normal errors of unknown size and the effective number of independent
            measurements.
        penalty: half the number of parameters times log(number of independent measurements).
        parameters: the fitted values, by name, averaged over runs.
    """

    name: str
    residual: float
    log_likelihood: float
    penalty: float
    parameters: dict[str, float]

    @property
    def score(self) -> float:
        """Log likelihood less penalty; a difference of 3 is a factor of 20 in odds."""
        return self.log_likelihood - self.penalty


def weigh(
    doubts: Doubts, evidence: tuple[Evidence, ...] = (), passed: Callable[[], tuple[str, ...]] = tuple
) -> Verdict:
    """The verdict of the gravest doubt; without any, "trust" because of the checks ``passed()``."""
    gravest_first = sorted(doubts, key=lambda doubt: -doubt[0])
    if not gravest_first:
        return Verdict("trust", passed(), evidence)
    return Verdict(_LEVELS[gravest_first[0][0]], tuple(text for _, text in gravest_first), evidence)


def unexplained_floors(known: xr.Dataset) -> Doubts:
    """The doubt about skills that start at a level for which nobody gave a reason."""
    if "unexplained_floor" not in known.coords:
        return
    levels = known["unexplained_floor"].to_numpy()
    high = np.flatnonzero(np.isfinite(levels))
    if high.size:
        names = skill_names(known)
        some = ", ".join(f"{named(names[k])} at {levels[k]:.3g}" for k in high[:3]) + (", ..." if high.size > 3 else "")
        yield CARE, f"the start of {some} is not explained: give the accuracy of guessing (chance=)"


def uncalibrated(known: xr.Dataset, degenerate: DegenerateFitError | None) -> tuple[int, str]:
    """The doubt where there is no calibration, since nothing has emerged or no fit has numbers to give."""
    return nothing_emerged(known) if degenerate is None else (STOP, f"{degenerate.received}: {degenerate.advice}")


def nothing_emerged(known: xr.Dataset) -> tuple[int, str]:
    """The doubt where there is nothing to calibrate on."""
    highest = float(np.nanmax(known["strength"].to_numpy(), initial=-math.inf))
    return STOP, f"no skill to calibrate on has emerged (highest R/S so far: {highest:.2f})"
