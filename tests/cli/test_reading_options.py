"""The options that say how files become curves are the arguments of ``read_curves``, one to one."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from saltus.cli import _parse, main
from saltus.cli.reading import ReadingOptions, number_by_skill
from saltus.errors import InputError
from saltus.read.measurements import QUANTITIES
from saltus.read.reading import read_curves


def arguments_of(monkeypatch: pytest.MonkeyPatch, line: str) -> dict[str, Any]:
    """The arguments of ``read_curves`` to which a command line leads."""
    found: dict[str, Any] = {}
    monkeypatch.setattr("saltus.read.reading.read_curves", lambda path, **given: found.update(given, path=path))
    command: Any = _parse(["forecast", *line.split()])
    command.read()
    return found


def test_every_argument_has_an_option_and_the_same_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = arguments_of(monkeypatch, "a.csv")
    wanted = {name: one.default for name, one in inspect.signature(read_curves).parameters.items()}
    assert asked == wanted | {"path": (Path("a.csv"),)}
    assert len(fields(ReadingOptions)) == len(wanted)


def test_options_repeat_and_stand_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    line = (
        "--columns acc --columns loss --step epoch --run seed --chance a=0 --chance b=c=0.5 --step-offset 400 x.csv y"
    )
    asked = arguments_of(monkeypatch, line)
    assert asked["path"] == (Path("x.csv"), Path("y"))
    assert asked["columns"] == ("acc", "loss")
    assert asked["step_column"] == "epoch"
    assert asked["run"] == "seed"
    assert asked["chance"] == {"a": 0.0, "b=c": 0.5}
    assert asked["step_offset"] == 400.0
    assert arguments_of(monkeypatch, "x.csv --chance=-0.25 --columns a")["chance"] == -0.25


def test_help_names_every_quantity(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["forecast", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert all(quantity in printed for quantity in QUANTITIES)


def test_numbers_for_all_skills_or_by_name() -> None:
    assert number_by_skill("chance", []) is None
    assert number_by_skill("chance", ["-0.5"]) == -0.5
    assert number_by_skill("chance", ["a=0", "b=1e-3"]) == {"a": 0.0, "b": 1e-3}
    for wrong in (["x"], ["a=x"], ["0.1", "a=0"], ["a=0", "0.1"], ["a=0", "a=0"], ["0.1", "0.1"], [""]):
        with pytest.raises(InputError, match="chance must be"):
            number_by_skill("chance", wrong)


def test_no_file_is_an_error_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--alpha", "0.6"]) == 2
    assert capsys.readouterr().err.startswith("saltus: curves must be named; received None; give a file")
