"""A table of curves in, ``forecast.json`` out, by the command line alone: every field against arithmetic done here.

The curves are closed forms written out with NumPy: logistic in time, binomial in data (Eq. 17), ramps in width (18).
"""

from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.stats import binom
from scipy.stats import t as student

from saltus.cli import main

Array = NDArray[np.float64]

ALPHA, N_RUNS = 0.6, 4
MIX = np.arange(1.0, 5.0) ** -(ALPHA + 1) / np.sum(np.arange(1.0, 5.0) ** -(ALPHA + 1))
RATE, LOGIT = 0.02, -9.0  # the logit of R/S grows by RATE a step for a skill of frequency 1, from LOGIT
LATE = 0.07  # decades by which each decade less frequent is late, as networks are
SHOTS, NODES = 400.0, 4.0
NOISE = 0.01
SCORED = ("0.05", "0.5", "0.95")


@dataclass(frozen=True)
class Curves:
    """Strengths (runs, skills, amounts), written as a table of rows in no special order of columns."""

    resource: str
    amounts: NDArray[np.int64]
    strength: Array

    def write(self, path: Path) -> Path:
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["skill", "run", self.resource, "strength", "strength_error", "note"])
            for (run, skill, place), value in np.ndenumerate(self.strength):
                rows.writerow([skill + 1, run, self.amounts[place], repr(float(value)), NOISE, "made by hand"])
        return path

    def observed(self, threshold: float) -> list[float]:
        """Mean over runs of the amount at which each skill first reaches the threshold, by straight lines."""
        return [float(np.mean([self._crossing(run[k], threshold) for run in self.strength])) for k in range(4)]

    def _crossing(self, curve: Array, threshold: float) -> float:
        if curve[0] >= threshold:
            return float(self.amounts[0])
        for before in range(len(curve) - 1):
            low, high = curve[before], curve[before + 1]
            if low < threshold <= high:
                start, end = self.amounts[before], self.amounts[before + 1]
                return float(start + (end - start) * (threshold - low) / (high - low))
        raise AssertionError("every skill of these curves emerges")


def over_steps() -> Curves:
    rng = np.random.default_rng(12)
    steps = np.unique(np.geomspace(20, 40_000, 140).astype(int))
    rates = RATE * np.exp(0.03 * rng.standard_normal((N_RUNS, 1, 1)))
    pace = MIX * (MIX / MIX[0]) ** LATE
    strength = 1 / (1 + np.exp(-(LOGIT + rates * pace[:, None] * steps)))
    return Curves("step", steps, strength + NOISE * rng.standard_normal(strength.shape))


def over_data() -> Curves:
    rng = np.random.default_rng(13)
    sizes = np.unique(np.geomspace(60, 12_000, 30).astype(int))
    seen = np.array([[rng.multinomial(size, MIX) for size in sizes] for _ in range(N_RUNS)])
    strength = np.moveaxis(1 - np.sqrt(1 - np.minimum(seen / SHOTS, 1)), 1, 2)
    return Curves("data", sizes, strength + NOISE * rng.standard_normal(strength.shape))


def over_parameters() -> Curves:
    rng = np.random.default_rng(14)
    widths = np.arange(1, 21)
    ramp = np.clip((widths - NODES * np.arange(4)[:, None]) / NODES, 0, 1)
    strength = np.repeat(ramp[None], N_RUNS, axis=0)
    return Curves(
        "parameters", widths, strength + 0.02 * ((strength > 0) & (strength < 1)) * rng.standard_normal(strength.shape)
    )


def forecast(curves: Curves, folder: Path, until: float) -> dict[str, Any]:
    """Of the command in a process of its own; the JSON that it prints is the file that it writes."""
    table = curves.write(folder / "curves.csv")
    command = [sys.executable, "-m", "saltus", "forecast", str(table), "--alpha", str(ALPHA)]
    command += [
        "--until",
        str(until),
        "--calibrate-on",
        "1",
        "--optimizer",
        "sgd",
        "--out",
        str(folder / "out"),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (folder / "out").iterdir()} == {
        f"forecast.{end}" for end in ("json", "csv", "png", "pdf")
    }
    assert (folder / "out/forecast.json").read_text() == done.stdout
    assert len((folder / "out/forecast.csv").read_text().splitlines()) == 1 + 4
    result = json.loads(done.stdout)
    assert set(result) == {
        "resource", "calibration", "until", "frequency_fit", "skills", "verdict", "settings", "version",
        "unit", "in_effective_time", "clock", "recipe", "rate_power",
    }  # fmt: skip
    assert result["resource"] == curves.resource
    assert result["until"] == until
    assert result["frequency_fit"] is None
    assert result["version"] == version("saltus")
    told = {
        "curves": str(table),
        "alpha": ALPHA,
        "frequencies": None,
        "calibrate_on": [1],
        "until": until,
        "threshold": 0.5,
        "level": 0.9,
        "calibration": None,
        "columns": None,
        "step_column": None,
        "quantity": None,
        "skip": 0,
        "where": None,
        "over": "step",
    }
    assert {name: result["settings"][name] for name in told} == told
    assert not [
        name for name, value in result["settings"].items() if name not in told and value not in (None, "sgd", [], False)
    ]
    assert isinstance(result, dict)
    return result


