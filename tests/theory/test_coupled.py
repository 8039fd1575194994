"""The resource model against its differential equation, integrated directly, and in its limit of independent skills."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from saltus import Frequencies, InputError, Multilinear, PowerLaw, n_emerged, stage_like
from saltus._types import Floats
from saltus.theory.coupled.resource import ResourceModel, measured_clock, pace
from saltus.theory.protocols import SkillModel

SHARE = np.array([0.5, 0.25, 0.15, 0.1])
SCALE, RATE, START = 3.0, 0.04, 1e-4


def model(spare: float, n_parameters: float | None = None) -> ResourceModel:
    alone = Multilinear(
        Frequencies(SHARE), target_scale=SCALE, learning_rate=RATE, initial_strength=START, n_parameters=n_parameters
    )
    return ResourceModel(alone, spare)


def integrated(spare: float, steps: Floats, modelled: int = 4) -> Floats:
    """Strengths (n, 4) of dR_k/dT = 2 eta P_k R_k (S - R_k) (1 + N_0)/(sum_j P_j (1 - R_j/S) + N_0)."""
    learns = np.arange(4) < modelled

    def velocity(_: float, r: Floats) -> Floats:
        faster = (1 + spare) / (SHARE @ (1 - r / SCALE) + spare)
        return np.asarray(2 * RATE * SHARE * r * (SCALE - r) * faster)

    start = np.where(learns, START, 0.0)
    done = solve_ivp(velocity, (0.0, steps[-1]), start, t_eval=steps, method="DOP853", rtol=1e-12, atol=1e-14)
    return np.asarray(done.y.T)


@pytest.mark.parametrize(("spare", "modelled"), [(0.01, 4), (0.2, 4), (5.0, 4), (0.2, 2)])
def test_strengths_follow_the_differential_equation(spare: float, modelled: int) -> None:
    steps = np.linspace(0.0, 600.0, 61)
    expected = integrated(spare, steps, modelled)
    assert np.all(expected[-1, :modelled] > 0.9 * SCALE)
    np.testing.assert_allclose(model(spare, modelled).strength(steps), expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(model(spare, modelled).strength(steps, skills=[2])[:, 0], expected[:, 1], rtol=1e-7)


def test_a_skill_is_at_the_threshold_when_it_emerges() -> None:
    competing = model(0.2)
    times = competing.emergence([1, 2, 3, 4], 0.3)
    levels = [competing.strength(t, skills=[k])[0] for k, t in enumerate(times, start=1)]
    np.testing.assert_allclose(levels, 0.3 * SCALE, rtol=1e-9)


def test_a_rare_skill_comes_sooner_than_alone_and_the_first_one_hardly() -> None:
    competing = model(0.05)
    alone = competing.alone.emergence_time([1, 4], 0.5)
    together = competing.emergence([1, 4], 0.5)
    assert 0.9 * alone[0] < together[0] < alone[0]
    assert together[1] < 0.6 * alone[1]


def test_resources_without_end_leave_skills_independent() -> None:
    free = model(1e12)
    np.testing.assert_allclose(free.clock([0.0, 1.0, 500.0]), [0.0, 1.0, 500.0], rtol=1e-11)
    assert free.clock(math.inf) == math.inf
    np.testing.assert_allclose(free.strength(math.inf), SCALE)


def test_the_clock_runs_by_its_last_pace_once_all_is_learned() -> None:
    late = model(0.25).clock([5000.0, 6000.0])
    assert late[1] - late[0] == pytest.approx(1000 * 1.25 / 0.25, rel=1e-9)
    some = model(0.25, 2).clock([5000.0, 6000.0])
    assert some[1] - some[0] == pytest.approx(1000 * 1.25 / (0.25 + 0.25), rel=1e-9)


def test_it_is_asked_for_stages_like_any_model_of_skills() -> None:
    competing: SkillModel = model(0.2)
    times = np.linspace(0, 400, 81)
    over = np.count_nonzero(competing.strength(times) >= 0.5 * competing.target_scale, axis=1)
    assert over[0] == 0 < over[40] < over[-1] == 4
    np.testing.assert_array_equal(n_emerged(competing, times, 0.5), over)
    assert not stage_like(competing, 3, 0.05)
    assert competing.frequencies.n_skills == 4


def test_a_clock_along_measured_curves_is_that_of_the_model() -> None:
    steps = np.linspace(0.1, 600.0, 20_000)
    learned = integrated(0.2, steps).T / SCALE
    # The trapezoidal rule: h^2/12 times the change of the pace's slope, h = 0.03, is below 1e-6.
    np.testing.assert_allclose(measured_clock(steps, 7 * SHARE, learned, 0.2), model(0.2).clock(steps), rtol=1e-6)


def test_measured_strengths_beyond_the_ends_count_as_the_ends() -> None:
    clock = measured_clock(np.array([10.0, 20.0]), np.array([1.0]), np.array([[-0.3, 1.2]]), 0.5)
    # Pace 1 up to step 10, then the mean of 1 and 1.5/0.5.
    np.testing.assert_allclose(clock, [10.0, 30.0], rtol=1e-15)
    np.testing.assert_allclose(pace(np.array([1.0, 0.5, 0.0]), 0.5), [1.0, 1.5, 3.0], rtol=1e-15)


def test_bad_input_says_what_must_hold() -> None:
    with pytest.raises(InputError, match=r"^spare must be a finite number greater than 0; received 0; give the resou"):
        model(0)
    with pytest.raises(InputError, match=r"^n_skills must be finite here; received inf; "):
        ResourceModel(Multilinear(PowerLaw(0.6), initial_strength=0.1), 0.2)
    with pytest.raises(InputError, match=r"^time must be at least 0; received -1; give the number of steps$"):
        model(0.2).clock(-1)
