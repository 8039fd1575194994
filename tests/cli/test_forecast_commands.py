"""``saltus forecast`` and ``saltus plan``, on curves whose constants are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus.cli import main
from tests.helpers import LOGIT, MIX, NODES, RATE, SHOTS, synthetic_data, synthetic_time, synthetic_width


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tables of curves over steps, data and parameters, in the folder that commands run in."""
    folder = tmp_path_factory.mktemp("tables")
    for name, curves in {
        "c.csv": synthetic_time(np.random.default_rng(0), 2, noise=0.01),
        "d.csv": synthetic_data(np.random.default_rng(0), 3),
        "n.csv": synthetic_width(np.random.default_rng(0), 20, noise=0.3),
    }.items():
        table = curves["strength"].to_dataframe().reset_index()  # which does not tell frequencies
        table[["run", "skill", curves["strength"].dims[-1], "strength"]].to_csv(folder / name, index=False)
    monkeypatch.chdir(folder)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert isinstance(result, dict)
    return result


def test_forecast_json_has_all_that_is_promised(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = run(capsys, "forecast", "c.csv", "--alpha", "0.6", "--until", "2000", "--out", str(tmp_path / "out"))
    assert {"calibration", "skills", "verdict", "settings", "version"} <= set(result)
    assert result["verdict"]["level"] in ("trust", "use with care", "do not use")
    frequency = np.array([k**-1.6 for k in (1, 2, 3)]) / sum(k**-1.6 for k in (1, 2, 3))
    for k, skill in enumerate(result["skills"]):
        assert {"skill", "frequency", "emergence_time", "interval", "observed_time", "log10_error"} <= set(skill)
        truth = -LOGIT / (RATE * frequency[k])
        assert skill["observed_time"] == pytest.approx(truth, rel=0.02)  # on a grid of 7 % steps, noise 0.01
        assert skill["interval"][0] < truth < skill["interval"][1]
        assert skill["log10_error"] == pytest.approx(np.log10(skill["emergence_time"] / skill["observed_time"]))
        assert set(skill["scores"]) == {"0.05", "0.5", "0.95"}
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"forecast.json", "forecast.csv", "forecast.png", "forecast.pdf"}
    assert json.loads((tmp_path / "out/forecast.json").read_text()) == result


def test_a_kept_calibration_forecasts_as_the_curves_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    common = ("forecast", "c.csv", "--alpha", "0.6")
    first = run(capsys, *common, "--calibrate-on", "1", "2", "--out", str(tmp_path))
    again = run(capsys, *common, "--calibration", str(tmp_path / "forecast.json"))
    assert again["calibration"] == first["calibration"]
    for one, other in zip(again["skills"], first["skills"], strict=True):
        assert one["observed_time"] == other["observed_time"]
        assert other["interval"][0] < one["emergence_time"] < other["interval"][1]


def test_table_names_what_each_forecast_rests_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mix = tmp_path / "mix.txt"
    mix.write_text("600, 200\n100")
    common = ("forecast", "c.csv", "--frequencies", str(mix))
    assert main([*common, "--until", "2000"]) == 0
    printed = capsys.readouterr().out
    assert "law, own growth" in printed
    assert "wrote" not in printed
    both = run(capsys, *common, "--until", "3000")
    assert [skill["basis"] for skill in both["skills"]] == ["test of the others"] * 2 + ["law, own growth"]
    one = run(capsys, *common, "--until", "850")
    assert (one["skills"][0]["basis"], one["skills"][0]["used"]) == ("used", True)
    assert main([*common, "--until", "850"]) == 0
    assert table_row(capsys.readouterr().out, "1")[-2:] == ["used", "used"]
    assert one["skills"][2]["basis"] == "law"
    (tmp_path / "kept.json").write_text(json.dumps(both))
    kept = run(capsys, *common, "--until", "3000", "--calibration", str(tmp_path / "kept.json"))
    assert [skill["basis"] for skill in kept["skills"]] == ["test of the calibration"] * 2 + ["law, own growth"]


def table_row(printed: str, first: str) -> list[str]:
    """The cells of the row that starts so."""
    return next(line.split() for line in printed.splitlines() if line.split()[:1] == [first])


def test_the_answer_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "forecast", "c.csv", "--alpha", "0.6", "--until", "2000", "--by", "5000")
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--until", "2000", "--by", "5000"]) == 0
    printed = capsys.readouterr().out.splitlines()
    answer = printed[: printed.index("")]
    verdict = result["verdict"]
    assert answer[0] == f"{verdict['level'].capitalize()}: {verdict['reasons'][0]}."
    assert [line for line in printed if line.startswith("also: ")] == [f"also: {one}" for one in verdict["reasons"][1:]]
    second = result["skills"][1]
    (told,) = (line for line in answer if line.startswith("Next"))
    expected, *ends = (float(f"{at:.3g}") for at in (second["emergence_time"], *second["interval"]))
    assert f"skill 2, expected at step {expected:,.0f} (90%: {ends[0]:,.0f}–{ends[1]:,.0f}), by step 5,000 with" in told
    assert told.endswith(f"; it came at {second['observed_time']:,.0f}.")
    assert f"Learned so far: skill 1 at {result['skills'][0]['observed_time']:,.0f}." in answer
    assert answer[-1].startswith("Assumed: frequencies by alpha = 0.6; all steps count alike; recipe 'unknown'")
    assert printed[len(answer) + 1] == "Forecast at step 2000: steps at R/S = 0.5"


def test_once_all_have_emerged_there_is_no_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "c.csv", "--alpha", "0.6"]) == 0
    printed = capsys.readouterr().out
    assert "Next: none, all 3 skills have emerged." in printed
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--until", "100"]) == 0
    printed = capsys.readouterr().out
    assert "Learned so far: none of 3 skills." in printed
    assert "Next" not in printed


