"""The study of a table of losses as a library call: laws by hand in, their constants and their alphas out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from saltus import InputError
from saltus.lawfit.study import resource_columns, study_losses

TOKENS = np.geomspace(1e6, 1e10, 25)
NOISE = np.exp(0.003 * np.random.default_rng(0).normal(size=TOKENS.size))
POWER = pd.DataFrame({"tokens": TOKENS, "loss": 40 * TOKENS**-0.25 * NOISE})


def test_a_power_law_comes_back_with_the_alpha_that_it_implies() -> None:
    found = study_losses(POWER, "loss", "tokens", bootstrap=200, resource="data", alpha=0.5, compare=True)
    low, high = found.fit.intervals["b"]
    assert low < 0.25 < high
    (theory,) = found.theory
    # In time and data the exponent is alpha / (alpha + 1): 1/4 is that of 1/3, and 1/2 implies 1/3.
    assert theory.alphas[0] == pytest.approx(found.fit.parameters["b"] / (1 - found.fit.parameters["b"]))
    assert theory.exponent_of_alpha == pytest.approx(1 / 3)
    assert found.hold_out is not None
    assert found.hold_out.n_foreseen == 5  # a fifth of 25 points
    assert found.hold_out.error < 0.01  # dex; the noise is 0.0013
    assert {rival.fit.form for rival in found.rivals} >= {"power", "power-offset"}
    assert (found.labels, found.n_blank, found.n_dropped) == (["tokens"], 0, 0)


def test_the_order_of_rows_and_rows_of_highest_loss() -> None:
    spoiled = pd.concat([POWER, pd.DataFrame({"tokens": [2e6, 3e7], "loss": [50.0, 70.0]})])
    shuffled = spoiled.sample(frac=1, random_state=1).reset_index(drop=True)
    found = study_losses(shuffled, "loss", "tokens", bootstrap=0, drop_highest=2)
    assert found.n_dropped == 2
    assert sorted(found.points.loss) == pytest.approx(sorted(POWER["loss"]))
    kept = shuffled[shuffled["loss"] < 50]
    np.testing.assert_array_equal(found.points.x[:, 0], kept["tokens"])


def test_compute_stands_in_the_place_of_data() -> None:
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(1e9, 1e11, 5)))
    table = pd.DataFrame({"n": n, "flop": 6 * n * d, "loss": 1.7 + 400 * n**-0.34 + 410 * d**-0.28})
    found = study_losses(table, "loss", form="two-resource", parameters="n", compute="flop", bootstrap=0)
    np.testing.assert_allclose(found.points.x[:, 1], d, rtol=1e-12)
    assert found.data_is_computed
    assert found.labels == ["n", "flop / (6 n)"]
    assert [row.resource for row in found.theory] == ["parameters", "data"]
    exponents = [found.fit.parameters[name] for name in found.fit.exponents]
    assert exponents == pytest.approx([0.34, 0.28], rel=1e-4)  # no noise


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "steps"}, "the table must have the column 'steps'; received .*; name one of its columns"),
        ({"x": "tokens", "form": "two-resource"}, "form two-resource needs parameters and one of data, compute"),
        ({"x": "tokens", "drop_highest": -1}, "drop_highest must be"),
        ({"x": "tokens", "alpha": 0.5}, "alpha and a model need resource; "),
        ({"x": "words"}, "columns of resources must hold numbers; received .'words'.; could not convert"),
        ({"x": "tokens", "delta": math.nan}, "delta"),
    ],
)
def test_what_cannot_be_studied_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study_losses(POWER.assign(words="many"), "loss", **options)


def test_columns_of_each_form() -> None:
    assert resource_columns("power", "tokens") == ["tokens"]
    assert resource_columns("two-resource", parameters="n", data="d") == ["n", "d"]
    with pytest.raises(InputError, match="needs parameters and one of data, compute"):
        resource_columns("two-resource", parameters="n", data="d", compute="c")
