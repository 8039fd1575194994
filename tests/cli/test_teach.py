"""``saltus teach``, and ``saltus forecast`` with ``--recipe`` and ``--pilot``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saltus import load_recipe
from saltus.cli import main
from tests.forecast.test_teach import curves

COMMON = ("--alpha", "0.6", "--optimizer", "adam")


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tables of three runs, and of one in which nothing emerged, in the folder that commands run in."""
    for name, made in {"a": curves(0), "b": curves(1), "c": curves(2), "short": curves(3, last=60)}.items():
        table = made["strength"].isel(run=0).transpose("step", "skill").to_pandas()
        table.columns = [f"s{k}" for k in table.columns]
        table.to_csv(tmp_path / f"{name}.csv")
    monkeypatch.chdir(tmp_path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_runs_teach_a_file_that_forecasts(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "teach", "a.csv", "b.csv", "short.csv", *COMMON, "--out", "recipe.json", "--name", "mine")
    assert found["answer"].startswith("Times go as frequency^-1.1")
    assert found["gamma"] == pytest.approx(1.15, abs=0.1)
    assert [one["run"] for one in found["runs"]] == ["a", "b", "short"]
    assert found["settings"]["alpha"] == 0.6
    assert load_recipe("recipe.json").name == "mine"
    until = ("--until", "600")
    own = answer(capsys, "forecast", "c.csv", *COMMON, *until, "--recipe", "recipe.json")
    pilots = answer(capsys, "forecast", "c.csv", *COMMON, *until, "--pilot", "a.csv", "b.csv", "short.csv")
    plain = answer(capsys, "forecast", "c.csv", *COMMON, *until)
    assert own["recipe"]["name"] == "mine"
    assert pilots["recipe"]["name"] == "own"
    for mine, theirs, before in zip(own["skills"], pilots["skills"], plain["skills"], strict=True):
        assert mine["interval"] == pytest.approx(theirs["interval"])
        if mine["skill"] > 1:
            assert mine["interval"][1] / mine["interval"][0] < before["interval"][1] / before["interval"][0]


def test_the_answer_comes_first_and_the_next_command_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["teach", "a.csv", "short.csv", *COMMON, "--out", "recipe.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Times go as frequency^-")
    assert "from 1 run, 4 skills; forecasts from the first skill alone should be good to about 0.0" in lines[0]
    assert any("no skill emerged: it teaches nothing" in line for line in lines)
    assert any(line.startswith("one run cannot tell how runs differ") for line in lines)
    assert lines[-2:] == ["next: saltus forecast CURVES --recipe recipe.json", "wrote recipe.json"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("teach", "runs must be named; received None; "),
        ("teach a.csv", "frequencies must be given once; received None; "),
        ("teach a.csv --frequencies fitted", "runs teach by the frequencies of their skills; received 'fitted'; "),
        ("teach short.csv --alpha 0.6", "a recipe needs a run in which one skill has emerged"),
        ("teach a.csv a.csv --alpha 0.6", "each run must be given once; received ['a', 'a']; "),
        ("teach a.csv --alpha 0.6 --out recipe.txt", "--out must be a file ending in .json; received 'recipe.txt'; "),
        ("teach a.csv --alpha 0.6 --out no/recipe.json", "--out must lie in a folder that is there; "),
        (
            "forecast c.csv --alpha 0.6 --recipe none.json",
            "a recipe must be a JSON file of ours; received 'none.json'; ",
        ),
        ("forecast c.csv --alpha 0.6 --recipe a.csv", "a recipe must be a JSON file of ours; received 'a.csv'; "),
        ("forecast c.csv --alpha 0.6 --pilot ./c.csv", "--pilot must be another run than the one to forecast; "),
        ("forecast c.csv --alpha 0.6 --pilot copy.csv", "--pilot must be another run than the one to forecast; "),
        ("forecast c.csv --alpha 0.6 --pilot short.csv", "a recipe needs a run in which one skill has emerged"),
        ("forecast c.csv --frequencies fitted --pilot a.csv", "runs teach by the frequencies of their skills; "),
        ("forecast c.csv --alpha 0.6 --pilot a.csv --recipe r.json", "the law of the run must be given once; "),
    ],
)
def test_bad_requests_end_in_one_line_and_write_nothing(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("copy.csv").write_bytes(Path("c.csv").read_bytes())
    before = sorted(Path().iterdir())
    assert main(line.split()) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"saltus: {message}")
    assert sorted(Path().iterdir()) == before
