"""The task against its definition, by exhaustive enumeration of all inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import Frequencies, InputError, MultitaskSparseParity, PowerLaw
from tests.helpers import every_input


@given(n_skills=st.integers(1, 4), n_relevant=st.integers(1, 3), disjoint=st.booleans(), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_basis_is_orthogonal_and_target_has_norm_s(n_skills: int, n_relevant: int, disjoint: bool, seed: int) -> None:
    n_bits = n_skills * n_relevant if disjoint else 7
    scale = 2.5
    task = MultitaskSparseParity(PowerLaw(0.7, n_skills), n_bits, n_relevant, scale, seed, disjoint=disjoint)
    inputs, probability = every_input(task)
    basis = task.basis(inputs)
    gram = basis.T @ (basis * probability[:, None])
    # Sums of at most 2^12 terms of the same size: rounding stays far below 1e-12.
    np.testing.assert_allclose(gram, np.diag(task.frequencies.first()), atol=1e-12)
    target = task.target(inputs)
    assert probability @ target**2 == pytest.approx(scale**2, rel=1e-12)
    np.testing.assert_array_equal(target, scale * basis.sum(axis=1))


@given(seed=st.integers(0, 1000), n_bits=st.integers(12, 140), disjoint=st.booleans())
@settings(max_examples=50, deadline=None)
def test_packed_batch_and_unpacked_inputs_agree(seed: int, n_bits: int, disjoint: bool) -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 4), n_bits, 3, 5.0, seed, disjoint=disjoint)
    batch = task.sample(200, np.random.default_rng(seed))
    inputs = batch.inputs
    assert inputs.shape == (200, 4 + n_bits)
    np.testing.assert_array_equal(inputs[:, :4].argmax(axis=1) + 1, batch.skills)
    np.testing.assert_array_equal(task.target(inputs), batch.targets)
    parity = [row[4 + task.relevant_bits[k - 1]].sum() % 2 for row, k in zip(inputs, batch.skills, strict=True)]
    np.testing.assert_array_equal(batch.targets, 5.0 * (-1.0) ** np.array(parity))


@pytest.mark.parametrize("disjoint", [True, False])
def test_relevant_bits_differ_and_depend_on_the_seed(disjoint: bool) -> None:
    tasks = [MultitaskSparseParity(PowerLaw(1, 5), 16, 3, seed=seed, disjoint=disjoint) for seed in range(20)]
    for task in tasks:
        sets = {tuple(row) for row in task.relevant_bits}
        assert len(sets) == 5
        assert all(len(set(row)) == 3 for row in sets)
        if disjoint:
            assert len(set(task.relevant_bits.ravel())) == 15
    assert len({task.relevant_bits.tobytes() for task in tasks}) > 15


def test_every_distinct_set_can_be_used_up() -> None:
    task = MultitaskSparseParity(Frequencies([1.0] * 10), 5, 2, disjoint=False)
    assert {tuple(row) for row in task.relevant_bits} == set(itertools.combinations(range(5), 2))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"frequencies": PowerLaw(0.6)}, "n_skills must be finite here; received inf; give a number of skills, e.g. 5"),
        ({"n_bits": 0}, "n_bits must be a whole number, 1 or more; received 0; "),
        (
            {"n_bits": 14},
            "disjoint skills need n_relevant * n_skills <= n_bits, here 3 * 5 <= 14; received 15; use fewer",
        ),
        (
            {"n_bits": 3, "disjoint": False},
            "n_skills must be at most 1, the number of sets of 3 out of 3 bits; received 5;",
        ),
        ({"n_relevant": 2.5}, "n_relevant must be a whole number, 1 or more; received 2.5; "),
        ({"target_scale": 0.0}, "target_scale must be a finite number greater than 0; received 0.0; "),
        ({"seed": -1}, "seed must be a whole number, 0 or more; received -1; "),
    ],
)
def test_bad_input_is_refused_in_one_line(change: dict[str, object], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        MultitaskSparseParity(**({"frequencies": PowerLaw(0.6, 5)} | change))  # type: ignore[arg-type]
    assert str(refusal.value).startswith(text)
    assert "\n" not in str(refusal.value)


def test_inputs_of_another_shape_or_kind_are_refused() -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 2), 6)
    with pytest.raises(
        InputError, match=r"inputs must have shape \(n, n_skills \+ n_bits\) = \(n, 8\); received \(3, 7\)"
    ):
        task.target(np.zeros((3, 7)))
    with pytest.raises(InputError, match="inputs must be 0 or 1, with exactly one skill set"):
        task.basis(np.zeros((3, 8)))
