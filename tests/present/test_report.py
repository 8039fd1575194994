"""Reports: what is written, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from saltus import InputError
from saltus.present.report import Report, prepare_folder, write
from saltus.present.table import Column, Table


def report() -> Report:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([0, 1], [0, 1])
    return Report(
        title="A title",
        table=Table([Column("a")], [{"a": 1}]),
        summary={"known": 1.5, "unknown": float("nan"), "nested": [{"x": float("inf")}], "version": "v"},
        figures={"picture": figure},
        tables={"numbers": pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan]})},
    )


def test_every_part_is_written_and_nothing_else(tmp_path: Path) -> None:
    paths = write(report(), tmp_path)
    names = {"picture.png", "picture.pdf", "numbers.csv", "summary.csv", "summary.json"}
    assert {path.name for path in paths} == names == set(os.listdir(tmp_path))
    assert json.loads((tmp_path / "summary.json").read_text()) == {
        "known": 1.5,
        "unknown": None,
        "nested": [{"x": None}],
        "version": "v",
    }
    assert (tmp_path / "numbers.csv").read_text() == "x,y\n1,0.5\n2,\n"
    assert (tmp_path / "summary.csv").read_text() == "a\n1\n"
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "picture.pdf").read_bytes().startswith(b"%PDF")


def test_equal_reports_are_equal_files(tmp_path: Path) -> None:
    first, second = (write(report(), prepare_folder(tmp_path / name)) for name in ("a", "b"))
    for left, right in zip(first, second, strict=True):
        assert left.read_bytes() == right.read_bytes()


def test_a_failure_leaves_the_earlier_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "summary.json").write_text("earlier")

    def disk_full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write(Report("t", Table(), {"new": 1}), tmp_path)
    assert os.listdir(tmp_path) == ["summary.json"]
    assert (tmp_path / "summary.json").read_text() == "earlier"


def test_an_output_folder_that_is_a_file_or_lies_in_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("mine")
    with pytest.raises(InputError, match="the output folder must be a folder; received .*taken'; it is a file: choose"):
        prepare_folder(file)
    with pytest.raises(
        InputError, match="the output folder must be writable; received .*deeper'; Not a directory: choose"
    ):
        prepare_folder(file / "deeper")
    assert file.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="the output folder must be writable; .* Permission denied"):
        prepare_folder(tmp_path)
