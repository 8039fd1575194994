"""Verdicts: how far a forecast can be trusted, weighed from doubts in words and from evidence in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus.curves.crossings import emergence_times
from saltus.curves.names import called, named, skill_names
from saltus.forecast.base.checks import OnSkill, checked_skills

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
class Still:
    """Bounds of a skill to come that hold though no forecast does; amounts in steps.

    Attributes:
        skill: its number, from 1.
        not_before: its last measurement, at which it had not emerged.
        by_growth: lower end, median and upper end of its date by its own growth alone; None where it does not grow.
    """

    skill: int
    not_before: float
    by_growth: tuple[float, float, float] | None


@dataclass(frozen=True)
class Verdict:
    """How far a forecast can be trusted.

    Attributes:
        level: "trust", "use with care" or "do not use".
        reasons: doubts, gravest first; with "trust", the checks that were passed.
        evidence: how well each explanation of the curves fits, best first; empty for forecasts in size.
        coverage: how often such forecasts held, in words; empty where nobody measured it.
        on_curves: level that the curves alone give, whatever the coverage.
        still: bounds of the skills to come, with "do not use"; empty for forecasts in size.
    """

    level: Level
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    coverage: str = ""
    on_curves: Level = "do not use"
    still: tuple[Still, ...] = ()

    def __str__(self) -> str:
        joined = "; ".join(self.reasons)
        said = f"{self.level}: {joined}" if self.level == "trust" else f"{self.level} because {joined}"
        return f"{said} ({self.coverage})" if self.coverage else said


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
    doubts: Doubts,
    evidence: tuple[Evidence, ...] = (),
    passed: Callable[[], tuple[str, ...]] = tuple,
    of_coverage: Doubts = (),
    coverage: str = "",
) -> Verdict:
    """The verdict of the gravest doubt; without any, "trust" because of the checks ``passed()``.

    Args:
        doubts: about the curves and the forecast.
        evidence: for and against explanations of the curves.
        passed: gives the checks behind "trust".
        of_coverage: further doubts, about how often such forecasts hold.
        coverage: the same in words.
    """
    about_curves = list(doubts)
    gravest_first = sorted([*about_curves, *of_coverage], key=lambda doubt: -doubt[0])
    on_curves = _LEVELS[max((one for one, _ in about_curves), default=0)]
    level = _LEVELS[gravest_first[0][0]] if gravest_first else _LEVELS[0]
    reasons = tuple(text for _, text in gravest_first) if gravest_first else passed()
    return Verdict(level, reasons, evidence, coverage, on_curves)


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


def uncalibrated(
    known: xr.Dataset, degenerate: DegenerateFitError | None, on_skill: OnSkill, ready: Callable[[int], bool]
) -> tuple[int, str]:
    """The doubt where there is no calibration, since nothing has emerged or no fit has numbers to give.

    Args:
        known: curves up to now.
        degenerate: why the fit has no numbers, if there was one.
        on_skill: the skill to calibrate on, or several.
        ready: whether a skill, by its number, could be calibrated on.
    """
    if degenerate is not None:
        return STOP, f"{degenerate.received}: {degenerate.advice}"
    return nothing_emerged(known, checked_skills(on_skill, known), ready)


def several_configurations(known: xr.Dataset) -> Doubts:
    """The doubt where curves are averaged over runs that seem to differ in more than their seed."""
    if known.attrs.get("configurations", 1) > 1:
        yield (
            CARE,
            f"the {known.sizes['run']} runs seem to be {known.attrs['configurations']} configurations, and no seeds of "
            "one: the forecast averages over them",
        )


def nothing_emerged(known: xr.Dataset, chosen: Sequence[int], ready: Callable[[int], bool]) -> tuple[int, str]:
    """The doubt where there is nothing to calibrate on: how the chosen skills stand, and others that could serve."""
    of_chosen = known.isel(skill=[skill - 1 for skill in chosen])
    names, before = skill_names(known), emergence_times(of_chosen)
    early = [
        f"{called(names, skill)} {_stood(of_chosen, i, float(before.before[i]))}"
        for i, skill in enumerate(chosen)
        if before.censored[i]
    ]
    highest = float(np.nanmax(of_chosen["strength"].to_numpy(), initial=-math.inf))
    how = ", ".join(early) or f"highest R/S so far: {highest:.2f}"
    others = [called(names, skill) for skill in range(1, len(names) + 1) if skill not in chosen and ready(skill)]
    could = f"; on {_or(others)} it could be" if others else ""
    seen = " while it was measured" if early else ""
    return STOP, f"no skill to calibrate on has emerged{seen} ({how}){could}"


def _stood(curves: xr.Dataset, i: int, at: float) -> str:
    """The first strength of a skill that emerged before it was measured."""
    values = curves["strength"].isel(skill=i).to_numpy()
    first = np.isfinite(values).argmax(axis=-1)
    level = float(np.nanmean(values[np.arange(len(values)), first]))
    resource = curves["strength"].dims[-1]
    when = "before the training" if at == 0 else "before it was measured"
    return f"emerged {when}: R/S = {level:.2f} at {resource} {at:.10g}"


def _or(names: Sequence[str]) -> str:
    """The names in a sentence; of many the first."""
    return " or ".join(names[:3]) + (" or others" if len(names) > 3 else "")
