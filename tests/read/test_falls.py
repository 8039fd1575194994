"""Steps that fall: restarts are told from rows in disorder, on any grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from saltus.read.falls import falls_of, last_branch, out_of_order

Steps = list[float]
grids = st.lists(st.integers(1, 400), min_size=24, max_size=40).map(lambda gaps: np.cumsum(gaps).astype(float))


@st.composite
def restarted(draw: st.DrawFn) -> tuple[Steps, Steps]:
    """Steps of a run that goes back and goes on along another grid, and the steps that survive."""
    steps: Steps = []
    survivors: Steps = []
    at = float(draw(st.integers(0, 50)))
    for i in range(draw(st.integers(2, 4))):
        branch = at + np.cumsum([0, *draw(st.lists(st.integers(1, 300), min_size=5, max_size=12))])
        survivors = [step for step in survivors if step < branch[0]]
        steps, survivors = steps + branch.tolist(), survivors + branch.tolist()
        at = float(draw(st.integers(int(survivors[0]), int(survivors[-1]))))
        assume(i == 3 or at < steps[-1])
    return steps, survivors


def as_text(step: float) -> str:
    return str(int(step)) if step == int(step) else str(step)


def disorderly(steps: Steps) -> bool:
    position = np.array(steps)
    return out_of_order(position, falls_of(position))


@settings(deadline=None)
@given(restarted())
def test_a_branch_on_any_grid_replaces_what_it_goes_back_over(both: tuple[Steps, Steps]) -> None:
    steps, survivors = both
    position = np.array(steps)
    falls = falls_of(position)
    by_name = [[step for _, step in sorted((as_text(step) + end, step) for step in steps)] for end in ("", ".~", "~")]
    assume(falls.size and steps not in by_name)
    assert not disorderly(steps)
    assert position[last_branch(position, falls)].tolist() == survivors


@settings(deadline=None)
@given(grids, st.sampled_from(["", ".json", "/", "_step", "k"]), st.sampled_from([1.0, 0.5, 100.0]))
def test_steps_in_the_order_of_their_names_are_disorder(grid: np.ndarray, end: str, unit: float) -> None:
    steps = sorted((grid * unit).tolist(), key=lambda step: as_text(step) + end)
    assume(any(after < before for before, after in pairwise(steps)))
    assert disorderly(steps)


@settings(deadline=None)
@given(grids, st.integers(0, 2**32 - 1))
def test_shuffled_and_reversed_steps_are_disorder(grid: np.ndarray, seed: int) -> None:
    assert disorderly(np.random.default_rng(seed).permutation(grid).tolist())
    assert disorderly(grid[::-1].tolist())


@pytest.mark.parametrize(
    ("steps", "disorder"),
    [
        ([0, 100, 200, 300, 150, 250, 350], False),
        ([0, 100, 200, 300, 400, 200, 300, 400], False),
        ([0, 10, 20, 40, 30, 50, 60], True),  # a row that came late: sorted, the grid is even
        ([500, 600, 700, 0, 100, 200], True),  # halves in the wrong order
        ([0, 500, 1000, 1500, 2000, 750, 1250, 1750, 2250], False),
        ([1, 10, 100, 2, 20, 200, 3], True),
        ([30, 20, 10, 10], True),
        ([1, 2, 0], True),
        ([0, 107, 230, 330, 151, 277, 401, 301, 420], False),  # three rises on the mean between two falls
        ([0, 107, 230, 151, 277, 401, 301, 420, 350], True),  # fewer
        ([0, 10, 25, 45, 35, 60, 75], True),  # in order every 10 to 15, as it stands every 10 to 25
        ([0, 10, 26, 46, 36, 62, 78], False),  # uneven in order too
        ([0, 10, 20, 20, 15, 25], False),  # touches the branch before it
    ],
)
def test_short_examples(steps: Steps, disorder: bool) -> None:
    assert disorderly([float(step) for step in steps]) == disorder
