"""Commands, options, exit statuses and JSON fields of 0.1.0 are still there: scripts that rest on them keep working."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from saltus.cli import main

OLD = Path(__file__).parents[1] / "data" / "saltus-0.1.0"
OPTIONS: dict[str, list[str]] = json.loads((OLD / "commands.json").read_text())
FIELDS: dict[str, Any] = json.loads((OLD / "json-fields.json").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what 0.1.0 wrote, to work in."""
    copy = tmp_path / "work"
    shutil.copytree(OLD, copy)
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.parametrize("command", OPTIONS)
def test_every_option_is_still_offered(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # else options are wrapped
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--help"])
    assert stop.value.code == 0
    assert set(OPTIONS[command]) <= set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))


@pytest.mark.parametrize("line", FIELDS)
def test_every_field_is_still_given_and_of_its_kind(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(folder.parent / "out") if word == "OUT" else word for word in line.split()]
    assert main(arguments) == 0
    assert list(lacking(FIELDS[line], json.loads(capsys.readouterr().out))) == []


def lacking(old: Any, new: Any, where: str = "") -> list[str]:
    """Fields of ``old``, a tree of kinds, that ``new`` has not, or as another kind."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [where]
        gone = [f"{where}.{name}" for name in old if name not in new]
        return gone + [line for name in old if name in new for line in lacking(old[name], new[name], f"{where}.{name}")]
    if isinstance(old, list):
        if not isinstance(new, list) or (old and not new):
            return [where]
        return [line for kind in old for line in lacking(kind, new[0], f"{where}[]")]
    return [] if kind_of(new) == old else [f"{where}: {old} is now {kind_of(new)}"]


def kind_of(value: Any) -> str:
    numbers = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if numbers else type(value).__name__


def test_a_field_that_went_or_changed_would_be_noticed() -> None:
    old = {"a": "number", "b": [{"c": "str"}], "d": "NoneType"}
    assert lacking(old, {"a": 1, "b": [{"c": "x"}], "d": None, "new": 2}) == []
    assert lacking(old, {"a": True, "b": [{}], "d": None}) == [".a: number is now bool", ".b[].c"]
    assert lacking(old, {"a": 1.5, "b": []}) == [".d", ".b"]


REFUSED = {
    "loss --alpha -1": "alpha must be a finite number greater than 0; received -1.0; ",
    "law nothing --alpha 0.6": "'nothing'",
    "optimal --compute 1e5 --alpha 0.6 --parameters 4": "parameters is what this command finds; received 4.0; ",
    "forecast none.csv --alpha 0.6": "'none.csv'",
    "forecast curves-step.csv": "frequencies must be given once; received None; ",
    "plan forecast.json": "one question at a time; received 0; ",
    "fit losses.csv --x x --loss none": "the file must have the column 'none'; received 'losses.csv'; ",
    "fit losses.csv --x x --loss loss --objective cubic": "objective must be one of huber, least-squares; ",
    "reproduce fig99": "target must be one of ",
    "reproduce table2 --preset huge": "preset must be one of paper; received 'huge'; ",
    "train cnn --out new": "network must be one of mlp, transformer; received 'cnn'; ",
    "sweep status new": "'new'",
    "loss": "--alpha",
    "no-such-command": "no-such-command",
}


@pytest.mark.parametrize("line", REFUSED)
def test_wrong_input_ends_with_2_and_a_last_line_and_writes_nothing(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    assert status_of(line) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    *report, error = captured.err.splitlines()  # of a reading, where the error came after one
    assert error.startswith("saltus: ")
    assert REFUSED[line] in error
    assert not any(told.startswith("saltus: ") for told in report)
    assert len(report) == (3 if line == "forecast curves-step.csv" else 0)
    assert sorted(folder.rglob("*")) == before


def test_anything_else_ends_with_1_and_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out" / "summary.json").mkdir(parents=True)  # where a file should appear
    assert status_of("reproduce table2 --out out") == 1
    err = capsys.readouterr().err
    assert err.startswith("saltus: ")
    assert err.count("\n") == 1
    assert "summary.json" in err


def status_of(line: str) -> int:
    try:
        return main(line.split())
    except SystemExit as stop:  # of the parser
        return int(stop.code or 0)
