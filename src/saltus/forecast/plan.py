"""Turn a forecast around: what a skill needs to emerge in time, what a budget teaches, how to split compute."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from saltus._types import Flags, Floats, Integers
from saltus.errors import InputError, require_positive
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure
from saltus.theory.allocation import Allocation, compute_optimal
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import Frequencies, SkillFrequencies, require_finite_skills

_RAREST = 1e-12  # no frequency below this is considered


@dataclass(frozen=True)
class FrequencyPlan:
    """The share of the data that makes a skill emerge by a step.

    Attributes:
        by: the step.
        expected: frequency at which the forecast is that step; NaN if even a frequency of 1 is too little.
        safe: frequency at which the upper end of the interval is that step; NaN likewise.
        level: probability that the interval is to have.
    """

    by: float
    expected: float
    safe: float
    level: float


def plan_frequency(
    calibration: Calibration,
    by: float,
    *,
    threshold: float = 0.5,
    level: float = 0.9,
    departure: Departure | None = None,
) -> FrequencyPlan:
    """Which frequency a skill needs to emerge by a step.

    Args:
        calibration: of the network and its training.
        by: the step, greater than 0.
        threshold: the strength R/S that counts as emerged, between 0 and 1.
        level: probability that the interval is to have, between 0 and 1.
        departure: how networks depart from the model; by default as learned (`Calibration.forecast`).

    Raises:
        InputError: if a value is out of range.
    """
    by = require_positive("by", by, "give a step")

    def lateness(log_frequency: float, column: int | None) -> float:
        # A second skill takes the rest of the samples; skills are decoupled, so it changes nothing for the first.
        share = math.exp(log_frequency)
        both = Frequencies([share, max(1 - share, _RAREST)])
        forecast = calibration.forecast(both, threshold=threshold, level=level, departure=departure)
        k = both.order.index(0)
        time = forecast.emergence_time[k] if column is None else forecast.interval[k, column]
        return math.log(float(time) / by)

    def needed(column: int | None) -> float:
        low, high = math.log(_RAREST), math.log1p(-_RAREST)
        if lateness(high, column) > 0:
            return math.nan
        return math.exp(brentq(lateness, low, high, args=(column,), xtol=1e-12))

    return FrequencyPlan(by, needed(None), needed(1), level)


@dataclass(frozen=True)
class SkillPlan:
    """Which skills a budget of steps, data and parameters teaches; arrays of shape ``(n_skills,)``.

    Attributes:
        skill, frequency: of each.
        time, data, parameters: what each skill needs of them to reach the threshold.
        learned: whether the budget has all of it.
        lacking: what it lacks most, "time", "data" or "parameters"; "" where nothing.
    """

    skill: Integers
    frequency: Floats
    time: Floats
    data: Floats
    parameters: Floats
    learned: Flags
    lacking: tuple[str, ...]


def plan_skills(
    calibration: Calibration,
    frequencies: SkillFrequencies,
    *,
    time: float = math.inf,
    data: float = math.inf,
    parameters: float = math.inf,
    shots: float = 1,
    nodes_per_skill: float = 1,
    threshold: float = 0.5,
    departure: Departure | None = None,
) -> SkillPlan:
    """Which skills are learned by (T, D, N): each must have its time, its samples and its nodes.

    The smallest of three bottlenecks decides, as in the scaling laws (``Nam et al. 2024, Sec. 4, 5``).

    Args:
        calibration: of the network and its training; its rate dates the skills.
        frequencies: of the skills, finitely many.
        time, data, parameters: T in steps, D in samples, N in hidden nodes; infinity is no limit.
        shots: D_c, the samples that one skill needs (1 in the multilinear model, about 800 in the paper's network).
        nodes_per_skill: N_c (1 in the multilinear model, about 4 in the paper's network).
        threshold: the strength R/S that counts as learned, between 0 and 1.
        departure: how networks depart from the model; by default as learned (`Calibration.forecast`).

    Raises:
        InputError: if a value is out of range.
    """
    for name, limit in (("time", time), ("data", data), ("parameters", parameters)):
        if not limit >= 0:
            raise InputError(f"{name} must be at least 0", limit, "leave it out for no limit")
    skill = np.arange(1, require_finite_skills(frequencies) + 1)
    needs = {
        "time": calibration.forecast(frequencies, threshold=threshold, departure=departure).emergence_time,
        "data": DataEmergence(frequencies, shots=shots).emergence_data(skill, threshold),
        "parameters": ParameterEmergence(frequencies, nodes_per_skill=nodes_per_skill).emergence_parameters(
            skill, threshold
        ),
    }
    limits = {"time": time, "data": data, "parameters": parameters}
    # How many times over each need exceeds its limit; none is all of it.
    excess = np.array(
        [needs[name] / limits[name] if limits[name] > 0 else np.full(skill.shape, np.inf) for name in needs]
    )
    worst = excess.argmax(axis=0)
    enough = excess.max(axis=0) <= 1
    names = list(needs)
    return SkillPlan(
        skill=skill,
        frequency=frequencies.pmf(skill),
        **needs,
        learned=enough,
        lacking=tuple("" if fine else names[i] for i, fine in zip(worst, enough, strict=True)),
    )


def plan_budget(calibration: Calibration, frequencies: SkillFrequencies, compute: float) -> Allocation:
    """The best (N, T) for a compute budget C = N T: the least loss of the calibrated multilinear model.

    Args:
        calibration: of the network and its training.
        frequencies: of the skills.
        compute: C, skill basis functions times steps, greater than 0.

    Raises:
        InputError: if the compute is not a finite number above 0.
    """
    return compute_optimal(calibration.model(frequencies), compute)