def test_files_are_named_one_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--out", str(tmp_path)]) == 0
    written = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrote ")]
    assert {Path(line.removeprefix("wrote ")) for line in written} == set(tmp_path.iterdir())


def test_before_anything_emerged_the_answer_is_do_not_use(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "forecast", "c.csv", "--alpha", "0.6", "--until", "100")
    assert result["calibration"] is None
    assert result["verdict"]["level"] == "do not use"
    assert any("no skill to calibrate on has emerged" in reason for reason in result["verdict"]["reasons"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "frequencies must be given once; received None; give --alpha, or --frequencies FILE"),
        (
            ["--alpha", "0.6", "--calibrate-on", "4"],
            "--calibrate-on must be at most 3, the number of skills; received 4",
        ),
        (["--alpha", "0.6", "--calibration", "none.json"], "a calibration must be a JSON file of ours"),
        (["--frequencies", "none.txt"], "frequencies must be a file of numbers; received 'none.txt'"),
    ],
)
def test_bad_requests_end_in_a_last_line_and_write_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert main(["forecast", "c.csv", *arguments, "--out", str(tmp_path / "out")]) == 2
    *report, error = capsys.readouterr().err.splitlines()
    assert error.startswith(f"saltus: {message}")
    assert bool(report) == (arguments == [] or "--calibrate-on" in arguments)  # the curves had been read
    assert not (tmp_path / "out").exists()


def test_ascending_frequencies_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mix.txt").write_text("1 2 3")
    assert main(["forecast", "c.csv", "--frequencies", str(tmp_path / "mix.txt")]) == 2
    assert "frequencies must descend: skill 1 is the most frequent" in capsys.readouterr().err


def test_plans(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kept = run(capsys, "forecast", "c.csv", "--alpha", "0.6", "--out", str(tmp_path))
    plan = ("plan", str(tmp_path / "forecast.json"))
    second = kept["skills"][1]
    by = run(capsys, *plan, "--by", str(2 * kept["calibration"]["half_exposure"]))
    assert 0.5 <= by["expected_frequency"] < by["safe_frequency"]
    skills = run(capsys, *plan, "--alpha", "0.6", "--n-skills", "3", "--time", "2500")["skills"]
    assert skills[1]["frequency"] == pytest.approx(second["frequency"])
    assert [skill["learned"] for skill in skills] == [skill["time"] <= 2500 for skill in skills]
    best = run(capsys, *plan, "--alpha", "0.6", "--n-skills", "3", "--compute", "9000")
    assert best["n_parameters"] * best["time"] == pytest.approx(9000)
    assert main([*plan]) == 2
    assert "one question at a time; received 0" in capsys.readouterr().err


def test_curves_over_data_forecast_training_sets(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    common = ("forecast", "d.csv", "--alpha", "0.6", "--until", "1400")
    first = run(capsys, *common, "--out", str(tmp_path))
    assert first["resource"] == "data"
    assert first["calibration"]["shots"] == pytest.approx(SHOTS, abs=4 * first["calibration"]["shots_error"])
    for k, skill in enumerate(first["skills"]):
        low, high = skill["interval"]
        assert low < 0.75 * SHOTS / MIX[k] < high  # half the strength, Eq. 17
        assert skill["log10_error"] == pytest.approx(np.log10(skill["emergence_data"] / skill["observed_data"]))
    again = run(capsys, *common, "--calibration", str(tmp_path / "forecast.json"))
    assert again["skills"][1:] == first["skills"][1:]
    assert (first["skills"][0]["basis"], first["skills"][0]["used"]) == ("used", True)
    assert (again["skills"][0]["basis"], again["skills"][0]["used"]) == ("test of the calibration", False)
    assert main(["plan", str(tmp_path / "forecast.json"), "--by", "900"]) == 2
    assert "this needs a calibration in time; received" in capsys.readouterr().err
    assert main(["forecast", "c.csv", "--alpha", "0.6", "--calibration", str(tmp_path / "forecast.json")]) == 2
    assert "the calibration must be over step, as the curves are; received 'data'" in capsys.readouterr().err


def test_curves_over_parameters_forecast_widths(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "forecast", "n.csv", "--alpha", "0.6", "--until", "8")
    assert result["resource"] == "parameters"
    for k, skill in enumerate(result["skills"]):
        low, high = skill["interval"]
        assert low < (k + 0.5) * NODES < high
    assert main(["forecast", "n.csv", "--alpha", "0.6"]) == 0
    printed = capsys.readouterr().out
    assert "Forecast from parameters up to 16: hidden nodes at R/S = 0.5" in printed
    assert "calibrated on skill 1, 2, 3: N_c = " in printed


def test_frequencies_that_nobody_knows_are_fitted(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "forecast", "c.csv", "--frequencies", "fitted", "--until", "3000")
    fit = result["frequency_fit"]
    assert fit["form"] == "common alpha"
    assert abs(fit["alpha"] - 0.6) < 3 * fit["alpha_error"]
    assert {form["form"] for form in fit["forms"]} == {"common alpha", "free rates"}
    assert result["recipe"]["name"] == "rank"
    assert main(["forecast", "c.csv", "--frequencies", "fitted", "--until", "3000"]) == 0
    assert (
        "frequencies fitted to 3 skills that have shown themselves: common alpha, alpha 0." in capsys.readouterr().out
    )
    assert main(["forecast", "d.csv", "--frequencies", "fitted"]) == 2
    assert "frequencies can be fitted to curves over steps only; received 'data'" in capsys.readouterr().err
