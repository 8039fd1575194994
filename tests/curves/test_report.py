"""Reports of readings: those of 0.1.0, and as notes of errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from saltus.curves.report import explained, names_line, reading_report
from saltus.curves.schema import curves_from
from saltus.errors import InputError

OLD = {
    "source": "c.csv",
    "layout": "wide CSV",
    "resource": "step",
    "step_column": "_step",
    "rule": "strength as given",
    "skills": ["add", "sub"],
    "runs": ["0"],
    "n_measurements": 4,
    "first": 1,
    "last": 2,
    "spacing": [1.0, 1.0, 1.0],
    "findings": [{"kind": "missing values", "count": 1, "text": "1 of 4"}],
}


def read() -> xr.Dataset:
    curves = curves_from(np.zeros((2, 2)), [1, 2])
    curves.attrs["reading"] = json.dumps(OLD)
    return curves


def test_a_report_that_0_1_0_stored_is_still_read() -> None:
    report = reading_report(read())
    assert report.quantity == ""
    assert report.lines == (
        "c.csv: wide CSV, 1 run, 2 skills, 4 measurements",
        "step (column '_step') 1 to 2, every 1",
        "strength as given",
        "missing values: 1 of 4",
    )


@explained
def fails(curves: xr.Dataset, note: str = "") -> None:
    error = InputError("curves must be better", curves.sizes["step"], "measure again")
    if note:
        error.add_note(note)
    raise error


def test_an_error_carries_the_report_once_and_only_where_there_is_one() -> None:
    with pytest.raises(InputError) as raised:
        fails(read())
    assert raised.value.__notes__ == ["\n".join([*reading_report(read()).lines, "skills: add, sub"])]
    with pytest.raises(InputError) as raised:
        fails(curves=read(), note="known")
    assert raised.value.__notes__ == ["known"]
    with pytest.raises(InputError) as raised:
        fails(curves_from(np.zeros((2, 2)), [1, 2]))
    assert not hasattr(raised.value, "__notes__")


def test_many_names_are_cut_and_numbers_say_nothing() -> None:
    assert names_line(["1", "2"]) == ()
    assert names_line([f"t{i}" for i in range(14)]) == (f"skills: {', '.join(f't{i}' for i in range(12))} and 2 more",)
