"""Cells as numbers: every form has its meaning, ambiguous ones the same in all of a column, others are refused."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus import InputError
from saltus.read.numbers import NumberColumn, forms_found, is_number, mostly_numbers


def column(cells: list[str], comma_is_decimal: bool = False) -> NumberColumn:
    read = NumberColumn("acc", "c.csv", comma_is_decimal)
    read.add(cells, range(2, len(cells) + 2))
    return read


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("70M", 70e6),
        ("70m", 70e6),
        ("1.4B", 1.4e9),
        ("1.4 b", 1.4e9),
        ("262k", 262e3),
        ("2T", 2e12),
        ("2.1G", 2.1e9),
        ("1.4e9", 1.4e9),
        ("1_000", 1000),
        ("22%", 0.22),
        ("-0.5 %", -0.005),
        ("1 234", 1234),
        ("12\u202f345.5", 12345.5),
        ("1'234'567", 1234567),
        ("1,234,567", 1234567),
        ("1,234.5", 1234.5),
        ("1.234.567", 1234567),
        ("1.234,5", 1234.5),
        ("0,5", 0.5),
        ("-12,25", -12.25),
        ("1,5e-3", 1.5e-3),
        (",5", 0.5),
        (" 0.5 ", 0.5),
        ("n/a", np.nan),
        ("--", np.nan),
    ],
)
def test_a_cell_has_one_meaning(cell: str, value: float) -> None:
    assert column([cell, cell]).whole().tolist() == pytest.approx([value] * 2, nan_ok=True)


@pytest.mark.parametrize(
    "cell", ["high", "1,2,3", "1 2", "12,34,567", "0.5 (0.1)", "1..2", "M", "%", "±", "1" * 80 + "k"]
)
def test_other_cells_are_refused_with_their_place(cell: str) -> None:
    assert not is_number(cell)
    with pytest.raises(InputError, match="column 'acc' must hold numbers; received '.*'; see line 3 of c.csv"):
        column(["1", cell])


def test_a_comma_that_can_be_either_is_read_as_the_others_are_or_as_the_file_suggests() -> None:
    assert column(["1,234", "5"]).whole().tolist() == [1234, 5]
    assert column(["1,234", "5"], comma_is_decimal=True).whole().tolist() == [1.234, 5]
    assert column(["1,234", "0,5"]).whole().tolist() == [1.234, 0.5]
    assert column(["1,234", "1,234,567"], comma_is_decimal=True).whole().tolist() == [1234, 1234567]
    for contradiction in (["0,5", "1,234,567"], ["0,5", "0.5"]):
        with pytest.raises(InputError, match="column 'acc' must use its commas in one way; received 'decimal commas"):
            column(contradiction).whole()


def test_errors_behind_values_are_kept() -> None:
    read = column(["0.5 ± 0.1", "0.6 +- 0.2", "0.7", "", "50 +/- 1 %", "1,5±0,5"])
    with pytest.raises(InputError):
        read.whole()  # decimal commas beside points
    read = column(["0.5 ± 0.1", "0.6 +- 0.2", "0.7", "", "50 +/- 1 %"])
    assert read.whole().tolist() == pytest.approx([0.5, 0.6, 0.7, np.nan, 0.5], nan_ok=True)
    errors = read.errors()
    assert errors is not None
    assert errors.tolist() == pytest.approx([0.1, 0.2, np.nan, np.nan, 0.01], nan_ok=True)
    assert column(["0.5"]).errors() is None


def test_unusual_forms_are_said_once_for_all_columns() -> None:
    columns = [column(["1%", "2%"]), column(["70M", "1 234"]), column(["0,5", "0,25"])]
    for read in columns:
        read.whole()
    found = {finding.kind: finding.count for finding in forms_found(columns)}
    assert found == {"percent signs": 2, "number suffixes": 1, "thousands separators": 1, "decimal commas": 2}


@given(
    st.lists(st.floats(0, 1e6, allow_subnormal=False).map(lambda x: round(x, 5)), min_size=1, max_size=30), st.data()
)
def test_numbers_come_back_from_the_forms_that_people_write(values: list[float], data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["plain", "percent", "comma", "thousands", "gaps"]))
    cells = {
        "plain": [repr(value) for value in values],
        "percent": [f"{value!r}%" for value in values],
        "comma": [f"{value:.5f}".replace(".", ",") for value in values],
        "thousands": [f"{value:,.5f}" for value in values],
        "gaps": [cell for value in values for cell in (repr(value), "")],
    }[form]
    expected = {"percent": [value / 100 for value in values], "gaps": [x for v in values for x in (v, np.nan)]}
    read = NumberColumn("acc", "c.csv")
    for start in range(0, len(cells), 7):  # in pieces, as from a file
        read.add(cells[start : start + 7])
    assert read.whole().tolist() == pytest.approx(expected.get(form, values), rel=1e-15, nan_ok=True)


@given(st.lists(st.text(alphabet="0123456789.,%kM±+- eE'nan\u202f", max_size=12), max_size=6))
def test_any_cells_are_numbers_or_refused(cells: list[str]) -> None:
    mostly_numbers(cells)
    with suppress(InputError):
        assert len(column(cells).whole()) == len(cells)
