"""Losses of skills: read before accuracies where they date a skill, and strength by what they measure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus import InputError, read_curves, reading_report
from saltus._types import Floats
from saltus.read.convert import to_strength
from saltus.read.loss_kinds import kind_by_start, kind_named, slope_at_half, strength_of_loss
from saltus.read.scale import Scale
from tests.helpers import logistic
from tests.read.test_strength import RISE, STEPS, measured

LATER = logistic((STEPS - 1200) / 112)


def written(folder: Path, columns: Mapping[str, Floats], name: str = "log.csv") -> Path:
    path = folder / name
    rows = [",".join(map(repr, map(float, row))) for row in zip(STEPS, *columns.values(), strict=True)]
    path.write_text("\n".join([",".join(["step", *columns]), *rows]))
    return path


def cross_entropy(strength: Floats, answers: int = 10) -> Floats:
    return -np.log(1 / answers + (1 - 1 / answers) * strength)


def found(path: Path, **options: object) -> tuple[list[str], str, dict[str, str]]:
    curves = read_curves(path, **options)  # type: ignore[arg-type]
    report = reading_report(curves)
    return list(report.skills), report.quantity, {one.kind: one.text for one in report.findings}


BOTH = {
    "loss": cross_entropy(RISE),
    "copy_acc": 0.1 + 0.9 * RISE,
    "sort_acc": 0.1 + 0.9 * LATER,
    "copy_loss": cross_entropy(RISE),
    "sort_loss": cross_entropy(LATER),
}


def test_losses_of_skills_are_read_before_their_accuracies_with_the_reason(tmp_path: Path) -> None:
    path = written(tmp_path, BOTH)
    skills, quantity, said = found(path)
    assert (skills, quantity) == (["copy_loss", "sort_loss"], "loss")
    assert "accuracy crosses half long before the strength does" in said["losses preferred"]
    assert "quantity='accuracy' reads the accuracies" in said["losses preferred"]
    np.testing.assert_allclose(read_curves(path)["strength"][0], [RISE, LATER], atol=2e-3)
    assert found(path, quantity="accuracy")[:2] == (["copy_acc", "sort_acc"], "accuracy")
    assert found(path, columns="*_acc")[1] == "accuracy"


@pytest.mark.parametrize("left_out", ["sort_loss", "sort_acc"])
def test_a_loss_of_everything_or_of_some_skills_leaves_accuracies(tmp_path: Path, left_out: str) -> None:
    path = written(tmp_path, {name: values for name, values in BOTH.items() if name != left_out})
    _, quantity, said = found(path)
    assert quantity == "accuracy"
    assert "losses preferred" not in said
    single = written(tmp_path, {name: BOTH[name] for name in ("loss", "copy_acc", "sort_acc")}, "single.csv")
    assert found(single)[:2] == (["copy_acc", "sort_acc"], "accuracy")


def test_losses_of_training_data_leave_accuracies_of_others(tmp_path: Path) -> None:
    columns = {("train/" if name.endswith("loss") else "val/") + name: values for name, values in BOTH.items()}
    assert found(written(tmp_path, columns))[1] == "accuracy"


def test_losses_that_stay_high_date_nothing_and_leave_accuracies(tmp_path: Path) -> None:
    high = {name: values + 2 if name.endswith("loss") else values for name, values in BOTH.items()}
    _, quantity, said = found(written(tmp_path, high))
    assert quantity == "accuracy"
    assert said["losses too high"].endswith("accuracies were read; quantity='loss' reads losses")


def test_rows_by_metric_prefer_losses_too(tmp_path: Path) -> None:
    path = tmp_path / "melted.csv"
    rows = [
        f"{step},{name},{value!r}"
        for name, values in BOTH.items()
        for step, value in zip(STEPS, values.tolist(), strict=True)
    ]
    path.write_text("\n".join(["step,metric,value", *rows]))
    assert found(path)[:2] == (["copy_loss", "sort_loss"], "loss")


def test_rows_by_skill_prefer_losses_too(tmp_path: Path) -> None:
    path = tmp_path / "tidy.csv"
    rows = [
        f"{skill},{step},{accuracy!r},{loss!r}"
        for skill in ("copy", "sort")
        for step, accuracy, loss in zip(
            STEPS, BOTH[f"{skill}_acc"].tolist(), BOTH[f"{skill}_loss"].tolist(), strict=True
        )
    ]
    path.write_text("\n".join(["task,step,accuracy,loss", *rows]))
    skills, quantity, said = found(path)
    assert (skills, quantity) == (["copy", "sort"], "loss")
    assert "losses preferred" in said
    assert found(path, quantity="accuracy")[1] == "accuracy"
    assert found(path, value="accuracy")[1] == "accuracy"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("copy_ce", "cross_entropy"),
        ("eval/copy/CrossEntropyLoss", "cross_entropy"),
        ("nll_loss", "cross_entropy"),
        ("logistic", "cross_entropy"),
        ("copy_mse", "squared"),
        ("MSELoss", "squared"),
        ("val_loss", None),
        ("place_loss", None),
    ],
)
def test_names_tell_the_kind(name: str, kind: str | None) -> None:
    assert kind_named(name) == kind


@pytest.mark.parametrize(
    ("initial", "kind"),
    [
        ([math.log(2)], "cross_entropy"),
        ([0.66, 2.3], "cross_entropy"),
        ([10.8], "cross_entropy"),
        ([0.5, 0.5], "squared"),
        ([1.01, 0.99], "squared"),
        ([1.0, math.log(3)], "cross_entropy"),
        ([0.5, 12.5], "squared"),
    ],
)
def test_a_start_tells_the_kind_where_nothing_else_does(initial: list[float], kind: str) -> None:
    assert kind_by_start(np.array(initial)) == kind


def test_the_kind_is_that_of_the_caller_before_names_and_of_names_before_settings(tmp_path: Path) -> None:
    loss = cross_entropy(RISE)
    squared = 1 - np.sqrt(loss / loss[0])
    plain, named = (written(tmp_path, {name: loss}, f"{name}.csv") for name in ("copy_loss", "copy_ce"))

    def strength(path: Path, **options: object) -> Floats:
        return np.asarray(read_curves(path, columns="copy*", quantity="loss", **options)["strength"][0, 0])  # type: ignore[arg-type]

    np.testing.assert_allclose(strength(plain), RISE, atol=2e-3)
    assert "taken for cross-entropies" in found(plain)[2]["kind of losses"]
    assert "kind of losses" not in found(named)[2]
    for path in (plain, named):
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([f"{header},criterion", *(f"{row},MSELoss" for row in rows)]))
    np.testing.assert_allclose(strength(plain), squared, atol=2e-3)
    np.testing.assert_allclose(strength(named), RISE, atol=2e-3)
    np.testing.assert_allclose(strength(named, loss_kind="squared"), squared, atol=2e-3)
    with pytest.raises(InputError, match="loss_kind must be one of cross_entropy, squared; received 'hinge'; choose"):
        strength(named, loss_kind="hinge")
    both = written(tmp_path, {"copy_ce": loss, "copyb_mse": loss}, "both.csv")
    with pytest.raises(InputError, match="losses must be of one kind; received .*; choose columns=, or give loss_kind"):
        strength(both)


@given(
    st.sampled_from(["cross_entropy", "squared"]),
    st.floats(0.05, 12),
    st.floats(0, 0.9),
    st.floats(0.3, 1),
)
def test_strength_falls_with_the_loss_and_its_error_is_that_of_a_small_change(
    kind: str, initial: float, share: float, unit: float
) -> None:
    floor = share * initial
    loss = np.linspace(floor, initial, 30)
    strength = strength_of_loss(loss, initial, floor, kind, unit)  # type: ignore[arg-type]
    np.testing.assert_allclose(strength[[0, -1]], [1, 0], atol=1e-12)
    assert (np.diff(strength) < 0).all()
    half = np.linspace(floor, initial, 200_001)
    at = half[np.abs(strength_of_loss(half, initial, floor, kind, unit) - 0.5).argmin()]  # type: ignore[arg-type]
    step = 1e-4 * (initial - floor)
    up, down = (strength_of_loss(at, initial + way * step, floor, kind, unit) for way in (1, -1))  # type: ignore[arg-type]
    assert float(slope_at_half(initial, floor, kind, unit)) == pytest.approx(float(up - down) / (2 * step), rel=2e-3)  # type: ignore[arg-type]


def test_the_loss_at_strength_0_is_the_mean_of_a_flat_start_and_its_error_is_in_the_curves() -> None:
    rng = np.random.default_rng(0)
    errors, stated = [], []
    for _ in range(200):
        loss = np.maximum(cross_entropy(RISE, 4) + rng.normal(0, 0.03, len(STEPS)), 0)
        of_strength = to_strength(measured({"copy_ce": loss}, "loss"), Scale())
        half = np.interp(0.5, RISE, STEPS)
        clean = to_strength(measured({"copy_ce": loss}, "loss"), Scale(initial_loss=float(cross_entropy(RISE, 4)[0])))
        near = int(np.abs(STEPS - half).argmin())
        errors.append(of_strength.value[near] - clean.value[near])
        stated.append(float(of_strength.scale_error[0]))
        assert clean.scale_error[0] == 0
    # The rise begins below the noise, so that starts are a little low; 200 draws tell a spread to a twentieth.
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.sqrt(np.mean(np.square(stated))), rel=0.35)
    assert abs(np.mean(errors)) < 0.01


def test_an_estimated_chance_has_an_error_but_one_of_few_answers_has_none() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.02, len(STEPS))
    odd = to_strength(measured({"copy": 0.37 + 0.63 * RISE + noise}), Scale())
    assert odd.scale_error[0] == pytest.approx(0.5 * 0.02 / math.sqrt(9) / 0.63, rel=0.6)  # of about 9 measurements
    assert to_strength(measured({"copy": 0.25 + 0.75 * RISE}), Scale()).scale_error[0] == 0
    assert to_strength(measured({"copy": 0.37 + 0.63 * RISE}), Scale(chance=0.37)).scale_error[0] == 0


def test_standard_errors_taken_by_name_are_said(tmp_path: Path) -> None:
    path = written(tmp_path, {"acc": RISE, "acc_stderr": np.full(len(STEPS), 0.01)})
    assert found(path)[2]["errors by column"].startswith("acc_stderr: standard errors of the values")
    assert "errors by column" not in found(path, value="acc", error="acc_stderr")[2]
