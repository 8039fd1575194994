"""Stages against brute force over strengths, against Eq. 40-41 as printed, and the staircase against the exact loss."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import (
    DataEmergence,
    DeepMultilinear,
    DiscreteMultilinear,
    Frequencies,
    InputError,
    Linear,
    Multilinear,
    ParameterEmergence,
    PowerLaw,
    UnbalancedMultilinear,
    loss_staircase,
    n_emerged,
    stage_like,
)
from saltus.theory.protocols import SkillModel

TWENTY = PowerLaw(0.6, 20)
MODELS: list[SkillModel] = [
    Multilinear(TWENTY, initial_strength=0.01),
    Linear(TWENTY),
    UnbalancedMultilinear(TWENTY, initial_strength=-0.02, imbalance=0.1),
    DeepMultilinear(TWENTY, initial_strength=0.01, n_layers=3),
    DiscreteMultilinear(TWENTY, initial_strength=0.01, learning_rate=1.8),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("threshold", [0.05, 0.7])
def test_emerged_skills_are_those_whose_strength_is_over_the_threshold(model: Multilinear, threshold: float) -> None:
    time = np.arange(0, 3000, 7.0)
    counted = np.count_nonzero(model.strength(time) >= threshold * model.target_scale, axis=1)
    assert counted[0] < counted[-1]
    np.testing.assert_array_equal(n_emerged(model, time, threshold), counted)


@settings(deadline=None)
@given(alpha=st.floats(0.1, 3), decades=st.floats(0, 6))
def test_of_infinitely_many_skills_the_number_emerged_grows_as_a_power_of_time(alpha: float, decades: float) -> None:
    model = Multilinear(PowerLaw(alpha), initial_strength=0.01)
    # tau_e(k) = tau_e(1) k^(alpha+1) (Nam et al. 2024, Eq. 40), half way between two skills to be clear of rounding.
    skill = math.floor(10**decades)
    time = float(model.emergence_time(1)) * (skill + 0.5) ** (alpha + 1)
    assert n_emerged(model, time) == skill


def test_at_the_ends_of_time_nothing_or_everything_has_emerged() -> None:
    assert n_emerged(Multilinear(PowerLaw(0.6), initial_strength=0.01), 0.0) == 0
    assert n_emerged(Multilinear(PowerLaw(0.6), initial_strength=0.01), np.inf) == math.inf
    assert n_emerged(Multilinear(PowerLaw(0.6, 10**12), initial_strength=0.01), 1e300) == 10**12
    assert n_emerged(Multilinear(Frequencies([3, 1]), initial_strength=0.1), 0.0, threshold=0.05) == 2


@pytest.mark.parametrize("alpha", [0.3, 0.6, 2.0])
@pytest.mark.parametrize("start", [1e-9, 1e-4])
def test_stage_like_is_equation_41_as_printed(alpha: float, start: float) -> None:
    scale, rate, eps = 5.0, 0.02, 0.05
    model = Multilinear(PowerLaw(alpha, 50), target_scale=scale, initial_strength=start, learning_rate=rate)
    skills = np.arange(1, 51)
    share = skills ** -(alpha + 1.0) / np.sum(skills ** -(alpha + 1.0))
    emergence = np.log((scale / start - 1) / (1 / eps - 1)) / (2 * rate * share * scale)
    saturation = np.log(1 / eps - 1) / (rate * share * scale)
    expected = saturation[:-1] < emergence[1:] - emergence[:-1]
    np.testing.assert_array_equal(stage_like(model, skills[:-1], eps), expected)
    assert expected[0]
    assert not expected[-1]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_stage_like_says_whether_two_skills_ever_move_together(model: Multilinear) -> None:
    time = np.arange(0, 3000.0)
    x = model.strength(time, skills=[1, 2]) / model.target_scale
    never_both_under_way = not np.any((x[:, 0] < 0.9) & (x[:, 1] >= 0.1))
    assert stage_like(model, 1, threshold=0.1) == never_both_under_way


def test_a_skill_emerges_at_5_percent_unless_told_otherwise() -> None:
    # R/S = 0.05 of a logistic curve from 0.01 on: log(99) - log(19), times 1/(2 eta S P).
    model = Multilinear(Frequencies([0.75, 0.25]), initial_strength=0.01)
    emerges = (math.log(99) - math.log(19)) / (2 * np.array([0.75, 0.25]))
    np.testing.assert_allclose(model.emergence_time([1, 2]), emerges, rtol=1e-14)
    np.testing.assert_allclose(model.saturation_time([1, 2]), math.log(19) / np.array([0.75, 0.25]), rtol=1e-14)
    np.testing.assert_array_equal(n_emerged(model, emerges * 1.001), [1, 2])
    np.testing.assert_array_equal(n_emerged(model, emerges * 0.999), [0, 1])
    # Half a skill's strength is a stair: skill 1 is there at log(99)/(2 P).
    assert loss_staircase(model, 1).time[1] == pytest.approx(math.log(99) / 1.5, rel=1e-14)
    assert Linear(Frequencies([1.0])).emergence_time(1) == pytest.approx(-math.log(0.95), rel=1e-14)
    # S = 1: R = 1 - sqrt(1 - d/D_c) is 0.05 at d = 0.0975 D_c, and N = N_c (k - 1) + 0.05 N_c rounded up.
    data = DataEmergence(Frequencies([0.75, 0.25]), shots=400)
    np.testing.assert_allclose(data.emergence_data([1, 2]), [39 / 0.75, 39 / 0.25], rtol=1e-14)
    parameters = ParameterEmergence(Frequencies([0.75, 0.25]), nodes_per_skill=60)
    np.testing.assert_array_equal(parameters.emergence_parameters([1, 2]), [3, 63])


@pytest.mark.parametrize(
    ("model", "amounts"),
    [
        (DataEmergence(TWENTY, target_scale=3.0, shots=40), np.arange(0.0, 3000, 17)),
        (ParameterEmergence(TWENTY, target_scale=3.0, nodes_per_skill=4), np.arange(0.0, 100)),
    ],
    ids=["data", "parameters"],
)
def test_stages_are_those_of_any_resource(model: SkillModel, amounts: np.ndarray) -> None:
    for threshold in (0.3, 0.9):
        over = np.count_nonzero(model.strength(amounts) >= threshold * model.target_scale, axis=1)
        assert over[0] == 0 < over[-1]
        np.testing.assert_array_equal(n_emerged(model, amounts, threshold), over)
    # Data for 95 % of a skill exceed those for 5 % of the next; nodes go to one skill after the other.
    assert bool(stage_like(model, 5, 0.05)) == isinstance(model, ParameterEmergence)


def test_deeper_models_are_more_stage_like() -> None:
    # The wait grows with depth and the rise does not: a network of one layer never moves in stages.
    stages = [
        np.count_nonzero(stage_like(DeepMultilinear(TWENTY, initial_strength=1e-6, n_layers=n), np.arange(1, 20)))
        for n in (1, 2, 4)
    ]
    assert stages[0] == 0
    assert stages[0] < stages[1] < stages[2]


def test_the_loss_lies_near_the_staircase_wherever_no_skill_is_under_way() -> None:
    # Figure 6: alpha = 0.6, S = 5. A small start makes the first stages clearly apart.
    model = Multilinear(PowerLaw(0.6, 200), target_scale=5.0, initial_strength=1e-20, learning_rate=0.02)
    eps = 1e-3
    assert np.all(stage_like(model, [1, 2, 3], eps))
    stairs = loss_staircase(model, 4)
    share = np.asarray(model.frequencies.first())
    for learned in (1, 2, 3):
        quiet = (model.emergence_time(learned, 1 - eps) + model.emergence_time(learned + 1, eps)) / 2
        loss = np.sum(share * (5.0 - model.strength(quiet)) ** 2 / 2)
        # Learned skills are within eps of S, the others within eps of 0.
        lowest = 12.5 * (1 - eps) ** 2 * np.sum(share[learned:])
        highest = 12.5 * (np.sum(share[learned:]) + eps**2)
        plateau = stairs.loss[np.searchsorted(stairs.time, quiet) - 1]
        assert lowest <= plateau <= highest
        assert lowest <= loss <= highest


def test_each_drop_of_the_staircase_is_the_share_of_its_skill() -> None:
    measured = Frequencies([5, 3, 2])
    stairs = loss_staircase(Linear(measured, target_scale=2.0), 3)
    np.testing.assert_allclose(-np.diff(stairs.loss), np.array([0.5, 0.3, 0.2]) * 2.0, rtol=1e-14)
    assert stairs.loss[0] == 2.0
    assert stairs.loss[-1] == 0.0
    assert stairs.time[0] == 0
    np.testing.assert_allclose(stairs.time[1:], math.log(2) / np.array([0.5, 0.3, 0.2]), rtol=1e-14)
    np.testing.assert_array_equal(stairs.n_learned, [0, 1, 2, 3])


def test_bad_questions_are_refused_in_one_line() -> None:
    model = Multilinear(PowerLaw(0.01), initial_strength=0.01)
    with pytest.raises(InputError, match=r"^time must be at least 0; received -1; give the number of steps$"):
        n_emerged(model, -1)
    too_late = "time must be so short that at most 2^53 skills emerge; received 1e+300; ask for an earlier time"
    with pytest.raises(InputError, match=f"^{re.escape(too_late)}$"):
        n_emerged(model, 1e300)
    with pytest.raises(InputError, match=r"^threshold must lie between 0 and 1/2; received 0\.5; give a share of S, "):
        stage_like(model, 1, 0.5)
    with pytest.raises(
        InputError, match=r"^n_stages must be a whole number, 1 or more; received 0; give the number of"
    ):
        loss_staircase(model, 0)
