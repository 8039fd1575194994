"""Disorder, gaps, odd values: each is found where it was put, counted, and not found where it was not."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, read_curves, reading_report
from saltus.curves.report import Finding, ReadingReport


def read(steps: list[float], values: list[float], **options: object) -> xr.Dataset:
    """One curve through a tidy CSV file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.csv"
        rows = [f"1,{step},{value}" for step, value in zip(steps, values, strict=True)]
        path.write_text("\n".join(["skill,step,strength", *rows]))
        return read_curves(path, **options)  # type: ignore[arg-type]


def curve(curves: xr.Dataset) -> dict[int, float]:
    return dict(zip(curves["step"].to_numpy().tolist(), curves["strength"].to_numpy()[0, 0].tolist(), strict=True))


def found(curves: xr.Dataset) -> dict[str, int]:
    return {finding.kind: finding.count for finding in reading_report(curves).findings}


def rising(n: int) -> list[float]:
    return [(i + 1) / (n + 1) for i in range(n)]


@st.composite
def restarted(draw: st.DrawFn) -> list[int]:
    """Steps of a trainer that measures on a grid and goes back to a measured step now and then."""
    grid = sorted(draw(st.sets(st.integers(0, 10_000), min_size=3, max_size=12)))
    place, steps = 0, []
    for _ in range(draw(st.integers(2, 30))):
        steps.append(grid[place])
        go_back = place > 0 and draw(st.integers(0, 4)) == 0
        if not go_back and place == len(grid) - 1:
            break
        place = draw(st.integers(0, place)) if go_back else place + 1
    return steps


@settings(deadline=None)
@given(restarted())
def test_a_restart_overwrites_what_it_goes_back_over(steps: list[int]) -> None:
    values = [step / 10_000 + i * 1e-9 for i, step in enumerate(steps)]  # the same again but for noise
    replayed: dict[int, float] = {}
    for step, value in zip(steps, values, strict=True):  # as a trainer that forgets everything from its checkpoint on
        replayed = {earlier: kept for earlier, kept in replayed.items() if earlier < step} | {step: value}
    if len(replayed) < 2:
        with pytest.raises(InputError, match="a curve must have at least two measurements; "):
            read(list(steps), values)
        return
    curves = read(list(steps), values)
    assert curve(curves) == replayed
    falls = any(after < before for before, after in pairwise(steps))
    assert ("rewound steps" in found(curves)) == falls
    assert found(curves).get("rewound steps", 0) + found(curves).get("duplicate steps", 0) == len(steps) - len(replayed)


def test_of_a_repeated_step_the_last_is_kept_and_disagreement_is_said() -> None:
    curves = read([0, 10, 10, 20, 20, 30], [0.1, 0.2, 0.2, 0.3, 0.4, 0.5])
    assert curve(curves) == {0: 0.1, 10: 0.2, 20: 0.4, 30: 0.5}
    assert reading_report(curves).lines[3:] == (
        "duplicate steps: in 1 curve, 2 repeated a step, of which the last in the file was kept; "
        "1 of them with another value: is there a column run?",
    )
    mixed = read([0, 30, 10, 20, 10, 40], [0.1, 0.4, 0.2, 0.3, 0.25, 0.5])  # a fall to a new step: no restart
    assert curve(mixed) == {0: 0.1, 10: 0.25, 20: 0.3, 30: 0.4, 40: 0.5}
    assert found(mixed) == {"unsorted steps": 2, "duplicate steps": 1}


def test_orderly_curves_have_no_findings() -> None:
    grids: dict[str, Sequence[int] | np.ndarray] = {
        "even": np.arange(0, 1000, 50),
        "even with a last one short": [*range(0, 1000, 50), 993],
        "coarser later": [*range(0, 100, 10), *range(100, 1100, 100)],
        "geometric, rounded": np.unique(np.geomspace(1, 30_000, 80).astype(int)),
        "geometric, wide": 4 ** np.arange(9),
    }
    for name, steps in grids.items():
        curves = read([float(step) for step in steps], rising(len(steps)))
        assert found(curves) == {}, name


def test_missing_values_and_steps_are_left_out_and_counted() -> None:
    curves = read([0, 1, 2, float("nan"), 3, 4], [0.1, float("nan"), 0.3, 0.9, float("inf"), 0.5])
    assert curve(curves) == {0: 0.1, 2: 0.3, 4: 0.5}
    assert found(curves) == {"missing values": 2, "missing steps": 1}


