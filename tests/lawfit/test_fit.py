"""Fits: known constants, other optimisers, invariances, statuses, and the certified Chinchilla refit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from saltus import InputError, fit_law
from saltus.lawfit.fit import LawFit, Status, _verdict
from saltus.lawfit.forms import FORMS
from saltus.lawfit.objective import Objective
from tests.helpers import shared_data

X = np.geomspace(1e3, 1e9, 30)
GRID = np.stack(np.meshgrid(np.geomspace(1e7, 1e10, 7), np.geomspace(1e9, 1e12, 7)), axis=-1).reshape(-1, 2)
TRUE: dict[str, dict[str, float]] = {
    "power": {"A": 3.0, "b": 0.3},
    "power-offset": {"E": 1.5, "A": 30.0, "b": 0.3},
    "broken": {"A": 3.0, "b_early": 0.1, "b_late": 0.5, "x_break": 1e6, "width": 0.7},
    "two-resource": {"E": 1.7, "A": 400.0, "a": 0.34, "B": 410.0, "b": 0.28},
}


def law(form: str, x: np.ndarray) -> Any:
    """The formulas as one writes them."""
    c = TRUE[form]
    if form == "two-resource":
        return c["E"] + c["A"] * x[:, 0] ** -c["a"] + c["B"] * x[:, 1] ** -c["b"]
    if form == "broken":
        turn = (1 + (x / c["x_break"]) ** (1 / c["width"])) ** (-(c["b_late"] - c["b_early"]) * c["width"])
        return c["A"] * x ** -c["b_early"] * turn
    return c.get("E", 0.0) + c["A"] * x ** -c["b"]


def noisy(form: str, sigma: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x = GRID if form == "two-resource" else X
    return x, law(form, x) * np.exp(sigma * np.random.default_rng(seed).normal(size=len(x)))


@pytest.mark.parametrize("form", TRUE)
@pytest.mark.parametrize("delta", [1e-3, math.inf])
def test_losses_on_a_law_give_its_constants(form: str, delta: float) -> None:
    x, loss = noisy(form, 0.0)
    fit = fit_law(x, loss, form, delta=delta, n_bootstrap=0)
    assert fit.status is Status.CONVERGED
    assert fit.intervals == {}
    # Losses carry 16 digits; the constants are less well conditioned by up to a few decades.
    assert fit.parameters == pytest.approx(TRUE[form], rel=1e-8)
    assert fit(x) == pytest.approx(loss, rel=1e-12)


def test_least_squares_of_a_power_law_is_a_straight_line_in_logarithms() -> None:
    x, loss = noisy("power", 0.1)
    slope, intercept = np.polyfit(np.log(x), np.log(loss), 1)
    fit = fit_law(x, loss, delta=math.inf, n_bootstrap=0)
    assert fit.parameters == pytest.approx({"A": math.exp(intercept), "b": -slope}, rel=1e-10)


@pytest.mark.parametrize("form", ["power-offset", "broken", "two-resource"])
def test_least_squares_agree_with_another_optimiser(form: str) -> None:
    x, loss = noisy(form, 0.02)
    fit = fit_law(x, loss, form, delta=math.inf, n_bootstrap=0)
    names = list(TRUE[form])

    def residuals(logs: np.ndarray) -> np.ndarray:
        c = dict(zip(names, np.exp(logs), strict=True))
        saved, TRUE[form] = TRUE[form], c
        try:
            return np.asarray(np.log(loss) - np.log(law(form, x)))
        finally:
            TRUE[form] = saved

    start = np.log(list(TRUE[form].values()))
    other = optimize.least_squares(residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    assert fit.objective == pytest.approx(other.cost, rel=1e-9)
    # Constants move by the square root of what the objective does.
    assert list(fit.parameters.values()) == pytest.approx(np.exp(other.x), rel=1e-3)


def test_huber_objective_is_the_sum_and_no_simplex_search_finds_a_lower_one() -> None:
    x, loss = noisy("power-offset", 0.02, seed=4)
    fit = fit_law(x, loss, "power-offset", n_bootstrap=0)

    def value(c: np.ndarray) -> float:
        return float(special.huber(1e-3, np.log(loss) - np.log(np.exp(c[0]) + np.exp(c[1]) * x ** -c[2])).sum())

    own = np.array([math.log(fit.parameters["E"]), math.log(fit.parameters["A"]), fit.parameters["b"]])
    assert fit.objective == pytest.approx(value(own), rel=1e-10)
    rng = np.random.default_rng(0)
    for _ in range(5):
        start = own + rng.normal(0, 0.05, 3)
        found = optimize.minimize(value, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
        assert fit.objective <= found.fun * (1 + 1e-9)


def test_many_points_have_the_minimum_that_few_of_them_led_to() -> None:
    rng = np.random.default_rng(3)
    x = np.exp(rng.uniform(math.log(1e3), math.log(1e9), 6000))
    loss = (1.5 + 30 * x**-0.3) * np.exp(0.02 * rng.normal(size=x.size))
    fit = fit_law(x, loss, "power-offset", delta=math.inf, n_bootstrap=0)
    other, _ = optimize.curve_fit(lambda u, e, a, b: np.log(e + a * u**-b), x, np.log(loss), p0=(1.5, 30, 0.3))
    assert fit.status is Status.CONVERGED
    assert list(fit.parameters.values()) == pytest.approx(other, rel=1e-4)  # its default tolerance is 1e-8, squared


def test_losses_over_hundreds_of_decades_are_fitted() -> None:
    x = 10.0 ** np.linspace(-300, 300, 30)
    fit = fit_law(x, 1 / x, n_bootstrap=0)
    assert fit.status is Status.CONVERGED
    assert fit.parameters == pytest.approx({"A": 1.0, "b": 1.0}, rel=1e-9)


def test_huber_resists_outliers_that_least_squares_follow() -> None:
    x, loss = noisy("power-offset", 0.003)
    loss[::7] *= 3
    robust, squares = (fit_law(x, loss, "power-offset", delta=delta, n_bootstrap=0) for delta in (1e-3, math.inf))
    # The honest points scatter by 0.3 %; the outliers lift least squares by about log(3)/7 = 16 %.
    assert robust.parameters["E"] == pytest.approx(1.5, rel=0.02)
    assert squares.parameters["E"] > 1.6


@settings(max_examples=15, deadline=None)
@given(
    form=st.sampled_from(list(TRUE)),
    x_unit=st.floats(-30, 30),
    loss_unit=st.floats(-30, 30),
    seed=st.integers(0, 100),
)
def test_units_change_nothing_but_the_coefficients(form: str, x_unit: float, loss_unit: float, seed: int) -> None:
    x, loss = noisy(form, 0.01, seed)
    plain = fit_law(x, loss, form, n_bootstrap=0)
    scaled = fit_law(x * 10**x_unit, loss * 10**loss_unit, form, n_bootstrap=0)
    # The objective is found to 1e-13 and changes by the rounding of 60 decades; constants by its square root.
    assert scaled.objective == pytest.approx(plain.objective, rel=1e-7)
    assert scaled.status is plain.status
    if plain.status is Status.CONVERGED:
        for name in plain.exponents:
            assert scaled.parameters[name] == pytest.approx(plain.parameters[name], rel=1e-3, abs=1e-4)
        assert scaled(x * 10**x_unit) == pytest.approx(np.asarray(plain(x)) * 10**loss_unit, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_points_changes_nothing(seed: int) -> None:
    x, loss = noisy("power-offset", 0.02, seed)
    order = np.random.default_rng(seed).permutation(x.size)
    one, other = (fit_law(x[i], loss[i], "power-offset", n_bootstrap=0) for i in (slice(None), order))
    assert one.objective == pytest.approx(other.objective, rel=1e-9)


def test_a_pure_power_law_has_its_irreducible_loss_at_bound() -> None:
    fit = fit_law(X, 3 * X**-0.3, "power-offset", n_bootstrap=0)
    assert fit.status is Status.AT_BOUND
    assert fit.reason == "E went to 0 (a millionth of the lowest loss): the losses do not show that term"
    # The bound that stands for zero: a millionth of the lowest loss.
    assert fit.parameters["E"] == pytest.approx(1e-6 * 3 * X[-1] ** -0.3, rel=1e-12)
    assert fit.parameters["b"] == pytest.approx(0.3, rel=1e-4)


def test_three_parameters_on_two_amounts_are_flat() -> None:
    noise = np.exp(0.01 * np.random.default_rng(0).normal(size=10))
    fit = fit_law(np.repeat([1.0, 10.0], 5), np.repeat([3.0, 2.0], 5) * noise, "power-offset", n_bootstrap=0)
    assert fit.status is Status.FLAT


@pytest.mark.parametrize(("seed", "weakest"), [(0, "b"), (3, "b"), (6, "E")])
def test_a_flat_fit_says_how_far_the_noise_leaves_its_weakest_parameter(seed: int, weakest: str) -> None:
    x, range_of_logs = np.geomspace(1e3, 1e4, 30), math.log(10)
    loss = (1 + 2 * (x / 1e3) ** -0.7) * np.exp(0.25 * np.random.default_rng(seed).normal(size=x.size))
    fit = fit_law(x, loss, "power-offset", delta=math.inf, n_bootstrap=0)
    # Logarithms of the coefficients where x is smallest, and the fall of log over the whole range of x.
    offset, coefficient, fall = (fit.parameters[name] for name in ("E", "A", "b"))
    best = np.array([math.log(offset), math.log(coefficient * x[0] ** -fall), fall * range_of_logs])

    def log_loss(theta: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(np.exp(theta[0]) + np.exp(theta[1]) * (x / x[0]) ** (-theta[2] / range_of_logs)))

    steps = 1e-5 * np.eye(3)
    slopes = np.stack([(log_loss(best + step) - log_loss(best - step)) / 2e-5 for step in steps], axis=1)
    # The median of |r| is 0.67 standard deviations of normal residuals; linear propagation to the loosest direction.
    noise = float(np.median(np.abs(np.log(loss) - log_loss(best)))) / stats.norm.ppf(0.75)
    spread, directions = np.linalg.eigh(slopes.T @ slopes)
    assert "Eab"[np.abs(directions[:, 0]).argmax()].replace("a", "A") == weakest
    assert fit.status is Status.FLAT
    expected = f"the noise leaves {weakest} undetermined by a factor e to the {noise / math.sqrt(spread[0]):.2g}"
    assert fit.reason == expected


def test_two_starts_that_agree_are_enough_and_one_of_several_is_not() -> None:
    z = np.linspace(0, 1, 30)[:, None]
    objective = Objective(FORMS["power"], z, 0.4 - 1.7 * z[:, 0], np.ones((1, 30)), math.inf)
    theta = np.array([0.4, 1.7])
    assert _verdict(objective, theta, 2, 5) == (Status.CONVERGED, "2 of 5 starts reached this minimum")
    assert _verdict(objective, theta, 1, 1) == (Status.CONVERGED, "1 of 1 starts reached this minimum")
    alone = "1 of 5 starts came to rest at the lowest point found"
    assert _verdict(objective, theta, 1, 5) == (Status.STARTS_DISAGREE, alone)


def test_losses_without_a_law_are_not_called_converged() -> None:
    for seed in range(5):
        loss = np.exp(np.random.default_rng(seed).normal(size=X.size))
        assert fit_law(X, loss, "power-offset", n_bootstrap=0).status is not Status.CONVERGED


def test_a_break_that_is_not_there_is_flat() -> None:
    fit = fit_law(X, 3 * X**-0.3, "broken", n_bootstrap=0)
    assert fit.status is Status.FLAT
    assert fit.reason.startswith("the noise leaves ")


def test_exponents_name_their_resource() -> None:
    expected = {
        "power": {"b": 0},
        "power-offset": {"b": 0},
        "broken": {"b_early": 0, "b_late": 0},
        "two-resource": {"a": 0, "b": 1},
    }
    for form, exponents in expected.items():
        assert fit_law(*noisy(form, 0.0), form, n_bootstrap=0).exponents == exponents


def test_rising_losses_have_a_negative_exponent_or_none() -> None:
    assert fit_law(X, X**0.2, n_bootstrap=0).parameters["b"] == pytest.approx(-0.2)
    assert fit_law(X, X**0.2, "power-offset", n_bootstrap=0).status is Status.AT_BOUND


@pytest.mark.parametrize("form", ["power", "power-offset", "broken"])
@pytest.mark.parametrize(("x", "loss"), [(X, np.full(30, 2.0)), (10.0 ** np.linspace(-300, 300, 30), 10.0**-X / X)])
def test_extremes_raise_no_warning(form: str, x: np.ndarray, loss: np.ndarray) -> None:
    loss = np.maximum(loss, 1e-300)
    fit = fit_law(x, loss, form, n_bootstrap=20)
    assert isinstance(fit.status, Status)
    assert np.isfinite(fit.objective)


def test_a_law_of_two_resources_takes_pairs() -> None:
    fit = fit_law(*noisy("two-resource", 0.0), "two-resource", n_bootstrap=50)
    assert isinstance(fit([1e9, 1e11]), float)
    assert np.shape(fit(np.ones((3, 4, 2)))) == (3, 4)
    low, high = fit.band(GRID)
    assert low.shape == (49,)
    assert np.all(low <= high)


@pytest.fixture(scope="module")
def certified() -> LawFit:
    table = pd.read_csv(shared_data("chinchilla/chinchilla.csv")).sort_values("loss").iloc[:-5]
    n = table["Model Size"].to_numpy()
    x = np.column_stack([n, table["Training FLOP"].to_numpy() / (6 * n)])
    return fit_law(x, table["loss"].to_numpy(), "two-resource")


def test_the_chinchilla_refit(certified: LawFit) -> None:
    # Besiroglu et al. 2024 (arXiv 2404.10102) and an independent fit with objective 0.001018274018.
    assert certified.status is Status.CONVERGED
    assert certified.n_points == 240
    assert certified.objective <= 0.00101827402
    independent = {"E": 1.81722, "A": 477.83, "a": 0.34731, "B": 2143.4, "b": 0.36717}
    assert certified.parameters == pytest.approx(independent, rel=2e-5)
    # Their 4000 resamples and our 1000 both know an end of an interval to a few hundredths of its width.
    assert certified.intervals["a"] == pytest.approx((0.317, 0.373), abs=0.004)
    assert certified.intervals["b"] == pytest.approx((0.331, 0.415), abs=0.006)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"form": "cubic"}, "form must be one of power, power-offset, broken, two-resource; received 'cubic'; "),
        ({"loss": X[:3]}, r"x and loss must have shapes (n,) and (n,); received '(30,) and (3,)'; give one loss for"),
        ({"loss": -X}, "every loss must be a finite number greater than 0; received -1000.0; leave such points out"),
        ({"x": X * 0}, "every x must be a finite number greater than 0; received 0.0; leave such points out"),
        ({"x": X * np.nan}, "every x must be a finite number greater than 0; received nan; "),
        ({"x": ["a"] * 30}, "x must be numbers; received ['a', "),
        ({"x": X * 0 + 1}, "every resource must take at least two values; received 1.0; measure at another amount"),
        ({"x": X[:2], "loss": X[:2]}, "form power has 2 parameters and needs at least 3 points; received 2; measure"),
        ({"form": "two-resource"}, "x and loss must have shapes (n, 2) and (n,); received '(30,) and (30,)'; "),
        ({"delta": 0}, "delta must be at least 1e-08; received 0; give e.g. 1e-3, or inf for least squares"),
        ({"level": 1}, "level must lie between 0 and 1; received 1; give e.g. 0.95"),
        ({"n_bootstrap": -1}, "n_bootstrap must be a whole number, 0 or more; received -1; "),
        ({"runs": [1, 2]}, "runs must have one label for each loss; received (2,); give as many as there are losses"),
        ({"runs": [1] * 30}, "a bootstrap over runs needs at least 2 runs; received 1; leave runs out"),
    ],
)
def test_bad_input_says_what_must_hold(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        fit_law(**{"x": X, "loss": 1 / X, **arguments})
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_asking_a_fit_for_what_it_does_not_have() -> None:
    fit = fit_law(X, 1 / X, n_bootstrap=0)
    with pytest.raises(InputError, match="every x must be greater than 0; received 0; a law says nothing"):
        fit(0)
    with pytest.raises(InputError, match="a band needs a bootstrap; received 0; fit with n_bootstrap"):
        fit.band(X)
    two = fit_law(*noisy("two-resource", 0.0), "two-resource", n_bootstrap=0)
    with pytest.raises(InputError, match="x must end in an axis of 2 resources; received 3; give one amount of each"):
        two(3)
