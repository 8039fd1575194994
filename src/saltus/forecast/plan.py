"""Turn a forecast around: the frequency that a skill needs by a step, the skills of a budget, the split of compute."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from saltus._types import Flags, Floats, Integers
from saltus.errors import InputError, require_positive
from saltus.forecast.base.checks import require_level
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.predict import Skills, calibrated_views, forecast_from, predictions, require_threshold
from saltus.forecast.time.recipes import of_departure, shipped_recipes
from saltus.resource import DATA, PARAMETERS, STEP
from saltus.theory.allocation import Allocation, compute_optimal
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills
from saltus.theory.protocols import Clock

_RAREST = 1e-12  # lowest frequency to consider
_CLOSE = 1e-4  # error of a frequency that is looked for, as a share of it


@dataclass(frozen=True)
class FrequencyPlan:
    """The share of the data that makes a skill emerge by a step.

    Attributes:
        by: the step by which it is to emerge.
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
    clock: Clock | None = None,
) -> FrequencyPlan:
    """The frequency that a skill needs to emerge by a step.

    Args:
        calibration: of the network and its training.
        by: the step, greater than 0.
        threshold: the strength R/S that counts as emerged, between 0 and 1. (0.5, as for curves; the methods
            ``emergence_...`` of models have 0.05.)
        level: probability that the interval is to have, between 0 and 1.
        departure: departure of networks from the model; by default the shipped one (`Calibration.forecast`).
        clock: of the schedule by which the planned training counts its steps, for a calibration over effective time;
            None where all steps count alike, as one at the highest rate.

    Raises:
        InputError: if a value is out of range, or the learning rate is 0 up to that step.
    """
    by = require_positive("by", by, "give a step")
    trained = by if clock is None else float(clock.flow_time(by))
    if trained == 0:
        raise InputError("the learning rate must be above 0 before the step by", by, "give a later one")
    require_level(level)
    require_threshold(calibration, threshold)
    recipe = shipped_recipes()["sgd"] if departure is None else of_departure(departure)

    def lateness(log_frequency: float, probability: float) -> float:
        skill = Skills(np.array([math.exp(log_frequency)]), np.zeros(1), np.full(1, np.nan))
        of_half = predictions(calibrated_views(calibration, skill, recipe, None, None), recipe)
        made = forecast_from(
            of_half, skill, recipe, calibration, threshold=threshold, level=level, measured=None, until=None
        )
        return math.log(float(made.quantile(probability)[0]) / trained)

    def needed(probability: float) -> float:
        low, high = math.log(_RAREST), math.log1p(-_RAREST)
        if lateness(high, probability) > 0:
            return math.nan
        return math.exp(brentq(lateness, low, high, args=(probability,), xtol=_CLOSE))

    return FrequencyPlan(by, needed(0.5), needed(0.5 + level / 2), level)


@dataclass(frozen=True)
class SkillPlan:
    """Skills that a budget of steps, data and parameters teaches; arrays of shape ``(n_skills,)``.

    Attributes:
        skill: numbers of the skills, from 1.
        frequency: of each skill.
        time: steps that each skill needs to reach the threshold.
        data: samples that it needs.
        parameters: hidden nodes that it needs.
        learned: whether the budget has all of them.
        lacking: the scarcest of them, "time", "data" or "parameters"; "" where the budget suffices.
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
    clock: Clock | None = None,
) -> SkillPlan:
    """The skills that are learned by (T, D, N): each must have its time, its samples and its nodes.

    The smallest of three bottlenecks decides, as in the scaling laws (``Nam et al. 2024, Sec. 4, 5``).

    Args:
        calibration: of the network and its training; its rate dates the skills.
        frequencies: of the skills, finitely many.
        time: T, steps of training; infinity is no limit.
        data: D, samples of the training set; likewise.
        parameters: N, hidden nodes; likewise.
        shots: D_c, the samples that one skill needs (1 in the multilinear model, about 800 in the paper's network).
        nodes_per_skill: N_c (1 in the multilinear model, about 4 in the paper's network).
        threshold: the strength R/S that counts as learned, between 0 and 1. (0.5, as for curves; the methods
            ``emergence_...`` of models have 0.05.)
        departure: departure of networks from the model; by default the shipped one (`Calibration.forecast`).
        clock: of the schedule of the planned training, as for `plan_frequency`; a time beyond it is infinite.

    Raises:
        InputError: if a value is out of range.
    """
    limits = {STEP.law: time, DATA.law: data, PARAMETERS.law: parameters}
    for name, limit in limits.items():
        if not limit >= 0:
            raise InputError(f"{name} must be at least 0", limit, "leave it out for no limit")
    skill = np.arange(1, require_finite_skills(frequencies) + 1)
    trained = calibration.forecast(frequencies, threshold=threshold, departure=departure).emergence_time
    needs = {
        STEP.law: trained if clock is None else clock.step(trained),
        DATA.law: DataEmergence(frequencies, shots=shots).emergence_data(skill, threshold),
        PARAMETERS.law: ParameterEmergence(frequencies, nodes_per_skill=nodes_per_skill).emergence_parameters(
            skill, threshold
        ),
    }
    excess = np.array([_excess(needs[name], limits[name]) for name in needs])
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


def _excess(needs: Floats, limit: float) -> Floats:
    """Each need over its limit: infinite where the limit is 0, or where no amount is enough."""
    beyond = np.isinf(needs) | (limit == 0)
    return np.where(beyond, np.inf, np.where(beyond, 1.0, needs) / (limit or 1.0))


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
