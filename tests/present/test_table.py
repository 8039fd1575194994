"""Typed tables: the text of every kind of value, and a CSV of numbers that a program reads back."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import pytest

from saltus.present.table import Column, Table

TABLE = Table(
    [
        Column("skill"),
        Column("frequency", "P_k", form=".2f"),
        Column("time", form=".0f", missing="not yet"),
        Column("interval", "90% interval", form=".0f", parts=("from", "to")),
        Column("hit"),
        Column("ratio", form="+.1%", value=lambda row: row["frequency"] / 0.5 - 1),
        Column("error", form=lambda row: f".{row['skill']}f"),
        Column("remark"),
    ],
    [
        {"skill": 1, "frequency": 2 / 3, "time": 592.4, "interval": [500.25, 775.0], "hit": True, "error": 0.125}
        | {"remark": "a, b"},
        {"skill": 2, "frequency": 1 / 3, "time": math.nan, "interval": None, "hit": None, "error": math.nan}
        | {"remark": ""},
        {"skill": 3, "frequency": 0.5, "time": math.inf, "interval": (1.0, math.inf), "hit": False, "error": 0.125}
        | {"remark": None},
    ],
)


def test_texts_for_people() -> None:
    assert TABLE.headings == ["skill", "P_k", "time", "90% interval", "hit", "ratio", "error", "remark"]
    assert TABLE.texts == [
        ["1", "0.67", "592", "500 – 775", "yes", "+33.3%", "0.1", "a, b"],
        ["2", "0.33", "not yet", "–", "–", "-33.3%", "–", ""],
        ["3", "0.50", "not yet", "1 – –", "no", "+0.0%", "0.125", "–"],
    ]


def test_values_for_programs() -> None:
    read = pd.read_csv(io.StringIO(TABLE.csv))
    assert list(read.columns) == ["skill", "frequency", "time", "from", "to", "hit", "ratio", "error", "remark"]
    assert read["skill"].tolist() == [1, 2, 3]
    assert read["frequency"].tolist() == pytest.approx([2 / 3, 1 / 3, 0.5], rel=1e-9)  # nine digits
    assert read["time"].tolist() == pytest.approx([592.4, math.nan, math.inf], nan_ok=True)
    assert read["from"].tolist() == pytest.approx([500.25, math.nan, 1], nan_ok=True)
    assert read["to"].tolist() == pytest.approx([775, math.nan, math.inf], nan_ok=True)
    assert read["hit"].tolist()[::2] == [True, False]
    assert pd.isna(read["hit"][1])
    assert read["remark"][0] == "a, b"


def test_a_row_without_a_columns_field_is_an_error_of_ours_and_is_not_hidden() -> None:
    with pytest.raises(KeyError, match="missing"):
        _ = Table([Column("missing")], [{"there": 1}]).csv


def test_words_may_stand_in_the_place_of_a_value_on_the_terminal_alone() -> None:
    columns = [Column("time", form=".0f", missing="not yet", instead="before"), Column("size", form="short")]
    rows: list[dict[str, Any]] = [
        {"time": math.nan, "before": "before 130", "size": 1.5e9},
        {"time": 3.2, "before": None, "size": 70.0},
        {"time": math.nan, "size": math.nan},
    ]
    table = Table(columns, rows)
    assert table.texts == [["before 130", "1.5B"], ["3", "70"], ["not yet", "–"]]
    assert table.csv == "time,size\n,1.5e+09\n3.2,70\n,\n"
