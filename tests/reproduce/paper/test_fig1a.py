"""Fig. 1a: the recipe at a tiny size, and the quick preset's promises on real training."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus.reproduce.paper.fig1a import PRESETS, Settings, reproduce
from saltus.reproduce.shared.options import RunOptions
from saltus.train.kernel.training import MLPTraining

KEPT = Path(__file__).parents[3] / "docs/results/fig1a-quick"
Quick = tuple[Path, dict[str, Any], str]  # output folder, summary, what was printed


def test_presets_are_the_papers_system() -> None:
    for preset in PRESETS.values():
        assert (preset.alpha, preset.n_skills) == (0.6, 5)
        assert (preset.training.width, preset.training.learning_rate, preset.training.init_std) == (1000, 0.02, 0.01)
    paper = PRESETS["paper"]
    assert (paper.training.steps, paper.training.batch_size, paper.n_seeds) == (30_000, 4000, 10)
    assert set(np.diff(paper.training.measurement_steps)) == {50}


def test_skills_that_do_not_emerge_are_null_and_said_so() -> None:
    training = MLPTraining(1500, learning_rate=0.02, init_std=0.05, width=100, batch_size=100)
    report = reproduce(Settings(training, 2, training, 2, n_skills=3), RunOptions(seed=3))
    assert report.summary["seeds"] == [3, 4]
    last = json.loads(report.summary_text)["skills"][-1]
    assert last["measured_time"] is None
    assert last["log10_ratio"] is None
    assert last["forecast_time"] > 0
    assert "not yet" in report.table.texts[-1]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Quick:
    """The command that `make demo` runs, once for this module."""
    out = tmp_path_factory.mktemp("fig1a")
    command = [sys.executable, "-m", "saltus", "reproduce", "fig1a", "--preset", "quick", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return out, json.loads((out / "summary.json").read_text()), done.stdout


def test_every_skill_is_forecast_within_0_08_decades(
    quick: Quick,
) -> None:
    _, summary, stdout = quick
    times = [skill["measured_time"] for skill in summary["skills"]]
    assert times == sorted(times)
    for skill in summary["skills"]:
        assert skill["n_emerged"] == len(summary["seeds"]) >= 3
        assert abs(skill["log10_ratio"]) < 0.08
        assert abs(skill["log10_ratio_own_first_skill"]) < 0.08
        assert skill["log10_ratio"] == pytest.approx(math.log10(skill["forecast_time"] / skill["measured_time"]))
        for number in (f"{skill['measured_time']:.0f}", f"{skill['forecast_time']:.0f}", f"{skill['frequency']:.4f}"):
            assert number in stdout


def test_calibration_agrees_with_the_papers_constants(quick: Quick) -> None:
    fit = quick[1]["calibration"]
    # Paper: B^2 = 1/22 (Sec. 5); authors' code: R(0) = init_std^2 / 3.6. Four standard errors for both.
    assert abs(fit["feature_rate_squared"] - 1 / 22) < 4 * fit["feature_rate_squared_error"]
    assert abs(math.log(fit["initial_strength"] * 3.6 / 0.01**2)) < 4 * fit["initial_logit_error"]
    assert fit["feature_rate_squared_error"] < 0.2 * fit["feature_rate_squared"]


def test_curves_locate_the_half_strength_to_two_percent(
    quick: Quick,
) -> None:
    out, summary, _ = quick
    with (out / "curves.csv").open() as file:
        rows = [(int(r["run"]), int(r["skill"]), int(r["step"]), float(r["strength"])) for r in csv.DictReader(file)]
    assert len(set(Counter(row[:2] for row in rows).values())) == 1
    steps = np.array(sorted({row[2] for row in rows}))
    for skill in summary["skills"]:
        after = np.searchsorted(steps, skill["measured_time"])
        assert steps[after] / steps[after - 1] < 1.021


def test_all_files_are_written(quick: Quick) -> None:
    out, summary, _ = quick
    files = {
        "emergence.png",
        "emergence.pdf",
        "curves.csv",
        "calibration_curves.csv",
        "summary.csv",
        "summary.json",
        "runs",
    }
    assert set(os.listdir(out)) == files
    assert {"skills", "calibration", "calibration_own_first_skill", "settings", "seeds", "version"} <= set(summary)


def versions() -> dict[str, str]:
    """Everything that decides the last bits of the demo: compiled for a processor, fitted, drawn."""
    from llvmlite.binding import get_host_cpu_name

    packages = ("numpy", "scipy", "numba", "matplotlib")
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: importlib.metadata.version(name) for name in packages},
        "processor": get_host_cpu_name(),
    }


def test_the_results_kept_in_docs_are_what_the_command_gives(quick: Quick) -> None:
    out, summary, _ = quick
    kept = json.loads((KEPT / "summary.json").read_text())
    assert summary["settings"] == kept["settings"]
    for old, new in zip(kept["skills"], summary["skills"], strict=True):
        # The kernel sums in one order everywhere; the fits may round differently on another processor.
        assert new == pytest.approx(old, rel=1e-6, abs=1e-6)
    if versions() == json.loads((KEPT / "versions.json").read_text()):
        for name in ("summary.json", "emergence.png"):
            assert (out / name).read_bytes() == (KEPT / name).read_bytes()
