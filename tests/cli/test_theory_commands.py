"""``saltus loss``, ``law`` and ``optimal`` from outside, against computations of their own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import pytest

from saltus.cli import main
from saltus.reproduce.targets import TARGETS


def saltus(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "saltus", *arguments], capture_output=True, text=True, timeout=120)


def answer(command: str) -> dict[str, Any]:
    done = saltus(*command.split(), "--json")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def plain_loss(alpha: float, n_skills: int, n: int, scale: float, r: float, rate: float, time: float) -> float:
    """Eq. 12 as a plain sum in 30 digits."""
    with mpmath.workdps(30):
        weight = [mpmath.mpf(k) ** -(1 + mpmath.mpf(alpha)) for k in range(1, n_skills + 1)]
        total = sum(weight)
        learned = (w / (1 + mpmath.exp(2 * rate * scale * w / total * time) / (scale / r - 1)) ** 2 for w in weight[:n])
        return float(scale**2 / mpmath.mpf(2) * (sum(learned) + sum(weight[n:])) / total)


def test_loss_is_the_plain_sum() -> None:
    options = "--alpha 0.7 --n-skills 300 --target-scale 2 --initial-strength 0.05 --learning-rate 0.3"
    for extra, n in (("", 300), (" --parameters 40", 40)):
        loss = answer(f"loss {options}{extra} --time 500")["loss"]
        # The model's parameters are doubles: what they are rounded by shows in the last digits.
        assert loss == pytest.approx(plain_loss(0.7, 300, n, 2.0, 0.05, 0.3, 500.0), rel=1e-12)


def test_loss_of_the_one_shot_learner_and_its_spread() -> None:
    found = answer("loss --alpha 1 --n-skills 2 --initial-strength 0.2 --data 3")
    # P = (0.8, 0.2): a skill that was never drawn keeps the loss (S - r)^2/2 = 0.32.
    rare, frequent = 0.8**3, 0.2**3
    mean = 0.32 * (0.2 * rare + 0.8 * frequent)
    square = 0.32**2 * (0.2**2 * rare + 0.8**2 * frequent)
    assert found["loss"] == pytest.approx(mean, rel=1e-12)
    assert found["standard_deviation"] == pytest.approx(math.sqrt(square - mean**2), rel=1e-9)


def test_settings_and_version_stand_beside_the_answer() -> None:
    found = answer("loss --alpha 0.5 --time 10")
    assert found["settings"]["n_skills"] == "inf"
    assert found["settings"]["time"] == 10
    assert found["version"]


def test_law_of_time_has_the_integral_as_its_prefactor() -> None:
    found = answer("law time --alpha 0.6 --target-scale 2 --initial-strength 0.1 --learning-rate 0.5")
    with mpmath.workdps(20):
        a = mpmath.mpf("0.6")
        # u = v^4 takes the singularity at 0 away.
        integral = mpmath.quad(
            lambda v: 4 * v ** (3 - 4 / (a + 1)) / (1 + mpmath.exp(2 * v**4) / 19) ** 2, [0, 0.5, 1, 1.5, 3]
        )
        scale = mpmath.zeta(a + 1) ** (-1 / (a + 1)) / (a + 1)
        prefactor = float(scale * (mpmath.mpf(1) / 2 * 2) ** (-a / (a + 1)) * 2 * integral)
    assert found["exponent"] == pytest.approx(0.375, rel=1e-14)
    assert found["prefactor"] == pytest.approx(prefactor, rel=1e-12)
    assert "n_parameters^(alpha+1) >> eta S time" in found["valid_when"]


@pytest.mark.parametrize(
    ("resource", "exponent", "prefactor"),
    [
        ("data", 3 / 7, 0.99**2 / 2 / 1.75 * float(mpmath.zeta(1.75)) ** (-1 / 1.75) * math.gamma(3 / 7)),
        ("parameters", 0.75, 1 / (1.5 * float(mpmath.zeta(1.75)))),
    ],
)
def test_laws_with_elementary_prefactors(resource: str, exponent: float, prefactor: float) -> None:
    found = answer(f"law {resource} --alpha 0.75 --initial-strength 0.01")
    assert found["exponent"] == pytest.approx(exponent, rel=1e-14)
    assert found["prefactor"] == pytest.approx(prefactor, rel=1e-12)


def test_law_is_checked_at_given_resources() -> None:
    check = answer("law time --alpha 0.6 --time 1e4 --parameters 100")["check"]
    assert not check["holds"]
    assert [c["holds"] for c in check["conditions"]] == [True, True, False, True]
    assert check["relative_distance"] == pytest.approx(check["law_loss"] / check["exact_loss"] - 1)
    text = saltus(*"law time --alpha 0.6 --time 1e4 --parameters 100".split()).stdout
    assert "does not hold, because n_parameters^(alpha+1) >> eta S time is not so" in text
    assert "check" not in answer("law time --alpha 0.6")


def test_optimal_split_beats_its_neighbours() -> None:
    options = "--alpha 0.8 --n-skills 400 --initial-strength 0.05"
    best = answer(f"optimal --compute 2e4 {options}")

    def at(n: int) -> float:
        return plain_loss(0.8, 400, n, 1.0, 0.05, 1.0, 2e4 / n)

    n = best["n_parameters"]
    assert best["time"] == pytest.approx(2e4 / n)
    assert best["loss"] == pytest.approx(at(n), rel=1e-12)
    assert best["loss"] <= min(at(m) for m in (n - 2, n - 1, n + 1, n + 2, n // 2, 2 * n)) * (1 + 1e-14)
    assert best["law"]["n_parameters"] == pytest.approx(n, rel=0.1)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("loss --alpha -1", "saltus: --alpha must be a finite number greater than 0; received -1.0; "),
        ("loss --alpha nan", "saltus: --alpha must be a finite number greater than 0; received nan; "),
        (
            "loss --alpha 0.6 --n-skills 0.5",
            "saltus: --n-skills must be a whole number, 1 or more; received 0.5; ",
        ),
        (
            "loss --alpha 0.6 --initial-strength 1",
            "saltus: --initial-strength must lie between 0 and --target-scale = 1; received 1.0; give the",
        ),
        (
            "loss --alpha 0.6 --initial-strength 0",
            "saltus: --initial-strength must lie between 0 and --target-scale = 1;",
        ),
        ("loss --alpha 0.6 --time -1", "saltus: time must be at least 0; received -1.0; give the number of steps"),
        (
            "loss --alpha 0.6 --data 0.5",
            "saltus: data must be a whole number of samples, at least 1, or inf; ",
        ),
        (
            "loss --alpha 0.6 --parameters 0",
            "saltus: --parameters must be a whole number, 1 or more; received",
        ),
        ("loss", "saltus: Required options Missing from saltus loss: --alpha"),
        (
            "law space --alpha 0.6",
            "saltus: resource must be one of time, data, parameters, compute; ",
        ),
        ("optimal --compute 0 --alpha 0.6", "saltus: --compute must be a finite number greater than 0; received 0.0; "),
        (
            "optimal --compute 1 --alpha 0.6 --parameters 3",
            "saltus: parameters is what this command finds; received 3.0",
        ),
    ],
)
def test_bad_input_gets_one_line_and_status_2(command: str, text: str) -> None:
    done = saltus(*command.split())
    assert done.returncode == 2
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_all_reproduces_every_target_in_its_own_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = {name: TARGETS[name] for name in ("table2", "errata")}
    monkeypatch.setattr("saltus.cli.reproduce.TARGETS", targets)
    # A preset that a target does not have gives way to its own default, or no name would suit all of them.
    assert main(["reproduce", "all", "--preset", "quick", "--out", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == set(targets)
    for name, summary in printed.items():
        assert json.loads((tmp_path / name / "summary.json").read_text()) == summary
