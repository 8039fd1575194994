"""Steps and sizes that stand in words, in columns and in headers, are read as numbers, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import saltus
from saltus import InputError
from saltus.curves.report import ReadingReport

TASKS = {"copy": [0.0, 0.25, 1.0], "sort": [0.0, 0.5, 0.75]}


def read(path: Path, text: str, **options: str) -> tuple[xr.Dataset, ReadingReport]:
    path.write_text(text)
    curves = saltus.read_curves(path, **options)  # type: ignore[arg-type]
    return curves, saltus.reading_report(curves)


def found(report: ReadingReport) -> dict[str, str]:
    return {finding.kind: finding.text for finding in report.findings}


@pytest.mark.parametrize("words", [("step0", "step1000", "step2k"), ("ckpt-0", "ckpt-1000", "ckpt-2000")])
@pytest.mark.parametrize("column", ["checkpoint", "step"])
def test_a_column_of_checkpoints_holds_steps(tmp_path: Path, words: tuple[str, ...], column: str) -> None:
    rows = [f"{word},{task},{TASKS[task][i]}" for i, word in enumerate(words) for task in TASKS]
    rows += [f"final,{task},0.9" for task in TASKS]
    curves, report = read(tmp_path / "c.csv", "\n".join([f"{column},task,acc", *rows]))
    assert curves.step.values.tolist() == [0, 1000, 2000]
    assert report.skills == ("copy", "sort")
    assert f"{words[0]!r} as 0" in found(report)["steps in words"]
    assert "2 rows of final" in found(report)["steps without a number"]


def test_models_of_several_sizes_are_points_over_parameters(tmp_path: Path) -> None:
    rows = [f"pythia-{size},{TASKS['copy'][i]},{TASKS['sort'][i]}" for i, size in enumerate(("70m", "160m", "1.4b"))]
    curves, report = read(tmp_path / "c.csv", "\n".join(["model,copy,sort", *rows]))
    np.testing.assert_allclose(curves.parameters, [7e7, 1.6e8, 1.4e9])
    assert report.resource == "parameters"
    assert "'pythia-70m' as 7e+07" in found(report)["steps in words"]


@pytest.mark.parametrize("headers", [("step0", "step1000", "step2000"), ("0", "1000", "2000"), ("0", "1k", "2k")])
@pytest.mark.parametrize("corner", ["task", "", "Benchmark"])
def test_a_pivoted_table_has_a_column_a_step(tmp_path: Path, headers: tuple[str, ...], corner: str) -> None:
    rows = [f"{task},{','.join(map(str, values))}" for task, values in TASKS.items()]
    curves, report = read(tmp_path / "c.csv", "\n".join([f"{corner},{','.join(headers)}", *rows]))
    assert curves.step.values.tolist() == [0, 1000, 2000]
    assert report.skills == ("copy", "sort")
    np.testing.assert_allclose(curves.strength.transpose("run", "skill", "step")[0], [*TASKS.values()])
    assert "steps in the header" in found(report)


@pytest.mark.parametrize(
    "text",
    ["task,acc,f1\na,0.1,0.2\nb,0.2,0.3\n", "model,acc\ngpt2,0.1\nbert,0.2\n", "checkpoint,acc\nbest,0.1\nlast,0.2\n"],
)
def test_words_without_steps_stay_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="column of steps|must hold numbers"):
        read(tmp_path / "c.csv", text)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.xlsx", "with pandas: read_excel and to_csv"),
        ("a.pt", "pickles are not opened"),
        ("a.safetensors", "weights"),
        ("a.tar.gz", "unpack it and name the folder"),
        ("a.xyz", "export it as .csv"),
    ],
)
def test_files_of_other_kinds_are_refused_with_their_way_out(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04\x95\x10\x00")
    with pytest.raises(InputError, match=advice):
        saltus.read_curves(tmp_path / name)
