"""Columns of losses from files of any format: numbers as written, blanks and zeros counted, and every oddity named."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
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
0,4.0,a,not begun
1e5,1.5,c,last
"""


def written(folder: Path, text: str, name: str = "losses.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_columns_are_read_as_written_and_rows_without_a_value_or_an_amount_counted(tmp_path: Path) -> None:
    rows = read_columns(written(tmp_path, TABLE), ["size"], ["loss"], label="run")
    assert rows.table.columns.tolist() == ["size", "loss", "run"]
    assert rows.table["size"].tolist() == [100.0, 1000.0, 1e5]
    assert rows.table["loss"].tolist() == [3.5, 2.5, 1.5]
    assert rows.table["run"].tolist() == ["a", "b", "c"]
    assert rows.table.index.tolist() == [0, 1, 2]
    assert (rows.n_blank, rows.n_zero) == (2, 1)


def test_a_column_asked_for_twice_is_read_once_and_blanks_elsewhere_do_not_count(tmp_path: Path) -> None:
    rows = read_columns(written(tmp_path, TABLE), [], ["loss", "loss"])
    assert rows.table.columns.tolist() == ["loss"]
    assert (len(rows.table), rows.n_blank, rows.n_zero) == (5, 1, 0)


def test_a_row_without_its_label_is_blank(tmp_path: Path) -> None:
    assert read_columns(written(tmp_path, TABLE), ["size"], ["loss"], label="comment").n_blank == 3


@pytest.mark.parametrize("ending", [".tsv", ".txt", ".parquet"])
def test_tables_of_other_formats_are_read_alike(ending: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"size": [1.0, 10.0, 100.0], "loss": [3.0, 2.0, 1.5]})
    path = tmp_path / f"losses{ending}"
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ";")
    pd.testing.assert_frame_equal(read_columns(path, ["size"], ["loss"]).table, table)


def test_several_files_are_one_table_and_their_names_can_be_runs(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"size,loss\n1,{k}\n2,{k + 1}\n", f"{k}.csv") for k in (3, 5)]
    rows = read_columns(paths, ["size"], ["loss"], label="file")
    assert rows.table["loss"].tolist() == [3.0, 4.0, 5.0, 6.0]
    assert rows.table["file"].tolist() == [str(paths[0])] * 2 + [str(paths[1])] * 2


def test_numbers_in_the_paths_of_files_are_columns(tmp_path: Path) -> None:
    table = "tokens,loss\n10,{}\n20,{}\n"
    paths = [written(tmp_path, table.format(loss, loss - 1), f"{size}.csv") for size, loss in (("70m", 4), ("1b", 3))]
    rows = read_columns(paths, ["parameters", "tokens"], ["loss"]).table
    assert rows.to_numpy().tolist() == [[1e9, 10, 3], [1e9, 20, 2], [7e7, 10, 4], [7e7, 20, 3]]
    with pytest.raises(InputError, match="the file must have the column 'parameters'"):
        read_columns(paths[0], ["parameters"], ["loss"])


def test_of_one_metric_a_row_the_metrics_are_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "step,metric,value,time\n1,loss,3,a\n1,tokens,9,b\n2,loss,2,c\n2,tokens,18,d\n")
    one = read_columns(path, ["step"], ["loss"]).table
    assert (one["step"].tolist(), one["loss"].tolist()) == ([1.0, 2.0], [3.0, 2.0])
    both = read_columns(path, ["tokens", "step"], ["loss"]).table
    assert both[["tokens", "step", "loss"]].to_numpy().tolist() == [[9.0, 1.0, 3.0], [18.0, 2.0, 2.0]]
    with pytest.raises(InputError, match="must share a column that joins them; received 'losses.csv'; name one of its"):
        read_columns(path, ["tokens"], ["loss"])


MANY = ",".join(f"column{i}" for i in range(13)) + "\n" + ",".join("1" * 13) + "\n"
REFUSED = {
    "size\n1\n": "the file must have the column 'loss'; received .*; it has 'size'$",
    MANY: r"the file must have the column 'size'; received .*'column11' and 1 more$",
    MANY.replace("column0", "x" * 45): f"'{'x' * 40}', 'column1', ",
    ",".join(f"c{i}" for i in range(12)) + "\n": "it has .*'c11'$",
    "size,loss\n1,2\n3,-4\n": r"every 'loss' must be a finite number greater than 0; received -4\.0; see row 2 below "
    "the "
    "header; of a score, give quantity=$",
    "size,loss\n-1,2\n": r"every 'size' must be a finite number of at least 0; received -1\.0; see row 1 below the "
    "header$",
    "size,loss\n1,inf\n": "every 'loss' must be a finite number greater than 0; received inf; see row 1",
    "size,loss\n1,two\n": "column 'loss' must hold numbers; received 'two'; see line 2 of losses.csv",
    "size,loss\n1,\n": "the file must have rows with numbers; received .*; no row has a value of 'size' and 'loss'$",
    "size,loss\n0,1\n": "the file must have rows with numbers; received .*; no row has a value of 'size' and 'loss'$",
    "size,loss\n": "the file must have rows with numbers; received .*; no row has a value of 'size' and 'loss'$",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_file_that_is_no_such_table_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_columns(written(tmp_path, text), ["size"], ["loss"])
    assert re.search(REFUSED[text], str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_huge_file_of_losses_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "losses.csv"
    path.write_text("x,loss\n" + "1,2\n" * 2**18)
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    with pytest.raises(InputError, match="must take at most 1 MiB, unpacked; received 'losses.csv: 1 MiB'"):
        read_columns(path, ["x"], ["loss"])
    monkeypatch.setattr(files, "MAX_BYTES", path.stat().st_size)
    assert len(read_columns(path, ["x"], ["loss"]).table) == 2**18