def test_gaps_and_uneven_spacing() -> None:
    gap = read([0, 10, 20, 30, 70, 80, 90], rising(7))
    assert reading_report(gap).lines[1:] == (
        "step (column 'step') 0 to 90, every 10 to 40, mostly 10",
        "strength as given",
        "gaps: 1 interval over 3 times as long as both neighbours, the widest from 30 to 70 in skill 1",
    )
    sampled = np.sort(np.random.default_rng(0).choice(np.arange(0, 100_000, 10), 400, replace=False))
    curves = read(sampled.tolist(), rising(400))
    assert found(curves)["uneven spacing"] == 1
    even = read([100.0 * i for i in range(500)], rising(500))
    assert found(even) == {"subsampled": 1}
    assert (
        reading_report(even)
        .lines[-1]
        .endswith("exactly 500 points, what Weights & Biases' run.history cuts longer ones to")
    )


def test_values_outside_the_unit_interval_are_kept_and_percentages_suspected() -> None:
    curves = read([0, 1, 2, 3], [-0.02, 0.5, 1.01, 1.0])
    assert curve(curves) == {0: -0.02, 1: 0.5, 2: 1.01, 3: 1.0}
    assert reading_report(curves).lines[-1] == (
        "strength outside [0, 1]: 2 of 4 and were kept: they go from -0.02 to 1.01"
    )


