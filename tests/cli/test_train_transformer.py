"""``saltus train transformer``: from options to curves; options of another network are refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saltus.cli import main

TINY = "--n-skills 2 --n-bits 3 --n-relevant 1 --steps 30 --embedding 8 --batch-size 32 --workers 1".split()


def test_options_change_the_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(["train", "transformer", *TINY, "--seed", "7", "--out", str(tmp_path), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert [run["seed"] for run in summary["runs"]] == [7]
    task, training = summary["settings"]["task"], summary["settings"]["training"]
    assert (task["n_bits"], task["target_scale"], task["frequencies"]["alpha"], task["seed"]) == (3, 1, 0.9, 4)
    assert (training["steps"], training["network"]["embedding"], training["momentum"]) == (30, 8, 0.9)
    assert {"curves.csv", "emergence.png", "summary.json"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("transformer --width 50", "width is no option of this network; received 50; leave width out"),
        ("mlp --embedding 50", "embedding is no option of this network; received 50; leave embedding out"),
        ("transformer --embedding 50", "embedding must be a multiple of heads, here of 4; received 50"),
        ("transformer --preset best", "preset must be one of quick, fast, paper; received 'best'"),
        ("perceptron", "network must be one of mlp, transformer; received 'perceptron'"),
    ],
)
def test_what_does_not_fit_is_refused(
    words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if words.startswith("transformer"):
        pytest.importorskip("torch")
    assert main(["train", *words.split(), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