def check_skill(result: dict[str, Any], curves: Curves, k: int) -> None:
    """What holds for every resource: fields, observed amounts, errors, hits, sums of squares and intervals."""
    word = {"step": "time"}.get(curves.resource, curves.resource)
    skill = result["skills"][k]
    scored = {f"emergence_{word}", "interval", f"observed_{word}", "log10_error", "hit"}
    scored |= {"emerged_before", "within_schedule", "used"}
    assert set(skill) == {"skill", "name", "frequency", "uncertainty", "sharpened", "scores", "basis", *scored}
    assert skill["skill"] == k + 1
    assert skill["frequency"] == pytest.approx(MIX[k], rel=1e-12)
    assert tuple(skill["scores"]) == SCORED
    assert {name: skill[name] for name in scored} == skill["scores"]["0.5"]
    for threshold, score in skill["scores"].items():
        assert set(score) == scored
        expected, (low, high) = score[f"emergence_{word}"], score["interval"]
        observed = curves.observed(float(threshold))[k]
        if score["emerged_before"] is not None:  # up at the first measurement
            assert (observed, score[f"observed_{word}"]) == (score["emerged_before"], None)
            continue
        assert score[f"observed_{word}"] == pytest.approx(observed, rel=1e-12)
        assert score["log10_error"] == pytest.approx(math.log10(expected / observed), abs=1e-12)
        assert score["hit"] is (low <= observed <= high)
        assert low < expected < high
    parts = skill["uncertainty"]
    assert set(parts) == {"fit", "runs", "misfit", "frequencies", "total"}
    assert parts["frequencies"] == 0
    assert parts["total"] == pytest.approx(math.hypot(parts["fit"], parts["runs"], parts["misfit"]), rel=1e-6)
    low, high = np.log10(skill["interval"])
    assert 2.6 < (high - low) / parts["total"] < 4.6  # 90 % of a normal law have 3.3 standard deviations
    assert abs(skill["log10_error"]) < high - low  # the curves are what the model says


