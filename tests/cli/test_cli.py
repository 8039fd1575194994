"""The command line from outside: exit status, one clear line, files, JSON."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from saltus.reproduce.targets import TARGETS

TINY = "--n-skills 2 --n-bits 12 --n-relevant 2 --steps 1500 --width 100 --batch-size 100 --init-std 0.05".split()


def saltus(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "saltus", *arguments], capture_output=True, text=True, cwd=cwd, timeout=300
    )


def test_help_of_every_command_shows_an_example() -> None:
    for command in (
        [],
        ["reproduce"],
        ["train"],
        ["sweep"],
        ["sweep", "run"],
        ["sweep", "status"],
        ["sweep", "export"],
    ):
        done = saltus(*command, "--help")
        assert done.returncode == 0
        assert "Example: saltus " + " ".join(command) in done.stdout


@pytest.mark.parametrize("command", ["train", "loss", "law", "optimal"])
def test_the_example_in_help_works(command: str, tmp_path: Path) -> None:
    example = saltus(command, "--help").stdout.split("Example: saltus ")[1].splitlines()[0]
    done = saltus(*example.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_help_names_every_target() -> None:
    shown = saltus("reproduce", "--help").stdout
    assert [target for target in TARGETS if target not in shown] == []


def test_version() -> None:
    assert saltus("--version").stdout == "saltus 0.1.0\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, saltus.cli\n"
        "try: saltus.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'numba', 'xarray', 'pandas', 'matplotlib', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_training_from_the_command_line_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "mlp"
    done = saltus("train", "mlp", *TINY, "--seeds", "2", "--seed", "7", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert {"curves.csv", "summary.csv", "emergence.png", "emergence.pdf", "summary.json", "runs"} == set(
        os.listdir(out)
    )
    summary = json.loads((out / "summary.json").read_text())
    assert [run["seed"] for run in summary["runs"]] == [7, 8]
    assert summary["settings"]["training"]["width"] == 100
    first = summary["skills"][0]
    assert first["n_emerged"] == 2
    assert f"{first['measured_time']:.0f}" in done.stdout
    with (out / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"run", "skill", "step", "strength", "loss", "optimizer", "batch_size", "schedule"}
    assert (rows[0]["optimizer"], rows[0]["batch_size"]) == ("sgd", "100")
    assert {row["run"] for row in rows} == {"7", "8"}
    emerged = [int(row["step"]) for row in rows if row["skill"] == "1" and float(row["strength"]) > 0.5]
    assert min(emerged) <= first["measured_time"] * 1.3


def test_json_is_one_object_on_stdout_and_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    outputs = [
        saltus("train", "mlp", *TINY, "--seeds", "3", "--workers", workers, "--json", "--out", str(tmp_path / workers))
        for workers in ("1", "3")
    ]
    assert outputs[0].stdout == outputs[1].stdout
    assert json.loads(outputs[0].stdout) == json.loads((tmp_path / "1" / "summary.json").read_text())
    assert (tmp_path / "1" / "curves.csv").read_bytes() == (tmp_path / "3" / "curves.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("train mlp --out o --alpha 0", "saltus: --alpha must be a finite number greater than 0; received 0.0; "),
        ("train mlp --out o --alpha nan", "saltus: --alpha must be a finite number greater than 0; received nan; "),
        ("train mlp --out o --n-skills 0", "saltus: --n-skills must be a whole number, 1 or more; received 0; "),
        (
            "train mlp --out o --n-skills 11",
            "saltus: disjoint skills need --n-relevant * --n-skills <= --n-bits, here 3 * 11 <= 32",
        ),
        ("train mlp --out o --steps -3", "saltus: --steps must be a whole number, 1 or more; received -3; "),
        ("train mlp --out o --preset huge", "saltus: --preset must be one of quick, paper; received 'huge'; "),
        ("train mlp --out o --seeds 0", "saltus: --seeds must be a whole number, 1 or more; received 0; "),
        ("train cnn --out o", "saltus: network must be one of mlp, transformer; received 'cnn'; choose one of them"),
        (
            "train mlp --out file",
            "saltus: the output folder must be a folder; received 'file'; it is a file: choose another",
        ),
        (
            "train mlp --out file/x",
            "saltus: the output folder must be writable; received 'file/x'; Not a directory: choose",
        ),
        ("train mlp", "saltus: Required options Missing from saltus train: --out"),
        ("train mlp --out o --steps many", "saltus: Value error Error parsing --steps: "),
        ("reproduce fig1a --preset huge", "saltus: --preset must be one of quick, paper; received 'huge'; "),
        ("reproduce fig99", "saltus: target must be one of fig1, fig1a"),
        ("reproduce fig1a --seed -1", "saltus: --seed must be a whole number, 0 or more; received -1; "),
        ("reproduce fig1a --workers 0", "saltus: --workers must be a whole number, 1 or more; received 0; "),
        ("reproduce fig1a --sede 1", "saltus: Unrecognized options"),
        ("unknown", "saltus: Unrecognized options"),
        ("", "saltus: Missing subcommand"),
    ],
)
def test_bad_input_gets_one_line_status_2_and_nothing_written(tmp_path: Path, arguments: str, text: str) -> None:
    (tmp_path / "file").write_text("mine")
    done = saltus(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_stalled_run_is_named_on_stderr_and_its_curves_are_kept(tmp_path: Path) -> None:
    arguments = "--n-skills 1 --steps 800 --learning-rate 0.1 --json".split()
    done = saltus("train", "mlp", *arguments, "--out", str(tmp_path))
    assert done.returncode == 0
    assert "saltus: warning: run with seed 0 stalled: at step 800 skill 1 has R/S = 0." in done.stderr
    assert json.loads(done.stdout)["runs"] == [{"seed": 0, "status": "stalled"}]
    assert (tmp_path / "curves.csv").exists()


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_stops_in_the_midst_of_runs_and_says_how_to_continue(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "saltus", "train", "mlp", *TINY, "--steps", "1000000", "--seeds", "3"]
    with subprocess.Popen(
        [*command, "--out", str(out)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "% done" in process.stderr.readline()  # before that, it may be compiling still
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=180)
    assert process.returncode == 1
    assert stderr.splitlines()[-1] == (
        f"saltus: interrupted; 0 of 3 runs are stored in {out / 'runs'}: start the same again and it continues"
    )
    assert "Traceback" not in stderr
    assert stdout == ""
    assert os.listdir(out) == ["runs"]  # no figure and no table of half a training
    assert len(list(out.glob("runs/*/*.checkpoint.npz"))) == min(3, len(os.sched_getaffinity(0)))
