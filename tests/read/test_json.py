"""JSON in all forms that trainings leave behind, and JSON that holds no curves."""

from __future__ import annotations

import gzip
import io
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, read_curves
from saltus.read.formats.json_text import JsonText
from saltus.read.readers import open_table
from saltus.read.records import RecordTable
from tests.helpers import shared_data

STEPS = list(range(0, 1000, 50))
ACC = [1 / (1 + math.exp((500 - step) / 60)) for step in STEPS]
ROWS: list[dict[str, Any]] = [{"step": step, "acc": acc} for step, acc in zip(STEPS, ACC, strict=True)]
COLUMNS = {"step": STEPS, "acc": ACC}


def table(path: Path, content: object, name: str = "a.json") -> RecordTable:
    (path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    opened = open_table(path / name)
    assert isinstance(opened, RecordTable)
    return opened


def columns(opened: RecordTable) -> dict[str, Any]:
    labels = [name for name in opened.names if not isinstance(opened.arrays[name], np.ndarray)]
    read = opened.read([name for name in opened.names if name not in labels], labels)
    texts = {name: [one.names[code] for code in one.codes] for name, one in read.labels.items()}
    return {name: column.tolist() for name, column in read.numbers.items()} | texts


def kinds(opened: RecordTable) -> list[str]:
    return [finding.kind for finding in opened.findings]


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        COLUMNS,
        {"config": {"lr": 0.1}, "done": True, "history": ROWS},
        {"history": COLUMNS, "layers": [64, 32]},
        {"a": {"metrics": ROWS}, "confusion": [[1, 2], [3, 4]], "tags": ["x"]},
        {str(step): {"acc": acc} for step, acc in zip(STEPS, ACC, strict=True)},
        {f"checkpoint-{step}": {"acc": acc} for step, acc in zip(STEPS, ACC, strict=True)},
        {"results": {f"step_{step}": {"acc": acc} for step, acc in zip(STEPS, ACC, strict=True)}},
        "\n".join(map(json.dumps, ROWS)),
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        "\n".join(repr(row) for row in ROWS),
        [{"train": row} for row in ROWS],
    ],
)
def test_one_history_in_many_forms(content: object, tmp_path: Path) -> None:
    opened = table(tmp_path, content)
    assert {name: columns(opened)[name] for name in COLUMNS} == {"step": STEPS, "acc": ACC}
    curves = read_curves(tmp_path / "a.json")
    assert curves["step"].to_numpy().tolist() == STEPS
    np.testing.assert_allclose(curves["strength"].to_numpy()[0, 0], ACC)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.log", "a.txt", "a.csv", "a.json.gz", "a"])
