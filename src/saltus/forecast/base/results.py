"""Forecasts of emergence: amounts, intervals and their sources, beside the measurements."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from saltus._types import Flags, Floats, Integers
from saltus.curves.crossings import EmergenceTimes
from saltus.errors import InputError
from saltus.statistics import powers_of_ten
from saltus.theory.protocols import Clock


class Distribution(Protocol):
    """Distribution of log10(emergence time) of every skill."""

    @property
    def waiting(self) -> Floats:
        """Probability, by the other skills, of not having come by now, shape ``(n_skills,)``."""

    @property
    def by_growth(self) -> Floats:
        """Probability, by the other skills, of coming by the date that a skill's own growth shows; NaN without one."""

    def quantile(self, probability: float) -> Floats:
        """log10 of the time by which each skill has come with that probability; infinite where it never does."""

    def probability_by(self, log_time: float) -> Floats:
        """Probability that each skill has come by a time, given by its log10."""


@dataclass(frozen=True)
class EmergenceForecast:
    """Forecast of when each skill passes a threshold, beside the measurements; arrays of shape ``(n_skills,)``.

    Times and intervals are in steps; of curves over data in samples, of curves over parameters in hidden nodes.

    Attributes:
        threshold: the strength R/S that counts as emerged.
        skill: numbers of the skills, from 1.
        frequency: of each skill, between 0 and 1.
        emergence_time: median of the forecast.
        interval: lower and upper end, shape ``(n_skills, 2)``.
        level: probability that the interval is to have.
        uncertainty: standard deviations behind the interval, by source.
        sharpened: whether a skill's own early strengths were used.
        measured: the measured emergence times, or None if there are no measurements.
        arrivals: the whole distribution: probability that each skill has emerged, by step or size.
        clock: of the schedule, where the forecast was made over effective time; infinite steps then say "not within
            this schedule".
        own_date: whether the forecast of a skill that has emerged rests on its own date, since there is no other: it
            is no test; None for none.
        own_growth: lower end, median and upper end of each skill's date at half strength by its own growth alone, NaN
            where it does not grow, shape ``(n_skills, 3)``; None of forecasts over sizes.
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
    arrivals: Distribution
    clock: Clock | None = None
    own_date: Flags | None = None
    own_growth: Floats | None = None

    def quantile(self, probability: float) -> Floats:
        """Time by which each skill has emerged with that probability, between 0 and 1; shape ``(n_skills,)``.

        Raises:
            InputError: if the probability is not between 0 and 1.
        """
        if not 0 < probability < 1:
            raise InputError("a probability must lie between 0 and 1", probability, "give e.g. 0.9")
        return powers_of_ten(self.arrivals.quantile(probability))

    def probability_by(self, amount: float) -> Floats:
        """Probability that each skill has emerged by an amount, in the unit of the forecast; shape ``(n_skills,)``.

        Args:
            amount: steps, samples or hidden nodes, at least 0; infinity for the whole of a schedule, so that the rest
                is the probability of "not within this schedule".

        Raises:
            InputError: if the amount is negative.
        """
        if not amount >= 0:
            raise InputError("by must be at least 0", amount, "give e.g. 20000")
        return self.arrivals.probability_by(math.log10(amount) if amount > 0 else -math.inf)

    @property
    def log10_ratio(self) -> Floats:
        """log10(forecast / measured): in decades, positive where the forecast is late; NaN where nothing emerged."""
        if self.measured is None:
            return np.full(self.skill.shape, np.nan)
        dated = np.where(self.measured.mean > 0, self.measured.mean, np.nan)  # at 0 a skill was there before
        return np.log10(self.emergence_time / dated)

    @property
    def hit(self) -> list[bool | None]:
        """Whether the measured time lies in the interval; None where there is none.

        A skill that emerged before its first measurement misses an interval that lies after it, and else says nothing.
        """
        if self.measured is None:
            return [None] * len(self.skill)
        measured = self.measured
        return [
            bool(low <= time <= high) if math.isfinite(time) else False if censored and low > before else None
            for time, censored, before, (low, high) in zip(
                measured.mean, measured.censored, measured.before, self.interval, strict=True
            )
        ]

    @property
    def too_late(self) -> Floats:
        """Decades by which a forecast is late at least, where a skill emerged before its first measurement; else NaN.

        A skill that stood there at amount 0 owes nothing to training, and is left out.
        """
        if self.measured is None:
            return np.full(self.skill.shape, np.nan)
        bound = np.where(self.measured.censored & (self.measured.before > 0), self.measured.before, np.nan)
        least = np.log10(self.emergence_time / bound)
        return np.where(least > 0, least, np.nan)


@dataclass(frozen=True)
class Uncertainty:
    """Standard deviations of log10(emergence time), kept apart by source; arrays of shape ``(n_skills,)``, in decades.

    Attributes:
        fit: noise of the measurements that were fitted.
        runs: differences between the calibrated runs (0 for a single run, which shows none).
        misfit: distance of networks from the model (`saltus.Departure`).
        frequencies: errors of fitted frequencies; 0 where the frequencies were given.
        total: all sources together, sharpened by a skill's own early strengths.
    """

    fit: Floats
    runs: Floats
    misfit: Floats
    frequencies: Floats
    total: Floats
