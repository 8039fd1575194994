"""Forecasts, verdicts and checks that all families share.

It is the only module of this folder that ``time/`` and ``size/`` import.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus._types import Flags, Floats, Integers
from saltus.curves.crossings import EmergenceTimes
from saltus.errors import InputError, require_whole
from saltus.theory.frequencies import Frequencies

if TYPE_CHECKING:
    import xarray as xr


Level = Literal["trust", "use with care", "do not use"]
_LEVELS: tuple[Level, ...] = ("trust", "use with care", "do not use")
Doubts = Iterable[tuple[int, str]]
"""`CARE` or `STOP`, and the reason in words."""
CARE, STOP = 1, 2
ROUGH, WRONG = 0.05, 0.1  # rms misfit of a curve, in R/S, that asks for care, or is no such curve


@dataclass(frozen=True)
class EmergenceForecast:
    """When each skill is forecast to pass a threshold, beside what was measured; arrays of shape ``(n_skills,)``.

    Times and intervals are steps, or, of curves over data or parameters, samples or hidden nodes.

    Attributes:
        threshold: the strength R/S that counts as emerged.
        skill: from 1.
        frequency: of each skill.
        emergence_time: when.
        interval: from when to when, shape ``(n_skills, 2)``.
        level: probability that the interval is to have.
        uncertainty: what makes the interval wide.
        sharpened: whether a skill's own early strengths were used.
        measured: when the skills did emerge, or None if that is not known.
    """

    threshold: float
    skill: Integers
    frequency: Floats
    emergence_time: Floats
    interval: Floats
    level: float
    uncertainty: Uncertainty
    sharpened: Flags
    measured: EmergenceTimes | None

    @property
    def log10_ratio(self) -> Floats:
        """log10(forecast / measured): in decades, positive where the forecast is late; NaN where nothing emerged."""
        if self.measured is None:
            return np.full(self.skill.shape, np.nan)
        return np.log10(self.emergence_time / self.measured.mean)

    @property
    def hit(self) -> list[bool | None]:
        """Whether the measured time lies in the interval; None where there is none."""
        if self.measured is None:
            return [None] * len(self.skill)
        return [
            bool(low <= time <= high) if math.isfinite(time) else None
            for time, (low, high) in zip(self.measured.mean, self.interval, strict=True)
        ]


@dataclass(frozen=True)
class Uncertainty:
    """Standard deviations of log10(emergence time), kept apart by source; arrays of shape ``(n_skills,)``.

    Attributes:
        fit: noise of the measurements that were fitted.
        runs: differences between the calibrated runs (0 for a single run, which shows none).
        misfit: how far networks stray from the model (`saltus.forecast.time.departure.Departure`).
        frequencies: where they were fitted, what is not known of them; else 0.
        total: all of them, sharpened by what a skill's own early strengths say.
    """

    fit: Floats
    runs: Floats
    misfit: Floats
    frequencies: Floats
    total: Floats


def require_level(level: float) -> None:
    """Raise `InputError` unless ``level`` can be the probability of an interval."""
    if not 0 < level < 1:
        raise InputError("level must lie between 0 and 1", level, "give a probability, e.g. 0.9")


def require_same_skills(measured: xr.Dataset, n_skills: int) -> None:
    """Raise `InputError` unless the curves have that many skills."""
    if measured.sizes["skill"] != n_skills:
        raise InputError(
            "measured curves must have as many skills as there are frequencies",
            measured.sizes["skill"],
            f"give frequencies of {measured.sizes['skill']} skills, not {n_skills}",
        )


def checked_skills(on_skill: int | Sequence[int], n_skills: int) -> tuple[int, ...]:
    """The skills to calibrate on, ascending, or raise `InputError`."""
    asked = on_skill if isinstance(on_skill, Sequence) else [on_skill]
    skills = tuple(sorted({require_whole("on_skill", skill, 1, "skills count from 1") for skill in asked}))
    if not skills:
        raise InputError("on_skill must name at least one skill", on_skill, "skills count from 1")
    if skills[-1] > n_skills:
        raise InputError(f"on_skill must be at most {n_skills}, the number of skills", skills[-1], "choose one of them")
    return skills


def carried_frequencies(curves: xr.Dataset) -> Frequencies:
    """The frequencies that come with the curves, or raise `InputError` if none do."""
    values = curves["frequency"].to_numpy()
    if not (np.all(values > 0) and np.all(np.diff(values) <= 0)):
        raise InputError(
            "the curves do not say how frequent their skills are, most frequent first", values, "give frequencies"
        )
    return Frequencies(values)


def not_risen(of_skills: xr.Dataset, advice: str) -> InputError:
    """What to raise where no chosen skill shows a rise."""
    rule = "the skill to calibrate on must rise through R/S = 0.1 and 0.5"
    return InputError(rule, float(of_skills["strength"].max()), advice)


@dataclass(frozen=True)
class Verdict:
    """How far a forecast can be trusted.

    Attributes:
        level: "trust", "use with care" or "do not use".
        reasons: what speaks against it, gravest first; or, with "trust", what was checked.
        evidence: how well every explanation fits (`saltus.forecast.time.rivals`), the best first.
    """

    level: Level
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        joined = "; ".join(self.reasons)
        return f"{self.level}: {joined}" if self.level == "trust" else f"{self.level} because {joined}"


def weigh(doubts: Doubts, evidence: tuple[Evidence, ...] = ()) -> Verdict | None:
    """The verdict of the gravest doubt; None without any."""
    gravest_first = sorted(doubts, key=lambda doubt: -doubt[0])
    if not gravest_first:
        return None
    return Verdict(_LEVELS[gravest_first[0][0]], tuple(text for _, text in gravest_first), evidence)


def nothing_emerged(known: xr.Dataset) -> tuple[int, str]:
    """The doubt where there is nothing to calibrate on."""
    highest = float(np.nanmax(known["strength"].to_numpy(), initial=-math.inf))
    return STOP, f"no skill to calibrate on has emerged (highest R/S so far: {highest:.2f})"


@dataclass(frozen=True)
class Evidence:
    """How well one explanation fits.

    Attributes:
        name: which.
        residual: root mean square of measured minus fitted R/S.
        log_likelihood: natural logarithm, normal errors of unknown size; neighbouring residuals that go together count
            as fewer measurements.
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
