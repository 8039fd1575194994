"""The recorder of anybody's training: measures when it is due, keeps every measurement, and goes on after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from saltus import InputError, MultitaskSparseParity, PowerLaw, SkillRecorder, read_store, skill_strengths
from tests.runs.small import equal, saltus

TASK = MultitaskSparseParity(PowerLaw(0.6, 3), n_bits=12, target_scale=2.0)
DIMS = ("run", "skill", "step")


def share(of: float) -> Callable[[np.ndarray], np.ndarray]:
    """A network that has learned so much of every skill."""
    return lambda inputs: of * TASK.target(inputs)


def test_it_measures_when_it_is_due() -> None:
    by_count, by_ratio = SkillRecorder(TASK, every=10), SkillRecorder(TASK)
    for step in range(0, 200, 3):
        by_count(step, share(0.0))
        by_ratio(step, share(0.0))
    assert by_count.curves().step.values.tolist() == list(range(0, 200, 12))  # the first of our steps 10 or more later
    steps = by_ratio.curves().step.values
    assert steps[:4].tolist() == [0, 3, 6, 9]
    gaps = np.diff(steps)
    assert np.all(gaps <= np.maximum(3, 0.02 * steps[:-1] + 3))
    assert gaps[-1] == 6


def test_curves_are_what_skill_strengths_sees() -> None:
    recorder = SkillRecorder(TASK, every=5, n_samples=80, settings={"width": 7}, seed=4, flow_learning_rate=0.04)
    torch.manual_seed(0)
    network = nn.Linear(15, 1)
    first = recorder(0, network)
    assert first is not None
    assert recorder(1, network) is None
    second = recorder(5, share(0.25))
    assert second is not None
    curves = recorder.curves()
    assert curves["strength"].dims == DIMS
    np.testing.assert_array_equal(curves.strength[0, :, 0], first.relative)
    np.testing.assert_array_equal(curves.strength_error[0, :, 0], first.relative_error)
    np.testing.assert_array_equal(curves.skill_loss[0, :, 0], first.skill_loss)
    np.testing.assert_allclose(curves.strength[0, :, 1], 0.25)
    assert abs(first.relative - skill_strengths(network, TASK, n_samples=8000).relative).max() < 5 * max(
        first.relative_error
    )
    assert curves.run.values.tolist() == [4]
    np.testing.assert_array_equal(curves.frequency, TASK.frequencies.first())
    assert curves.attrs["flow_learning_rate"] == 0.04
    assert '"width": 7' in curves.attrs["settings"]


def test_measurements_draw_their_own_samples() -> None:
    recorder = SkillRecorder(TASK, every=1, n_samples=80)
    torch.manual_seed(0)
    network = nn.Linear(15, 1)
    one, two = recorder(0, network), recorder(1, network)
    assert one is not None
    assert two is not None
    assert not np.array_equal(one.strength, two.strength)
    again = SkillRecorder(TASK, every=1, n_samples=80)(1, network)
    assert again is not None
    np.testing.assert_array_equal(again.strength, two.strength)


def test_a_store_holds_runs_by_settings_and_seed(tmp_path: Path) -> None:
    recorders = [
        SkillRecorder(
            TASK, every=1, n_samples=80, store=tmp_path, settings={"width": width, "kind of": "gated"}, seed=seed
        )
        for width in (8, 16)
        for seed in (0, 1)
    ]
    for i, recorder in enumerate(recorders):
        for step in range(3 + i):
            recorder(step, share(0.1 * i))
    curves = read_store(tmp_path)
    curves = curves.isel(run=np.lexsort((curves["seed"], curves["width"])))  # a store has no order of recorders
    assert curves["width"].values.tolist() == [8, 8, 16, 16]
    assert curves["seed"].values.tolist() == [0, 1, 0, 1]
    assert set(curves["status"].values.tolist()) == {"unknown"}
    np.testing.assert_allclose(curves.strength[:, 0, 1], [0, 0.1, 0.2, 0.3], atol=1e-12)
    assert np.isfinite(curves.strength.sum("skill", skipna=False)).sum("step").values.tolist() == [3, 4, 5, 6]
    table = tmp_path / "curves.csv"
    done = saltus("sweep", "export", tmp_path, "--to", table, "--where", "width == 16 and seed == 1")
    assert done.returncode == 0, done.stderr
    assert len(table.read_text().splitlines()) == 1 + 3 * 6


def test_it_goes_on_where_it_was_and_follows_a_run_that_went_back(tmp_path: Path) -> None:
    def recorder() -> SkillRecorder:
        return SkillRecorder(TASK, every=10, n_samples=80, store=tmp_path)

    whole = SkillRecorder(TASK, every=10, n_samples=80)
    first = recorder()
    for step in range(45):
        first(step, share(step / 100))
    second = recorder()
    assert equal(second.curves(), first.curves())
    for step in range(25, 71):  # training goes on from a checkpoint at step 25
        second(step, share(step / 100))
    for step in [0, 10, 20, *range(25, 71)]:
        whole(step, share(step / 100))
    assert equal(second.curves(), whole.curves())
    assert equal(recorder().curves(), whole.curves())


LOOP = """
import sys, saltus
task = saltus.MultitaskSparseParity(saltus.PowerLaw(0.6, 3), n_bits=12, target_scale=2.0)
recorder = saltus.SkillRecorder(task, every=1, n_samples=16, store=sys.argv[1])
for step in range(10**9):
    recorder(step, task.target)
    print(step, flush=True)
"""


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    for kill_at in (1, 40):
        process = subprocess.Popen([sys.executable, "-c", LOOP, tmp_path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = next(int(line) for line in process.stdout if int(line) >= kill_at)
        process.send_signal(signal.SIGKILL)
        said = max([said, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
        process.wait()
        process.stdout.close()
        curves = read_store(tmp_path)
        assert curves.step.values.tolist()[: said + 1] == list(range(said + 1))
        assert curves.sizes["step"] <= said + 2  # one may have been kept and not been said
        np.testing.assert_allclose(curves.strength, 1.0)


def test_bad_input_is_refused_in_one_line(tmp_path: Path) -> None:
    unlike: dict[str, Any] = {"settings": {"optimizer": object()}}
    (tmp_path / "notes.txt").write_text("mine")
    for bad, text in (
        ({"every": 0}, "every must be a whole number, 1 or more; received 0; "),
        ({"seed": -1}, "seed must be a whole number, 0 or more; received -1; "),
        (unlike, "settings must be numbers, text and lists by name; received 'Object of type object is not JSON"),
        ({"settings": {"rate": float("nan")}}, "settings must be numbers, text and lists by name; received "),
        ({"store": tmp_path}, "the store must be empty or a store of runs; received "),
    ):
        with pytest.raises(InputError) as refusal:
            SkillRecorder(TASK, **bad)
        assert str(refusal.value).startswith(text)
