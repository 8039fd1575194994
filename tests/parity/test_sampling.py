"""Samplers against the distributions they claim to draw from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from saltus import Frequencies, MultitaskSparseParity, PowerLaw
from saltus.parity.batch import draw_bits
from saltus.parity.sampling import FixedSamples, FreshSamples, SampleSource

# A true hypothesis fails a test at this level once in 10,000 seeds; the seeds are fixed.
LEVEL = 1e-4


def bits_of(words: np.ndarray, n_bits: int) -> np.ndarray:
    """Bits of each string, lowest first, by their bytes; the unused ones must be 0."""
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1, bitorder="little")
    assert not bits[:, n_bits:].any()
    return bits[:, :n_bits]


@pytest.mark.parametrize("n_bits", [1, 4, 13, 32, 64, 65, 100, 128])
def test_every_bit_pattern_is_equally_likely(n_bits: int) -> None:
    bits = bits_of(draw_bits(200_000, n_bits, np.random.default_rng(1)), n_bits)
    for first in range(0, n_bits, 8):  # bytes of the string: 255 is as likely as the others
        part = bits[:, first : first + 8]
        values = np.packbits(part, axis=1, bitorder="little")[:, 0]
        counts = np.bincount(values, minlength=2 ** part.shape[1])
        assert chisquare(counts).pvalue > LEVEL


def test_bits_are_independent_of_each_other() -> None:
    n, n_bits = 100_000, 72  # two words
    signs = 1.0 - 2.0 * bits_of(draw_bits(n, n_bits, np.random.default_rng(2)), n_bits)
    correlation = (signs.T @ signs)[np.triu_indices(n_bits, 1)] / np.sqrt(n)
    # 2556 standard normal values under independence: the largest exceeds 5 with probability 0.0015.
    assert np.abs(correlation).max() < 5
    assert correlation.std() == pytest.approx(1, abs=5 / np.sqrt(2 * 2556))


@pytest.mark.parametrize("frequencies", [PowerLaw(0.6, 5), PowerLaw(0.1, 100, offset=3.0), Frequencies([1, 10, 3])])
def test_skills_follow_their_frequencies(frequencies: PowerLaw | Frequencies) -> None:
    n = 200_000
    skills = frequencies.sample(n, np.random.default_rng(3))
    counts = np.bincount(skills, minlength=int(frequencies.n_skills) + 1)[1:]
    assert chisquare(counts, n * frequencies.first()).pvalue > LEVEL


def sources() -> list[SampleSource]:
    task = MultitaskSparseParity(PowerLaw(0.6, 3), 12, 2)
    seed = np.random.SeedSequence(4)
    return [FreshSamples(task, seed), FixedSamples(task, 50, np.random.SeedSequence(4))]


@given(parts=st.lists(st.integers(1, 9), min_size=1, max_size=6), which=st.integers(0, 1))
@settings(deadline=None)
def test_samples_do_not_depend_on_how_many_are_taken_at_a_time(parts: list[int], which: int) -> None:
    whole = sources()[which].take(sum(parts), 7)
    source = sources()[which]
    pieces = [source.take(n, 7) for n in parts]
    np.testing.assert_array_equal(np.concatenate([piece.skills for piece in pieces]), whole.skills)
    np.testing.assert_array_equal(np.concatenate([piece.bits for piece in pieces]), whole.bits)


def test_a_training_set_is_passed_through_whole_and_shuffled() -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 3), 30, 2)
    source = FixedSamples(task, 50, np.random.SeedSequence(5))
    passes = [source.take(10, 5).bits for _ in range(3)]
    for bits in passes:
        np.testing.assert_array_equal(np.sort(bits, axis=0), np.sort(source.data.bits, axis=0))
    assert not np.array_equal(passes[0], passes[1])
