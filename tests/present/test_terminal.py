"""Tables on terminals: numbers stay whole, words are broken at blanks, and spare columns go first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.present.terminal import fitted, show

COLUMNS = [
    Column("skill"),
    Column("frequency", form=".4g", spare=2),
    Column("at", "forecast", form=",.0f"),
    Column("basis", "based on", spare=1),
]
ROWS = [
    {"skill": k, "frequency": 0.123456789 / k, "at": 12345678.0 * k, "basis": "test of the others"}
    for k in (1, 22, 333)
]
TABLE = Table(COLUMNS, ROWS)


def test_a_wide_terminal_shows_all_and_a_narrow_one_leaves_spare_columns_out() -> None:
    assert fitted(TABLE, 100).left_out == ()
    assert fitted(TABLE, 100).widths == (5, 9, 13, 18)
    assert fitted(TABLE, 40).left_out == ("frequency",)
    assert fitted(TABLE, 25).left_out == ("frequency", "based on")
    assert fitted(TABLE, 5).widths == (5, 13)  # nothing is cut: the terminal breaks its lines


@given(st.integers(1, 120))
def test_what_fits_fits_and_no_number_is_broken(width: int) -> None:
    part = fitted(TABLE, width)
    if part.left_out != ("frequency", "based on"):
        assert sum(part.widths) + 2 * (len(part.widths) - 1) <= width
    for column, room in zip(zip(*part.table.texts, strict=True), part.widths, strict=True):
        assert all(len(cell) <= room for cell in column if not cell.startswith("test"))


def test_a_terminal_of_40_columns_shows_whole_numbers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    show(Report("Title", TABLE, {}, remarks=["a remark"], answer=["the answer"]), [], as_json=False)
    printed = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert printed[:3] == ["the answer", "", "Title"]
    assert [line.split()[:2] for line in printed if line[:5].strip().isdigit()] == [
        ["1", "12,345,678"],
        ["22", "271,604,916"],
        ["333", "4,111,110,774"],
    ]
    assert "(no room for frequency)" in printed
    assert max(map(len, printed)) <= 40


def test_nothing_but_the_answer_is_printed_of_an_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    show(Report("", Table(), {}, answer=["the answer"]), [], as_json=False)
    assert capsys.readouterr().out.split("\n\n")[0] == "the answer"
