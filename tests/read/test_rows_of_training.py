"""Rows of training and rows of evaluations in one log, as programs for vision and language write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import saltus
from tests.field.lookalikes import rise

EPOCHS = np.arange(1.0, 21)


def written(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def skills_of(path: Path, **options: Any) -> list[str]:
    return [str(name) for name in saltus.read_curves(path, **options)["skill_name"].to_numpy()]


def said_of(path: Path, **options: Any) -> dict[str, str]:
    report = saltus.reading_report(saltus.read_curves(path, **options))
    return {finding.kind: finding.text for finding in report.findings}


def detector_rows(apart: bool) -> list[dict[str, Any]]:
    """Batches every 20 steps and evaluations every 200, in the same rows or in rows of their own."""
    rows: list[dict[str, Any]] = []
    for step in range(20, 4001, 20):
        batch = {"iteration": step, "lr": 1e-3, "total_loss": 2 / step, "head/cls_accuracy": 1 - 5 / step}
        seen = (
            {"iteration": step, "bbox/AP": 60 * float(rise(np.array([float(step)]), 2000, 300)[0])}
            if step % 200 == 0
            else {}
        )
        rows += [batch, seen] if apart and seen else [batch | seen]
    return rows


@pytest.mark.parametrize("apart", [False, True])
def test_evaluations_are_read_and_not_what_batches_gave_beside_the_learning_rate(tmp_path: Path, apart: bool) -> None:
    path = written(tmp_path / "metrics.json", detector_rows(apart))
    assert skills_of(path) == ["bbox/AP"]
    assert "head/cls_accuracy" in said_of(path)["training rows"]
    assert skills_of(path, columns="head/*") == ["head/cls_accuracy"]


def test_metrics_of_every_row_are_all_read(tmp_path: Path) -> None:
    rows = [
        {"step": int(s), "lr": 1e-3, "acc_a": a, "acc_b": a / 2}
        for s, a in zip(EPOCHS, rise(EPOCHS, 8, 2), strict=True)
    ]
    assert skills_of(written(tmp_path / "log.jsonl", rows)) == ["acc_a", "acc_b"]


def detection_log() -> list[dict[str, Any]]:
    """A row of settings, then of each epoch batches that are counted anew, and the length of the evaluation."""
    rows: list[dict[str, Any]] = [{"seed": 0, "exp_name": "detector"}]
    for epoch, strength in zip(EPOCHS, rise(EPOCHS, 8, 2), strict=True):
        for step in range(50, 500, 50):
            rows.append(
                {"mode": "train", "epoch": int(epoch), "iter": step, "lr": 0.02, "loss": 2 / (500 * epoch + step)}
            )
        rows.append({"mode": "val", "epoch": int(epoch), "iter": 250, "lr": 0.02, "bbox_mAP": 0.9 * strength})
    return rows


def test_epochs_count_where_rows_of_evaluations_tell_their_length(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log.json", detection_log())
    curves = saltus.read_curves(path)
    assert curves.sizes == {"run": 1, "skill": 1, "step": 20}
    np.testing.assert_array_equal(curves["step"], EPOCHS)
    assert "'epoch'" in said_of(path)["steps of epochs"]


def test_batches_are_counted_through_all_epochs(tmp_path: Path) -> None:
    lines = [f"{epoch},{batch},{3 / (1 + epoch * 10 + batch)}" for epoch in range(4) for batch in range(10)]
    (tmp_path / "log.csv").write_text("\n".join(["epoch,batch,loss", *lines]))
    curves = saltus.read_curves(tmp_path / "log.csv")
    np.testing.assert_array_equal(curves["step"], np.arange(40))
    assert "10 an epoch" in said_of(tmp_path / "log.csv")["steps of epochs"]


def test_steps_that_are_named_are_taken_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log.json", detection_log()[1:])
    assert saltus.read_curves(path, step_column="epoch").sizes["step"] == 20


def test_current_steps_count_and_their_total_is_no_skill(tmp_path: Path) -> None:
    rows = [
        {
            "current_steps": s,
            "total_steps": 500,
            "loss": 3 / s,
            "epoch": s / 100,
            "percentage": s / 5,
            "remaining_time": "0:01:00",
        }
        for s in range(10, 501, 10)
    ]
    path = written(tmp_path / "trainer_log.jsonl", rows)
    curves = saltus.read_curves(path)
    assert (skills_of(path), curves["step"].to_numpy()[-1]) == (["loss"], 500)


def test_columns_beyond_all_strengths_are_left_out_beside_strengths(tmp_path: Path) -> None:
    rows = [
        {"step": int(s), "copy": c, "speed_of_it": 9000.0 + c} for s, c in zip(EPOCHS, rise(EPOCHS, 8, 2), strict=True)
    ]
    assert skills_of(written(tmp_path / "log.jsonl", rows)) == ["copy"]


def test_a_run_measured_to_the_last_row_did_not_end_early(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    for epoch, strength in zip(EPOCHS, rise(EPOCHS, 8, 2), strict=True):
        rows += [{"lr": 0.1, "loss": 2 / epoch, "step": int(400 * epoch)}, {"accuracy": strength, "step": int(epoch)}]
    assert "ended early" not in said_of(written(tmp_path / "scalars.json", rows))


def test_a_frame_of_pandas_is_a_history(tmp_path: Path) -> None:
    columns = {"loss": 2 / EPOCHS, "val_accuracy": rise(EPOCHS, 8, 2)}
    text = json.dumps({name: {str(i): float(x) for i, x in enumerate(column)} for name, column in columns.items()})
    (tmp_path / "history.json").write_text(text)
    curves = saltus.read_curves(tmp_path / "history.json")
    np.testing.assert_allclose(curves["strength"][0, 0], rise(EPOCHS, 8, 2))
