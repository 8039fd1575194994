"""``saltus forecast`` under schedules: from the log, as text, as a table of rates, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus import read_curves, tidy_table
from saltus.cli import main
from saltus.forecast.time.recipe import optimizer_of
from saltus.theory.schedules import read_schedule
from tests.forecast.test_schedules import scheduled

TEXT = "linear:warmup=1000,steps=9000"
UNTIL = ("--frequencies", "mix.txt", "--until", "8000")


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Curves of the law under a schedule that ends before the rarest skill, with the log's rates and without."""
    curves = scheduled(TEXT, np.random.default_rng(0)).sel(step=slice(0, 9000))
    bare = tidy_table(curves.drop_vars("learning_rate"))
    assert bare["optimizer"].unique().tolist() == ["sgd"]
    bare.to_csv(tmp_path / "bare.csv", index=False)
    bare.drop(columns="optimizer").to_csv(tmp_path / "nameless.csv", index=False)
    rates = dict(zip(curves["step"].to_numpy(), curves["learning_rate"].to_numpy(), strict=True))
    bare.assign(learning_rate=bare["step"].map(rates)).to_csv(tmp_path / "logged.csv", index=False)
    steps = np.arange(0, 9001, 50)
    rows = [f"{step},{0.1 * read_schedule(TEXT).share(step):.9g}" for step in steps]
    (tmp_path / "rates.csv").write_text("\n".join(["step,lr", *rows]))
    (tmp_path / "mix.txt").write_text("0.5 0.3 0.15 0.05")
    monkeypatch.chdir(tmp_path)


