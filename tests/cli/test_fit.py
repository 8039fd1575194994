"""``saltus fit`` from outside: recovery, files, the theory beside it, and a corpus of broken input."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saltus import Multilinear, PowerLaw
from saltus.cli import main
from tests.helpers import shared_data


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status = main(["fit", *arguments, "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    result: dict[str, Any] = json.loads(captured.out)
    return result


@pytest.fixture
def losses(tmp_path: Path) -> Path:
    """A law with an offset, in one resource and, as columns of their own, in two."""
    rng = np.random.default_rng(0)
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 1e11, 6)))
    noise = np.exp(0.002 * rng.normal(size=n.size))
    table = pd.DataFrame(
        {
            "params": n,
            "tokens": d,
            "flop": 6 * n * d,
            "loss": (1.7 + 400 * n**-0.34 + 410 * d**-0.28) * noise,
            "of tokens": (1.5 + 300 * d**-0.3) * noise,
            "seed": np.arange(n.size) % 4,
        }
    )
    path = tmp_path / "losses.csv"
    table.to_csv(path, index=False)
    return path


def test_one_resource(capsys: pytest.CaptureFixture[str], losses: Path) -> None:
    found = answer(capsys, str(losses), "--x", "tokens", "--loss", "of tokens", "--form", "power-offset")
    assert found["status"] == "converged"
    for name, value in {"E": 1.5, "A": 300.0, "b": 0.3}.items():
        low, high = found["intervals"][name]
        assert low < value < high
        assert low <= found["parameters"][name] <= high
    assert found["settings"]["delta"] == 1e-3
    assert found["settings"]["form"] == "power-offset"
    assert found["version"]
    assert found["hold_out"]["n_foreseen"] == 12
    table = pd.read_csv(losses)
    law = found["parameters"]["E"] + found["parameters"]["A"] * table["tokens"] ** -found["parameters"]["b"]
    residual = np.abs(np.log(table["of tokens"] / law))
    huber = np.where(residual <= 1e-3, residual**2 / 2, 1e-3 * (residual - 5e-4))
    assert found["objective"] == pytest.approx(huber.sum(), rel=1e-9)


def test_compute_stands_for_data_by_the_chinchilla_convention(capsys: pytest.CaptureFixture[str], losses: Path) -> None:
    common = [str(losses), "--form", "two-resource", "--loss", "loss", "--parameters", "params", "--bootstrap", "20"]
    by_data = answer(capsys, *common, "--data", "tokens")
    by_compute = answer(capsys, *common, "--compute", "flop")
    assert by_compute["parameters"] == pytest.approx(by_data["parameters"], rel=1e-6)
    assert by_data["data"] is None
    assert by_compute["data"] == "D = C / (6 N), the Chinchilla convention"
    assert main(["fit", *common, "--compute", "flop"]) == 0
    assert "\nD = C / (6 N), the Chinchilla convention\n" in capsys.readouterr().out
    alphas = {row["resource"]: row["alphas"][0] for row in by_data["theory"]}
    a, b = by_data["parameters"]["a"], by_data["parameters"]["b"]
    assert alphas == pytest.approx({"parameters": a, "data": b / (1 - b)})


def test_dropped_and_blank_rows_are_counted(capsys: pytest.CaptureFixture[str], losses: Path) -> None:
    table = pd.read_csv(losses)
    table.loc[[3, 7], "of tokens"] = np.nan
    table.loc[11, "of tokens"] = 1e3
    table.to_csv(losses, index=False)
    options = [str(losses), "--x", "tokens", "--loss", "of tokens", "--form", "power-offset", "--drop-highest", "1"]
    found = answer(capsys, *options, "--objective", "least-squares", "--bootstrap", "0")
    assert (found["n_points"], found["n_blank"], found["n_dropped"]) == (33, 2, 1)
    assert found["parameters"]["E"] == pytest.approx(1.5, rel=0.02)
    assert found["intervals"] == {}
    residual = found["objective"]
    assert residual < 33 * 0.002**2  # half the squares of 0.2 % noise: the outlier is gone


def test_rivals_runs_and_theory(capsys: pytest.CaptureFixture[str], losses: Path) -> None:
    options = [str(losses), "--x", "tokens", "--loss", "of tokens", "--runs", "seed", "--bootstrap", "50", "--compare"]
    found = answer(capsys, *options, "--resource", "data", "--alpha", "0.6", "--n-skills", "1e8")
    assert found["n_runs"] == 4
    assert {row["form"] for row in found["comparison"]} == {"power", "power-offset", "broken"}
    assert found["comparison"][0]["form"] == "power-offset"
    (row,) = found["theory"]
    b = found["parameters"]["b"]
    assert row["alphas"] == [pytest.approx(b / (1 - b))]
    assert row["exponent_of_alpha"] == pytest.approx(0.375)
    assert row["at"] == pytest.approx(1e10, rel=1e-6)
    model = Multilinear(PowerLaw(0.6, 1e8), initial_strength=0.01)
    slope = -math.log(float(model.loss(data=11e9)) / float(model.loss(data=9e9))) / math.log(11 / 9)
    assert row["exponent_of_alpha_at"] == pytest.approx(slope, rel=1e-3)


def test_files_are_written_with_out_and_only_with_it(tmp_path: Path, losses: Path) -> None:
    out = tmp_path / "deep" / "fit"
    example = [
        "fit",
        str(losses),
        "--x",
        "tokens",
        "--loss",
        "of tokens",
        "--form",
        "power-offset",
        "--bootstrap",
        "50",
    ]
    assert main(example) == 0
    assert os.listdir(tmp_path) == ["losses.csv"]
    assert main([*example, "--out", str(out)]) == 0
    assert set(os.listdir(out)) == {"law.png", "law.pdf", "points.csv", "summary.csv", "summary.json"}
    points = pd.read_csv(out / "points.csv")
    assert (points["loss"] / points["law"]).to_numpy() == pytest.approx(
        np.exp(points["log_residual"].to_numpy()), abs=1e-8
    )
    assert json.loads((out / "summary.json").read_text())["status"] == "converged"
    two = [
        "--form",
        "two-resource",
        "--parameters",
        "params",
        "--data",
        "tokens",
        "--loss",
        "loss",
        "--bootstrap",
        "50",
    ]
    assert main(["fit", str(losses), *two, "--out", str(out / "two")]) == 0
    assert set(pd.read_csv(out / "two" / "points.csv").columns) == {
        "n_parameters",
        "data",
        "loss",
        "law",
        "log_residual",
    }


def test_the_example_in_help_works(tmp_path: Path, losses: Path) -> None:
    pd.read_csv(losses)[["tokens", "of tokens"]].rename(columns={"of tokens": "loss"}).to_csv(losses, index=False)
    shown = subprocess.run([sys.executable, "-m", "saltus", "fit", "--help"], capture_output=True, text=True)
    example = shown.stdout.split("Example: saltus ")[1].splitlines()[0]
    done = subprocess.run(
        [sys.executable, "-m", "saltus", *example.split()], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "power-offset: converged" in done.stdout


def test_the_chinchilla_refit(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["--parameters", "Model Size", "--compute", "Training FLOP", "--loss", "loss"]
    found = answer(
        capsys, str(shared_data("chinchilla/chinchilla.csv")), "--form", "two-resource", *columns, "--drop-highest", "5"
    )
    assert found["status"] == "converged"
    assert found["n_points"] == 240
    assert found["objective"] <= 0.00101827402
    assert found["parameters"]["a"] == pytest.approx(0.347, abs=0.001)
    assert found["parameters"]["b"] == pytest.approx(0.367, abs=0.001)
    assert found["parameters"]["E"] == pytest.approx(1.817, abs=0.001)
    assert found["intervals"]["a"] == pytest.approx([0.317, 0.373], abs=0.004)


GOOD = "x,loss\n1,4\n2,3\n4,2.5\n8,2.2\n"
USUAL = "--x x --loss loss"
OF_READER = ""  # a line of the reader, tested in tests/read
BROKEN: list[tuple[bytes, str, str]] = [
    (b"", USUAL, OF_READER),
    (b"\n\n", USUAL, "the file must have the column 'x'; received 'l.csv'; it has none"),
    (
        b"x,loss\n",
        USUAL,
        "the file must have rows with numbers; received 'l.csv'; no row has a value of 'x' and 'loss'",
    ),
    (b"x,loss\n1,2\n", USUAL, "form power has 2 parameters and needs at least 3 points; received 1; measure more"),
    (b"x,loss\n1,nan\n2,NaN\n3,\n", USUAL, "the file must have rows with numbers; received 'l.csv'; no row has a "),
    (
        b"x,loss\n1,4\n2,three\n",
        USUAL,
        "column 'loss' must hold numbers; received 'three'; see line 3 of l.csv",
    ),
    (
        b"x,loss\n1,4\n2,0\n",
        USUAL,
        "every 'loss' must be a finite number greater than 0; received 0.0; see row 2 below the header; of a score, "
        "give --quantity",
    ),
    (b"x,loss\n-1,4\n2,3\n", USUAL, "every 'x' must be a finite number of at least 0; received -1.0; see row 1"),
    (b"x,loss\n1,4\n2,1e999\n", USUAL, "every 'loss' must be a finite number greater than 0; received inf; see"),
    (b"x,loss\n1,4\n2,inf\n", USUAL, "every 'loss' must be a finite number greater than 0; received inf; see row 2"),
    (b"x,loss\n3,4\n3,5\n3,6\n", USUAL, "every resource must take at least two values; received 3.0; measure at"),
    (
        b"x,loss\n1,4\n2,3,9\n4,2\n",
        USUAL,
        OF_READER,
    ),
    (b"x,loss\n1,2,3\n1,2,3\n", USUAL, OF_READER),
    (b"\xff\xfex\x00,\x00l\x00", USUAL, OF_READER),
    (b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xd0\x9f", USUAL, OF_READER),
    (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c", USUAL, OF_READER),
    (
        GOOD.encode(),
        "--x steps --loss loss",
        "the file must have the column 'steps'; received 'l.csv'; it has 'x', 'loss'",
    ),
    (GOOD.encode(), "--loss loss", "form power needs x and no other resource; received None; name the column of x"),
    (
        GOOD.encode(),
        f"{USUAL} --form cubic",
        "--form must be one of power, power-offset, broken, two-resource; received",
    ),
    (GOOD.encode(), f"{USUAL} --form broken", "form broken has 5 parameters and needs at least 6 points; received 4; "),
    (
        GOOD.encode(),
        "--form two-resource --loss loss --parameters x",
        "form two-resource needs parameters and one of data, compute; received []; name the column of N, and",
    ),
    (GOOD.encode(), f"{USUAL} --drop-highest 9", "form power has 2 parameters and needs at least 3 points; received 0"),
    (GOOD.encode(), f"{USUAL} --drop-highest -1", "--drop-highest must be a whole number, 0 or more; received -1; "),
    (GOOD.encode(), f"{USUAL} --objective mean", "--objective must be one of huber, least-squares; received 'mean'; "),
    (GOOD.encode(), f"{USUAL} --delta 0", "--delta must be at least 1e-08; received 0.0; give e.g. 1e-3, or inf"),
    (GOOD.encode(), f"{USUAL} --delta nan", "--delta must be at least 1e-08; received nan; give e.g. 1e-3, or inf"),
    (GOOD.encode(), f"{USUAL} --level 2", "--level must lie between 0 and 1; received 2.0; give e.g. 0.95"),
    (GOOD.encode(), f"{USUAL} --bootstrap -5", "--bootstrap must be a whole number, 0 or more; received -5; "),
    (GOOD.encode(), f"{USUAL} --hold-out 1.5", "share of the points held out must lie between 0 and 1; received 1.5"),
    (GOOD.encode(), f"{USUAL} --resource space", "--resource must be one of time, data, parameters, compute; received"),
    (GOOD.encode(), f"{USUAL} --alpha 0.6", "alpha and a model need resource; received None; say what x is: time"),
    (
        GOOD.encode(),
        f"{USUAL} --resource time --n-skills 0",
        "--n-skills must be a whole number, 1 or more; received 0.0",
    ),
    (GOOD.encode(), f"{USUAL} --resource compute --n-skills 9", "finite --n-skills need time, data or parameters; "),
    (GOOD.encode(), f"{USUAL} --runs group", "the file must have the column 'group'; received 'l.csv'; it has 'x', 'l"),
]


@pytest.mark.parametrize(("content", "options", "text"), BROKEN)
def test_bad_input_gets_one_line_status_2_and_nothing_written(
    content: bytes,
    options: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("l.csv").write_bytes(content)
    assert main(["fit", "l.csv", *options.split(), "--out", "o"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"saltus: {text}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert os.listdir(tmp_path) == ["l.csv"]


def test_a_folder_or_nothing_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(tmp_path), *USUAL.split()]) == 2
    assert capsys.readouterr().err.startswith("saltus: ")
    assert main(["fit", str(tmp_path / "none.csv"), *USUAL.split()]) == 2
    assert capsys.readouterr().err.startswith("saltus: ")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.text(alphabet="x,los\n\"'123.-e", max_size=80).map(str.encode)))
def test_any_bytes_end_in_an_answer_or_in_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(b"x,loss\n1,2\n" + content)
    status = main(["fit", str(path), *USUAL.split(), "--bootstrap", "5", "--json"])
    captured = capsys.readouterr()
    if status == 0:
        assert math.isfinite(json.loads(captured.out)["objective"])
    else:
        assert status == 2
        assert captured.err.startswith("saltus: ")
        assert captured.err.count("\n") == 1
