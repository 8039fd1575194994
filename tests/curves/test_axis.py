"""Amounts in the words of the log."""

from __future__ import annotations

import math

import pytest

from saltus.curves.axis import SHORT, amount_text, article, axis_of
from saltus.curves.schema import curves_from


@pytest.mark.parametrize(
    ("over", "axis", "at", "unit", "text"),
    [
        ("step", None, [1, 2, 3], "steps", "2"),
        ("step", "_step", [0, 1e7, 2e7], "steps", "2"),
        ("step", "epoch", [1, 2, 3], "epochs", "2.0"),
        ("step", "train/epochs", [0.05, 0.1, 0.15], "epochs", "2.000"),
        ("step", "num_input_tokens_seen", [1e8, 1e9, 3e9], "tokens", "2"),
        ("step", "TFLOPs", [1, 20, 400], "TFLOPs", "2"),
        ("step", "flops", [1e18, 1e19, 1e20], "FLOPs", "2"),
        ("step", "tokens (billions)", [1, 2, 3], "tokens (billions)", "2.0"),
        ("step", "t", [1, 2, 3], "steps", "2"),
        ("step", "step", [0.5, 1, 1.5], "steps", "2.00"),
        ("data", "data", [10, 20, 40], "samples", "2"),
        ("data", "tokens", [1e6, 2e6, 4e6], "tokens", "2"),
        ("parameters", "parameters", [10, 20, 40], "hidden nodes", "2.0"),
        ("parameters", "parameters", [1e8, 1e9, 7e9], "parameters", "2"),
        ("parameters", "N", [10, 20, 40], "parameters", "2"),
        ("parameters", "params_B", [0.07, 0.4, 12], "params_B", "2.0"),
    ],
)
def test_units_and_digits_are_those_of_the_column(
    over: str, axis: str | None, at: list[float], unit: str, text: str
) -> None:
    found = axis_of(curves_from([[0.0, 0.5, 1.0]], at, over=over, axis=axis))
    assert found.unit == unit
    assert found.text(2) == text
    assert found.ordinary == (unit in ("steps", "samples", "hidden nodes"))
    assert found.moment.format(7) != found.moment


def test_one_measurement_has_a_form_too() -> None:
    assert axis_of(curves_from([[0.5]], [3], axis="epoch")).text(3) == "3.0"


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.0, "0"), (18.3, "18.3"), (1234, "1.234k"), (7e7, "70M"), (1.0279e9, "1.028B"), (2e13, "20T"), (-5e6, "-5M")],
)
def test_short_amounts(amount: float, text: str) -> None:
    assert amount_text(amount, SHORT) == text


def test_what_is_no_amount_is_written_as_it_is() -> None:
    assert amount_text(math.inf, SHORT) == "inf"
    assert amount_text(1234.5, ",.0f") == "1,234"
    assert [article(noun) for noun in ("epoch", "step")] == ["an", "a"]


def test_a_skill_that_was_up_at_first_came_before() -> None:
    steps, tokens = (axis_of(curves_from([[0.5, 1]], [1, 2e9], axis=axis)) for axis in ("step", "tokens"))
    assert [steps.before(13000), steps.before(0), tokens.before(2e9)] == [
        "before 13,000",
        "from the start",
        "before 2B",
    ]