def forecast(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["forecast", *arguments, *UNTIL, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert isinstance(result, dict)
    return result


def test_log_text_and_table_make_the_same_clock(capsys: pytest.CaptureFixture[str]) -> None:
    ways = (("logged.csv",), ("bare.csv", "--schedule", TEXT), ("bare.csv", "--schedule", "rates.csv"))
    logged, told, tabled = (forecast(capsys, *way) for way in ways)
    assert logged["clock"].startswith("steps counted by the learning rate of the log (rate^1 for SGD)")
    assert told["clock"].startswith("steps counted by the schedule linear:floor=0,steps=9000,warmup=1000 (rate^1")
    assert tabled["clock"].startswith("steps counted by the learning rates given at 181 steps (rate^1 for SGD)")
    for one in (told, tabled):
        assert one["in_effective_time"]
        for skill, other in zip(one["skills"][:2], logged["skills"][:2], strict=True):
            assert skill["emergence_time"] == pytest.approx(other["emergence_time"], rel=0.01)
    plain = forecast(capsys, "logged.csv", "--schedule", "none")
    assert (plain["in_effective_time"], plain["clock"]) == (False, None)
    assert any("counts all steps alike" in reason for reason in plain["verdict"]["reasons"])
    assert plain["skills"][3]["within_schedule"] is None


def test_a_skill_that_the_schedule_has_no_time_for_is_told_and_drawn(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    last = forecast(capsys, "logged.csv", "--schedule", "rates.csv", "--out", str(out))["skills"][-1]
    assert last["emergence_time"] is None
    assert last["interval"][1] is None
    assert last["within_schedule"] is False
    assert forecast(capsys, "logged.csv")["skills"][0]["within_schedule"] is True
    assert (out / "forecast.png").stat().st_size > 10_000
    assert main(["forecast", "logged.csv", *UNTIL, "--schedule", "rates.csv"]) == 0
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.split()[:1] == ["4"])
    assert row.count("not within this schedule") == 2
    assert "steps counted by the learning rates given at 181 steps" in printed


def test_an_optimiser_that_the_user_names_holds_over_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    unknown = forecast(capsys, "nameless.csv", "--schedule", TEXT)
    assert "(rate^0.8 for Adam, as the optimiser is not known)" in unknown["clock"]
    named = forecast(capsys, "nameless.csv", "--schedule", TEXT, "--optimizer", "sgd")
    assert named["verdict"] == forecast(capsys, "bare.csv", "--schedule", TEXT)["verdict"]
    other = forecast(capsys, "bare.csv", "--schedule", TEXT, "--optimizer", "adamw")
    assert "(rate^0.8 for AdamW)" in other["clock"]
    assert [one["recipe"]["name"] for one in (unknown, named, other)] == ["unknown", "sgd", "other"]
    assert optimizer_of(read_curves("bare.csv", optimizer="lion")) == "lion"
    assert optimizer_of(read_curves("bare.csv")) == "sgd"


@pytest.mark.parametrize(
    ("schedule", "content", "message"),
    [
        ("cosine", None, "this schedule must say steps"),
        ("absent.csv", None, "a schedule must be one of constant, cosine"),
        ("r.csv", "step,loss\n0,1\n1,2\n", "a table of learning rates must have a column of that name"),
        ("r.csv", "step,lr\n0,0\n1,0\n", "learning rates must be 0 or more, and not all 0"),
        ("r.csv", "step,lr\n0,-1\n1,0.1\n", "learning rates must be 0 or more"),
        ("r.csv", "step,lr\n-5,1\n1,0.1\n", "steps of learning rates must ascend from 0 or more"),
        ("r.csv", "step,lr\n", "learning rates must be one a step"),
        ("r.csv", "", ""),
    ],
)
def test_schedules_that_cannot_be_read_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], schedule: str, content: str | None, message: str
) -> None:
    if content is not None:
        Path("r.csv").write_text(content)
    assert main(["forecast", "bare.csv", *UNTIL, "--schedule", schedule]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


def test_plans_count_effective_steps_and_say_so_or_steps_of_a_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "logged.csv", *UNTIL, "--out", "out"]) == 0
    capsys.readouterr()
    plan = ["plan", "out/forecast.json"]
    other = "cosine:warmup=300,steps=12000"
    effective = float(read_schedule(other).share(np.arange(6000)).sum())  # SGD: the sum of the rates themselves

    def told(*arguments: str) -> dict[str, Any]:
        assert main([*plan, *arguments, "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert isinstance(result, dict)
        return result

    plain, scheduled_plan = told("--by", str(effective)), told("--by", "6000", "--schedule", other)
    assert scheduled_plan["by"] == 6000
    assert scheduled_plan["safe_frequency"] == pytest.approx(plain["safe_frequency"], rel=1e-6)
    assert plain["steps"].startswith("steps here are effective ones, each at the highest rate: give --schedule")
    assert "with the schedule cosine" in scheduled_plan["steps"]
    # Skills: each one's steps under the schedule train as much as its effective ones; the rarest has no time in it.
    mix = ("--frequencies", "mix.txt", "--time", "6000")
    bare, timed = (told(*mix, *more)["skills"] for more in ((), ("--schedule", other)))
    shares = np.concatenate([[0.0], np.cumsum(read_schedule(other).share(np.arange(12_000)))])
    for one, its in zip(bare, timed, strict=True):
        if one["time"] > shares[-1]:
            assert (its["time"], its["learned"], its["lacking"]) == (None, False, "time")
        else:
            assert its["time"] == pytest.approx(np.interp(one["time"], shares, np.arange(12_001)), rel=1e-3)
            assert its["learned"] is (its["time"] <= 6000)
    assert timed[-1]["time"] is None
    assert main([*plan, *mix[:2], "--compute", "9000", "--schedule", other]) == 2
    assert "leave --schedule out" in capsys.readouterr().err


def test_a_schedule_needs_a_calibration_over_effective_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "logged.csv", *UNTIL, "--schedule", "none", "--out", "out"]) == 0
    capsys.readouterr()
    assert main(["plan", "out/forecast.json", "--by", "6000", "--schedule", TEXT]) == 2
    assert "schedule is for a calibration over effective time" in capsys.readouterr().err
    assert main(["plan", "out/forecast.json", "--by", "6000"]) == 0
    assert "effective" not in capsys.readouterr().out
