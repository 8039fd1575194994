"""Runs of the recipes that people train with: drawn by family, within their ranges, and as long as they should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch")

from saltus.reproduce.studies.recipe_jobs import FAMILIES, SGD, RecipeSettings, draw_recipe_jobs
from saltus.reproduce.studies.scheduled_jobs import stretched
from saltus.theory.schedules import read_schedule
from saltus.train.kernel.training import MLPTraining
from saltus.train.torch.network import NetworkTraining

SETTINGS = RecipeSettings(40, 20)
SEED = 7
JOBS = draw_recipe_jobs(SETTINGS, SEED)


def test_runs_do_not_depend_on_how_many_there_are() -> None:
    assert JOBS[:23] == draw_recipe_jobs(replace(SETTINGS, n_teaching=20, n_testing=3), SEED)
    assert len(set(JOBS)) == 60
    assert [job.seed for job in JOBS] == list(range(SEED, SEED + 60))


def test_families_come_in_their_shares_and_close_together() -> None:
    families = [SETTINGS.family(i) for i in range(60)]
    shares = {"adam": 0.35, "adamw-logistic": 0.2, "deep": 0.2, SGD: 0.15, "transformer": 0.1}
    assert Counter(families) == {name: round(60 * share) for name, share in shares.items()}
    for name in shares:
        places = [i for i, family in enumerate(families) if family == name]
        assert max(later - earlier for earlier, later in pairwise(places)) <= 13


def test_settings_lie_in_the_ranges_of_their_family() -> None:
    for i, job in enumerate(JOBS):
        name, training = SETTINGS.family(i), job.training
        if name == SGD:
            assert training.optimizer == "sgd"
            assert training.batch_size in (250, 500, 1000)
            continue
        family = FAMILIES[name]
        for value, (low, high) in (
            (training.learning_rate, family.learning_rate),
            (training.batch_size, family.batch_size),
            (job.task.target_scale, family.target_scale),
            (job.task.n_skills, family.n_skills),
        ):
            # Rates have three digits, batches are whole numbers.
            assert low * 0.995 - 0.5 * (low > 1) <= value <= high * 1.005 + 0.5 * (high > 1)
        assert isinstance(training, MLPTraining if name == "adam" else NetworkTraining)
        assert training.optimizer == ("adam" if name == "adam" else "adamw")
        assert training.betas is None or training.betas[1] in family.beta2


def test_few_and_many_samples_of_a_skill_are_in_a_batch() -> None:
    seen = np.concatenate([job.training.batch_size * job.task.frequencies.first() for job in JOBS])
    assert seen.min() < 5
    assert seen.max() > 700


@pytest.mark.parametrize("power", [1.0, 0.8])
def test_a_stretched_run_trains_as_much_and_no_longer(power: float) -> None:
    constant = JOBS[0]
    assert constant.training.schedule is None

    def text(steps: int) -> str:
        return f"cosine:warmup={steps // 20},steps={steps},floor=0.1"

    def trains(steps: int) -> float:
        return float((read_schedule(text(steps)).share(np.arange(steps)) ** power).sum())

    steps = stretched(constant, text, power).training.steps
    assert trains(steps) >= constant.training.steps
    # Lengths are whole hundreds, found to a hundred.
    assert trains(steps - 200) < constant.training.steps
