"""The loss of one dataset and its variance over datasets, against enumeration and simulation."""

from __future__ import annotations

import math
from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
from scipy.stats import multinomial

from saltus.errors import InputError
from saltus.theory.frequencies import Frequencies, PowerLaw, SkillFrequencies
from saltus.theory.multilinear import Multilinear


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Every way to write ``total`` as an ordered sum of ``parts`` counts."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


@pytest.mark.parametrize("frequencies", [Frequencies([5, 3]), PowerLaw(0.6, 3), PowerLaw(0.3, 4)])
@pytest.mark.parametrize("data", [1, 7, 20])
@pytest.mark.parametrize("time", [0.5, 10.0, math.inf])
@pytest.mark.parametrize("n_parameters", [2, None])
def test_mean_and_variance_over_every_dataset(
    frequencies: SkillFrequencies, data: int, time: float, n_parameters: int | None
) -> None:
    model = Multilinear(frequencies, initial_strength=0.05, n_parameters=n_parameters)
    datasets = np.array(list(compositions(data, int(frequencies.n_skills))))
    probability = multinomial.pmf(datasets, data, frequencies.first())
    losses = np.array([model.dataset_loss(counts, time=time) for counts in datasets])
    mean = probability @ losses
    variance = probability @ (losses - mean) ** 2
    # scipy's multinomial probabilities are good to 1e-13.
    assert model.loss(time=time, data=data) == pytest.approx(mean, rel=1e-12)
    assert model.loss_variance(time=time, data=data) == pytest.approx(variance, rel=1e-11, abs=1e-19)


@pytest.mark.parametrize(("data", "time"), [(30, 40.0), (400, 1000.0)])
def test_infinitely_many_skills_by_simulation(data: int, time: float) -> None:
    model, rng, n = Multilinear(PowerLaw(0.6), initial_strength=0.05), np.random.default_rng(5), 1500
    drawn = [model.frequencies.sample_counts(data, rng) for _ in range(n)]
    losses = np.array([model.dataset_loss(d.n_observed, skills=d.skills, time=time) for d in drawn])
    variance = float(model.loss_variance(time=time, data=data))
    assert abs(losses.mean() - float(model.loss(time=time, data=data))) < 3 * math.sqrt(variance / n)
    fourth = np.mean((losses - losses.mean()) ** 4)
    assert abs(losses.var() - variance) < 3 * math.sqrt((fourth - variance**2) / n)


@pytest.mark.parametrize("alpha", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("time", [1e-3, 2.0, 30.0])
def test_one_or_two_samples_of_infinitely_many_skills_in_closed_form(alpha: float, time: float) -> None:
    offset = 1.3
    model = Multilinear(PowerLaw(alpha, offset=offset), initial_strength=0.02, target_scale=2.0, learning_rate=0.7)
    with mpmath.workdps(40):

        def power_sum(m: int) -> mpmath.mpf:
            exponent, shift = (mpmath.mpf(alpha) + 1) * m, 1 + mpmath.mpf(offset)
            return mpmath.zeta(exponent, shift) / mpmath.zeta(mpmath.mpf(alpha) + 1, shift) ** m

        def gain(share: float) -> mpmath.mpf:
            """Decrease of a skill's loss (S - R)^2/2 when this share of the samples shows it."""
            odds = mpmath.mpf(99) * mpmath.exp(-mpmath.mpf("2.8") * mpmath.mpf(time) * share)
            return 2 * (mpmath.mpf("0.99") ** 2 - (odds / (1 + odds)) ** 2)

        second, third, fourth = (power_sum(m) for m in (2, 3, 4))
        untouched, whole, half = 2 * mpmath.mpf("0.99") ** 2, gain(1), gain(0.5)
        # One sample of skill k takes gain(1) P_k off; two take gain(1/2) (P_j + P_k) off, or gain(1) P_k if j = k.
        one_mean, one_square = whole * second, whole**2 * third
        two_mean = 2 * half * (second - third) + whole * third
        two_square = half**2 * (2 * third + 2 * second**2 - 4 * fourth) + whole**2 * fourth
        for data, mean, square in ((1, one_mean, one_square), (2, two_mean, two_square)):
            assert model.loss(time=time, data=data) == pytest.approx(float(untouched - mean), rel=1e-13)
            variance = float(square - mean**2)
            # Deviations are differences of losses of about 2, each good to some 1e-12.
            allowed = 2e-11 * math.sqrt(variance)
            assert model.loss_variance(time=time, data=data) == pytest.approx(variance, rel=1e-10, abs=allowed)


def test_variance_at_infinite_time_in_closed_form() -> None:
    # Only "seen or not" counts: P(neither j nor k seen) = (1 - p_j - p_k)^D.
    data, r = 500, 0.01
    model = Multilinear(PowerLaw(0.6, 300), initial_strength=r)
    p = model.frequencies.first()
    unseen = (1 - p) ** data
    joint = (1 - p[:, None] - p[None, :]) ** data
    np.fill_diagonal(joint, unseen)
    expected = ((1 - r) ** 2 / 2) ** 2 * (p @ (joint - np.outer(unseen, unseen)) @ p)
    # The covariances above cancel to about a thousandth of their parts.
    assert model.loss_variance(data=data) == pytest.approx(expected, rel=1e-10)


def test_variance_falls_as_one_over_d() -> None:
    model = Multilinear(PowerLaw(0.6), initial_strength=0.01)
    variances = np.asarray(model.loss_variance(time=100.0, data=[10**6, 10**7, 10**8]))
    # The first correction is of relative order 1/D times the number of skills at their onset squared.
    assert variances[:-1] / variances[1:] == pytest.approx(10, rel=1e-2)
    assert model.loss_variance(time=100.0, data=math.inf) == 0


def test_loss_of_a_dataset_that_mirrors_the_frequencies() -> None:
    # With d_k/D = P_k the loss is that of unlimited data.
    model = Multilinear(Frequencies([0.5, 0.25, 0.125, 0.125]), initial_strength=0.02, n_parameters=3)
    for time in (0.0, 7.0, 300.0):
        assert model.dataset_loss([4, 2, 1, 1], time=time) == pytest.approx(model.loss(time=time), rel=1e-14)


def test_unlisted_skills_were_never_seen() -> None:
    model = Multilinear(PowerLaw(0.6), initial_strength=0.02, n_parameters=50)
    p = model.frequencies.first(60)
    counts = np.zeros(60)
    counts[[0, 1, 4, 55]] = [3, 1, 2, 1]
    expected = 0.5 * (p[:50] @ np.where(counts[:50] > 0, 0, 0.98**2) + float(model.frequencies.tail(50)))
    assert model.dataset_loss([1, 2, 3, 1], skills=[56, 5, 1, 2]) == pytest.approx(expected, rel=1e-13)
    assert model.dataset_loss(counts) == pytest.approx(expected, rel=1e-13)
    assert np.shape(model.dataset_loss(counts, time=[1.0, math.inf])) == (2,)


@pytest.mark.parametrize(
    ("counts", "skills", "message"),
    [
        ([1, -1], None, "n_observed must be a list of whole numbers of at least 0; received [1, -1]; give d_1, d_2"),
        ([0, 0], None, "n_observed must hold at least one sample; received [0, 0]; give the counts of a dataset"),
        ([1, 2], [1, 1], "skills must name each skill of n_observed once; received [1, 1]; give one index a count"),
    ],
)
def test_bad_counts_are_refused(counts: list[int], skills: list[int] | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        Multilinear(PowerLaw(0.6), initial_strength=0.02).dataset_loss(counts, skills=skills)
    assert message in str(error.value)
