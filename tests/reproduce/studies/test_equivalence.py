"""The check of fast against other settings, at a small size and with values by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from saltus.reproduce.shared.experiments import DataExperiment
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies.equivalence import PRESETS, Settings, compare, reproduce
from tests.reproduce.helpers import DATA


def curves(strength: list[list[float]], sizes: list[int]) -> xr.Dataset:
    return xr.Dataset(
        {"strength": (("run", "skill", "data"), np.array(strength)[:, None, :])}, coords={"data": sizes, "skill": [1]}
    )


def test_scores_are_differences_in_joint_standard_errors() -> None:
    fast = curves([[0.1, 0.5], [0.3, 0.7], [0.2, 0.6]], [100, 200])
    other = curves([[0.9], [np.nan], [0.7]], [200])  # the second run diverged
    (row,) = compare(fast, other)
    assert (row["amount"], row["skill"]) == (200, 1)
    # Means 0.6 and 0.8; standard errors 0.1 / sqrt(3) and 0.1; 0.02 for what a run may still move.
    assert row["score"] == pytest.approx(-0.2 / np.sqrt(0.01 / 3 + 0.01 + 0.02**2))


def test_equal_settings_agree_and_runs_carried_further_hardly_move(tmp_path: Path) -> None:
    experiment = DataExperiment(2, replace(DATA, width=64), 4, sizes=(300,))
    others = replace(experiment, training=replace(experiment.training, batch_size=150))
    pairs = {"batch": (experiment, others), "none": (experiment, experiment)}
    report = reproduce(Settings((replace(experiment, n_seeds=1),), pairs), RunOptions(store=tmp_path))
    (change,) = report.summary["further"]
    assert change["carried_to"] == 10 * change["converged_at"]
    assert change["moved"] < 0.05
    assert report.summary["largest_score"] < 4  # two scores; with four runs each, their tails are Student's
    assert [row["score"] for row in report.summary["compared"][2:]] == [0, 0]  # runs that come twice are the same
    assert len(report.table.texts) == 4


def test_the_full_check_uses_runs_that_fig1_has_anyway() -> None:
    fast, _ = PRESETS["data"].pairs["printed"]
    jobs = fast.jobs(0)
    from saltus.reproduce.shared.emergence_settings import PRESETS as PANELS

    assert set(jobs) <= set(PANELS["fast"].data.system.jobs(0))
