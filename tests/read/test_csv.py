"""Text tables as people keep them: comments, notes, logs that go on, files being written."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from saltus.read.formats import csv as csv_format
from saltus.read.formats.csv import CsvTable, is_csv_log


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def said(path: Path) -> dict[str, str]:
    return {finding.kind: finding.text for finding in reading_report(read_curves(path)).findings}


def strengths(path: Path) -> list[list[float]]:
    return read_curves(path)["strength"].to_numpy()[0].tolist()  # type: ignore[no-any-return]


def test_comments_blank_lines_and_headers_between_rows_are_left_out(tmp_path: Path) -> None:
    text = '# run 12, lr "3e-4\n\n% seed 1\nstep,a,b\n0,0.1,0.2\n# resumed\n\nstep,a,b\n5,0.3,0.4\n#\n'
    path = written(tmp_path / "c.csv", text, "utf-8-sig")
    assert strengths(path) == [[0.1, 0.3], [0.2, 0.4]]
    found = said(path)
    assert found["comment lines"] == "4 lines with # or %, left out"
    assert found["repeated headers"].startswith("the header stands 1 time more between the rows")


def test_numpy_writes_its_header_as_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    np.savetxt(path, [[0, 0.1, 0.2], [5, 0.3, 0.4]], delimiter=",", header="step,a,b")
    assert strengths(path) == [[0.1, 0.3], [0.2, 0.4]]


def test_a_file_that_is_being_written_is_read_up_to_its_last_whole_row(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "step,a,b\n0,0.1,0.2\n5,0.3,0.4\n10,0.")
    assert strengths(path) == [[0.1, 0.3], [0.2, 0.4]]
    assert said(path)["torn last line"].startswith("the file ends within a row")
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert strengths(packed) == [[0.1, 0.3], [0.2, 0.4]]
    with pytest.raises(InputError, match="every row must have 3 cells, as the header; received 2; see line 3 of"):
        read_curves(written(path, "step,a,b\n0,0.1,0.2\n5,0.3\n10,0.5,0.6"))


def test_a_damaged_number_is_no_text_column(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i / 100},{i / 100}\n" for i in range(50))
    with pytest.raises(InputError, match="column 'b' must hold numbers; received '0.5o'; see line 52 of c.csv"):
        read_curves(written(tmp_path / "c.csv", f"step,a,b\n{rows}50,0.5,0.5o\n"))


@pytest.mark.parametrize("late", [False, True])
def test_columns_of_text_are_left_out_by_name(tmp_path: Path, late: bool) -> None:
    first = 1500 if late else 1
    rows = "".join(f"{i},{i / 2000},{'saved' if i > first else ''},2024-01-01\n" for i in range(2000))
    found = said(written(tmp_path / "c.csv", f"step,a,remark,date\n{rows}"))
    assert found["columns left out"] == "2 of the file were not read: remark, date"


def test_a_metric_that_comes_late_is_read(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i / 2000},{i / 4000 if i > 1500 else ''}\n" for i in range(2000))
    curves = read_curves(written(tmp_path / "c.csv", f"step,a,b\n{rows}"))
    assert curves["skill_name"].to_numpy().tolist() == ["a", "b"]


def test_a_log_of_cells_is_a_table(tmp_path: Path) -> None:
    keras = written(tmp_path / "training.log", "epoch,accuracy,loss\n0,0.1,2.3\n1,0.4,1.8\n2,0.7,0.9\n")
    assert strengths(keras) == [[0.1, 0.4, 0.7]]
    for text in ("step 1: loss 2.5\nstep 2: loss 2.4\n", "a,b\nc,d\n", "a\n1\n", "", "a,b\n1\n"):
        assert not is_csv_log(written(tmp_path / "text.log", text))
    (tmp_path / "binary.log").write_bytes(bytes(range(256)))
    assert not is_csv_log(tmp_path / "binary.log")


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_the_size_of_pieces_changes_nothing(tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_format, "_CELLS_AT_ONCE", 3 * at_once)
    rows = ["0,x,0.5", "", "# a comment", "1,y,50%", "step,skill,acc", "2,x,NA", "3,y,1 000.5", "4,x"]
    path = written(tmp_path / "c.csv", "\n".join(["step,skill,acc", *rows]))
    columns = CsvTable.open(path).read(["step", "acc"], ["skill"])
    assert columns.numbers["step"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(columns.numbers["acc"], [0.5, 0.5, np.nan, 1000.5])
    assert [columns.labels["skill"].names[code] for code in columns.labels["skill"].codes] == ["x", "y", "x", "y"]
    kinds = {finding.kind for finding in columns.findings}
    assert kinds == {"comment lines", "repeated headers", "torn last line", "percent signs", "thousands separators"}
