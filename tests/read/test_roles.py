"""Roles of columns by their names, and the choice among metrics: each guess is right, said, and can be overruled."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError
from saltus.read.layouts import measurements_of
from saltus.read.measurements import Labels, Measurements, Selection
from saltus.read.readers import open_table
from saltus.read.roles import is_bookkeeping, is_generic_value, is_learning_rate, kind_of_counter
from saltus.read.tables import ArrayTable
from saltus.read.vocabulary import EPOCHS, SIZES, TOKENS, UPDATES


def read(table: Mapping[str, Sequence[Any]], **options: Any) -> Measurements:
    """The measurements in columns of numbers or text."""
    arrays = {
        name: Labels.of(cells) if isinstance(cells[0], str) else np.array(cells, dtype=float)
        for name, cells in table.items()
    }
    return measurements_of(ArrayTable(Path("c.jsonl"), arrays, "JSON lines"), Selection(**options))


def found(measurements: Measurements) -> dict[str, str]:
    return {finding.kind: finding.text for finding in measurements.findings}


RISE = [0.0, 0.25, 0.75]
STEPS = [0, 100, 200]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trainer/global_step", UPDATES),
        ("Iteration", UPDATES),
        ("num_updates", UPDATES),
        ("params_B", SIZES),
        ("N", SIZES),
        ("model_size_M", SIZES),
        ("throughput/total_tokens", TOKENS),
        ("train/epoch", EPOCHS),
        ("eval_steps_per_second", None),
        ("run - _step", None),
        ("n", None),
        ("stepwise_acc", None),
    ],
)
def test_counters_by_name(name: str, kind: int | None) -> None:
    assert kind_of_counter(name) == kind


def test_learning_rates_and_bookkeeping_by_name() -> None:
    assert all(map(is_learning_rate, ["lr", "lr-Adam", "train/lr", "optim/learning_rate_group0", "lr/pg0", "my_lr"]))
    assert not any(map(is_learning_rate, ["lr_decay", "learning_rate_peak", "color", "lrs"]))
    assert all(map(is_bookkeeping, ["_runtime", "eval_samples_per_second", "Wall time", "", "Unnamed: 0", "grad_norm"]))
    assert not any(map(is_bookkeeping, ["acc", "copy", "timely_acc", "runner"]))


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"iteration": STEPS, "tokens": [0, 4e5, 8e5]}, "iteration"),
        ({"epoch": [0, 1, 2], "step": STEPS}, "step"),
        ({"_step": STEPS, "global_step": STEPS}, "_step"),
        ({"epoch": [0, 1, 2], "tokens": [0, 4e5, 8e5]}, "tokens"),
        ({"tokens": [1e9, 1e9, 2e9], "size": [1, 7, 70]}, "size"),
        ({"tokens": [1e9, 2e9, 3e9], "size": [7, 7, 7]}, "tokens"),
        ({"step": [9, 9, 9], "params": [1, 2, 3]}, "params"),
        ({"steps": [900, 900, 900], "step": STEPS}, "step"),
        ({"iterations": [900, 900, 900], "iter": STEPS}, "iter"),
        ({"checkpoint": STEPS, "epoch": [0, 1, 2]}, "checkpoint"),
        ({"iterations": [900, 901, 902], "iter": STEPS}, "iter"),
        ({"batch": [5, 6, 7], "iter": STEPS}, "iter"),
        ({"step": [9, 9, 9], "epoch": [0, 0, 1]}, "epoch"),
    ],
)
def test_the_truest_clock_counts_and_the_others_are_named(columns: dict[str, Sequence[float]], chosen: str) -> None:
    measurements = read({**columns, "copy": RISE})
    assert measurements.step_column == chosen
    assert measurements.resource == ("parameters" if chosen in ("size", "params") else "step")
    (other,) = set(columns) - {chosen}
    assert f"counted by '{chosen}'; '{other}' would count too" in found(measurements)["several counters"]
    assert read({**columns, "copy": RISE}, step_column=other).step_column == other


def test_values_of_many_skills_have_a_name_that_tells_none() -> None:
    assert all(map(is_generic_value, ["acc", "val_loss", "value", "metrics/score", "wer"]))
    assert not any(map(is_generic_value, ["copy_acc", "acc_stderr", "perplexity", "copy", "value_error"]))


def test_a_counter_holds_numbers_and_two_of_updates_agree_where_both_are_told() -> None:
    named = read({"step": ["early", "late", "last"], "epoch": [0, 1, 2], "copy": RISE})
    assert named.step_column == "epoch"
    assert "several counters" not in found(named)
    gaps = read({"step": STEPS, "global_step": [0, float("nan"), 200], "copy": RISE})
    assert gaps.step_column == "step"
    for other in ([0, 100, 300], [float("nan")] * 3):
        with pytest.raises(InputError, match="curves must have one column of steps, named step, data or parameters"):
            read({"step": STEPS, "global_step": other, "copy": RISE})


def test_columns_of_runs_that_are_needed_to_tell_them_apart() -> None:
    twice: dict[str, Sequence[Any]] = {"step": STEPS * 4, "copy": RISE * 4}
    seeds = [seed for seed in (0, 1, 2, 3) for _ in STEPS]
    assert read({"seed": seeds, **twice}).run.names == ("0.0", "1.0", "2.0", "3.0")
    nested = read({"run": seeds, "seed": [7] * 12, **twice})
    assert len(nested.run.names) == 4
    assert "runs by column" not in found(nested)
    crossed = read({"trial": [s // 2 for s in seeds], "seed": [s % 2 for s in seeds], **twice})
    assert crossed.run.names == ("0.0, 0.0", "0.0, 1.0", "1.0, 0.0", "1.0, 1.0")
    assert found(crossed)["runs by column"].startswith("4 runs by column 'trial' and 'seed'")
    by_name = read({"model": ["a"] * 6 + ["b"] * 6, **twice}, run="model")
    assert by_name.run.names == ("a", "b")


def test_columns_that_may_part_curves_are_kept() -> None:
    measurements = read(
        {
            "model": ["small"] * 3 + ["large"] * 3,
            "lr": [0.1] * 3 + [0.2] * 3,
            "host": ["x"] * 6,
            "step": STEPS * 2,
            "copy": RISE * 2,
        }
    )
    assert {name: labels.names for name, labels in measurements.further.items()} == {
        "model": ("small", "large"),
        "lr": ("0.1", "0.2"),
    }
    assert measurements.take(np.array([0, 5])).further["model"].codes.tolist() == [0, 1]


def test_the_held_out_metric_of_a_skill_is_read_with_its_loss_and_error() -> None:
    measurements = read(
        {
            "epoch": [0, 1, 2],
            "loss": [3, 2, 1],
            "accuracy": [0, 0.5, 1],
            "val_loss": [4, 3, 2],
            "val_accuracy": RISE,
            "val_accuracy_stderr": [0.1, 0.1, 0.2],
            "lr": [0.1, 0.2, 0.3],
        }
    )
    assert (measurements.skill.names, measurements.quantity) == (("val_accuracy",), "accuracy")
    assert measurements.value.tolist() == RISE
    assert {name: column.tolist() for name, column in measurements.beside.items()} == {
        "learning_rate": [0.1, 0.2, 0.3],
        "value_error": [0.1, 0.1, 0.2],
        "loss": [4, 3, 2],
    }
    assert found(measurements)["training split"].startswith("accuracy of the training split left out")
    assert "accuracy was read; left out loss, val_loss" in found(measurements)["several quantities"]


HISTORY: dict[str, Sequence[Any]] = {
    "step": STEPS,
    "train_loss": [3, 2, 1],
    "test_loss": [4, 3, 2],
    "train_acc": [0, 1, 1],
    "test_acc": RISE,
}


@pytest.mark.parametrize(
    ("options", "skills", "quantity"),
    [
        ({}, ("test_acc",), "accuracy"),
        ({"quantity": "loss"}, ("test_loss",), "loss"),
        ({"columns": ("*_acc",)}, ("test_acc",), "accuracy"),
        ({"columns": ("train_acc", "test_acc")}, ("train_acc", "test_acc"), "accuracy"),
        ({"columns": ("train_loss",)}, ("train_loss",), "loss"),
        ({"columns": ("train_loss", "test_acc"), "quantity": "strength"}, ("train_loss", "test_acc"), "strength"),
        ({"value": "train_acc"}, ("train_acc",), "accuracy"),
    ],
)
def test_the_user_goes_before_every_guess(options: dict[str, Any], skills: tuple[str, ...], quantity: str) -> None:
    measurements = read({**HISTORY, "weight_norm": [30, 31, 32]}, **options)
    assert (measurements.skill.names, measurements.quantity) == (skills, quantity)


def test_what_turns_out_to_hold_no_skill_gives_way() -> None:
    nan = float("nan")
    empty = read({"epoch": [0, 1, 2], "accuracy": RISE, "val_accuracy": [nan] * 3})
    assert empty.skill.names == ("accuracy",)
    assert found(empty)["columns without values"].startswith("val_accuracy: empty")
    norms = read({"step": STEPS, "train_loss": [3, 2, 1], "weight_norm": [30, 31, 32]})
    assert (norms.skill.names, norms.quantity) == (("train_loss",), "loss")
    strengths = read({"step": STEPS, "train_loss": [3, 2, 1], "copy": RISE})
    assert (strengths.skill.names, strengths.quantity) == (("copy",), "strength")


def test_long_tables_under_any_names() -> None:
    columns: dict[str, Sequence[Any]] = {
        "model": ["m"] * 6,
        "checkpoint": STEPS * 2,
        "task": ["copy"] * 3 + ["sort"] * 3,
        "acc": RISE * 2,
        "acc_stderr": [0.1] * 6,
        "acc_norm": [0.5] * 6,
        "n": [50] * 6,
    }
    measurements = read(columns)
    assert measurements.layout == "tidy JSON lines"
    assert (measurements.skill.names, measurements.quantity) == (("copy", "sort"), "accuracy")
    assert {name: column[0] for name, column in measurements.beside.items()} == {"n": 50, "value_error": 0.1}
    renamed: dict[str, Sequence[Any]] = {
        "who": columns["task"],
        "when": STEPS * 2,
        "what": RISE * 2,
        "sure": [0.2] * 6,
        "of": [9] * 6,
    }
    chosen = read(renamed, skill="who", step_column="when", value="what", error="sure", n="of", quantity="accuracy")
    assert chosen.skill.names == ("copy", "sort")
    assert {name: column[0] for name, column in chosen.beside.items()} == {"n": 9, "value_error": 0.2}
    for argument in ("skill", "value", "error", "n", "run"):
        with pytest.raises(InputError, match=f"{argument} must be a column of the file; received 'no'; it has who, "):
            read(renamed, **({"skill": "who", "step_column": "when", "value": "what"} | {argument: "no"}))


def test_rows_of_names_and_values_are_chosen_like_columns() -> None:
    names = ["train/loss", "val/acc", "val/acc_stderr", "val/loss", "lr", "gpu_memory"]
    values: list[Sequence[float]] = [[3, 2, 1], RISE, [0.1, 0.2, 0.3], [4, 3, 2], [0.5, 0.25, 0.125], [9, 9, 9]]
    columns: dict[str, Sequence[Any]] = {
        "name": [name for name in names for _ in STEPS],
        "step": STEPS * len(names),
        "value": [value for row in values for value in row],
    }
    measurements = read(columns)
    assert (measurements.skill.names, measurements.quantity) == (("val/acc",), "accuracy")
    assert {name: column.tolist() for name, column in measurements.beside.items()} == {
        "value_error": [0.1, 0.2, 0.3],
        "loss": [4, 3, 2],
        "learning_rate": [0.5, 0.25, 0.125],
    }
    apart: dict[str, Sequence[Any]] = {
        "task": ["copy"] * 3 + ["sort"] * 3,
        "metric": ["acc"] * 6,
        "step": STEPS * 2,
        "value": RISE * 2,
    }
    assert read(apart).skill.names == ("copy/acc", "sort/acc")


def test_rows_of_the_training_split_are_left_out() -> None:
    columns: dict[str, Sequence[Any]] = {
        "split": ["train"] * 3 + ["valid"] * 3,
        "step": STEPS * 2,
        "task": ["a"] * 6,
        "acc": [1, 1, 1, *RISE],
    }
    measurements = read(columns)
    assert measurements.value.tolist() == RISE
    assert found(measurements)["rows of other splits"].startswith("3 rows of train left out beside those of validation")
    only_training = read({**columns, "split": ["train"] * 6})
    assert len(only_training.value) == 6


def test_learning_rates_of_other_rows_are_interpolated() -> None:
    nan = float("nan")
    rows: dict[str, Sequence[Any]] = {
        "step": [0, 50, 100, 150],
        "learning_rate": [0.0, nan, 1.0, nan],
        "eval_acc": [nan, 0.1, nan, 0.2],
    }
    measurements = read(rows)
    assert measurements.beside["learning_rate"].tolist() == [0.0, 0.5, 1.0, 1.0]
    assert "2 rows without it have that of their neighbours" in found(measurements)["learning rate"]


def test_text_that_is_numbers_is_read_as_numbers() -> None:
    measurements = read({"size": ["70M", "1.4B", "12B"], "acc": ["10%", "20 %", "0.5 ± 0.1"]})
    assert measurements.position.tolist() == [70e6, 1.4e9, 12e9]
    assert measurements.value.tolist() == [0.1, 0.2, 0.5]
    assert measurements.beside["value_error"].tolist()[2] == 0.1


@pytest.mark.parametrize(
    ("columns", "options", "text"),
    [
        (
            {"step": STEPS, "val_ppl": [9, 8, 7]},
            {},
            "a perplexity must be given as a loss; received 'val_ppl'; give its logarithm as a loss, or choose",
        ),
        (
            HISTORY,
            {"columns": ("test_*",)},
            "the chosen columns must hold one quantity; received {'loss': 'test_loss', 'accuracy': 'test_acc'}; ",
        ),
        (
            HISTORY,
            {"error": "train_acc", "columns": ("*loss", "train_loss")},
            "error must belong to one column of values",
        ),
        ({"step": STEPS, "note": ["a", "b", "c"]}, {}, "a wide table must have one column a skill; received ['step'"),
        ({"step": STEPS, "mood": ["a", "b", "c"]}, {}, "column 'mood' must hold numbers; received 'a'; see c.jsonl"),
        (
            {"step": STEPS, "skill": ["a", "a", "a"], "x": RISE, "y": RISE},
            {},
            "curves must be measured in strength, loss or accuracy; received ['step', 'skill', 'x', 'y']; name the ",
        ),
        ({"acc": RISE}, {}, "curves must have one column of steps, named step, data or parameters; received ['acc']"),
    ],
)
def test_ambiguity_is_refused_in_one_line(columns: dict[str, Any], options: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(columns, **options)
    assert str(caught.value).startswith(text)


NAMES = [
    *("step", "steps", "epoch", "tokens", "size", "run", "seed", "split", "task", "metric", "name", "value", "n", "lr"),
    *("acc", "acc_stderr", "val_acc", "train_loss", "loss", "val_ppl", "strength", "frequency", "a - acc", "b - acc"),
    *("", "note", "model", "x", "y", "wer", "bpb", "error"),
]
CELLS = ["", "0", "1", "2.5", "-3", "nan", "inf", "1e300", "70M", "5%", "0,5", "0.5 ± 0.1", "a", "train", "val", "loss"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.data())
def test_any_columns_under_known_names_give_measurements_or_one_line(names: list[str], data: st.DataObject) -> None:
    n_rows = data.draw(st.integers(0, 6))
    row = st.lists(st.sampled_from(CELLS), min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, min_size=n_rows, max_size=n_rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.csv"
        path.write_text("\n".join(";".join(cells) for cells in [names, *rows]) + "\n", encoding="utf-8")
        try:
            measurements = measurements_of(open_table(path), Selection())
        except InputError as error:
            line = str(error)
        else:
            sizes = {len(column) for column in (measurements.value, *measurements.beside.values())}
            sizes |= {len(labels.codes) for labels in (measurements.run, measurements.skill)}
            assert sizes | {len(labels.codes) for labels in measurements.further.values()} == {
                len(measurements.position)
            }
            line = ""
    assert "\n" not in line
