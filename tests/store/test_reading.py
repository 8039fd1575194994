"""Reading a store back: labels, conditions, files."""

from __future__ import annotations

import csv
import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import saltus
from saltus import InputError, Job, MultitaskSparseParity, PowerLaw
from saltus.store.export import export
from saltus.store.plan import labels_of
from saltus.store.store import Store
from saltus.store.where import Condition
from tests.runs.small import TASK, jobs, training

OTHER_TASK = MultitaskSparseParity(PowerLaw(1.0, 3), n_bits=12, n_relevant=2, target_scale=2.0)
MIXED = [
    Job(TASK, training(), 0),
    Job(OTHER_TASK, training(steps=50), 0),
    Job(OTHER_TASK, training(steps=50, optimizer="adam", n_data=40), 7),
]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that differ in skills, steps, target, optimiser and data."""
    store = tmp_path_factory.mktemp("mixed") / "runs"
    saltus.sweep(MIXED, store=store)
    return store


def measured(job: Job) -> Any:
    return job.run(lambda steps_taken: None)  # noqa: ARG005


def test_runs_of_different_shape_share_one_dataset(mixed: Path) -> None:
    curves = saltus.read_store(mixed)
    for i, job in enumerate(MIXED):
        alone = measured(job)
        n_skills = job.task.n_skills
        mine = curves.isel(run=i)
        np.testing.assert_array_equal(mine.strength.sel(step=alone.steps)[:n_skills], alone.strength)
        np.testing.assert_array_equal(mine.skill_loss.sel(step=alone.steps)[:n_skills], alone.skill_loss)
        np.testing.assert_array_equal(mine.frequency[:n_skills], job.task.frequencies.first())
        assert np.isfinite(mine.strength).sum() == alone.strength.size
        assert float(mine.flow_learning_rate) == pytest.approx(job.training.flow_learning_rate, nan_ok=True)
    assert curves.seed.values.tolist() == [0, 0, 7]
    assert curves.alpha.values.tolist() == [0.6, 1.0, 1.0]
    assert curves.optimizer.values.tolist() == ["sgd", "sgd", "adam"]
    np.testing.assert_array_equal(curves.n_data, [np.nan, np.nan, 40])
    assert json.loads(curves.attrs["settings"])["width"] == 20
    assert "target_scale" not in curves.attrs


def test_a_partial_store_reads_without_what_is_missing(tmp_path: Path) -> None:
    whole = saltus.sweep(jobs(3), store=tmp_path).curves()
    store = Store.open(tmp_path)
    store.remove(list(store.planned())[1], ".npz")
    part = saltus.read_store(tmp_path)
    assert part.seed.values.tolist() == [0, 2]
    np.testing.assert_array_equal(part.strength, whole.strength[[0, 2]])
    with pytest.raises(InputError, match="there must be a stored run to read; received 'seed == 1'; run the sweep"):
        saltus.read_store(tmp_path, where="seed == 1")


def test_curves_of_a_sweep_go_on_to_calibration(tmp_path: Path) -> None:
    chosen = jobs(3, steps=3000, init_std=0.02, width=100, batch_size=200, learning_rate=0.02, strength_samples=400)
    curves = saltus.sweep(chosen, store=tmp_path).curves()
    forecast = saltus.calibrate_time(curves).forecast(TASK.frequencies, measured=curves)
    assert np.all(np.abs(forecast.log10_ratio) < 0.3)


def test_labels_are_short_names_and_the_longer_one_where_two_would_clash() -> None:
    settings = {"kind": "Job", "seed": 3, "task": {"kind": "T", "seed": 0, "law": {"alpha": 1.0, "seed": 9}}}
    assert labels_of(settings) == {"seed": 3, "task_kind": "T", "task_seed": 0, "alpha": 1.0, "law_seed": 9}


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("seed == 7", [7]),
        ("alpha==0.6 and steps>=60", [0]),
        ("alpha > 0.6 and not seed == 7", [0]),
        ("optimizer in ['adam', 'x'] or width < 0", [7]),
        ("n_data == None", [0, 0]),
        ("0.5 < alpha <= 1", [0, 0, 7]),
        ("seed != -1 and optimizer not in ('sgd',)", [7]),
    ],
)
def test_where(mixed: Path, text: str, seeds: list[int]) -> None:
    assert saltus.read_store(mixed, where=text).seed.values.tolist() == seeds


@given(alpha=st.floats(0.1, 3), width=st.integers(1, 500), low=st.integers(1, 500))
def test_conditions_are_what_python_says(alpha: float, width: int, low: int) -> None:
    for text in (
        f"alpha == {alpha!r} and width >= {low}",
        f"width < {low} or not alpha > 1.0",
        f"{low} <= width <= 400",
    ):
        expected = eval(text, {"alpha": alpha, "width": width})
        assert Condition(text).holds({"alpha": alpha, "width": width}) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("seed ==", "where must be a condition; received 'seed =='; write comparisons such as: alpha == 0.6 and"),
        ("sede == 1", "where must name settings of the runs; received 'sede'; known are alpha, batch_size, "),
        ("__import__('os').system('true')", "where must be made of comparisons, and, or, not, in; received "),
        ("seed.real == 1", "where must be made of comparisons, and, or, not, in; received "),
        ("seed + 1 == 1", "where must be made of comparisons, and, or, not, in; received "),
        ("seed is 1", "where must be made of comparisons, and, or, not, in; received "),
        ("seed < 'a'", "where must compare like with like; received "),
        ("seed == 99", "there must be a stored run to export; received 'seed == 99'; run the sweep, or widen --where"),
    ],
)
@pytest.mark.filterwarnings('ignore:"is" with:SyntaxWarning')
def test_bad_conditions_are_refused(mixed: Path, tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(InputError) as refusal:
        export(mixed, tmp_path / "x.csv", text)
    assert str(refusal.value).startswith(rule)
    assert os.listdir(tmp_path) == []


def test_tables_hold_every_measurement_exactly(mixed: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    assert export(mixed, tmp_path / "curves.csv") == 3
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    wanted = []
    for number, job in enumerate(MIXED):
        alone = measured(job)
        for (skill, i), strength in np.ndenumerate(alone.strength):
            wanted.append((number, job.seed, skill + 1, alone.steps[i], strength, alone.skill_loss[skill, i]))
    names = ("run", "seed", "skill", "step", "strength", "loss")
    assert [tuple(float(row[name]) for name in names) for row in rows] == wanted
    export(mixed, tmp_path / "curves.parquet")
    table = pq.read_table(tmp_path / "curves.parquet").to_pydict()
    assert list(table) == list(rows[0])
    assert list(zip(*(table[name] for name in names), strict=True)) == wanted
    assert table["optimizer"][-1] == "adam"


def test_netcdf_is_the_dataset(mixed: Path, tmp_path: Path) -> None:
    export(mixed, tmp_path / "curves.nc", "seed == 0")
    with xr.open_dataset(tmp_path / "curves.nc", engine="scipy") as read:
        xr.testing.assert_equal(read.load(), saltus.read_store(mixed, where="seed == 0"))


def test_exports_are_the_same_bytes_every_time(mixed: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for name, ending in itertools.product("ab", ("csv", "parquet")):
        export(mixed, tmp_path / f"{name}.{ending}")
    for ending in ("csv", "parquet"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ("curves.xls", "the file's name must end in .csv, .parquet, .nc; received "),
        ("none/curves.csv", "the file must be writable; received .*; No such file or directory: choose another"),
    ],
)
def test_bad_places_are_refused(mixed: Path, tmp_path: Path, place: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        export(mixed, tmp_path / place)


def test_networks_side_by_side_are_read_one_by_one(tmp_path: Path) -> None:
    widths = (3, 20, 9)
    job = Job(TASK, training(width=widths), seed=4)
    saltus.sweep([job], store=tmp_path / "store")
    curves = saltus.read_store(tmp_path / "store")
    np.testing.assert_array_equal(curves["width"], widths)
    seen = job.run(lambda _: None).strength
    np.testing.assert_array_equal(curves["strength"], seen)
    export(tmp_path / "store", tmp_path / "summary.csv")
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == seen.size
    of_second = [float(row["strength"]) for row in rows if row["width"] == "20" and row["skill"] == "2"]
    np.testing.assert_array_equal(of_second, seen[1, 1])
