"""Power laws and measured frequencies: probabilities, tails, expectations, and exact draws."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from saltus.errors import InputError
from saltus.theory.frequencies import Frequencies, PowerLaw, SkillFrequencies

ALPHAS = [0.01, 0.3, 0.9, 5.0]
N_SKILLS = [1, 5, 3000, 10**12, math.inf]


def exact_mass(law: PowerLaw, above: float) -> mpmath.mpf:
    """Unnormalised probability of the skills above a given one, by Hurwitz zeta functions."""
    exponent = mpmath.mpf(law.alpha) + 1
    mass = mpmath.zeta(exponent, mpmath.mpf(above) + 1 + law.offset)
    if law.n_skills < math.inf:
        mass -= mpmath.zeta(exponent, mpmath.mpf(law.n_skills) + 1 + law.offset)
    return mass


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("n_skills", N_SKILLS)
@pytest.mark.parametrize("offset", [0.0, 2.7])
def test_power_law_probabilities(alpha: float, n_skills: float, offset: float) -> None:
    law = PowerLaw(alpha, n_skills, offset)
    with mpmath.workdps(60):
        for skill in (k for k in (1, 4, 2999, 10**9) if k <= n_skills):
            total = exact_mass(law, 0)
            probability = (mpmath.mpf(skill) + mpmath.mpf(offset)) ** -(mpmath.mpf(alpha) + 1) / total
            # A power, a sum and a quotient: a few units in the last place.
            assert float(law.pmf(skill)) == pytest.approx(float(probability), rel=5e-15, abs=0)
            assert float(law.tail(skill)) == pytest.approx(float(exact_mass(law, skill) / total), rel=5e-15, abs=0)


def test_tails_at_both_ends() -> None:
    for law in (PowerLaw(0.3), PowerLaw(0.3, 7), Frequencies([3, 1, 2])):
        assert law.tail(0) == pytest.approx(1, abs=1e-15)
        assert law.tail(law.n_skills) == 0


@pytest.mark.parametrize("law", [PowerLaw(0.6, 50, 1.5), Frequencies([4, 1, 3, 3])])
def test_tail_mean_is_the_ratio_of_two_sums(law: SkillFrequencies) -> None:
    for skill in range(int(law.n_skills)):
        rarer = law.first()[skill:]
        assert law.tail_mean(skill) == pytest.approx(np.sum(rarer**2) / np.sum(rarer), rel=1e-13)
    assert law.tail_mean(law.n_skills) == 0


@pytest.mark.parametrize("law", [PowerLaw(0.6, 50, 1.5), PowerLaw(0.6), Frequencies([4, 1, 3, 3])])
def test_count_above_inverts_the_probabilities(law: SkillFrequencies) -> None:
    for skill in range(1, 5):
        assert law.count_above(0.999999 * float(law.pmf(skill))) >= skill
        assert law.count_above(1.000001 * float(law.pmf(skill))) < skill
    assert law.count_above(0.0) == law.n_skills
    assert law.count_above(2.0) == 0


def test_measured_frequencies_are_sorted_and_normalised() -> None:
    measured = Frequencies([1, 5, 2, 2])
    assert measured.first() == pytest.approx([0.5, 0.2, 0.2, 0.1], rel=1e-15)
    assert measured.order == (1, 2, 3, 0)


@pytest.mark.parametrize("alpha", [0.3, 0.9, 3.0])
def test_expectation_of_a_power_is_a_ratio_of_zetas(alpha: float) -> None:
    law = PowerLaw(alpha)
    expected = float(mpmath.zeta(alpha + 1.5) / mpmath.zeta(alpha + 1))
    # The rule's design error.
    assert law.expectation(lambda k: k**-0.5) == pytest.approx(expected, rel=1e-12)


def test_expectation_of_a_finite_number_of_skills_is_a_sum() -> None:
    k = np.arange(1.0, 20_001)
    for law in (PowerLaw(0.3, 20_000, 2.0), Frequencies(1 / k)):
        assert law.expectation(np.log) == pytest.approx(float(law.first() @ np.log(k)), rel=1e-12)


def test_expectation_counts_what_lies_beyond_double_precision() -> None:
    # At alpha = 0.001 half of all draws have more than 300 digits.
    assert PowerLaw(0.001).expectation(np.ones_like) == pytest.approx(1, rel=1e-12)


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    return float(np.sum((observed - expected) ** 2 / expected))


@pytest.mark.parametrize(
    "law", [PowerLaw(0.3), PowerLaw(0.6, offset=20.0), PowerLaw(0.9, 300), PowerLaw(5.0), Frequencies([5, 1, 2])]
)
@pytest.mark.parametrize("by_counts", [False, True])
def test_draws_follow_the_probabilities(law: SkillFrequencies, by_counts: bool) -> None:
    n, rng = 200_000, np.random.default_rng(7)
    # Cells on both sides of where the sampler changes from table to rejection (skill 64), and a tail.
    edges = [k for k in (0, 1, 2, 3, 10, 60, 63, 64, 65, 66, 70, 100, 1000, 10**6, 10**9) if k < law.n_skills]
    expected = n * -np.diff([*law.tail(edges), 0.0])
    if by_counts:
        # Few draws at a time, so that skills beyond those counted by name occur.
        counts = [law.sample_counts(500, rng) for _ in range(n // 500)]
        skills = np.concatenate([np.repeat(c.skills, c.n_observed) for c in counts])
    else:
        skills = law.sample(n, rng)
    observed = np.diff([*np.searchsorted(np.sort(skills), edges, side="right"), n])
    usable = expected > 20
    statistic = chi_square(
        np.append(observed[usable], observed[~usable].sum()),
        np.append(expected[usable], expected[~usable].sum() + 1e-9),
    )
    # Seeded, so this either holds or not; a wrong sampler fails it by orders of magnitude.
    assert statistic < chi2.ppf(0.999, usable.sum())


def test_draws_are_decided_by_the_seed() -> None:
    draws = [PowerLaw(0.3).sample(100, np.random.default_rng(3)).tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_skills_beyond_64_bits_are_reported_as_the_last_one() -> None:
    skills = PowerLaw(0.01).sample(1000, np.random.default_rng(0))
    expected = float(PowerLaw(0.01).tail(2.0**63))
    beyond = np.mean(skills == 2**63 - 1)
    assert abs(beyond - expected) < 4 * math.sqrt(expected * (1 - expected) / 1000)


def test_counts_have_a_dense_form() -> None:
    counts = PowerLaw(0.6, 9).sample_counts(40, np.random.default_rng(0))
    dense = counts.dense(9)
    assert dense.sum() == counts.n_data == 40
    assert dense[counts.skills - 1].tolist() == counts.n_observed.tolist()
    with pytest.raises(InputError, match=r"n_skills must reach the largest observed skill; received 1; give at least"):
        counts.dense(1)


@given(st.floats(0.01, 5), st.integers(1, 200), st.floats(0, 1e6))
def test_frequencies_fall_and_sum_to_one(alpha: float, n_skills: int, offset: float) -> None:
    pmf = PowerLaw(alpha, n_skills, offset).first()
    assert np.all(np.diff(pmf) <= 0)
    assert math.fsum(pmf) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PowerLaw(0), "alpha must be a finite number greater than 0; received 0; give the exponent minus one"),
        (
            lambda: PowerLaw(1, 2.5),
            "n_skills must be a whole number, 1 or more; received 2.5; give the number of skills",
        ),
        (
            lambda: PowerLaw(1, 2, -1),
            "offset must be a finite number of at least 0; received -1; use 0 for a plain power",
        ),
        (
            lambda: PowerLaw(1, 2).pmf(3),
            "skill must be a whole number from 1 to n_skills = 2; received 3; skills count",
        ),
        (lambda: PowerLaw(1).pmf([1, 1.5]), "skill must be a whole number from 1 to n_skills = inf; received"),
        (lambda: PowerLaw(1).first(), "n_skills must be finite here; received inf; give a number of skills"),
        (
            lambda: PowerLaw(1).sample(-1, np.random.default_rng()),
            "n must be a whole number, 0 or more; received -1; give",
        ),
        (
            lambda: Frequencies([1]).sample_counts(-1, np.random.default_rng()),
            "n_data must be a whole number, 0 or more",
        ),
        (lambda: Frequencies([]), "frequencies must be a list with at least one number; received"),
        (lambda: Frequencies([1, 0]), "every frequency must be a finite number greater than 0; received"),
    ],
)
def test_bad_frequencies_are_refused(build: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        build()  # type: ignore[operator]
    assert message in str(error.value)
