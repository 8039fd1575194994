"""The scatter of skills about their law against numerical convolution and drawn errors, and priors of gamma."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from saltus.forecast.time.laws import Law
from saltus.forecast.time.scatter import Scatter

LATE = np.array([-0.2, -0.05, 0.0, 0.04, 0.2, 0.7, 1.5])
STRAGGLERS = Scatter(0.05, 0.03, delay=0.4, log_odds=-2.0, log_odds_per_decade=-1.5)


def test_the_spread_adds_in_quadrature_with_the_decades_and_with_other_errors() -> None:
    np.testing.assert_allclose(STRAGGLERS.sd([0.0, 2.0, -2.0], 0.12), np.sqrt([0.0169, 0.0205, 0.0205]))


def test_few_samples_in_a_batch_make_stragglers() -> None:
    odds = np.exp(-2.0 - 1.5 * (np.log10([3.0, 300.0]) - 1.5))
    np.testing.assert_allclose(STRAGGLERS.straggling([3.0, 300.0]), odds / (1 + odds))
    unknown = 1 / (1 + np.exp(2.0))  # as with 30 samples
    np.testing.assert_allclose(STRAGGLERS.straggling([np.nan, 0.0]), [unknown, unknown])
    assert Scatter(0.05).straggling([3.0]).tolist() == [0.0]


@pytest.mark.parametrize("sd", [0.02, 0.3, 2.0])
def test_density_and_probabilities_are_those_of_the_convolution(sd: float) -> None:
    share, normal = 0.3, stats.norm(scale=sd)

    def convolved(of: object, late: float) -> float:
        inside = [late - 8 * sd, late, late + 8 * sd]
        points = [p for p in inside if 0 < p < 20]
        whole = quad(lambda u: of(late - u) * np.exp(-u / 0.4) / 0.4, 0, 20, points=points or None, limit=200)[0]  # type: ignore[operator]
        return float((1 - share) * of(late) + share * whole)  # type: ignore[operator]

    for late in LATE:
        density, below = convolved(normal.pdf, late), convolved(normal.cdf, late)
        # Quadrature is good to about 1e-8.
        assert np.exp(STRAGGLERS.log_density(late, sd, share)) == pytest.approx(density, rel=1e-6, abs=1e-8)
        assert STRAGGLERS.cdf(late, sd, share) == pytest.approx(below, rel=1e-6, abs=1e-8)
        assert np.exp(STRAGGLERS.log_sf(late, sd, share)) == pytest.approx(1 - below, rel=1e-6, abs=1e-7)


def test_drawn_errors_come_as_often() -> None:
    rng, n = np.random.default_rng(0), 40_000
    late = 0.05 * rng.standard_normal(n) + (rng.random(n) < 0.2) * rng.exponential(0.4, n)
    said = STRAGGLERS.cdf(LATE, 0.05, 0.2)
    seen = (late[:, None] <= LATE).mean(axis=0)
    assert np.all(np.abs(seen - said) <= 4 * np.sqrt(said * (1 - said) / n) + 1e-12)


@given(
    late=st.floats(-50, 50),
    sd=st.floats(1e-4, 5),
    share=st.floats(0, 1),
    delay=st.one_of(st.just(0.0), st.floats(0.01, 3)),
)
def test_probabilities_are_numbers_add_up_and_ascend(late: float, sd: float, share: float, delay: float) -> None:
    scatter = Scatter(sd, delay=delay)
    below, above = scatter.cdf(late, sd, share), np.exp(scatter.log_sf(late, sd, share))
    assert 0 <= below <= 1
    assert below + above == pytest.approx(1, abs=1e-9)
    assert scatter.cdf(late + 0.1, sd, share) >= below - 1e-12
    assert not np.isnan(scatter.log_density(late, sd, share))
    assert not np.isnan(scatter.log_cdf(late, sd, share))


@pytest.mark.parametrize(("degrees", "law"), [(None, stats.norm), (4.0, stats.t(4)), (1.0, stats.t(1))])
def test_a_prior_adds_up_to_one_and_is_students_between_the_possible_gammas(
    degrees: float | None, law: stats.rv_continuous
) -> None:
    prior = Law("any", 1.0, 1.0, 0.25, STRAGGLERS, degrees=degrees).prior(np.nan, np.nan)
    grid = np.linspace(0, 4, 4001)
    weight = np.exp(prior.log_weight(grid))
    assert weight.sum() == pytest.approx(1, abs=1e-3)  # both ends count whole in place of half
    inside = law.cdf(12.0) - law.cdf(-4.0)
    assert weight[grid <= 1.1].sum() == pytest.approx((law.cdf(0.4) - law.cdf(-4.0)) / inside, abs=2e-3)
    assert np.exp(prior.log_weight(prior.grid(401))).sum() == pytest.approx(1, abs=0.05 if degrees == 1.0 else 0.01)


def test_a_prior_by_steepness_is_centred_on_the_steepness_and_widened_by_its_error() -> None:
    law = Law("steep", 1.0, 3.6, 0.03, STRAGGLERS, by_steepness=True, steepness=(2.0, 6.0))
    prior = law.prior(0.25, 0.01)
    assert (prior.centre, prior.scale) == pytest.approx((0.9, np.hypot(0.03, 0.036)))
    assert [law.applies(1 / h) for h in (1.9, 2.0, 6.0, 6.1)] == [False, True, True, False]
    assert not law.applies(np.nan)
    assert Law("any", 1.0, 1.0, 0.1, STRAGGLERS, steepness=(2.0, 6.0)).applies(np.nan)
    assert Law("sure", 1.0, 1.0, 0.0, STRAGGLERS).prior(0.25, 0.01).grid(9).tolist() == [1.0]
