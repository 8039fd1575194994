"""``saltus forecast --backtest`` and ``--by``, on curves whose constants are known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from saltus import backtest, read_curves, tidy_table
from saltus.cli import main
from saltus.curves.axis import axis_of
from saltus.figures.backtest import backtest_figure
from saltus.forecast.time.recipes import shipped_recipes
from saltus.theory.frequencies import PowerLaw
from tests.helpers import MIX, covered, points, synthetic_data, synthetic_time

FILES = {"backtest.json", "backtest.csv", "backtest.png", "backtest.pdf"}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    curves = synthetic_time(
        np.random.default_rng(0), 1, noise=0.01, steps=np.unique(np.geomspace(1, 4000, 60).astype(int))
    )
    tidy_table(curves).to_csv(tmp_path / "c.csv", index=False)
    data = synthetic_data(np.random.default_rng(0), 2)["strength"].to_dataframe().reset_index()
    data[["run", "skill", "data", "strength"]].to_csv(tmp_path / "d.csv", index=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def with_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes whose forecasts were seen to hold, so that some may be used."""
    recipes = {name: covered(name) for name in shipped_recipes()}
    monkeypatch.setattr("saltus.forecast.time.recipes.shipped_recipes", lambda: recipes)


@pytest.mark.usefixtures("with_coverage")
def test_the_answer_comes_first_and_files_hold_every_forecast(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--backtest", "--out", "out"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert {path.name for path in Path("out").iterdir()} == FILES
    told = json.loads(Path("out/backtest.json").read_text())
    usable = told["usable"]
    assert printed[0] == told["answer"]
    assert printed[0].startswith(
        f"Of {usable['n_forecasts']} forecasts of {usable['n_skills']} skills made while it trained, "
        f"{usable['n_hits']} held, {usable['n_misses']} did not"
    )
    with Path("out/backtest.csv").open() as file:
        rows = list(csv.DictReader(file))
    made = [row for row in rows if row["skill"]]
    assert len(made) == len(told["forecasts"])
    assert [row["reason"] for row in rows if not row["skill"]] == [one["reason"] for one in told["refused"]]
    for row, one in zip(made, told["forecasts"], strict=True):
        assert float(row["emergence_time"]) == pytest.approx(one["forecast"], rel=1e-8)
        assert (row["hit"], row["verdict"]) == ("" if one["hit"] is None else str(one["hit"]), one["verdict"])
    heading = next(line for line in printed if line.startswith("at step"))
    assert heading.split() == "at step known skill forecast 90% interval observed error hit verdict".split()
    start = printed.index(heading)
    assert max(map(len, printed[start : start + len(rows) + 1])) <= 80


def test_json_alone_and_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "d.csv", "--alpha", "0.6", "--backtest", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["resource"] == "data"
    assert "made from smaller sizes" in told["answer"]


def test_until_bounds_the_known_world(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--backtest", "--until", "500", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["last"] <= 500
    assert told["answer"].startswith("No forecast could be made at any of ")


def test_the_figure_draws_what_the_backtest_has() -> None:
    curves = read_curves("c.csv")
    found = backtest(curves, PowerLaw(0.6, 3), moments=[1500, 2000, 2500])
    figure = backtest_figure(found, axis_of(curves), "made by a test")
    drawn = sorted({one.skill for one in found.forecasts})
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == [f"$k={skill}$" for skill in drawn]
    for axes, skill in zip(panels, drawn, strict=True):
        of_skill = [one for one in found.forecasts if one.skill == skill]
        marks = np.concatenate([points(line).T for line in axes.lines if line.get_linestyle() == "None"])
        np.testing.assert_allclose(sorted(marks.tolist()), [(one.moment, one.forecast) for one in of_skill])
        level = next(line for line in axes.lines if line.get_linestyle() != "None")
        assert points(level)[1, 0] == found.observed[skill - 1] or np.isnan(found.observed[skill - 1])


def test_probability_by_a_step_is_a_column_and_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["forecast", "c.csv", "--alpha", "0.6", "--until", "1200", "--by", "2500"]
    assert main(command) == 0
    assert "by 2,500" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["by"] == 2500
    assert told["skills"][0]["probability_by"] == 1  # it had emerged
    shares = [skill["probability_by"] for skill in told["skills"]]
    assert shares == sorted(shares, reverse=True)
    late = [(skill["emergence_time"], skill["probability_by"]) for skill in told["skills"]]
    assert all((share >= 0.5) == (time <= 2500) for time, share in late)
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--until", "100", "--by", "2500", "--json"]) == 0
    assert [skill["probability_by"] for skill in json.loads(capsys.readouterr().out)["skills"]] == [None] * len(MIX)
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--by", "-5"]) == 2
    assert "--by must be at least 0; received -5.0; give e.g. 20000" in capsys.readouterr().err
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--by", "5", "--backtest"]) == 2
    assert "--by and --backtest are two questions" in capsys.readouterr().err
