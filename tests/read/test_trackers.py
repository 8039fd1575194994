"""Stores of MLflow (folders, SQLite), trackio, Lightning's version folders, and Weights & Biases' own log."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, read_curves
from saltus.read.formats import sqlite as sqlite_format
from saltus.read.readers import open_table
from saltus.read.tables import Table
from saltus.read.tracked import settings_of_runs, unique_names

Rows = Iterable[tuple[float, object]]


def run(folder: Path, name: str, metrics: Mapping[str, Rows], params: Mapping[str, str], start: int = 0) -> Path:
    """A run as MLflow writes it."""
    for metric, rows in metrics.items():
        path = folder / "metrics" / metric
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"17000000000{i:02d} {value} {step}\n" for i, (step, value) in enumerate(rows)))
    for inner, texts in (("params", params), ("tags", {"mlflow.runName": name, "mlflow.user": "me"})):
        (folder / inner).mkdir(parents=True, exist_ok=True)
        for key, text in texts.items():
            (folder / inner / key).write_text(text)
    (folder / "meta.yaml").write_text(
        f"lifecycle_stage: active\nrun_id: {folder.name}\nstart_time: {start}\nstatus: 3\n"
    )
    return folder


def store(root: Path) -> Path:
    (root / "0").mkdir(parents=True)
    (root / "0" / "meta.yaml").write_text("experiment_id: '0'\nname: Default\n")
    experiment = root / "12345"
    for i, seed in enumerate(("b", "a")):
        rows = [(step, step / 800 + i / 100) for step in range(0, 401, 100)]
        metrics = {"val/acc": rows, "system/cpu": [(1, 99.0)]}
        run(experiment / f"id{seed}", f"seed {i}", metrics, {"optimizer": "AdamW", "lr": "0.001", "seed": seed}, i)
    (experiment / "meta.yaml").write_text("experiment_id: '12345'\nlifecycle_stage: active\nname: grokking\n")
    return root


def entries(table: Table) -> list[tuple[str, str, float, float]]:
    """Run, tag, step and value of every row."""
    columns = table.read(["step", "value"], ["run", "tag"])
    labels = [[columns.labels[name].names[code] for code in columns.labels[name].codes] for name in ("run", "tag")]
    numbers = [columns.numbers[name].tolist() for name in ("step", "value")]
    return list(zip(*labels, *numbers, strict=True))


def kinds(table: Table) -> dict[str, int]:
    return {finding.kind: finding.count for finding in table.findings}


def test_a_store_is_read_by_the_experiment_that_has_metrics(tmp_path: Path) -> None:
    root = store(tmp_path / "mlruns")
    table = open_table(root)
    assert table.kind == "MLflow experiment grokking"
    expected = [(f"seed {i}", "val/acc", step, step / 800 + i / 100) for i in range(2) for step in range(0, 401, 100)]
    assert entries(table) == expected
    assert table.settings == {"optimizer": "adamw", "learning_rate": 0.001}
    assert kinds(table) == {"columns left out": 2}
    assert entries(open_table(root / "12345")) == expected
    assert entries(open_table(root / "12345" / "idb")) == expected[:5]
    assert read_curves(root)["run_name"].to_numpy().tolist() == ["seed 0", "seed 1"]


def test_deleted_and_empty_runs_are_left_out_and_runs_of_one_name_told_apart(tmp_path: Path) -> None:
    root = store(tmp_path)
    rows = [(0, 0.0), (100, 1.0)]
    deleted = run(root / "12345" / "gone", "seed 9", {"val/acc": rows}, {})
    (deleted / "meta.yaml").write_text("lifecycle_stage: deleted\n")
    (root / "12345" / "parent" / "metrics").mkdir(parents=True)
    (root / "12345" / "parent" / "meta.yaml").write_text("lifecycle_stage: active\n")
    run(root / "12345" / "idc-0123456789", "seed 1", {"val/acc": rows}, {"optimizer": "SGD"}, 9)
    table = open_table(root)
    assert list(dict.fromkeys(name for name, *_ in entries(table))) == ["seed 0", "seed 1 (ida)", "seed 1 (idc-0123)"]
    assert kinds(table) == {"deleted runs": 1, "different settings": 2, "columns left out": 2, "empty runs": 1}
    assert table.settings == {}


def test_metrics_without_steps_are_counted_and_those_of_a_live_run_read_to_their_last_whole_line(
    tmp_path: Path,
) -> None:
    folder = run(tmp_path / "r", "r", {"acc": [(0, v / 4) for v in range(4)], "one": [(0, 1.0)]}, {})
    (folder / "metrics" / "loss").write_text("17 3.5 10 data 0123\n17 nan 20\n17 2.5 30\n17 2.25 4")
    table = open_table(folder)
    rows = entries(table)
    assert [(step, value) for _, tag, step, value in rows if tag == "acc"] == [(i, i / 4) for i in range(4)]
    assert [step for _, tag, step, _ in rows if tag == "loss"] == [10, 20, 30]
    assert [finding.text for finding in table.findings] == [
        "1 curve logged without steps (acc): counted from 0 as logged",
        "1 file of metrics without the end of the last line, which was left out: a live run?",
    ]


@pytest.mark.parametrize("line", ["x", "17 high 1", "17 0.5 one", "17 0.5 1 2", "17\0 0.5 1 2 3 4", "\ufeff"])
def test_lines_that_are_none_are_refused(line: str, tmp_path: Path) -> None:
    folder = run(tmp_path / "r", "r", {"acc": [(0, 0.5)]}, {})
    (folder / "metrics" / "acc").write_text(f"17 0.5 1\n{line}\n")
    with pytest.raises(
        InputError, match="a metric of MLflow must hold lines of time, value and step; .*; see line 2 of"
    ):
        open_table(folder)


def test_several_experiments_are_named_and_folders_that_hold_nothing_refused(tmp_path: Path) -> None:
    root = store(tmp_path / "m")
    run(root / "0" / "id", "r", {"loss": [(0, 1.0)]}, {})
    with pytest.raises(InputError) as caught:
        open_table(root)
    rule = "a store of MLflow must hold one experiment with metrics"
    named = "['MLflow experiment Default', 'MLflow experiment grokking']"
    assert str(caught.value) == f"{rule}; received {named}; give the folder of one, e.g. {root / '0'}"
    empty = run(tmp_path / "e", "e", {}, {})
    (empty / "metrics").mkdir()
    with pytest.raises(InputError, match="runs of MLflow must have metrics"):
        open_table(empty)
    latin = run(tmp_path / "l", "l", {"acc": [(0, 1.0)]}, {})
    (latin / "metrics" / "acc").write_bytes(b"\xff\xfe 1 2\n")
    with pytest.raises(InputError, match="a metric of MLflow must be readable text; received 'l: acc'"):
        open_table(latin)


def test_links_and_pipes_in_a_store_are_passed_by(tmp_path: Path) -> None:
    root = store(tmp_path / "m")
    before = entries(open_table(root))
    (root / "12345" / "loop").symlink_to(root, target_is_directory=True)
    (root / "12345" / "ida" / "metrics" / "loop").symlink_to(root, target_is_directory=True)
    os.mkfifo(root / "12345" / "ida" / "metrics" / "pipe")
    os.mkfifo(root / "12345" / "ida" / "params" / "pipe")
    (root / "12345" / "ida" / "tags" / "mlflow.runName").unlink()
    os.mkfifo(root / "12345" / "ida" / "tags" / "mlflow.runName")
    after = entries(open_table(root))
    assert [row[1:] for row in after] == [row[1:] for row in before]
    assert {name for name, *_ in after} == {"seed 0", "ida"}


TABLES = """
CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, lifecycle_stage VARCHAR(32));
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), lifecycle_stage VARCHAR(20), experiment_id INTEGER,
    CHECK (lifecycle_stage IN ('active', 'deleted')));
