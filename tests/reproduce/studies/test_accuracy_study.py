"""Runs of which accuracies are measured, against shares of right answers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from saltus.curves.report import quantity_of
from saltus.forecast.time.recipes import recipe_for
from saltus.reproduce.studies.accuracy_jobs import AccuracySettings, accuracy_curves, draw_accuracy_jobs
from saltus.train.loop import Measurements


def test_what_is_measured_is_the_share_of_right_answers() -> None:
    job = draw_accuracy_jobs(AccuracySettings(1, 0), 0)[0]
    learner = job.training.learner(job.task, np.random.SeedSequence(1))
    batch = job.task.sample(500, np.random.default_rng(0))
    learner.advance(batch, 5, np.inf)
    answers = learner.evaluate(batch)
    assert set(np.abs(answers)) == {job.task.target_scale}
    right = np.mean(answers == batch.targets)
    assert np.mean(answers * batch.targets) / job.task.target_scale**2 == pytest.approx(2 * right - 1)


def test_curves_are_those_of_a_table_of_accuracies() -> None:
    job = draw_accuracy_jobs(AccuracySettings(4, 0), 0)[2]
    n_skills, steps = job.task.n_skills, np.array([1, 10, 100])
    strength = np.tile([0.0, 0.4, 1.0], (n_skills, 1))
    seen = Measurements(steps, strength, 0 * strength, 0 * strength, 1.0, 1, None)
    curves = accuracy_curves(job, seen)
    np.testing.assert_allclose(curves["strength"].to_numpy()[0], strength, atol=1e-12)
    assert quantity_of(curves) == "accuracy"
    assert recipe_for(curves).name == "accuracy"
    assert set(curves["items"].to_numpy()) == {1000}


def test_the_first_jobs_do_not_depend_on_how_many_there_are() -> None:
    assert draw_accuracy_jobs(AccuracySettings(2, 1), 7) == draw_accuracy_jobs(AccuracySettings(4, 4), 7)[:3]