def test_lines_are_known_by_what_is_in_them(name: str, tmp_path: Path) -> None:
    content = ("\ufeff" + "\n\n".join(map(json.dumps, ROWS)) + "\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    opened = open_table(tmp_path / name)
    assert (opened.kind, tuple(opened.names)) == ("JSON lines", ("step", "acc"))
    assert len(opened.read(["step"], []).numbers["step"]) == len(ROWS)


def test_histories_without_steps_are_counted_in_epochs(tmp_path: Path) -> None:
    keras = {"loss": [3.0, 2, 1], "val_accuracy": [0.1, 0.2, 0.9], "lr": [0.1] * 3}
    for content in (keras, {"history": keras, "params": {"epochs": 3}}, [{"loss": 1, "b": 2}] * 3):
        opened = table(tmp_path, content)
        assert columns(opened)["epoch"] == [1, 2, 3]
        assert "counted epochs" in kinds(opened)
    assert list(columns(table(tmp_path, keras | {"val_loss": [1, 2]}))) == ["epoch", "loss", "val_accuracy", "lr"]
    assert "lists left out" in kinds(open_table(tmp_path / "a.json"))  # type: ignore[arg-type]


def test_groups_of_one_form_are_runs_unless_they_are_splits(tmp_path: Path) -> None:
    for content in ({"seed0": ROWS, "seed1": ROWS[:5]}, {"all": {"seed0": COLUMNS, "seed1": COLUMNS}}):
        opened = table(tmp_path, content)
        assert sorted(set(columns(opened)["run"])) == ["seed0", "seed1"]
        assert "keys as runs" in kinds(opened)
        assert columns(opened)["step"][: len(STEPS)] == STEPS
    opened = table(tmp_path, {"train": {"loss": [2, 1]}, "val": {"loss": [3, 2]}})
    assert list(columns(opened)) == ["epoch", "train.loss", "val.loss"]


def test_triples_of_tensorboard(tmp_path: Path) -> None:
    opened = table(tmp_path, [[1.7e9 + step, step, acc] for step, acc in zip(STEPS, ACC, strict=True)])
    assert columns(opened) == {"Wall time": [1.7e9 + step for step in STEPS], "Step": STEPS, "Value": ACC}


def test_results_of_one_model_are_one_row(tmp_path: Path) -> None:
    results = [
        {"loss": 3.5, "tokens": 10, "data": ["eval/a/0.tar"]},
        {"loss": 4.5, "tokens": 10, "data": ["eval/b/0.tar"]},
    ]
    model = {"name": "m", "hyperparameters": {"params": 4e8, "tokens": 2e9, "lr": 0.1}, "results": results}
    found = columns(table(tmp_path, model))
    assert found["params"] == [4e8]
    assert found["tokens"] == [2e9]
    assert (found["results.a.loss"], found["results.b.loss"]) == ([3.5], [4.5])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"lr": 0.1, "model": "gpt2", "betas": [0.9, 0.95]}, "a.json: a configuration"),
        ({"class_name": "Sequential", "config": {"layers": [{"units": 3}]}}, "a.json: a configuration"),
        ({"short": {"70M": {"acc": 0.1}, "1B": {"acc": 0.2}}}, "a.json: results without an axis, short.70M.acc"),
        ({}, "a.json: no steps in it"),
        ([], "a.json: no steps in it"),
        (5, "a.json"),
        ([1, {"a": 2}], "a.json: no steps in it"),
    ],
)
def test_json_without_curves_is_refused(content: object, text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, content)
    assert (caught.value.rule, caught.value.received) == ("a JSON file of curves must hold values along steps", text)


def test_live_and_broken_lines_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in ROWS]
    opened = table(tmp_path, "\n".join(lines)[:-5], "a.jsonl")
    assert columns(opened)["step"] == STEPS[:-1]
    assert kinds(opened) == ["unfinished files"]
    opened = table(tmp_path, "\n".join([*lines[:5], lines[5][:7], *lines[6:]]), "a.jsonl")
    assert columns(opened)["step"] == STEPS[:5] + STEPS[6:]
    assert [finding.text for finding in opened.findings] == [
        "1 line that are no JSON objects, left out: the first is line 6"
    ]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(packed[:-30])
    assert kinds(open_table(tmp_path / "a.jsonl.gz")) == ["unfinished files"]  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must hold an object in each; received 'a.jsonl: line 1'; write one object"):
        table(tmp_path, "step\n" * 5, "a.jsonl")


def test_texts_of_numbers_are_numbers_and_keep_their_text_as_labels(tmp_path: Path) -> None:
    rows = [
        {"num_updates": str(i), "run": f"0{i % 2}", "loss": "4.10", "size": "70M", "t": "x" * 300} for i in range(9)
    ]
    opened = table(tmp_path, "\n".join(map(json.dumps, rows)), "a.jsonl")
    assert opened.names == ("num_updates", "run", "loss", "size")
    assert opened.read(["loss", "num_updates"], []).numbers["num_updates"].tolist() == list(range(9))
    assert opened.read([], ["run", "size"]).labels["run"].names == ("00", "01")
    assert kinds(opened) == ["free text"]


def test_nested_lines_and_pairs_of_name_and_value(tmp_path: Path) -> None:
    pairs = [{"name": name, "data": {"step": s, "value": a}} for s, a in zip(STEPS, ACC, strict=True) for name in "ab"]
    opened = table(tmp_path, "\n".join(map(json.dumps, pairs)), "a.jsonl")
    assert opened.names == ("name", "step", "value")
    nested = [{"step": s, "eval": {"a": {"acc": 1}, "b": {"acc": s}}, "step_info": [1, 2]} for s in STEPS]
    opened = table(tmp_path, "\n".join(map(json.dumps, nested)), "a.jsonl")
    assert opened.names == ("step", "eval.a.acc", "eval.b.acc")
    assert kinds(opened) == ["lists left out"]