CREATE TABLE metrics ("key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL);
CREATE TABLE params ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL);
INSERT INTO experiments VALUES (0, 'Default', 'active'), (1, 'grokking', 'active');
INSERT INTO runs VALUES ('r0', 'seed 0', 'active', 1), ('r1', NULL, 'active', 1), ('r2', 'bad', 'deleted', 1);
INSERT INTO params VALUES ('lr', '0.01', 'r0'), ('lr', '0.01', 'r1'), ('width', '64', 'r0'), ('width', '128', 'r1');
"""


def database(path: Path, more: str = "", tables: str = TABLES) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(tables)
    if tables == TABLES:
        rows = [("acc", step / 400, step, uuid, step, 0) for uuid in ("r0", "r1", "r2") for step in range(0, 401, 100)]
        rows += [("acc", 0.0, 500, "r0", 500, 1), ("system/gpu", 1.0, 1, "r0", 1, 0)]
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.executescript(more)
    connection.close()
    return path


def test_a_database_of_mlflow(tmp_path: Path) -> None:
    table = open_table(database(tmp_path / "mlflow.db"))
    assert table.kind == "MLflow experiment grokking"
    rows = entries(table)
    assert rows[:5] == [("seed 0", "acc", step, step / 400) for step in range(0, 401, 100)]
    assert rows[5:10] == [("r1", "acc", step, step / 400) for step in range(0, 401, 100)]
    assert np.isnan(rows[10][3])
    assert table.settings == {"learning_rate": 0.01}
    assert kinds(table) == {"different settings": 1, "columns left out": 1}


HOSTILE = {
    "two experiments": "INSERT INTO runs VALUES ('r3', 'x', 'active', 0);"
    "INSERT INTO metrics VALUES ('a', 1, 1, 'r3', 1, 0)",
    "no rows": "DELETE FROM metrics",
    "a view": "DROP TABLE metrics;"
    "CREATE VIEW metrics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT 'acc' AS key, i AS value, i AS timestamp, 'r0' AS run_uuid, i AS step, 0 AS is_nan FROM n",
    "generated": "DROP TABLE metrics; CREATE TABLE metrics (key TEXT, value AS(1), timestamp, run_uuid, step, is_nan)",
    "a huge text": "INSERT INTO metrics VALUES ('acc', zeroblob(3000000), 1, 'r0', 1, 0)",
    "blobs as numbers": "UPDATE metrics SET value = x'00ff', step = 'first'",
    "odd names": "UPDATE metrics SET key = x'ff'; UPDATE runs SET name = x'ff00'",
}
ANSWERS = {
    "two experiments": "a store of MLflow must hold one experiment with metrics; received ['Default', 'grokking']; ",
    "no rows": "a store of MLflow must hold one experiment with metrics; received []; ",
    "a view": "a SQLite file must be a store of MLflow or trackio; received 'm.db with tables experiments, runs, pa",
    "generated": "a SQLite file must be a store of MLflow or trackio; ",
    "a huge text": "a SQLite file must be whole and of rows; received 'm.db'; string or blob too big: copy it again",
    "blobs as numbers": "a store of MLflow must hold one experiment with metrics; received []; ",
    "odd names": "a store of MLflow must hold one experiment with metrics; received []; ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_databases_end_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_table(database(tmp_path / "m.db", HOSTILE[name]))
    assert str(caught.value).startswith(ANSWERS[name])
    assert "\n" not in str(caught.value)


def test_work_in_a_database_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_format, "_STEPS", 10)
    monkeypatch.setattr(sqlite_format, "_MAX_WORK", 3)
    with pytest.raises(InputError, match="a SQLite file must be whole and of rows; received 'm.db'; interrupted: "):
        open_table(database(tmp_path / "m.db"))


def test_entries_that_wait_beside_a_database_are_told_of(tmp_path: Path) -> None:
    path = database(tmp_path / "m.db")
    (tmp_path / "m.db-wal").write_bytes(b"x")
    assert kinds(open_table(path))["unfinished files"] == 1


@settings(deadline=None, max_examples=60)
@given(
    places=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=20),
    cut=st.integers(0, 9),
)
def test_damaged_databases_give_a_table_or_one_line(
    places: Sequence[tuple[int, int]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = folder / "whole.db"
    content = bytearray((whole if whole.exists() else database(whole)).read_bytes())
    for place, byte in places:
        content[16 + place % (len(content) - 16)] = byte
    damaged = folder / "damaged.db"
    damaged.write_bytes(content[: len(content) - 700 * cut])
    try:
        entries(open_table(damaged))
    except InputError as error:
        refusal = str(error)
        assert "\n" not in refusal


def test_a_store_of_trackio(tmp_path: Path) -> None:
    rows = [
        (f"seed{s}", step, json.dumps({"acc": step / 400, "nested": {"loss": 1.0}, "note": "x"}))
        for s in range(2)
        for step in range(0, 401, 100)
    ]
    rows += [("seed0", 500, '{"acc": "NaN"}'), ("seed0", 600, "no JSON"), ("seed0", 700, "[" * 10_000)]
    values = ", ".join(f"('t', '{name}', {step}, '{text}')" for name, step, text in rows)
    tables = """
    CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL,
        run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL);
    CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_name TEXT NOT NULL, config TEXT NOT NULL);
    INSERT INTO configs (run_name, config) VALUES ('seed0', '{"lr": 0.1, "_Created": 1}'), ('seed1', '{"lr": 0.1}');
    """
    logged = f"INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES {values};"
    path = database(tmp_path / "project.db", logged, tables)
    table = open_table(path)
    assert table.kind == "trackio store"
    assert list(table.names) == ["run", "step", "acc", "nested.loss", "note"]
    columns = table.read(["step", "acc"], ["run"])
    assert columns.numbers["step"].tolist() == [0, 100, 200, 300, 400] * 2 + [500]
    np.testing.assert_array_equal(columns.numbers["acc"][-2:], [1, np.nan])
    assert columns.labels["run"].names == ("seed0", "seed1")
    assert table.settings == {"learning_rate": 0.1}


def test_files_of_other_programs(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="must be a store of MLflow or trackio; received 'o.db with tables places'; exp"
    ):
        open_table(database(tmp_path / "o.db", tables="CREATE TABLE places (url TEXT)"))
    (tmp_path / "run-0123.wandb").write_bytes(b":W&B")
    with pytest.raises(
        InputError, match="curves must be exported from Weights & Biases; received 'run-0123.wandb'; wandb sy"
    ):
        open_table(tmp_path / "run-0123.wandb")


def test_a_version_folder_of_lightning(tmp_path: Path) -> None:
    folder = tmp_path / "version_0"
    folder.mkdir()
    (folder / "metrics.csv").write_text("epoch,step,train_loss,val_acc\n0,9,2.5,\n0,9,,0.25\n1,19,2.0,\n1,19,,0.5\n")
    table = open_table(folder)
    assert table.kind == "Lightning CSV"
    assert list(table.names) == ["epoch", "step", "train_loss", "val_acc"]
    other = folder.rename(tmp_path / "mine")
    (other / "hparams.yaml").write_text("lr: 0.1\n")
    assert open_table(other).kind == "Lightning CSV"
    assert open_table(other).settings == {"learning_rate": 0.1}


def test_names_and_settings_of_runs() -> None:
    assert unique_names({"a": "x", "b": "y"}) == {"a": "x", "b": "y"}
    assert unique_names({"0123456789a": "x", "0123456789b": "x"}) == {
        "0123456789a": "x (0123456789a)",
        "0123456789b": "x (0123456789b)",
    }
    same, findings = settings_of_runs(
        [{"lr": "1e-3", "seed": "1", "amp": "True"}, {"lr": "1e-3", "seed": "2", "amp": "True"}]
    )
    assert (same, findings) == ({"learning_rate": 0.001}, [])
    same, findings = settings_of_runs([{"a": "1"}, {"b": "1"}])
    assert (same, [one.text for one in findings]) == ({}, ["2 runs differ in a, b, not only by chance"])
    assert settings_of_runs([]) == ({}, [])
