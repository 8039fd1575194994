"""Curves: labels, tables and crossing times."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, emergence_times, tidy_table
from saltus.curves.crossings import crossing_times, emerged_before
from saltus.curves.schema import curves_from


def curves_of(strength: np.ndarray, steps: np.ndarray) -> xr.Dataset:
    """Curves with this strength, shape (runs, skills, steps), and a skill loss that follows from it for S = 2."""
    return curves_from(strength, steps, skill_loss=2.0 * (1 - strength) ** 2, target_scale=2.0)


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(0, 10_000), min_size=2, max_size=30, unique=True).map(sorted),
    threshold=st.floats(0.01, 0.99),
)
def test_crossing_of_a_straight_line_is_exact(steps: list[int], threshold: float) -> None:
    x = np.array(steps, dtype=float)
    line = (x - x[0]) / (x[-1] - x[0])
    time = crossing_times(curves_of(line[None, None, :], np.array(steps)), threshold)[0, 0]
    assert time == pytest.approx(x[0] + threshold * (x[-1] - x[0]), rel=1e-9)


def test_crossing_takes_the_first_passage_and_knows_what_never_emerged() -> None:
    strength = np.array([[[0.0, 0.6, 0.2, 0.9], [0.0, 0.1, 0.2, 0.3]], [[0.7, 0.8, 0.9, 1.0], [0.0, np.nan, 0.0, 0.5]]])
    times = crossing_times(curves_of(strength, np.array([0, 10, 20, 30])), 0.5)
    np.testing.assert_allclose(times, [[10 * 0.5 / 0.6, np.nan], [np.nan, 30.0]])


def test_emergence_times_are_mean_and_spread_over_the_runs_that_emerged() -> None:
    ramps = np.stack([np.linspace(0, top, 5) for top in (1.0, 0.8, 0.4)])[:, None, :]
    times = emergence_times(curves_of(ramps, np.arange(5)), 0.5)
    crossings = np.array([2.0, 2.5])
    np.testing.assert_allclose(times.mean, [crossings.mean()])
    np.testing.assert_allclose(times.sd, [crossings.std(ddof=1)])
    assert times.n_emerged.tolist() == [2]


def test_tidy_table_has_one_row_a_measurement_and_leaves_out_what_was_not_measured() -> None:
    strength = np.array([[[0.0, 0.5], [0.1, np.nan]]])
    table = tidy_table(curves_of(strength, np.array([0, 7])))
    assert list(table.columns) == ["run", "skill", "step", "strength", "loss"]
    assert table.to_dict("list") == {
        "run": [0, 0, 0],
        "skill": [1, 1, 2],
        "step": [0, 7, 0],
        "strength": [0.0, 0.5, 0.1],
        "loss": [2.0, 0.5, pytest.approx(1.62)],
    }


def test_crossing_bridges_steps_that_were_not_measured() -> None:
    nan = np.nan
    strength = np.array(
        [[[nan, 0.1, nan, 0.9, nan], [nan, nan, 0.6, nan, 0.7]], [[0.2, nan, nan, nan, 0.4], [nan] * 5]]
    )
    times = crossing_times(curves_of(strength, np.arange(0, 50, 10)), 0.5)
    np.testing.assert_allclose(times, [[20.0, nan], [nan, nan]])
    np.testing.assert_allclose(
        emerged_before(curves_of(strength, np.arange(0, 50, 10)), 0.5), [[nan, 20.0], [nan, nan]]
    )


def test_curves_over_data_have_crossings_and_a_table_over_data() -> None:
    curves = curves_from([[0.0, 1.0]], [100, 300], over="data", runs=[3])
    assert crossing_times(curves, 0.25)[0, 0] == 150.0
    table = tidy_table(curves)
    assert table[["run", "skill", "data", "strength"]].to_numpy().tolist() == [[3, 1, 100, 0.0], [3, 1, 300, 1.0]]
    assert table["loss"].isna().all()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_bad_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match=f"threshold must lie between 0 and 1; received {threshold}; "):
        crossing_times(curves_of(np.zeros((1, 1, 2)), np.arange(2)), threshold)