def state(n_steps: int) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    for step in STEPS[:n_steps]:
        history.append({"step": step, "epoch": step / 100, "loss": 2.0, "learning_rate": 1e-4})
        history += [{"step": step, "epoch": step / 100, f"eval_{name}_accuracy": step / 1000} for name in "xy"]
    history.append({"step": STEPS[n_steps - 1], "epoch": 9.5, "train_runtime": 3.0, "train_loss": 2.5})
    return {"best_metric": None, "epoch": 1.0, "global_step": 950, "log_history": history, "train_batch_size": 4}


@pytest.mark.parametrize("nested_first", [True, False])
def test_a_name_given_twice_holds_the_last_value_of_its_row(nested_first: bool, tmp_path: Path) -> None:
    rows = [{"step": step, "a": {"b": step / 9}, "a.b": step / 7 if step % 2 else None} for step in range(6)]
    if not nested_first:
        rows = [dict(reversed(row.items())) for row in rows]
    read = columns(table(tmp_path, "\n".join(map(json.dumps, rows)), "a.jsonl"))
    given = [step / 7 if step % 2 and nested_first else step / 9 for step in range(6)]
    assert read["a.b"] == given


def test_nested_rows_alike_and_unlike_make_the_same_columns(tmp_path: Path) -> None:
    alike: list[dict[str, Any]] = [
        {"step": step, "eval": {"a": step / 9, "sub": {"b": step / 7, "none": []}}} for step in range(6)
    ]
    one = columns(table(tmp_path, "\n".join(map(json.dumps, alike)), "a.jsonl"))
    unlike = [row if row["step"] % 2 else {"step": row["step"], "eval": row["eval"] | {"c": 1}} for row in alike]
    other = columns(table(tmp_path, "\n".join(map(json.dumps, unlike)), "b.jsonl"))
    assert np.array_equal(other.pop("eval.c"), [1.0, np.nan] * 3, equal_nan=True)
    assert one == other
    assert list(one) == ["step", "eval.a", "eval.sub.b"]


def test_states_of_the_trainer(tmp_path: Path) -> None:
    (tmp_path / "args.json").write_text('{"optim": "adamw_torch", "learning_rate": 0.1}')
    for n_steps in (5, 10, 20):
        folder = tmp_path / f"checkpoint-{n_steps}"
        folder.mkdir()
        table(folder, state(n_steps), "trainer_state.json")
    for path, n_steps in {tmp_path: 20, tmp_path / "checkpoint-5": 5, folder / "trainer_state.json": 20}.items():
        opened = open_table(path)
        assert isinstance(opened, RecordTable)
        assert columns(opened)["step"] == STEPS[:n_steps]
        assert opened.settings == {"optimizer": "adamw", "learning_rate": 0.1, "batch_size": 4}
        assert set(kinds(opened)) >= {"summaries", "settings beside"}
    whole = open_table(tmp_path)
    assert isinstance(whole, RecordTable)
    assert not np.isnan([columns(whole)[f"eval_{name}_accuracy"] for name in "xy"]).any()
    (folder / "trainer_state.json").write_text('{"log_his')
    text = "3 states of one run: checkpoint-10/trainer_state.json holds the history (1 newer one could not be read)"
    assert [finding.text for finding in open_table(tmp_path).findings if finding.kind == "checkpoints"] == [text]
    with pytest.raises(InputError, match="log_history of a trainer_state.json must hold rows"):
        table(tmp_path, state(1) | {"log_history": []})


