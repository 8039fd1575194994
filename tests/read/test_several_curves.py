"""Rows of one step that disagree by more than noise are several curves; what agrees within it is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from saltus._types import Floats
from saltus.read.measurements import Labels, Measurements
from saltus.read.noise import disagree, noise_of
from saltus.read.order import in_order
from tests.field.lookalikes import STEPS, rise, three_skills, wide


def rows(
    n_curves: int, *, blocks: bool, noise: float = 0.01, spread: float = 150.0, beside: dict[str, Floats] | None = None
) -> Measurements:
    """One skill of several seeds, whose rises lie apart, without a column of runs; and columns left aside."""
    rng = np.random.default_rng(3)
    halves = 700 + spread * np.arange(n_curves)
    values = np.array([rise(STEPS, half, 90) for half in halves]) + rng.normal(0, noise, (n_curves, len(STEPS)))
    seed = np.repeat(np.arange(n_curves), len(STEPS))
    order = np.arange(seed.size) if blocks else np.argsort(np.tile(STEPS, n_curves), kind="stable")
    return Measurements(
        layout="tidy CSV",
        resource="step",
        step_column="step",
        quantity="strength",
        run=Labels.all_the_same(seed.size),
        skill=Labels.all_the_same(seed.size, "copy"),
        position=np.tile(STEPS, n_curves)[order],
        value=values.ravel()[order],
        beside={} if beside is None else beside,
        further={
            "node": Labels.of(order.tolist()),  # tells every row apart
            "half": Labels.of((seed[order] % 2).tolist()),  # does not tell all curves apart
            "init": Labels.of(seed[order].tolist()),
            "model_id": Labels.of(seed[order].tolist()),
        },
    )


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("n_curves", [3, 5])
def test_curves_without_a_column_of_runs_are_refused_with_one_that_would_part_them(n_curves: int, blocks: bool) -> None:
    with pytest.raises(InputError) as caught:
        in_order(rows(n_curves, blocks=blocks), 0)
    said = str(caught.value)
    assert said.startswith("rows of one step must agree, or a column must say which run they belong to; received ")
    assert "skill 'copy': " in said
    assert ("times from 0 up" in said) == blocks
    assert f"37 steps with {n_curves} values that differ by up to " in said or blocks
    assert (
        "'model_id' would separate them (so would 'init'): keep the rows of one, or compare them as runs with " in said
    )


def test_what_agrees_within_noise_is_one_curve_and_the_last_is_kept() -> None:
    for blocks in (True, False):
        ordered, findings = in_order(rows(3, blocks=blocks, spread=0.0), 0)
        assert len(ordered.value) == len(STEPS)
        assert {finding.kind for finding in findings} == {"rewound steps" if blocks else "duplicate steps"}
    errors = {"value_error": np.full(3 * len(STEPS), 0.4)}  # larger than the scatter shows: a few questions each
    assert len(in_order(rows(3, blocks=False, beside=errors), 0)[0].value) == len(STEPS)
    assert len(in_order(rows(3, blocks=True, beside=errors), 0)[0].value) == len(STEPS)


def test_one_evaluation_more_at_the_end_is_kept_as_the_last(tmp_path: Path) -> None:
    """Trainers evaluate the best checkpoint again, and log it at the last step."""
    steps = np.append(STEPS, STEPS[-1])
    curves = read_curves(wide(tmp_path, {"copy": np.append(rise(STEPS, 580, 70), 0.8)}, steps))
    assert float(curves["strength"][0, 0, -1]) == 0.8
    assert "1 of them with another value" in reading_report(curves).lines[3]


def test_without_a_column_that_helps_one_is_asked_for(tmp_path: Path) -> None:
    values = np.concatenate([rise(STEPS, half, 90) for half in (700, 900)])
    path = wide(tmp_path, {"copy": values, "sort": values / 2}, np.tile(STEPS, 2))
    with pytest.raises(
        InputError, match='2 times from 0 up, as if in several runs"; name the column of runs with run='
    ):
        read_curves(path)


def test_a_column_that_changes_at_a_restart_is_mentioned(tmp_path: Path) -> None:
    measurements = rows(1, blocks=True)
    back = np.r_[np.arange(20), np.arange(10, 37)]
    labels = {"job": Labels.of(["a"] * 20 + ["b"] * 27)}
    again = measurements.take(back)
    object.__setattr__(again, "further", labels)
    text = in_order(again, 0)[1][0].text
    assert text == (
        "in 1 curve, 10 measured before a restart went back over their steps, were dropped; 'job' changes there: "
        "if it names runs, run='job'"
    )


def test_noise_is_that_of_neighbours_and_not_of_the_rise() -> None:
    rng = np.random.default_rng(0)
    series = [rise(STEPS, 900, 90) + rng.normal(0, 0.03, len(STEPS)) for _ in range(4)]
    values, number = np.concatenate(series), np.repeat(np.arange(4), len(STEPS))
    unknown = np.full(values.size, np.nan)
    assert noise_of(values, number, unknown) == pytest.approx(0.03, rel=0.25)
    assert noise_of(np.round(values), number, unknown) == 0.01  # nothing moves but at the rise: a share of the range
    assert noise_of(values, number, np.where(np.arange(unknown.size) > 3, 0.2, np.nan)) == pytest.approx(0.2)
    assert noise_of(np.array([1.0]), np.array([0]), np.array([np.nan])) == 0.0
    assert not disagree(np.array([0.5, 0.5]), 0.01)  # two steps alone
    assert disagree(np.array([0.5, 0.5, 0.5]), 0.01)
    assert not disagree(np.append(np.full(3, 0.1), np.zeros(200)), 0.01)


def test_runs_that_ended_early_are_named(tmp_path: Path) -> None:
    names = {name: np.where(STEPS > 1050, np.nan, values) for name, values in three_skills(0).items()}
    said = reading_report(read_curves(wide(tmp_path, names))).lines
    assert "ended early: the run ended at 1050, with empty rows up to 1800" in said
    rare = {"copy": rise(STEPS, 580, 70), "rare": np.where(np.arange(len(STEPS)) % 4 == 0, 0.1, np.nan)}
    said = reading_report(read_curves(wide(tmp_path, rare))).lines
    assert not any(line.startswith("ended") for line in said)
    runs = tmp_path / "runs.csv"
    rows_ = [
        f"{run},{step},{step / 100 if step < 50 + 40 * run else ''}" for run in (0, 1) for step in range(0, 90, 10)
    ]
    runs.write_text("\n".join(["run,step,a", *rows_]))
    assert "ended early: run 0 ended at 40, with empty rows up to 80" in reading_report(read_curves(runs)).lines


@pytest.mark.parametrize("steps", [np.zeros(200_000), np.arange(200_000) % 2, np.arange(200_000) % 20_000])
def test_a_hundred_thousand_rows_of_a_few_steps_take_no_ages(steps: np.ndarray) -> None:
    """Work grows with rows, and not with how often one step is there."""
    values = np.random.default_rng(0).normal(0, 0.1, len(steps))
    measurements = Measurements(
        layout="tidy CSV",
        resource="step",
        step_column="step",
        quantity="strength",
        run=Labels.all_the_same(len(steps)),
        skill=Labels.all_the_same(len(steps), "copy"),
        position=steps.astype(float),
        value=values,
        beside={},
        further={},
    )
    assert len(in_order(measurements, 0)[0].value) == len(np.unique(steps))
