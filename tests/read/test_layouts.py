"""Every layout that holds the same numbers is read as the same curves."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, read_curves, reading_report

STEPS = [0, 100, 250]
STRENGTH = {"7": {1: [0.0, 0.5, 1.0], 2: [0.0, 0.125, 0.25]}, "3": {1: [0.0, 0.25, 0.75], 2: [0.0, 0.0625, 0.5]}}
RUNS_ASCENDING = np.array([[STRENGTH[run][skill] for skill in (1, 2)] for run in ("3", "7")])


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def tidy_rows(resource: str = "step", quantity: str = "strength") -> list[str]:
    rows = [
        f"{run},{skill},{step},{value}"
        for run, skills in STRENGTH.items()
        for skill, values in skills.items()
        for step, value in zip(STEPS, values, strict=True)
    ]
    return [f"run,skill,{resource},{quantity}", *rows]


def check_both_runs(curves: xr.Dataset) -> None:
    assert curves["strength"].dims == ("run", "skill", "step")
    assert curves["run"].to_numpy().tolist() == [3, 7]
    assert curves["skill"].to_numpy().tolist() == [1, 2]
    assert curves["step"].to_numpy().tolist() == STEPS
    np.testing.assert_array_equal(curves["strength"], RUNS_ASCENDING)
    assert curves.attrs["target_scale"] == 1.0
    assert np.isnan(curves.attrs["flow_learning_rate"])
    assert np.isnan(curves["frequency"]).all()


def columns_of_runs() -> dict[str, np.ndarray]:
    run = np.repeat([7, 3], 3)
    skills = {
        f"eval/task{skill}_acc": np.concatenate([STRENGTH[name][skill] for name in ("7", "3")]) for skill in (1, 2)
    }
    return {"run": run, "_step": np.tile(STEPS, 2), "_runtime": np.linspace(0, 1, 6), **skills}


def test_tidy_csv(tmp_path: Path) -> None:
    check_both_runs(read_curves(write(tmp_path / "curves.csv", *tidy_rows())))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_a_byte_order_mark_and_windows_line_ends(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "curves.tsv"
    text = "\r\n".join(row.replace(",", delimiter) for row in tidy_rows()) + "\r\n"
    path.write_text(text, encoding="utf-8-sig", newline="")
    check_both_runs(read_curves(path))


def test_wide_csv(tmp_path: Path) -> None:
    columns = columns_of_runs()
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path = write(tmp_path / "wide.csv", ",".join(columns), *rows)
    for patterns in (None, "eval/*_acc", ["eval/task1*", "eval/*"]):
        curves = read_curves(path, columns=patterns)
        check_both_runs(curves)
        assert curves["skill_name"].to_numpy().tolist() == ["eval/task1_acc", "eval/task2_acc"]
    backwards = read_curves(path, columns=["*2_acc", "*1_acc"], step_column="_step")
    np.testing.assert_array_equal(backwards["strength"], RUNS_ASCENDING[:, ::-1])
    findings = {finding.kind: finding.text for finding in reading_report(backwards).findings}
    assert findings["columns left out"] == "1 of the file were not read: _runtime"


def test_weights_and_biases_export(tmp_path: Path) -> None:
    header = ["Step"]
    columns = [[str(step) for step in STEPS]]
    for run, name in (("7", "fine - tuned"), ("3", "base")):
        for skill in (1, 2):
            values = [str(value) for value in STRENGTH[run][skill]]
            top = [*values[:2], "0.875"] if (run, skill) == ("3", 1) else values
            for end, column in (("", values), ("__MIN", values), ("__MAX", top)):
                header.append(f"{name} - task{skill}{end}")
                columns.append(column)
        header.append(f"{name} - _step")
        columns.append([str(step) for step in STEPS])
    rows = [",".join(f'"{cell}"' for cell in row) for row in zip(*columns, strict=True)]
    path = write(tmp_path / "wandb_export.csv", ",".join(f'"{name}"' for name in header), *rows)
    curves = read_curves(path)
    assert curves["run_name"].to_numpy().tolist() == ["fine - tuned", "base"]
    assert curves["skill_name"].to_numpy().tolist() == ["task1", "task2"]
    np.testing.assert_array_equal(curves["strength"], RUNS_ASCENDING[::-1])
    report = reading_report(curves)
    assert report.layout == "Weights & Biases CSV"
    averaged = {finding.kind: finding.count for finding in report.findings}
    assert averaged == {"columns left out": 2, "averaged values": 1, "different configurations": 2}
    only_second = read_curves(path, columns="*2")
    np.testing.assert_array_equal(only_second["strength"], RUNS_ASCENDING[::-1, 1:])


def test_weights_and_biases_logs_metrics_at_steps_of_their_own(tmp_path: Path) -> None:
    rows = ["1,0.1,", "2,,0.2", "3,0.3,", "4,,0.4"]
    curves = read_curves(write(tmp_path / "w.csv", "Step,a - x,a - y", *rows))
    nan = np.nan
    np.testing.assert_array_equal(curves["strength"][0], [[0.1, nan, 0.3, nan], [nan, 0.2, nan, 0.4]])
    findings = {finding.kind: finding for finding in reading_report(curves).findings}
    assert findings["missing values"].text == "4 of 8 values are empty or not finite and were left out"
    assert findings["different grids"].text.endswith("joined on all of them, 4 of 8 cells are NaN")


def test_npz_grid_columns_and_names(tmp_path: Path) -> None:
    grid = tmp_path / "grid.npz"
    np.savez_compressed(grid, strength=RUNS_ASCENDING, step=STEPS, run=[3, 7], loss=(1 - RUNS_ASCENDING) ** 2)
    curves = read_curves(grid)
    check_both_runs(curves)
    np.testing.assert_array_equal(curves["skill_loss"], (1 - RUNS_ASCENDING) ** 2)
    single = tmp_path / "single.npz"
    np.savez(single, strength=RUNS_ASCENDING[0], step=STEPS, skill=["sum", "product"])
    np.testing.assert_array_equal(read_curves(single)["strength"], RUNS_ASCENDING[:1])
    np.testing.assert_array_equal(read_curves(single, columns="p*")["strength"], RUNS_ASCENDING[:1, 1:])
    wide = tmp_path / "wide.npz"
    np.savez(wide, **columns_of_runs())  # type: ignore[arg-type]
    check_both_runs(read_curves(wide))
    tidy = tmp_path / "tidy.npz"
    columns = [row.split(",") for row in tidy_rows()]
    np.savez(
        tidy,
        **{  # type: ignore[arg-type]
            name: np.array([float(cell) for cell in column])
            for name, column in zip(columns[0], zip(*columns[1:], strict=True), strict=True)
        },
    )
    check_both_runs(read_curves(tidy))


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    header, *rows = (row.split(",") for row in tidy_rows())
    run, skill, step, strength = zip(*rows, strict=True)
    for labels in (lambda cells: list(cells), lambda cells: [int(cell) for cell in cells]):
        columns = [labels(run), labels(skill), [int(s) for s in step], [float(s) for s in strength]]
        path = tmp_path / "curves.parquet"
        parquet.write_table(pa.table(dict(zip(header, columns, strict=True))), path)
        check_both_runs(read_curves(path))
    gaps = pa.table({"step": [1, 2, 3, None], "a": [0.5, None, 1.0, 1.0], "note": ["x", "y", "z", ""]})
    parquet.write_table(gaps, path)
    curves = read_curves(path, columns="a")
    np.testing.assert_array_equal(curves["strength"][0, 0], [0.5, 1.0])
    with pytest.raises(InputError, match="column 'note' must hold numbers; received 'x'; see curves.parquet"):
        read_curves(path, columns="note")
    assert "columns left out: 1 of the file were not read: note" in reading_report(read_curves(path)).lines
    lists = pa.table({"step": [1, 2], "eval.acc": [0.25, 0.5], "skill": [[1], [2]]})
    parquet.write_table(lists.drop_columns("skill"), path)
    assert read_curves(path)["strength"].to_numpy().ravel().tolist() == [0.25, 0.5]
    parquet.write_table(lists.rename_columns(["step", "strength", "skill"]), path)
    with pytest.raises(InputError, match="column 'skill' must hold names; received 'list<"):
        read_curves(path)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    expected = (
        "reading Parquet needs the package pyarrow; received 'a.parquet'; pip install 'saltus[parquet]', "
        "or save the table as CSV"
    )
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        read_curves(write(tmp_path / "a.parquet", "PAR1"))


@pytest.mark.parametrize("resource", ["data", "parameters"])
def test_curves_over_another_resource_run_over_it(tmp_path: Path, resource: str) -> None:
    curves = read_curves(write(tmp_path / "c.csv", *tidy_rows(resource=resource)))
    assert curves["strength"].dims == ("run", "skill", resource)
    assert curves[resource].to_numpy().tolist() == STEPS
    assert reading_report(curves).resource == resource


def test_tidy_names_of_skills_and_runs_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = ["b,sub,0,0.1", "b,sub,1,0.2", "b,add,0,0.3", "b,add,1,0.4", "a,add,0,0.5", "a,add,1,0.6"]
    path = write(tmp_path / "c.csv", "run,skill,step,strength", *rows)
    curves = read_curves(path)
    assert curves["skill_name"].to_numpy().tolist() == ["sub", "add"]
    assert curves["run_name"].to_numpy().tolist() == ["b", "a"]
    assert curves["run"].to_numpy().tolist() == [0, 1]
    assert curves["strength"].sel(run=1, skill=2).to_numpy().tolist() == [0.5, 0.6]
    findings = [finding.text for finding in reading_report(curves).findings]
    assert findings == ["1 pair of run and skill without a value"]
    assert read_curves(path, columns=["add", "s*"])["skill_name"].to_numpy().tolist() == ["add", "sub"]


def test_skills_keep_their_numbers(tmp_path: Path) -> None:
    from_zero = read_curves(write(tmp_path / "z.csv", "skill,step,strength", "1,0,.1", "1,1,.2", "0,0,.3", "0,1,.4"))
    np.testing.assert_array_equal(from_zero["strength"][0], [[0.3, 0.4], [0.1, 0.2]])
    assert from_zero["skill_name"].to_numpy().tolist() == ["0", "1"]
    assert "renumbered skills: skills count from 0 in the file, from 1 here" in reading_report(from_zero).lines
    holes = read_curves(write(tmp_path / "h.csv", "skill,step,strength", "3,0,.1", "3,1,.2", "1.0,0,.3", "1,1,.4"))
    assert holes["skill"].to_numpy().tolist() == [1, 2, 3]
    np.testing.assert_array_equal(holes["strength"][0, 0], [0.3, 0.4])
    assert np.isnan(holes["strength"][0, 1]).all()
    said = reading_report(holes).lines
    assert "unmeasured curves: 1 pair of run and skill without a value; in no run skill 2" in said


def test_a_column_of_standard_errors_and_the_loss_come_along(tmp_path: Path) -> None:
    rows = ["1,0,0.1,0.01,4.0", "1,5,0.2,0.02,3.0"]
    curves = read_curves(write(tmp_path / "c.csv", "skill,step,strength,strength_error,loss", *rows))
    assert curves["strength_error"].to_numpy().ravel().tolist() == [0.01, 0.02]
    assert curves["skill_loss"].to_numpy().ravel().tolist() == [4.0, 3.0]


def test_a_table_of_one_skill_needs_no_column_skill(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "Step,Wall time,loss", "0,1.5,4.0", "10,2.5,1.0")
    curves = read_curves(path, loss_kind="squared")
    assert curves["strength"].to_numpy().tolist() == [[[0.0, 0.5]]]
    assert reading_report(curves).rule.startswith("strength = 1 - sqrt(loss / loss_0)")


def test_a_quantity_that_the_file_does_not_have_is_not_replaced(tmp_path: Path) -> None:
    table = write(tmp_path / "c.csv", *tidy_rows())
    grid = tmp_path / "c.npz"
    np.savez(grid, step=STEPS, strength=RUNS_ASCENDING)
    for path in (table, grid):
        with pytest.raises(
            InputError, match="curves must be measured in loss; received .*; name the column so, or say"
        ):
            read_curves(path, quantity="loss")


def test_names_with_digits_are_names(tmp_path: Path) -> None:
    rows = ["1_0,0,0.1", "1_0,5,0.2", "0_1,0,0.3", "0_1,5,0.4"]
    curves = read_curves(write(tmp_path / "c.csv", "skill,step,strength", *rows))
    assert curves["skill_name"].to_numpy().tolist() == ["1_0", "0_1"]


def test_two_columns_of_steps_leave_the_choice_to_the_user(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "_step,trainer/global_step,acc", "1,100,0.5", "2,200,0.75")
    with pytest.raises(
        InputError, match=r"received \['_step', 'trainer/global_step'\]; name the right one with step_col"
    ):
        read_curves(path)
    curves = read_curves(path, step_column="trainer/global_step")
    assert curves["step"].to_numpy().tolist() == [100, 200]
    assert curves["skill_name"].to_numpy().tolist() == ["acc"]


def test_named_skills_that_no_row_measures_are_left_out_by_name(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"{step},{task},{value}" for step in (0, 10) for task, value in (("a", ""), ("b", 0.2), ("c", ""))]
    path.write_text("\n".join(["step,task,acc", *rows]))
    curves = read_curves(path)
    assert curves["skill_name"].to_numpy().tolist() == ["b"]
    findings = {finding.kind: finding for finding in reading_report(curves).findings}
    assert findings["skills without values"].text == "a, c: left out, since no row has their value; columns= keeps them"
    # By numbers they keep their places, and so does a skill that was asked for.
    path.write_text("\n".join(["step,task,acc", *rows]).replace("a,", "1,").replace("b,", "2,").replace("c,", "3,"))
    assert read_curves(path).sizes["skill"] == 3