def test_results_of_the_harness(tmp_path: Path) -> None:
    old = {"results": {"sciq": {"acc": 0.5, "acc_stderr": 0.1, "acc_norm": 0.6}, "wiki": {"ppl": 9.0}}, "versions": {}}
    opened = table(tmp_path, old | {"config": {"model_args": "pretrained=x/y-1b,revision=step3000"}})
    found = columns(opened)
    assert (found["task"], found["step"], found["acc"][0]) == (["sciq", "wiki"], [3000, 3000], 0.5)
    assert kinds(opened) == ["several metrics", "moment of results"]
    new = {
        "results": {
            "gsm": {"alias": " - gsm", "exact_match,strict-match": 0.5, "exact_match_stderr,strict-match": 0.1}
        },
        "n-samples": {"gsm": {"original": 1319, "effective": 100}},
        "config": {"model_args": {"pretrained": "out/checkpoint-500"}},
    }
    found = columns(table(tmp_path, new))
    assert found == {
        "task": ["gsm"],
        "step": [500],
        "exact_match_strict_match": [0.5],
        "exact_match_strict_match_stderr": [0.1],
        "n": [100],
    }
    new["results"] = {"sciq": {"acc,none": 0.5, "acc_stderr,none": "N/A", "acc_norm_stderr,none": 0.1}}
    new["config"] = {}
    assert columns(table(tmp_path, new, "m_step7.json")) == {
        "task": ["sciq"],
        "step": [7],
        "acc": [0.5],
        "acc_norm_stderr": [0.1],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'[{"a":' + b'{"a":' * 300 + b"1" + b"}" * 301 + b"]",
        b'[{"step": ' + b"9" * 5000 + b"}]",
        b'[{"step": ' + b"9" * 4000 + b', "acc": 1}, {"step": 2, "acc": Infinity}]',
        b'[{"step": 1, "acc": 0.5}, {"step": 2, "acc": NaN}',
        b'{"a": [1, 2,]}',
        b'{"a": 1,}',
        b'{"a" 1}',
        b"{1: 2}",
        b'{"a": "' + b"x" * 200_000 + b'"}',
        b'[{"' + b"n" * 5000 + b'": {"a": 1}}]',
        b"{" + b",".join(b'"k%d": %d' % (i, i) for i in range(11_000)) + b"}",
        b"[{" + b",".join(b'"k%d": %d' % (i, i) for i in range(11_000)) + b"}]",
        b'{"step": 1, "\\ud800\\n": "\\udfff"}\n{"step": 2, "\\ud800\\n": 0.5}\n',
        b"\0{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"epoch": 1, "log_history": [1, {"step": [1]}, {"step": {"a": 1}}, null]}',
        b'{"results": {"a": {"acc_stderr": null, "acc": [1, 2]}, "b": 1}}',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_hostile_json_ends_in_a_table_or_one_line(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    try:
        opened = open_table(path)
        text = " ".join(opened.names) + " ".join(finding.text for finding in opened.findings)
    except InputError as error:
        text = str(error)
    assert "\n" not in text
    text.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["step", "acc", "loss", "results", "history", "10", "20", "é"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


def outcome(path: Path) -> str:
    try:
        read_curves(path)
    except InputError as error:
        return str(error)
    return ""


@settings(deadline=None, max_examples=30)
@given(JSON, st.integers(0, 200))
def test_any_json_and_any_torn_one_give_a_table_or_one_line(content: object, n_cut: int) -> None:
    text = json.dumps(content)
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("a.json", text), ("a.jsonl", text), ("b.json", text[:-n_cut])):
            (Path(folder) / name).write_text(part)
            assert "\n" not in outcome(Path(folder) / name)


@settings(deadline=None, max_examples=60)
@given(st.lists(JSON, max_size=5), st.integers(1, 80), st.sampled_from([None, 0, 2]))
def test_elements_are_those_of_the_whole(elements: list[object], n_times: int, indent: int | None) -> None:
    elements = elements * n_times
    text = json.dumps(elements, indent=indent)
    cursor = JsonText(io.StringIO(text + " "), Path("a.json"))
    found = [element for batch in cursor.elements() for element in batch]
    assert repr(found) == repr(json.loads(text))
    assert cursor.peek() == ""


def test_files_from_the_field() -> None:
    curves = read_curves(shared_data("field/grokking/results.json"))
    assert curves["skill_name"].to_numpy().tolist() == ["test_acc"]
    curves = read_curves(shared_data("field/hf-groups/trainer_state.json"))
    assert curves["skill_name"].to_numpy().tolist() == [f"eval_g{group}_accuracy" for group in range(6)]
    assert read_curves(shared_data("field/jsonl/metrics.jsonl"))["skill_name"].to_numpy().tolist() == [
        "acc/copy",
        "acc/sort",
    ]
    assert read_curves(shared_data("field/jsonl/training_logs.jsonl")).sizes["skill"] == 2
    assert read_curves(shared_data("field/tb-download/run-exp1-tag-acc_copy.json")).sizes["step"] == 31
    opened = open_table(shared_data("field/pythia-evals/1.4b-json/1.4b_step512.json"))
    assert opened.read(["step"], []).numbers["step"][0] == 512