def own_fit(x: Array, y: Array) -> tuple[Array, Array, float, Array]:
    """Log rate and log half exposure of a logistic curve, their covariance from residuals, and what these count for."""

    def logistic(x: Array, log_rate: float, log_half: float) -> Array:
        return np.asarray(1 / (1 + np.exp(-math.exp(log_rate) * (x - math.exp(log_half)))))

    start = (math.log(RATE), math.log(-LOGIT / RATE))
    found, covariance = curve_fit(logistic, x, y, p0=start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    residual = y - logistic(x, *found)
    rho = max(0.0, float(residual[1:] @ residual[:-1] / (residual @ residual)))
    independent = len(y) * (1 - rho) / (1 + rho)  # of a series whose neighbours correlate by rho
    return found, covariance * len(y) / independent, independent, residual


@pytest.fixture(scope="module")
def in_time(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Curves]:
    curves = over_steps()
    return forecast(curves, tmp_path_factory.mktemp("time"), 4000.0), curves


def test_the_calibration_in_time_is_what_an_independent_fit_finds(in_time: tuple[dict[str, Any], Curves]) -> None:
    result, curves = in_time
    known = curves.amounts <= 4000
    fits = [own_fit(MIX[0] * curves.amounts[known], run[0, known]) for run in curves.strength]
    log_rate, log_half = np.mean([fit[0] for fit in fits], axis=0)
    covariance = np.cov(np.transpose([fit[0] for fit in fits])) / N_RUNS
    rate, half, logit = math.exp(log_rate), math.exp(log_half), -math.exp(log_rate + log_half)
    logit_error = -logit * math.sqrt(covariance.sum())
    found = result["calibration"]
    numbers = {
        "rate": rate,
        "rate_error": rate * math.sqrt(covariance[0, 0]),
        "half_exposure": half,
        "half_exposure_error": half * math.sqrt(covariance[1, 1]),
        "initial_logit": logit,
        "initial_logit_error": logit_error,
        "initial_strength": 1 / (1 + math.exp(-logit)),
        "initial_strength_error": logit_error / (2 + math.exp(logit) + math.exp(-logit)),
        "fit_degrees": sum(fit[2] - 2 for fit in fits),
        "residual": math.sqrt(np.mean(np.square([fit[3] for fit in fits]))),
        "frequency": MIX[0],
        "target_scale": 1.0,
    }
    for name, value in numbers.items():
        # Two optimisers stop near the same minimum.
        assert found[name] == pytest.approx(value, rel=1e-5), name
    np.testing.assert_allclose(found["covariance"], covariance, rtol=1e-4)
    np.testing.assert_allclose(found["fit_covariance"], np.sum([fit[1] for fit in fits], axis=0) / N_RUNS**2, rtol=1e-4)
    others = {
        "error_source": "spread over runs",
        "skills": [1],
        "n_skills": 4,
        "n_runs": N_RUNS,
        "flow_learning_rate": None,  # a table does not tell the learning rate
        "feature_rate_squared": None,
        "feature_rate_squared_error": None,
    }
    assert {name: found[name] for name in others} == others
    assert set(found) == {*numbers, *others, "covariance", "fit_covariance"}
    # The truth: rates of the four runs are drawn about RATE with 3 %.
    assert abs(math.log(found["rate"] / RATE)) < 4 * 0.03 / math.sqrt(N_RUNS)
    assert abs(found["initial_logit"] - LOGIT) < 4 * found["initial_logit_error"]


def test_skills_in_time_are_forecast_by_a_power_of_their_frequency(in_time: tuple[dict[str, Any], Curves]) -> None:
    result, curves = in_time
    made = result["calibration"]
    for k, skill in enumerate(result["skills"]):
        check_skill(result, curves, k)
        decades = math.log10(MIX[0] / MIX[k])
        inverse = math.log10(made["half_exposure"] / MIX[k])
        late = math.log10(skill["emergence_time"]) - inverse
        # Plain descent has gamma 1 to 1.15, within the 3 % by which the four runs differ in time.
        assert -0.03 < late < 0.15 * decades + 0.03
    assert result["recipe"]["name"] == "sgd"
    assert [skill["sharpened"] for skill in result["skills"]][:2] == [False, False]


def test_the_verdict_in_time_counts_and_weighs(in_time: tuple[dict[str, Any], Curves]) -> None:
    verdict = in_time[0]["verdict"]
    assert set(verdict) == {"level", "reasons", "evidence", "coverage", "still"}
    evidence = verdict["evidence"]
    assert list(evidence.values()) == sorted(evidence.values(), reverse=True)
    assert next(iter(evidence)).startswith("decoupled")  # by which the curves were made
    smooth = [name for name in evidence if name.startswith(("exponential", "power law"))]
    assert max(evidence[name] for name in smooth) < evidence["decoupled"]
    assert verdict["level"] == "use with care"
    assert verdict["reasons"] == [  # a table of strengths tells no learning rate
        "the schedule of the learning rate is not known, and the forecast counts all steps alike"
    ]
    assert re.fullmatch(r"of \d+ skills forecast so, from \d+ runs that taught nothing, \d+% .*", verdict["coverage"])
    assert verdict["still"] == []


@pytest.fixture(scope="module", params=["data", "parameters"])
def in_size(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Curves]:
    curves = over_data() if request.param == "data" else over_parameters()
    return forecast(curves, tmp_path_factory.mktemp("size"), 3000.0 if request.param == "data" else 14.0), curves


def test_a_calibration_in_size_has_its_constant_and_every_skill_its_size(
    in_size: tuple[dict[str, Any], Curves],
) -> None:
    result, curves = in_size
    found = result["calibration"]
    name, truth = ("shots", SHOTS) if curves.resource == "data" else ("nodes_per_skill", NODES)
    constant = found[name]
    assert set(found) == {
        "resource", name, f"{name}_error", "constant", "variance", "fit_variance", "degrees", "residual", "misfit",
        "target_scale", "skills", "n_skills", "n_runs", "quantiles", "unit",
    }  # fmt: skip
    assert (found["resource"], found["constant"], found["target_scale"]) == (curves.resource, constant, 1.0)
    assert (found["skills"], found["n_skills"], found["n_runs"]) == ([1], 4, N_RUNS)
    assert found[f"{name}_error"] == pytest.approx(constant * math.sqrt(found["variance"]), rel=1e-12)
    assert abs(math.log(constant / truth)) < 4 * math.sqrt(found["variance"])
    assert 0 < found["fit_variance"] <= found["variance"]
    assert found["degrees"] >= 1
    assert 0 <= found["misfit"] <= found["residual"] < 0.05  # the curves are of the form
    known_to = float(student(found["degrees"]).ppf(0.95)) * math.sqrt(found["variance"]) / math.log(10)
    for k, skill in enumerate(result["skills"]):
        check_skill(result, curves, k)
        for threshold, score in skill["scores"].items():
            size = score[f"emergence_{curves.resource}"]
            # Sets are of whole samples, and wide binomial sums are done with a stride, worth about 1e-4 in R/S.
            wanted = size_at(curves.resource, constant, k, float(threshold))
            # The median of a posterior strays from the best constant by less than its own width.
            assert size == pytest.approx(wanted, rel=10 ** skill["uncertainty"]["total"] - 1 + 2e-3)
        parts = skill["uncertainty"]
        between = found["variance"] - found["fit_variance"]
        assert parts["runs"] / parts["fit"] == pytest.approx(math.sqrt(between / found["fit_variance"]), rel=1e-9)
        above, below = (size_at(curves.resource, constant, k, 0.5 + by) for by in (0.05, -0.05))
        misfit = found["misfit"] * math.log10(above / below) / 0.1
        of_fit = math.sqrt(found["fit_variance"]) / math.log(10)
        assert parts["misfit"] / parts["fit"] == pytest.approx(misfit / of_fit, rel=0.02)
        assert skill["sharpened"] is False
    verdict = result["verdict"]
    assert verdict["level"] == "trust"
    assert verdict["evidence"] == {}
    follow, known = verdict["reasons"]
    seen = int((curves.strength.mean(axis=0)[:, curves.amounts <= result["until"]].max(axis=1) >= 0.5).sum())
    assert follow.startswith(f"{seen} skills follow the calibrated model (worst rms misfit 0.0")
    told = re.fullmatch(r"its constant is known to (0\.\d{3}) dex", known)
    assert told is not None
    # A posterior that sums over unknown noise is wider than the errors of least squares, by a factor of a few.
    assert known_to - 5e-4 <= float(told[1]) < 4 * known_to


def size_at(resource: str, constant: float, k: int, threshold: float) -> float:
    """Size at which the expected strength passes a threshold, by Eq. 17 and 18."""
    if resource == "parameters":
        return constant * (k + threshold)
    sizes, expected = mean_strengths(constant, k)
    return float(np.exp(np.interp(threshold, expected, np.log(sizes))))


@cache
def mean_strengths(constant: float, k: int) -> tuple[Array, Array]:
    """Sizes of training sets, and the strength that Eq. 17 gives on average over the samples of skill k in them."""
    sizes = np.geomspace(10, 9000, 300).astype(int)
    drawn = np.arange(9001)
    strength = 1 - np.sqrt(1 - np.minimum(drawn / constant, 1))
    return sizes.astype(float), np.array([binom.pmf(drawn, size, MIX[k]) @ strength for size in sizes])


def test_the_command_says_how_it_read_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    curves = over_steps()
    table = curves.write(tmp_path / "curves.csv")
    assert main(["forecast", str(table), "--alpha", str(ALPHA), "--until", "4000", "--optimizer", "sgd"]) == 0
    printed = capsys.readouterr().out
    steps, outside = curves.amounts, int(((curves.strength < 0) | (curves.strength > 1)).sum())
    for line in (
        f"{table}: tidy CSV, {N_RUNS} runs, 4 skills, {curves.strength.size} measurements",
        f"step (column 'step') {steps[0]} to {steps[-1]}, every {np.diff(steps).min()} to ",
        "strength as given",
        "columns left out: 1 of the file were not read: note",
        f"strength outside [0, 1]: {outside} of {curves.strength.size} and were kept",
        "calibrated on skill 1: rate 0.0",
        "the schedule of the learning rate is not known, and the forecast counts all steps alike",
    ):
        assert line in printed
