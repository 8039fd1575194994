"""Compute-optimal allocation against an exhaustive search, and beside its law."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus.errors import InputError
from saltus.theory.allocation import compute_optimal
from saltus.theory.frequencies import Frequencies, PowerLaw
from saltus.theory.multilinear import Multilinear


def exhaustive(model: Multilinear, compute: float, most: int) -> tuple[int, float]:
    losses = [float(replace(model, n_parameters=n).loss(time=compute / n)) for n in range(1, most + 1)]
    return int(np.argmin(losses)) + 1, min(losses)


@pytest.mark.parametrize("alpha", [0.3, 0.9])
@pytest.mark.parametrize("compute", [100.0, 1e4, 1e6])
def test_the_best_whole_number_is_found(alpha: float, compute: float) -> None:
    model = Multilinear(PowerLaw(alpha), initial_strength=0.01)
    best = compute_optimal(model, compute)
    n, loss = exhaustive(model, compute, 1000)
    assert (best.n_parameters, best.loss) == (n, loss)
    assert best.time == compute / n


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=60), st.floats(1, 1e5), st.floats(1e-8, 0.5))
def test_measured_frequencies_have_an_optimum_and_no_law(values: list[float], compute: float, r: float) -> None:
    model = Multilinear(Frequencies(values), initial_strength=r)
    best = compute_optimal(model, compute)
    _, loss = exhaustive(model, compute, len(values))
    assert best.loss == pytest.approx(loss, rel=1e-14, abs=1e-300)
    assert best.law is None
    assert best.law_loss is None


def test_law_and_exact_optimum_converge() -> None:
    model = Multilinear(PowerLaw(0.6), initial_strength=0.01, target_scale=2.0, learning_rate=0.7)
    distances = []
    for compute in (1e6, 1e8, 1e10):
        best = compute_optimal(model, compute)
        assert best.law_loss is not None
        assert best.law_n_parameters is not None
        distances.append(best.loss / best.law_loss - 1)
        # The minimum is flat: whole numbers beside it differ by the square of a part in N.
        assert best.n_parameters == pytest.approx(best.law_n_parameters, abs=2)
    # Sum against integral at the last skill: one part in N, N growing as C^(1/2.6).
    assert math.log(distances[1] / distances[2]) / math.log(100) == pytest.approx(1 / 2.6, abs=0.1)


def test_budgets_beyond_counting_one_by_one() -> None:
    best = compute_optimal(Multilinear(PowerLaw(0.6), initial_strength=0.01), 1e20)
    assert best.n_parameters == pytest.approx(best.law_n_parameters, rel=1e-3)
    assert best.loss == pytest.approx(best.law_loss, rel=1e-7)


def test_every_skill_is_modelled_when_compute_abounds() -> None:
    assert compute_optimal(Multilinear(PowerLaw(0.6, 30), initial_strength=0.01), 1e5).n_parameters == 30


def test_no_compute_is_refused() -> None:
    with pytest.raises(
        InputError, match="compute must be a finite number greater than 0; received 0; give parameters times"
    ):
        compute_optimal(Multilinear(PowerLaw(0.6), initial_strength=0.01), 0)
