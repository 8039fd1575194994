"""Curves that were read, as a table that is read again: the same curves."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import emergence_times, read_curves, reading_report, tidy_table
from saltus.curves.schema import CURVES, curves_from
from saltus.present.tidy_file import write_tidy
from tests.read.test_strength import RISE, STEPS, wide

COLUMNS = ["run", "skill", "step", "strength", "loss"]
NAMES = st.lists(st.text("abcxyz-", min_size=1, max_size=6).filter(lambda name: name.strip()), min_size=2, unique=True)


@settings(deadline=None, max_examples=15)
@given(NAMES, st.integers(1, 3), st.integers(0, 2**32 - 1), st.booleans())
def test_a_table_of_read_curves_is_read_as_the_same_curves(
    skills: list[str], n_runs: int, seed: int, gaps: bool
) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.csv", Path(folder) / "second.csv"
        rows = ["run,skill,step,strength,loss,strength_error,frequency"]
        for run in range(n_runs):
            for k, skill in enumerate(skills):
                for step in (0, 10, 20, 40):
                    if not gaps or step == 10 or rng.random() < 0.7:
                        value, loss, error = rng.random(3).tolist()
                        rows.append(f"seed-{run},{skill},{step},{value!r},{loss!r},{error!r},{1 / (k + 1)!r}")
        first.write_text("\n".join(rows))
        if len(rows) < 4 or max(map(len, _steps_of(rows))) < 2:
            return
        once = read_curves(first)
        tidy_table(once).to_csv(second, index=False)
        again = read_curves(second)
    for name in (*CURVES, "frequency", "skill_name", "run_name", "step"):
        np.testing.assert_array_equal(again[name], once[name])


def _steps_of(rows: list[str]) -> list[set[str]]:
    of_curve: dict[tuple[str, str], set[str]] = {}
    for row in rows[1:]:
        run, skill, step = row.split(",")[:3]
        of_curve.setdefault((run, skill), set()).add(step)
    return list(of_curve.values())


def test_converted_accuracies_need_no_conversion_again(tmp_path: Path) -> None:
    path = wide(tmp_path, mod=0.25 + 0.75 * RISE, add=RISE)
    once = read_curves(path, quantity="accuracy", chance={"mod": 0.25, "add": 0})
    table = tmp_path / "curves.csv"
    tidy_table(once).to_csv(table, index=False)
    again = read_curves(table)
    np.testing.assert_array_equal(again["strength"], once["strength"])
    assert reading_report(again).rule == "strength as given"
    np.testing.assert_array_equal(emergence_times(again).mean, emergence_times(once).mean)


def test_errors_of_measurement_are_known_as_such_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    rows = [f"{step},mod,{0.9 * rise},0.02" for step, rise in zip(STEPS, RISE, strict=True)]
    first.write_text("\n".join(["step,skill,acc,acc_stderr", *rows]))
    once = read_curves(first)
    tidy_table(once).to_csv(second, index=False)
    again = read_curves(second)
    np.testing.assert_array_equal(again["strength_error"], once["strength_error"])
    assert (once.attrs["measured_errors"], again.attrs["measured_errors"]) == (1, 1)


def test_numbers_that_a_file_told_are_columns_by_their_names() -> None:
    error = [[RISE / 9, RISE / 9]]
    assert list(tidy_table(curves_from([[RISE, RISE]], STEPS, strength_error=error))) == COLUMNS  # as ever: not read
    curves = curves_from([[RISE, RISE]], STEPS, strength_error=error, learning_rate=1 / (1 + STEPS))
    assert list(tidy_table(curves)) == [*COLUMNS, "learning_rate"]
    read = curves.assign_coords(skill_name=("skill", ["mod", "add"]), run_name=("run", ["0"]))
    read.attrs |= {"reading": "{}", "measured_errors": 1}
    table = tidy_table(read)
    assert list(table) == [*COLUMNS, "strength_stderr", "learning_rate"]
    assert table["skill"].unique().tolist() == ["mod", "add"]
    assert table["learning_rate"].tolist() == [*(1 / (1 + STEPS))] * 2
    read.attrs["measured_errors"] = 0
    assert "strength_error" in tidy_table(read.isel(skill=[1]))


TOLD = ("items", "unexplained_floor", "learning_rate")


def _again(once: xr.Dataset, tmp_path: Path) -> xr.Dataset:
    write_tidy(once, tmp_path / "curves.csv")
    return read_curves(tmp_path / "curves.csv")


def test_all_that_decides_a_forecast_survives_the_table(tmp_path: Path) -> None:
    first = tmp_path / "log.csv"
    rates = 0.1 * np.linspace(1, 0.1, len(STEPS))
    rows = [
        f"{0.5 * i},{name},{0.25 + 0.7 * rise if name == 'mod' else 0.9 * rise},{n},{rate},adamw,64,cosine"
        for name, n in (("mod", 400), ("add", 250))
        for i, (rise, rate) in enumerate(zip(RISE, rates, strict=True))
    ]
    first.write_text("\n".join(["epoch,skill,accuracy,n,learning_rate,optimizer,batch_size,schedule", *rows]))
    once = read_curves(first)
    assert once.attrs["axis"] == "epoch"
    assert once["items"].to_numpy().tolist() == [400, 250]
    assert np.isfinite(once["unexplained_floor"].to_numpy()).tolist() == [True, False]
    again = _again(once, tmp_path)
    for name in (*CURVES, *TOLD, "skill_name", "step"):
        np.testing.assert_array_equal(again[name], once[name], err_msg=name)
    assert (again.attrs["axis"], again.attrs["measured_errors"]) == ("epoch", 1)
    told, before = (json.loads(one.attrs["settings"]) for one in (again, once))
    for name, value in (("optimizer", "adamw"), ("batch_size", 64), ("schedule", "cosine")):
        assert told[name] == before[name] == value
    xr.testing.assert_equal(_again(again, tmp_path), again)  # and so for ever
    assert "left out" not in " ".join(one.kind for one in reading_report(again).findings)


def test_a_schedule_with_its_numbers_stays_whole(tmp_path: Path) -> None:
    text = "cosine:floor=0.1,steps=20000,warmup=500"
    curves = curves_from([[RISE, RISE / 2]], STEPS, settings={"training": {"schedule": text, "optimizer": "sgd"}})
    curves = curves.assign_coords(learning_rate=("step", 1 / (1 + STEPS)))  # of all runs
    again = _again(curves, tmp_path)
    assert json.loads(again.attrs["settings"])["schedule"] == text
    np.testing.assert_allclose(again["learning_rate"][0], curves["learning_rate"], rtol=1e-12)


def test_a_start_that_was_explained_needs_no_second_explanation(tmp_path: Path) -> None:
    path = wide(tmp_path, mod=0.3 + 0.7 * RISE, add=RISE)
    once = read_curves(path, quantity="accuracy", chance=0)  # whoever reads it says that guessing gives nothing
    assert "unexplained_floor" not in once.coords
    assert "unexplained_floor" not in _again(once, tmp_path).coords
