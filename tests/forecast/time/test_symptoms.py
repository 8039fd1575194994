"""Runs that no forecast holds for are recognised, drawn or trained step by step; honest ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from saltus import Multilinear, MultitaskSparseParity, PowerLaw, assess, train_mlp
from saltus.curves.names import skill_names
from saltus.curves.schema import curves_from
from saltus.forecast.base.verdict import CARE, STOP
from saltus.forecast.time.composites import composite_by_name
from saltus.forecast.time.explanations import Explanation
from saltus.forecast.time.rise import rises
from saltus.forecast.time.rivals import compare
from saltus.forecast.time.symptoms import falling, misfit, plateau, shallow, symptoms
from saltus.theory.coupled.resource import ResourceModel
from tests.helpers import FREQUENCIES, covered, logistic

P = np.array([0.4, 0.25, 0.15, 0.1])
STEPS = np.unique(np.geomspace(5, 20_000, 120).astype(int))


def found(strength: np.ndarray, steps: np.ndarray = STEPS, frequency: np.ndarray = P) -> list[tuple[int, str]]:
    return of_curves(curves_from(strength, steps, frequencies=frequency[: len(strength)]))


def of_curves(curves: xr.Dataset) -> list[tuple[int, str]]:
    frequency = curves["frequency"].to_numpy()
    scores = {Explanation(one.name): one.score for one in compare(curves, frequency)}
    return list(symptoms(rises(curves)[0], curves["strength"].to_numpy()[0], frequency, scores, skill_names(curves)))


def stopped_by(doubts: list[tuple[int, str]], words: str) -> bool:
    return any(level == STOP and words in text for level, text in doubts)


def forbidden(
    strength: np.ndarray, words: str, steps: np.ndarray = STEPS, frequency: np.ndarray = P, name: str = "other"
) -> bool:
    """Whether a symptom by these words forbids the whole forecast, though such forecasts hold often enough."""
    settings = {"optimizer": "sgd" if name == "sgd" else "adamw", "batch_size": 10**5, "schedule": "constant"}
    curves = curves_from(strength, steps, frequencies=frequency[: len(strength)], settings=settings)
    verdict = assess(curves, recipe=covered(name)).verdict
    named = any(words in reason for reason in verdict.reasons)
    return verdict.level == "do not use" and named and stopped_by(of_curves(curves), words)


def noisy(strength: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.asarray(strength + 0.01 * np.random.default_rng(seed).standard_normal(strength.shape))


def hill(half: np.ndarray, steepness: np.ndarray | float, steps: np.ndarray = STEPS) -> np.ndarray:
    return np.asarray(1 / (1 + (half[:, None] / steps) ** np.broadcast_to(steepness, half.shape)[:, None]))


def test_a_single_rise_from_a_plateau_says_nothing_of_the_next() -> None:
    strength = noisy(hill(np.array([600.0, 9e4, 9e4, 9e4]), 25.0))
    assert forbidden(strength, "rose from a plateau (steepness 2")
    two = noisy(hill(np.array([600.0, 1000.0, 9e4, 9e4]), 25.0))
    assert not stopped_by(found(two), "plateau")


def test_sign_descent_brings_all_skills_at_one_step() -> None:
    # A product of two parameters a skill, each moved by the sign of the gradient of its noisy batch.
    rng, frequency = np.random.default_rng(1), 1 / np.arange(1, 9) ** 1.5
    frequency /= frequency.sum()
    inner, outer, levels = np.full(8, 0.02), np.full(8, 0.02), []
    for _ in range(1200):
        levels.append(inner * outer)
        pull = rng.poisson(2000 * frequency) / 2000 * (1 - inner * outer)
        inner, outer = inner + 1e-3 * np.sign(pull * outer), outer + 1e-3 * np.sign(pull * inner)
    every = np.unique(np.geomspace(10, 1199, 100).astype(int))
    assert forbidden(np.array(levels).T[:, every], "nearly one step whatever their frequency", every, frequency)


def test_smooth_rises_of_a_linear_model_with_ceilings() -> None:
    # Gradient descent on the squared error of one parameter a skill.
    weight, levels = np.zeros(4), []
    for step in range(3001):
        if step in STEPS:
            levels.append(weight)
        weight = weight + 0.01 * P * (1 - weight)
    ceilings = np.array([0.6, 0.9, 0.7, 0.8])[:, None]
    steps = STEPS[STEPS <= 3000]
    for name in ("other", "sgd"):
        assert forbidden(noisy(ceilings * np.array(levels).T), "a rise without a delayed onset", steps, name=name)


def test_competing_skills_are_told_by_the_resource_clock() -> None:
    alone = Multilinear(PowerLaw(0.6, 4), initial_strength=5e-4, target_scale=5.0, learning_rate=0.002)
    steps = np.unique(np.geomspace(1, 30_000, 120).astype(int))
    strength = ResourceModel(alone, 0.05).strength(steps, skills=np.arange(1, 5)).T / 5.0
    frequency = np.asarray(PowerLaw(0.6, 4).pmf(np.arange(1, 5)))
    assert forbidden(noisy(strength), "rare skills speed up once frequent ones are done", steps, frequency, "sgd")


def test_a_composite_comes_later_and_steeper() -> None:
    # The third skill is a product of three parameters behind both others, trained by gradient descent.
    weights, levels = [np.full(2, 0.02), np.full(2, 0.02), np.full(3, 0.08)], []
    frequency = np.array([0.4, 0.3, 0.2])
    for _ in range(20_000):
        first, second, third = (weight.prod() for weight in weights)
        outputs = np.array([first, second, third * (first * second) ** 2])
        levels.append(outputs)
        slopes = [1.0, 1.0, (first * second) ** 2]
        for k, weight in enumerate(weights):
            weights[k] = weight + 0.05 * frequency[k] * (1 - outputs[k]) * slopes[k] * weight.prod() / weight
    every = np.unique(np.geomspace(10, 19_999, 300).astype(int))
    assert forbidden(np.array(levels).T[:, every], "skill 3 came", every, frequency, "sgd")


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (("add", "mul", "add+mul"), "'add+mul'"),
        (("add", "c++"), None),
        (("x+y", "z"), None),
        (("a + b", "b"), "'a + b'"),
    ],
)
def test_composites_by_name(names: tuple[str, ...], made: str | None) -> None:
    doubts = list(composite_by_name(names))
    assert [level for level, _ in doubts] == ([] if made is None else [STOP])
    assert made is None or made in doubts[0][1]


def test_a_skill_that_falls_is_named_with_those_that_rose_meanwhile() -> None:
    steps = np.linspace(0, 1, 60)
    up, down = logistic(30 * (steps - 0.2)), logistic(30 * (steps - 0.6))
    strength = np.array([up, up * (1 - 0.8 * down), down])
    strength[2, ::7] = np.nan
    [(level, text)] = falling(strength, ("1", "2", "3"))
    assert level == STOP
    assert text.startswith("skill 2 fell from R/S =")
    assert text.endswith("while skill 3 rose: they compete")
    [(_, alone)] = falling(strength[:2], ("1", "2"))
    assert "rose" not in alone
    spike = up.copy()
    spike[-1] = 0.0
    assert not list(falling(np.array([spike, np.full(60, np.nan)]), ("1", "2")))


@pytest.mark.parametrize(("rms", "level"), [(0.05, None), (0.06, CARE), (0.11, STOP), (np.nan, None)])
def test_a_misfit_counts_beyond_the_noise(rms: float, level: int | None) -> None:
    levels = [level for level, _ in misfit(np.array([0.0, rms]), np.zeros(2), ("1", "2"))]
    assert levels == ([] if level is None else [level])
    assert not list(misfit(np.array([0.0, rms]), np.array([0.0, 0.11]), ("1", "2")))


def test_thresholds_of_steepness() -> None:
    for steepness, stops in ((10.0, []), (10.1, [STOP])):
        assert [level for level, _ in plateau(np.array([np.nan, steepness]), ("1", "2"))] == stops
    assert not list(plateau(np.array([20.0, 20.0]), ("1", "2")))
    # Two standard errors must lie below the limit.
    for steepness, error, levels in ((2.0, 0.0, []), (1.99, 0.1, [CARE]), (1.79, 0.1, [STOP])):
        assert [level for level, _ in shallow(np.array([5.0, steepness]), np.full(2, error), ("1", "2"))] == levels


@pytest.mark.parametrize("seed", range(6))
def test_honest_drawn_curves_have_no_symptom(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gamma, steepness = rng.uniform(0.7, 1.3), rng.uniform(2.6, 8)
    times = 500 * (P[0] / P) ** gamma * 10 ** rng.normal(0, 0.04, 4)
    paper = logistic(rng.uniform(5, 9) * (P[:, None] * STEPS / 200 - 1))
    assert [text for level, text in found(noisy(hill(times, steepness), seed)) if level == STOP] == []
    assert [text for level, text in found(noisy(paper, seed)) if level == STOP] == []


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.05), ("adam", 1e-3)])
def test_honest_trained_networks_have_no_symptom(optimizer: str, rate: float) -> None:
    task = MultitaskSparseParity(FREQUENCIES, n_bits=12, n_relevant=2, target_scale=3.0)
    curves = train_mlp(
        task,
        steps=3000,
        learning_rate=rate,
        init_std=0.02,
        width=100,
        batch_size=300,
        optimizer=optimizer,  # type: ignore[arg-type]
        strength_samples=500,
        measure_at=np.unique(np.geomspace(1, 3000, 100).astype(int)).tolist(),
    )
    assert np.nanmax(curves["strength"].to_numpy()) > 0.8
    assert [text for level, text in of_curves(curves) if level == STOP] == []
    for until in (curves["step"].to_numpy()[[50, 70, -1]]).tolist():
        verdict = assess(curves, recipe=covered(optimizer), until=until).verdict
        assert not [one for one in verdict.reasons if "no skill" not in one and verdict.level == "do not use"]


def test_a_composite_by_its_name_forbids_the_forecast() -> None:
    times = 500 * P[0] / P[:3]
    known = curves_from(hill(times, 4.0), STEPS, frequencies=P[:3]).assign_coords(
        skill_name=("skill", ["add", "mul", "add+mul"])
    )
    verdict = assess(known, recipe=covered("unknown")).verdict
    assert verdict.level == "do not use"
    assert "'add+mul' is made of others" in verdict.reasons[0]
