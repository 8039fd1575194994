"""Skills of files are called by their names in tables, JSON, verdicts, errors and figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import saltus
from saltus.cli import main
from saltus.figures.forecast import skill_labels
from tests.helpers import synthetic_time


@pytest.fixture(autouse=True)
def file(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A table of three named skills, in the folder that commands run in."""
    folder = tmp_path_factory.mktemp("named")
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    columns = dict(zip(("add", "sub", "mod"), curves["strength"].to_numpy()[0], strict=True))
    pd.DataFrame({"step": curves["step"].to_numpy(), **columns}).to_csv(folder / "n.csv", index=False)
    monkeypatch.chdir(folder)


def test_table_json_and_remarks_name_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["forecast", "n.csv", "--alpha", "0.6", "--calibrate-on", "add", "2", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "calibrated on skill 'add', 'sub': rate" in printed
    assert [line.split()[:2] for line in printed.partition("skill  name")[2].splitlines()[1:4]] == [
        ["1", "add"],
        ["2", "sub"],
        ["3", "mod"],
    ]
    written = json.loads((tmp_path / "forecast.json").read_text())
    assert [(skill["skill"], skill["name"]) for skill in written["skills"]] == [(1, "add"), (2, "sub"), (3, "mod")]
    assert written["settings"]["calibrate_on"] == ["add", 2]
    assert (tmp_path / "forecast.csv").read_text().startswith("skill,name,frequency,")


def test_an_error_after_reading_names_the_skill_and_carries_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "n.csv", "--frequencies", "fitted", "--until", "1000"]) == 2
    *report, error = capsys.readouterr().err.splitlines()
    assert report[0] == "n.csv: wide CSV, 1 run, 3 skills, 369 measurements"
    assert error.startswith("saltus: a second skill must have begun to grow; received \"skill 'add' alone\"")
    curves = saltus.read_curves("n.csv")
    with pytest.raises(saltus.InputError) as raised:
        saltus.calibrate_time(curves, saltus.PowerLaw(0.6, 3), on_skill="pow")
    assert raised.value.received == "pow"
    assert raised.value.advice == "the curves have add, sub, mod"
    assert raised.value.__notes__ == ["\n".join([*saltus.reading_report(curves).lines, "skills: add, sub, mod"])]


def test_skills_are_chosen_by_name_or_number() -> None:
    curves = saltus.read_curves("n.csv")
    mix = saltus.PowerLaw(0.6, 3)
    assert saltus.calibrate(curves, mix, ["sub", 1]) == saltus.calibrate(curves, mix, on_skill=["1", "sub"])
    numbered = curves.assign_coords(skill_name=("skill", ["7", "2", "1"]))
    assert saltus.calibrate(numbered, mix, 7).skills == (1,)
    assert saltus.calibrate(numbered, mix, "2").skills == (2,)


def test_a_verdict_speaks_of_the_skill_by_its_name() -> None:
    curves = saltus.read_curves("n.csv")
    late = curves.assign(strength=curves["strength"].copy())
    late["strength"][0, 1] = np.interp(curves["step"] / 1.6, curves["step"], curves["strength"][0, 1])
    reasons = saltus.assess(late, saltus.PowerLaw(0.6, 3), departure=saltus.PAPER).verdict.reasons
    assert any(re.match("skill '(add|sub)' emerged 0.20 dex", reason) for reason in reasons), reasons  # log10(1.6)


def test_labels_of_figures_are_short_and_plain() -> None:
    assert skill_labels(["1", "2"]) == ["$k=1$", "$k=2$"]
    assert skill_labels(["eval/add_acc", "eval/x$y_acc"]) == ["add", "x\\$y"]
    assert skill_labels(["eval_loss"]) == ["eval_loss"]
    assert skill_labels(["a" * 30, "b"]) == ["a" * 15 + "…", "b"]
