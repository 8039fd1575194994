"""``saltus read``: what files are taken for, and what a forecast would take."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import saltus
from saltus.cli import main
from tests.helpers import synthetic_data, synthetic_time


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A table of three named skills over steps and one of numbered skills over data, in the folder of commands."""
    folder = tmp_path_factory.mktemp("read")
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    strength = dict(zip(("add", "sub", "mod"), curves["strength"].to_numpy()[0], strict=True))
    pd.DataFrame({"step": curves["step"].to_numpy(), **strength}).to_csv(folder / "n.csv", index=False)
    sizes = synthetic_data(np.random.default_rng(0), 1)["strength"].to_dataframe().reset_index()
    sizes[["run", "skill", "data", "strength"]].to_csv(folder / "d.csv", index=False)
    monkeypatch.chdir(folder)


def page(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["read", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    result = json.loads("\n".join(page(capsys, *arguments, "--json")))
    assert isinstance(result, dict)
    return result


def test_the_answer_comes_first_and_the_next_command_last(capsys: pytest.CaptureFixture[str]) -> None:
    lines = page(capsys, "n.csv")
    assert lines[0] == "Wide CSV: strengths of 3 skills over steps 1 to 20,000, 1 run"
    assert lines[1].split() == "skill name measurements first R/S last R/S steps at R/S = 0.5".split()
    assert lines[3].split()[:3] == ["2", "sub", "123"]
    assert lines[3].split()[-1] == "2,048"
    assert lines[5] == "n.csv: wide CSV, 1 run, 3 skills, 369 measurements"
    assert "to calibrate on: skill 'add', 'sub', 'mod'" in lines
    assert "order: as the file has them, in which they rose too" in lines
    assert lines[-1] == "next: saltus forecast n.csv --frequencies fitted"


def test_the_next_command_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    line = data(capsys, "n.csv", "--columns", "s*", "--columns", "mod", "--skip", "2")["forecast"]
    assert line == "saltus forecast n.csv --columns 's*' --columns mod --skip 2 --frequencies fitted"
    assert main([*shlex.split(line)[1:], "--json"]) == 0
    assert [skill["name"] for skill in json.loads(capsys.readouterr().out)["skills"]] == ["sub", "mod"]


def test_a_skill_that_was_up_at_first_is_dated_before_and_not_calibrated_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("up.csv").write_text("step,add,mod\n" + "".join(f"{t},{0.8},{(t > 1500) * 0.9 + 0.05}\n" for t in RANGE))
    lines = page(capsys, "up.csv")
    assert [line.split()[-2:] for line in lines[2:4]] == [["before", "1,000"], ["0.950", "1,550"]]
    assert lines[-1].startswith("next: saltus forecast up.csv ")
    assert lines[-1].endswith(" --calibrate-on mod")


def test_skills_that_rose_in_another_order_than_they_stand_are_to_be_sorted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = page(capsys, "n.csv", "--columns", "*")
    assert "order: as --columns has them" in lines
    Path("r.csv").write_text(pd.read_csv("n.csv")[["step", "mod", "sub", "add"]].to_csv(index=False))
    lines = page(capsys, "r.csv")
    assert "order: as the file has them, though they rose in another: --order emergence sorts them so" in lines
    assert lines[-1] == "next: saltus forecast r.csv --frequencies fitted --order emergence"


RANGE = range(1000, 2001, 100)


def test_without_a_rise_the_reason_stands_in_the_place_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flat.csv").write_text("step,add,mod\n" + "".join(f"{t},0.7,{t / 10000}\n" for t in RANGE))
    lines = page(capsys, "flat.csv")
    assert lines[-1] == (
        "no forecast yet: no skill was seen to rise through R/S = 0.1 and 0.5 "
        "(skill 'add' stood above 0.5 at the first measurement, the others reach 0.20 at most)"
    )
    assert lines[3].endswith("not yet")
    assert data(capsys, "flat.csv")["forecast"] is None


def test_curves_over_data_and_single_skills_ask_for_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "d.csv")["forecast"] == "saltus forecast d.csv --alpha ALPHA"
    one = data(capsys, "n.csv", "--columns", "add")
    assert one["forecast"] == "saltus forecast n.csv --columns add --alpha 1"
    assert one["frequencies"] == "order suffices"


def test_json_says_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    result = data(capsys, "n.csv")
    assert {"reading", "unit", "skills", "order", "frequencies", "can_calibrate", "training", "version"} <= set(result)
    assert result["can_calibrate"] == [1, 2, 3]
    assert result["skills"][0]["name"] == "add"
    assert result["reading"]["quantity"] == "strength"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_tidy_curves_are_written_and_read_again(capsys: pytest.CaptureFixture[str], name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    assert page(capsys, "n.csv", "--to", name)[-1] == f"wrote {name}"
    again, first = saltus.read_curves(name), saltus.read_curves("n.csv")
    np.testing.assert_array_equal(again["strength"], first["strength"])
    assert not list(Path().glob(".*.tmp"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["n.csv", "--to", "t.xlsx"], "the file's name must end in .csv or .parquet; received 't.xlsx'; "),
        (["n.csv", "--to", "none/t.csv"], "the file must be writable; received 'none/t.csv'; "),
        (["none.csv"], "received 'none.csv'"),
        ([], "curves must be named; received None; "),
    ],
)
def test_bad_requests_end_in_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["read", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_store_is_read_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    task = saltus.MultitaskSparseParity(saltus.PowerLaw(0.6, 2), n_bits=16)
    training = saltus.MLPTraining(steps=30, width=8, batch_size=16, learning_rate=0.1, init_std=0.1)
    saltus.sweep([saltus.Job(task, training, 0)], store=tmp_path / "s")
    lines = page(capsys, str(tmp_path / "s"))
    assert lines[0].startswith("A store of runs: strengths of 2 skills over steps 0 to 30, 1 run")
    assert any(line.startswith("training: ") and "optimizer sgd" in line for line in lines)
    assert "frequencies: they come with the curves" in lines


def test_the_page_in_the_documents_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    document = (Path(__file__).parents[2] / "docs" / "reading.md").read_text()
    code, shown = (re.search(rf"^```{kind}\n(.*?)^```", document, re.S | re.M) for kind in ("python", "text"))
    assert code is not None
    assert shown is not None
    exec(code[1].split("curves = ")[0])  # which writes the file
    line, *lines = shown[1].splitlines()
    assert page(capsys, *shlex.split(line)[3:]) == lines


def test_a_curve_of_losses_is_to_be_fitted(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{step},{3 + 5 * step**-0.5}\n" for step in range(100, 2001, 100))
    Path("loss of a.csv").write_text("step,val_loss\n" + rows)
    line = page(capsys, "loss of a.csv", "--skip", "1")[-1]
    assert line == "next: saltus fit 'loss of a.csv' --x step --loss val_loss --form power-offset"
    assert main([*shlex.split(line)[2:], "--bootstrap", "0"]) == 0


def test_an_error_on_the_way_to_curves_says_what_was_known_by_then(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.csv").write_text("step,add_loss,sub_loss\n0,1,1\n1,0.5,-3\n2,0.1,1\n")
    assert main(["read", "bad.csv"]) == 2
    *known, error = capsys.readouterr().err.splitlines()
    assert known[0] == "bad.csv: wide CSV, 1 run, 2 skills, 6 values"
    assert known[1] == "step (column 'step'), values taken for loss"
    assert known[2] == "skills: add_loss, sub_loss"
    assert error.startswith("saltus: losses must be at least 0; received -3.0")
