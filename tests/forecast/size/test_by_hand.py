"""Fits and forecasts in size against refits, resampling and sums of their own, and forecasts worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom
from scipy.stats import t as student

from saltus import DataCalibration, Frequencies, InputError, ParameterCalibration, calibrate_data, calibrate_parameters
from saltus._types import Floats
from saltus.curves.schema import curves_from
from saltus.forecast.size.calibrate import has_risen
from saltus.forecast.size.fit import curve_misfit, fit_size, points_of
from saltus.forecast.size.forms import NodesForm, ShotsForm
from tests.helpers import MIX, NODES, logistic, synthetic_width

CONSTANT = 30.0


class Smooth:
    """A form without kinks: a logistic in the logarithm of units over the constant."""

    def __init__(self, units: Floats, variance: float = 0.0) -> None:
        self.units, self._variance = units, variance

    def strength(self, constant: float) -> Floats:
        return logistic(3 * np.log(self.units / constant))

    def variance(self, constant: float) -> Floats:
        assert constant >= 1
        return np.full_like(self.units, self._variance)


UNITS = np.geomspace(10, 90, 9)
FORM = Smooth(UNITS)


def drawn(n_runs: int, seed: int = 0, noise: float = 0.02, spread: float = 0.0) -> Floats:
    rng = np.random.default_rng(seed)
    shift = spread * rng.standard_normal((n_runs, 1))
    return logistic(3 * (np.log(UNITS / CONSTANT) + shift)) + noise * rng.standard_normal((n_runs, UNITS.size))


def best(strength: Floats, weight: Floats | None = None) -> float:
    """log(constant) of the least weighted squares, by a search without a grid."""
    counts = np.ones_like(strength) if weight is None else weight

    def squares(log_constant: float) -> float:
        return float(np.nansum(counts * (strength - FORM.strength(math.exp(log_constant))) ** 2))

    # A minimum is found to the square root of the rounding of its height.
    return float(minimize_scalar(squares, bounds=(2.5, 4.2), method="bounded", options={"xatol": 1e-9}).x)


def jackknife(strength: Floats, leave: list[Any]) -> float:
    found = []
    for out in leave:
        part = strength.copy()
        part[out] = np.nan
        found.append(best(part))
    return (len(found) - 1) * float(np.var(found))


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_few_runs_have_the_errors_that_refits_without_parts_show(spread: float) -> None:
    strength = drawn(3, spread=spread)
    strength[1, 4] = np.nan
    fit = fit_size(FORM, strength, np.full_like(strength, np.nan))
    assert math.log(fit.constant) == pytest.approx(best(strength), abs=1e-7)
    within = jackknife(strength, [tuple(at) for at in np.argwhere(np.isfinite(strength))])
    between = max(jackknife(strength, [0, 1, 2]) - within, 0.0)
    # Parabolas over grid steps of 0.005 are off by the third derivative: thousandths.
    assert fit.fit_variance == pytest.approx(within, rel=0.01)
    assert fit.variance == pytest.approx(within + between, rel=0.01)
    # Degrees: each measurement counts by its squared slope, dR/dlog(c) = -3 R (1 - R).
    at = FORM.strength(fit.constant)
    squares = np.broadcast_to((3 * at * (1 - at)) ** 2, strength.shape)[np.isfinite(strength)]
    counted = squares.sum() ** 2 / np.sum(squares**2)
    degrees = (within + between) ** 2 / (within**2 / (counted - 1) + between**2 / 2)
    # The slope's difference over 2 % either way is good to a thousandth.
    assert fit.degrees == pytest.approx(degrees, rel=0.02)
    assert fit.n_runs == 3


def test_from_five_runs_on_the_bootstrap_tells_the_variance() -> None:
    strength = drawn(5, seed=2, spread=0.1)
    fit = fit_size(FORM, strength, np.full_like(strength, np.nan))
    rng = np.random.default_rng(77)
    counts = rng.multinomial(5, np.full(5, 0.2), size=300)
    found = [best(strength, np.repeat(count[:, None], UNITS.size, axis=1)) for count in counts]
    # Variances of 400 and 300 draws are known to 7 % and 8 %: three times both.
    assert fit.variance == pytest.approx(5 / 4 * np.var(found, ddof=1), rel=0.33)
    assert fit.degrees == 4
    within = jackknife(strength, [tuple(at) for at in np.argwhere(np.isfinite(strength))])
    assert fit.fit_variance == pytest.approx(min(within, fit.variance), rel=0.01)
    alike = np.repeat(drawn(1), 5, axis=0)
    fit = fit_size(FORM, alike, np.full_like(alike, np.nan))
    assert fit.variance == fit.fit_variance == pytest.approx(0, abs=1e-20)  # runs that are equal differ by nothing


def test_noise_twice_as_large_doubles_the_error() -> None:
    clean = drawn(3, noise=0.0)
    noise = 0.004 * np.random.default_rng(5).standard_normal(clean.shape)
    one, two = (fit_size(FORM, clean + times * noise, np.full_like(clean, np.nan)) for times in (1, 2))
    # To first order in the noise, 0.4 %.
    assert two.fit_variance == pytest.approx(4 * one.fit_variance, rel=0.05)
    assert two.variance == pytest.approx(4 * one.variance, rel=0.05)
    assert two.residual == pytest.approx(2 * one.residual, rel=0.05)


def test_runs_and_points_may_be_permuted() -> None:
    strength = drawn(3, seed=4)
    order = np.array([3, 0, 8, 1, 7, 2, 6, 4, 5])
    error = np.full_like(strength, np.nan)
    one = fit_size(FORM, strength, error)
    other = fit_size(Smooth(UNITS[order]), strength[[2, 0, 1]][:, order], error)
    np.testing.assert_allclose(
        [other.constant, other.variance, other.degrees, other.misfit],
        [one.constant, one.variance, one.degrees, one.misfit],
        rtol=1e-5,  # a minimum is found to the square root of the rounding of its height
        atol=1e-9,
    )


def test_a_fit_without_any_scatter_has_no_variance_and_one_degree() -> None:
    exact = np.full((1, 1), 0.5)
    fit = fit_size(Smooth(np.array([CONSTANT])), exact, np.full_like(exact, np.nan))
    assert fit.constant == pytest.approx(CONSTANT, rel=1e-6)
    assert (fit.variance, fit.degrees, fit.n_runs) == (0, 1, 1)


def test_constants_from_1_to_twice_the_most_units_are_tried() -> None:
    """A form whose strength tells any constant, however far from its units."""

    class Telling(Smooth):
        def strength(self, constant: float) -> Floats:
            return np.full_like(self.units, math.log(constant) / 10)

    form = Telling(np.array([4.0, 20.0]))
    for wanted, found in ((0.0, 2.0), (math.log(2.2) / 10, 2.2), (math.log(38) / 10, 38.0), (1.0, 40.0)):
        fit = fit_size(form, np.full((1, 2), wanted), np.full((1, 2), np.nan))
        assert fit.constant == pytest.approx(found, rel=1e-5)
    fit = fit_size(Telling(np.array([0.1, 0.5])), np.full((1, 2), -1.0), np.full((1, 2), np.nan))
    assert fit.constant == pytest.approx(1.0, rel=1e-5)  # a constant is 1 at least
    fit = fit_size(Telling(np.array([0.1, 0.5])), np.full((1, 2), 1.0), np.full((1, 2), np.nan))
    assert fit.constant == pytest.approx(math.e, rel=1e-5)


def test_misfit_is_what_scatter_leaves_over() -> None:
    form = Smooth(np.array([10.0, 25, 30, 36, 1000]), variance=0.0004)
    expected = form.strength(CONSTANT)
    shift = np.array([0.0, 0.1, -0.1, 0.1, 0.0])
    # Two runs apart by 0.06 about a mean that is off by 0.1 wherever the curve rises (0.05 to 0.95).
    strength = expected + shift + np.array([[0.03], [-0.03]])
    strength[:, 0] = expected[0]  # 0.036: too flat to show the form
    residual, misfit = curve_misfit(form, CONSTANT, strength, np.full_like(strength, np.nan))
    assert residual == pytest.approx(0.1)
    assert misfit == pytest.approx(math.sqrt(0.01 - 0.0018 / 2))  # variance of the mean of two
    # One run: the variance of the form itself and of the measurement's own error.
    one = (expected + shift)[None]
    residual, misfit = curve_misfit(form, CONSTANT, one, np.full_like(one, 0.04))
    assert residual == pytest.approx(0.1)
    assert misfit == pytest.approx(math.sqrt(0.01 - 0.0004 - 0.0016))
    assert curve_misfit(form, CONSTANT, one, np.full_like(one, 0.2))[1] == 0  # all of it is scatter
    # Run 2 was measured at the first of the rising points alone.
    some = strength.copy()
    some[1, 2:] = np.nan
    some[0, 2:] = (expected + shift)[2:]
    noise = (0.0009 + 0.0004 + 0.0004) / 3
    assert curve_misfit(form, CONSTANT, some, np.full_like(some, np.nan))[1] == pytest.approx(math.sqrt(0.01 - noise))
    flat = np.array([[0.0, 0.02, 1.0]])
    assert curve_misfit(Smooth(np.array([1.0, 5, 900])), CONSTANT, flat, 0 * flat) == (0.0, 0.0)


def test_a_point_rises_where_the_mean_or_the_form_does() -> None:
    form = Smooth(np.array([1.0, CONSTANT, 1000.0]))
    low, half, high = form.strength(CONSTANT)
    none = np.full((1, 3), 0.0)
    assert curve_misfit(form, CONSTANT, np.array([[0.2, half, high]]), none)[0] == pytest.approx(
        (0.2 - low) / math.sqrt(2)
    )
    assert curve_misfit(form, CONSTANT, np.array([[low, 1.0, high]]), none)[0] == pytest.approx(0.5)
    assert curve_misfit(form, CONSTANT, np.array([[0.049, half, 0.951]]), none)[0] == pytest.approx(0, abs=1e-12)


def test_points_are_those_of_the_chosen_skills_at_positive_sizes_that_were_measured() -> None:
    strength = np.arange(24, dtype=float).reshape(2, 3, 4) / 24
    strength[:, 1, 2] = np.nan
    strength[0, 2, 1] = np.nan
    curves = curves_from(strength, [0, 1, 50, 90], over="data", strength_error=strength / 10)
    form, found, error = points_of(DataCalibration, curves, (2, 3), Frequencies(MIX.tolist()))
    np.testing.assert_allclose(form.units, [MIX[1], 90 * MIX[1], MIX[2], 50 * MIX[2], 90 * MIX[2]])
    wanted = np.stack([[s[1, 1], s[1, 3], s[2, 1], s[2, 2], s[2, 3]] for s in strength])
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(error, wanted / 10)


def test_expected_strengths_are_binomial_means_and_their_variances() -> None:
    data, p = np.array([20.0, 60.0, 300.0, 7.0]), np.array([0.3, 0.05, 0.02, 0.9])
    form = ShotsForm(data, p)
    np.testing.assert_allclose(form.units, data * p)
    for at, (n, share) in enumerate(zip(data, p, strict=True)):
        d = np.arange(n + 1)
        one = 1 - np.sqrt(1 - np.minimum(d / 5.5, 1))
        weight = binom.pmf(d, n, share)
        # Counts farther than nine standard deviations have no weight.
        assert form.strength(5.5)[at] == pytest.approx(weight @ one, rel=1e-9)
        assert form.variance(5.5)[at] == pytest.approx(weight @ (one - weight @ one) ** 2, rel=1e-9)


def test_wide_counts_are_summed_with_a_stride_that_skips_no_weight() -> None:
    data, p = np.array([100.0, 4e6]), np.array([0.5, 0.25])
    # Linear in the count but for the square root: a mean over 1e6 -+ 866 counts of a smooth curve.
    mean, sd = 1e6, math.sqrt(4e6 * 0.25 * 0.75)
    found = ShotsForm(data, p)
    u = mean / 2e6
    slope = 1 / (2 * math.sqrt(1 - u)) / 2e6
    assert found.strength(2e6)[1] == pytest.approx(1 - math.sqrt(1 - u), abs=1e-6)  # half the bend: 4e-8
    assert found.variance(2e6)[1] == pytest.approx((slope * sd) ** 2, rel=1e-3)


def test_nodes_go_to_skills_in_order() -> None:
    nodes, skill = np.array([1.0, 6, 6, 6, 100]), np.array([1, 1, 2, 3, 3])
    form = NodesForm(nodes, skill)
    np.testing.assert_allclose(form.units, [1, 6, 3, 2, 100 / 3])
    np.testing.assert_allclose(form.strength(4.0), [0.25, 1, 0.5, 0, 1])
    np.testing.assert_allclose(form.strength(2.5), [0.4, 1, 1, 0.4, 1])
    assert form.variance(4.0).tolist() == [0] * 5


def in_nodes(**others: Any) -> ParameterCalibration:
    values = {"variance": 0.01, "fit_variance": 0.004, "degrees": 6.0, "residual": 0.03, "misfit": 0.02} | others
    return ParameterCalibration(constant=4.0, target_scale=5.0, skills=(1,), n_skills=3, n_runs=2, **values)


@pytest.mark.parametrize(("threshold", "aside"), [(0.5, 0.05), (0.05, 0.025), (0.96, 0.02)])
def test_a_forecast_in_nodes_is_a_ramp_with_errors_by_source(threshold: float, aside: float) -> None:
    forecast = in_nodes().forecast(Frequencies([1.0] * 3), threshold=threshold, level=0.8)
    place = np.arange(3) + threshold
    np.testing.assert_allclose(forecast.emergence_time, 4 * place)
    # R/S rises by 2 aside between these two places: a strength off by the misfit is a size off by so many decades.
    decades = np.log10((place + aside) / (place - aside)) / (2 * aside)
    found = forecast.uncertainty
    np.testing.assert_allclose(found.fit, math.sqrt(0.004) / math.log(10))
    np.testing.assert_allclose(found.runs, math.sqrt(0.006) / math.log(10))
    np.testing.assert_allclose(found.misfit, 0.02 * decades)
    np.testing.assert_allclose(found.frequencies, 0)
    total = np.sqrt(0.01 / math.log(10) ** 2 + (0.02 * decades) ** 2)
    np.testing.assert_allclose(found.total, total)
    reach = student(6).ppf(0.9) * total
    log_size = np.log10(4 * place)
    np.testing.assert_allclose(np.log10(forecast.interval), np.column_stack([log_size - reach, log_size + reach]))
    assert forecast.skill.tolist() == [1, 2, 3]
    assert forecast.sharpened.tolist() == [False] * 3
    assert forecast.measured is None
    assert in_nodes().nodes_per_skill_error == pytest.approx(4 * 0.1)


def test_forecasts_in_size_scale_with_their_constant() -> None:
    values: dict[str, Any] = {"variance": 0.01, "fit_variance": 0.004, "degrees": 6.0, "residual": 0.0, "misfit": 0.0}
    values |= {"target_scale": 5.0, "skills": (1,), "n_skills": 3, "n_runs": 2}
    one, ten = (DataCalibration(shots, **values).forecast(Frequencies(MIX.tolist())) for shots in (500.0, 5000.0))
    # Counts scatter about their mean by the square root: a few parts of a hundred of the smaller one.
    np.testing.assert_allclose(ten.emergence_time, 10 * one.emergence_time, rtol=0.01)
    np.testing.assert_allclose(ten.interval[:, 1] / ten.interval[:, 0], one.interval[:, 1] / one.interval[:, 0])
    # Half the strength takes d_k = 3/4 D_c.
    np.testing.assert_allclose(ten.emergence_time, 3750 / MIX, rtol=0.01)


def test_a_forecast_is_set_beside_its_measurements() -> None:
    widths = synthetic_width(np.random.default_rng(0), 2)
    forecast = in_nodes().forecast(Frequencies([1.0] * 3), measured=widths)
    assert forecast.measured is not None
    np.testing.assert_allclose(forecast.measured.mean, [2, 6, 10])
    assert forecast.hit == [True] * 3
    with pytest.raises(InputError, match="as many skills as there are frequencies; received 3; give frequencies of 3"):
        in_nodes().forecast(Frequencies([1.0] * 2), measured=widths)
    for threshold in (0.0, 1.0):
        with pytest.raises(InputError, match="threshold must lie between 0 and 1"):
            in_nodes().forecast(Frequencies([1.0]), threshold=threshold)


def test_numbers_that_cannot_be_are_refused_and_limits_are_not(tmp_path: Path) -> None:
    in_nodes(variance=0.0, fit_variance=0.0, residual=0.0, misfit=0.0, degrees=0.5).checked(tmp_path)
    values: dict[str, Any] = {"constant": 1.0, "variance": 0.0, "fit_variance": 0.0, "degrees": 1.0, "residual": 0.0}
    rest: dict[str, Any] = {"misfit": 0.0, "target_scale": 0.5, "skills": (1,), "n_skills": 1, "n_runs": 1}
    assert DataCalibration(**(values | rest)).checked(tmp_path).shots == 1
    for change in (
        *({"degrees": 0.0}, {"target_scale": 0.0}, {"constant": 0.99}, {"constant": math.inf}, {"misfit": -1e-9}),
        *({"variance": -1e-9}, {"fit_variance": -1e-9}, {"residual": -1e-9}, {"residual": math.nan}),
    ):
        with pytest.raises(InputError, match="the constant must be at least 1, and variances and degrees of freedom"):
            DataCalibration(**(values | rest | change)).checked(tmp_path)


def test_the_first_skill_calibrates_unless_another_is_named() -> None:
    widths = synthetic_width(np.random.default_rng(0), 1)
    widths["strength"][:, 1:] = np.nan
    fit = calibrate_parameters(widths)
    assert fit.skills == (1,)
    assert fit.constant == pytest.approx(NODES, rel=1e-6)
    assert (fit.n_skills, fit.n_runs) == (3, 1)
    x = np.array([1.0, 50, 100, 150, 200, 300])
    alone = 1 - np.sqrt(1 - np.minimum(x / 200, 1))
    strength = np.stack([alone, np.full(6, np.nan)])
    curves = curves_from(strength, x, over="data", frequencies=[1.0, 1e-9], target_scale=3.0)
    found = calibrate_data(curves)
    assert found.skills == (1,)
    assert found.constant == pytest.approx(200, rel=1e-4)
    assert found.target_scale == 3.0


def test_a_rise_passes_half_strength_on_average_over_runs() -> None:
    def rises(*runs: list[list[float]], on_skill: int | list[int] = 1) -> bool:
        return has_risen(curves_from(np.array(runs), [1, 2], over="data"), on_skill)

    assert rises([[0.4, 0.5], [0.0, 0.0]])
    assert not rises([[0.4, 0.49], [0.4, 0.5]])  # skill 2 does, and was not asked for
    assert rises([[0.4, 0.49], [0.4, 0.5]], on_skill=[1, 2])
    assert rises([[0.4, 0.3], [0, 0]], [[0.0, 0.8], [0, 0]])
    assert not rises([[0.4, 0.3], [0, 0]], [[0.0, 0.6], [0, 0]])
    assert not rises([[0.5, 0.9], [0, 0]])  # it was never below
    assert has_risen(curves_from([[0.4, 0.5], [0.0, 0.0]], [1, 2], over="data"))  # the first, unless another is named
    with pytest.raises(InputError, match=r"must rise through R/S = 0\.1 and 0\.5; received 0\.9"):
        calibrate_parameters(curves_from([[0.6, 0.9]], [1, 2], over="parameters"))
