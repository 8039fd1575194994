"""CSV files of losses: the columns asked for as written, blanks counted, and every oddity named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from saltus import InputError
from saltus.read import files
from saltus.read.columns import read_columns

TABLE = """\
size, loss,run,comment
100,3.5,a,first
1e3,2.5,b,
,2.0,b,no size
10000,NaN,c,no loss
1e5,1.5,c,last
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "losses.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_columns_are_read_as_written_and_incomplete_rows_counted(tmp_path: Path) -> None:
    table, left_out = read_columns(written(tmp_path, TABLE), ["size", "loss"], label="run")
    assert table.columns.tolist() == ["size", "loss", "run"]
    assert table["size"].tolist() == [100.0, 1000.0, 1e5]
    assert table["loss"].tolist() == [3.5, 2.5, 1.5]
    assert table["run"].tolist() == ["a", "b", "c"]
    assert table.index.tolist() == [0, 1, 2]
    assert left_out == 2


def test_a_column_asked_for_twice_is_read_once_and_blanks_elsewhere_do_not_count(tmp_path: Path) -> None:
    table, left_out = read_columns(written(tmp_path, TABLE), ["loss", "loss"])
    assert table.columns.tolist() == ["loss"]
    assert (len(table), left_out) == (4, 1)


MANY = ",".join(f"column{i}" for i in range(13)) + "\n" + ",".join("1" * 13) + "\n"
REFUSED = {
    "": "the losses must be a table with a header line; received .*; the file is empty$",
    "size\n1\n": "the file must have the column 'loss'; received .*; it has 'size'$",
    MANY: r"the file must have the column 'size'; received .*'column11' and 1 more$",
    MANY.replace("column0", "x" * 45): f"'{'x' * 40}', 'column1', ",
    ",".join(f"c{i}" for i in range(12)) + "\n": "it has .*'c11'$",
    "size,loss\n1,2\n3,4,5\n": "the losses must be a CSV file; received .*: save it as comma-separated text in UTF-8",
    "size,loss\n1,2\n3,-4\n": "every 'loss' must be a finite number greater than 0; received '-4'; see row 2 below",
    "size,loss\n0,2\n": "every 'size' must be a finite number greater than 0; received '0'; see row 1 below the header",
    "size,loss\n1,inf\n": "every 'loss' must be a finite number greater than 0; received 'inf'; see row 1",
    "size,loss\n1,two\n": "every 'loss' must be a finite number greater than 0; received 'two'; see row 1",
    "size,loss\n1,\n": "the file must have rows with numbers; received .*; no row has a value of 'size' and 'loss'$",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_file_that_is_no_such_table_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_columns(written(tmp_path, text), ["size", "loss"])
    assert re.search(REFUSED[text], str(caught.value))
    assert "\n" not in str(caught.value)


def test_what_is_no_file_of_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the losses must be a CSV file; received .*; it is a folder: name a file in"):
        read_columns(tmp_path, ["loss"])
    with pytest.raises(InputError, match="the losses must be a file that can be read; received .*; No such file or"):
        read_columns(tmp_path / "none.csv", ["loss"])
    (tmp_path / "bytes.csv").write_bytes(b"loss\n\xff\xfe\n")
    with pytest.raises(InputError, match="the losses must be a CSV file; received .*: save it as comma-separated text"):
        read_columns(tmp_path / "bytes.csv", ["loss"])


def test_a_huge_file_of_losses_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "losses.csv"
    path.write_text("x,loss\n" + "1,2\n" * 2**18)
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    rule = re.escape("losses must take at most 1 MiB, unpacked; received 'losses.csv: 1 MiB'; export fewer columns or")
    with pytest.raises(InputError, match=f"^{rule}"):
        read_columns(path, ["x", "loss"])
    monkeypatch.setattr(files, "MAX_BYTES", path.stat().st_size)
    assert len(read_columns(path, ["x", "loss"])[0]) == 2**18