def test_constant_curves_and_mixed_lengths_are_named(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("step,add,sub,mul,div\n0,0.1,0.5,0.1,\n1,0.2,0.5,,\n2,0.3,0.5,,\n3,0.4,0.5,0.2,0.3\n")
    report = reading_report(read_curves(path))
    assert report.lines[3:] == (
        "missing values: 5 of 16 values are empty or not finite and were left out",
        "constant curves: 1 of 4 never change: skill 'sub'",
        "mixed lengths: 2 of 4 curves are shorter than the longest: 1 to 4 points",
        "different grids: curves stand on different steps: joined on all of them, 5 of 16 cells are NaN",
    )


def test_runs_on_different_grids_are_joined_on_all_steps(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    rows = [f"{run},1,{step},{step / 100}" for run, every in ((0, 10), (1, 15)) for step in range(0, 61, every)]
    path.write_text("\n".join(["run,skill,step,strength", *rows]))
    curves = read_curves(path)
    steps = sorted({*range(0, 61, 10), *range(0, 61, 15)})
    assert curves["step"].to_numpy().tolist() == steps
    for run, every in ((0, 10), (1, 15)):
        expected = [step / 100 if step % every == 0 else np.nan for step in steps]
        np.testing.assert_array_equal(curves["strength"].sel(run=run)[0], expected)
    assert found(curves) == {"mixed lengths": 1, "different grids": 2 * len(steps) - 7 - 5}


def test_skipped_points_are_the_first_of_every_curve_in_order() -> None:
    curves = read([20, 0, 10, 30], [0.3, 0.1, 0.2, 0.4], skip=2)
    assert curve(curves) == {20: 0.3, 30: 0.4}
    assert found(curves) == {"unsorted steps": 1, "skipped points": 2}
    with pytest.raises(InputError, match="skip must leave some measurements; received 9; skip fewer"):
        read([0, 1], [0.1, 0.2], skip=9)
    with pytest.raises(InputError, match="skip must be a whole number, 0 or more; received -1; "):
        read([0, 1], [0.1, 0.2], skip=-1)


def test_loss_and_accuracy_become_strength_by_their_rules(tmp_path: Path) -> None:
    strength = np.array([0.0, 0.25, 0.9, 1.0])
    scales = {"add": 12.5, "sub": 0.5}
    path = tmp_path / "loss.csv"
    rows = [
        f"{skill},{i},{scale * float(1 - s) ** 2!r}" for skill, scale in scales.items() for i, s in enumerate(strength)
    ]
    path.write_text("\n".join(["skill,step,loss", *rows]))
    for initial_loss, rule in ((None, "the first of each curve"), (scales, "0.5 to 12.5 by skill")):
        curves = read_curves(path, initial_loss=initial_loss)
        np.testing.assert_allclose(curves["strength"][0], [strength, strength], atol=1e-15)
        np.testing.assert_allclose(curves["skill_loss"][0, 0], 12.5 * (1 - strength) ** 2, rtol=1e-15)
        assert reading_report(curves).rule == f"strength = 1 - sqrt(loss / loss_0), loss_0: {rule}"
    wide = tmp_path / "accuracy.csv"
    wide.write_text("step,add,sub\n" + "".join(f"{i},{0.25 + 0.75 * s},{s}\n" for i, s in enumerate(strength)))
    curves = read_curves(wide, quantity="accuracy", chance={"add": 0.25, "sub": 0})
    np.testing.assert_allclose(curves["strength"][0], [strength, strength], atol=1e-15)
    assert np.isnan(curves["skill_loss"]).all()
    assert json.loads(curves.attrs["settings"])["chance"] == {"add": 0.25, "sub": 0.0}
    percent = read_curves(wide, columns="sub", quantity="accuracy", chance=0.5)
    np.testing.assert_allclose(percent["strength"][0, 0], 2 * strength - 1, atol=1e-15)
    assert reading_report(percent).rule.endswith("chance: 0.5")


def test_percentages_are_divided_by_100(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("step,add\n0,25\n1,75\n")
    said = reading_report(read_curves(path, quantity="accuracy")).lines
    assert "percentages: all skills from 25 to 75: divided by 100" in said


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"quantity": "perplexity"}, "quantity must be one of strength, loss, accuracy, error_rate, log_"),
        ({"quantity": "loss", "chance": 0.2}, "chance belongs to accuracy; received 'chance with loss'; read accuracy"),
        ({"initial_loss": 1.0}, "initial_loss belongs to loss; received 'initial_loss with strength'; read loss with"),
        ({"quantity": "accuracy", "chance": 1}, "chance must be below 1; received 1.0; give the accuracy of guessing"),
        ({"quantity": "accuracy", "chance": -0.1}, "chance must be a finite number of at least 0; received -0.1; "),
        ({"quantity": "accuracy", "chance": "high"}, "chance must be a finite number of at least 0; received 'high'; "),
        (
            {"quantity": "loss", "columns": "nil", "initial_loss": 0},
            "initial_loss must be a finite number greater than 0",
        ),
        ({"quantity": "accuracy", "chance": {"b": 0.1}}, "chance must name skills of the file; received 'b'; "),
        ({"quantity": "loss"}, "losses must be at least 0; received -1.0; choose other columns, or another quantity"),
        (
            {"quantity": "loss", "columns": "nil"},
            "the first loss of a curve must be greater than 0; received 0.0; give",
        ),
        ({"quantity": "loss", "columns": "tiny"}, "a loss must convert to a finite strength; received 1e+300; check"),
        ({"columns": "eval*"}, "columns must match names in the file; received 'eval*'; it has a, nil, tiny"),
        ({"step_column": "tokens"}, "step_column must be a column of the file; received 'tokens'; it has step, a, "),
        ({"step_column": "a"}, "column 'a' must hold numbers of at least 0; received -1.0; give the column "),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(tmp_path: Path, options: dict[str, object], text: str) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("step,a,nil,tiny\n0,-1,0,1e-300\n1,0.5,1,1e300\n")
    with pytest.raises(InputError) as caught:
        read_curves(path, **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_the_documentation_lists_every_kind_of_finding() -> None:
    root = Path(__file__).parents[2]
    code = "".join(path.read_text() for path in (root / "src/saltus/read").rglob("*.py"))
    kinds = set(re.findall(r'(?:Finding|_say)\(f?"([^"]+)"', code)) - {"{name} outside [0, 1]"}
    page = (root / "docs/reading.md").read_text().split("## What is reported")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| ([^|]+) \|", page, flags=re.M)) - {"kind"}
    assert listed == kinds | {f"{name} outside [0, 1]" for name in ("accuracy", "error_rate", "strength")}


def test_the_report_comes_back_from_the_curves_whole_or_in_part() -> None:
    curves = read([0, 10, 10, 20], [0.1, 0.2, 0.3, 2.0])
    report = reading_report(curves.isel(skill=[0], step=slice(0, 1)))
    assert isinstance(report, ReadingReport)
    assert report == ReadingReport(
        source=report.source,
        layout="tidy CSV",
        resource="step",
        step_column="step",
        rule="strength as given",
        skills=("1",),
        runs=("0",),
        n_measurements=3,
        first=0,
        last=20,
        spacing=(10.0, 10.0, 10.0),
        findings=(
            Finding("duplicate steps", 1, report.findings[0].text),
            Finding("strength outside [0, 1]", 1, report.findings[1].text),
        ),
        quantity="strength",
    )
    assert report.lines[0].endswith("c.csv: tidy CSV, 1 run, 1 skill, 3 measurements")
    assert report.lines[1] == "step (column 'step') 0 to 20, every 10"
    with pytest.raises(InputError, match="curves must come from read_curves to have a report; "):
        reading_report(xr.Dataset())
