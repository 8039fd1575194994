"""The study of measured curves: blurred curves are those of the items that were drawn, read as a user reads them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from saltus.forecast.assess import assess
from saltus.reproduce.studies.blurred_curves import Measuring, blurred
from saltus.reproduce.studies.measured_study import measured_rows
from tests.reproduce.studies.test_recipe_study import RUNS, STEPS


def test_checkpoints_are_spaced_as_asked() -> None:
    log, linear = Measuring(20).chosen(STEPS), Measuring(10, "linear").chosen(STEPS)
    assert len(linear) == 10
    np.testing.assert_allclose(np.diff(STEPS[linear]), STEPS[-1] / 10, rtol=0.25)  # steps are measured 3 % apart
    ratio = np.diff(np.log(STEPS[log]))
    assert ratio.max() < 1.35 * ratio.min()
    assert STEPS[log][[0, -1]].tolist() == [10, 9000]


@pytest.mark.parametrize("how", [Measuring(200, items=None), Measuring(200, items=None, chance=0.25, tokens=2)])
def test_exact_accuracies_give_the_strengths_back(how: Measuring) -> None:
    curves = RUNS[0].curves
    seen = blurred(curves, how, np.random.default_rng(0))
    same = curves.sel(step=seen["step"])["strength"].to_numpy().clip(0, 1)
    np.testing.assert_allclose(seen["strength"].to_numpy(), same, atol=0.02 if how.tokens > 1 else 1e-12)


def test_drawn_accuracies_scatter_as_items_do() -> None:
    how = Measuring(200, items=400, chance=0.25)
    seen = blurred(RUNS[0].curves, how, np.random.default_rng(1))
    truth = RUNS[0].curves.sel(step=seen["step"])["strength"].to_numpy().clip(0, 1)
    share = 0.25 + 0.75 * truth
    z = (seen["strength"].to_numpy() - truth) * 0.75 / np.sqrt(np.maximum(share * (1 - share), 1e-3) / 400)
    middle = (truth > 0.05) & (truth < 0.95)
    assert z[middle].std() == pytest.approx(1, abs=0.15)
    assert seen["items"].to_numpy().tolist() == [400.0] * 3


def test_rows_hold_what_assess_says_of_the_blurred_curves() -> None:
    ways = (Measuring(60, items=1000), Measuring(20, "linear", 200, ceiling=0.9))
    rows = measured_rows(RUNS[:1], ways, 5)
    assert set(rows["way"]) == {0, 1}
    assert rows["known"].max() == 2
    first = rows.iloc[0]
    curves = blurred(RUNS[0].curves, ways[0], np.random.default_rng([5, 3, 0]))
    made = assess(curves, RUNS[0].job.task.frequencies, until=first["now"]).forecast
    assert made is not None
    assert rows["measured_time"].notna().all()
    np.testing.assert_allclose(first["measured_time"], RUNS[0].times[first["skill"] - 1])
    assert not math.isnan(first["forecast_time"])
    assert measured_rows([replace(RUNS[0], curves=0 * RUNS[0].curves)], ways[:1], 5).empty
