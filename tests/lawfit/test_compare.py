"""Rival forms, and foresight of the largest amounts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from saltus import InputError, compare_forms, hold_out
from saltus.lawfit.fit import Status

X = np.geomspace(1e3, 1e9, 40)
GRID = np.stack(np.meshgrid(np.geomspace(1e7, 1e10, 6), np.geomspace(1e9, 1e12, 6)), axis=-1).reshape(-1, 2)
LAWS = {
    "power": 30 * X**-0.3,
    "power-offset": 1.5 + 30 * X**-0.3,
    "broken": 3 * X**-0.1 * (1 + (X / 1e6) ** (1 / 0.5)) ** (-0.4 * 0.5),
}


@pytest.mark.parametrize("delta", [1e-3, math.inf])
@pytest.mark.parametrize("form", LAWS)
def test_the_form_that_made_the_losses_wins(form: str, delta: float) -> None:
    loss = LAWS[form] * np.exp(0.005 * np.random.default_rng(2).normal(size=X.size))
    rivals = compare_forms(X, loss, delta=delta)
    assert rivals[0].fit.form == form
    assert {rival.fit.form for rival in rivals} == set(LAWS)
    assert sum(rival.weight for rival in rivals) == pytest.approx(1)
    assert [rival.aicc for rival in rivals] == sorted(rival.aicc for rival in rivals)


def test_information_criteria_are_those_of_normal_residuals() -> None:
    loss = LAWS["power"] * np.exp(0.1 * np.random.default_rng(0).normal(size=X.size))
    power = next(rival for rival in compare_forms(X, loss, delta=math.inf) if rival.fit.form == "power")
    residual = np.log(loss) - np.polyval(np.polyfit(np.log(X), np.log(loss), 1), np.log(X))
    n, k = X.size, 3
    minus_two_log = n * (math.log(2 * math.pi * np.mean(residual**2)) + 1)
    assert power.aicc == pytest.approx(minus_two_log + 2 * k + 2 * k * (k + 1) / (n - k - 1), rel=1e-9)
    assert power.bic == pytest.approx(minus_two_log + k * math.log(n), rel=1e-9)


def test_weights_are_akaikes() -> None:
    loss = LAWS["power"] * np.exp(0.1 * np.random.default_rng(0).normal(size=X.size))
    best, *others = compare_forms(X, loss)
    for rival in others:
        assert rival.weight / best.weight == pytest.approx(math.exp((best.aicc - rival.aicc) / 2), rel=1e-12)


def test_a_plain_call_holds_out_a_fifth_and_fits_with_huber() -> None:
    loss = LAWS["power"] * np.exp(0.1 * np.random.default_rng(0).normal(size=X.size))
    assert hold_out(X, loss).n_foreseen == 8
    assert hold_out(X, loss) == hold_out(X, loss, "power", share=0.2, delta=1e-3)
    plain, spelled = compare_forms(X, loss), compare_forms(X, loss, share=0.2, delta=1e-3)
    assert [(one.aicc, one.hold_out) for one in plain] == [(one.aicc, one.hold_out) for one in spelled]
    assert plain[0].fit.delta == 1e-3


def test_two_resources_against_one_of_them() -> None:
    both = 1.7 + 400 * GRID[:, 0] ** -0.34 + 410 * GRID[:, 1] ** -0.28
    noise = np.exp(0.003 * np.random.default_rng(0).normal(size=len(GRID)))
    assert compare_forms(GRID, both * noise)[0].fit.form == "two-resource"
    only = 1.7 + 410 * GRID[:, 1] ** -0.28
    best = compare_forms(GRID, only * noise)[0]
    assert best.fit.form == "data only"
    assert best.fit.parameters["b"] == pytest.approx(0.28, abs=0.02)


def test_few_points_leave_out_the_forms_that_they_cannot_fit() -> None:
    rivals = compare_forms(X[:5], LAWS["power"][:5])
    assert {rival.fit.form for rival in rivals} == {"power", "power-offset"}
    with pytest.raises(InputError, match="form power has 2 parameters and needs at least 3 points; received 2; "):
        compare_forms(X[:2], LAWS["power"][:2])


def test_foresight_of_the_right_form_and_of_a_wrong_one() -> None:
    right = hold_out(X, LAWS["power-offset"], "power-offset", share=0.25)
    assert (right.n_fitted, right.n_foreseen, right.status) == (30, 10, Status.CONVERGED)
    assert right.decades == pytest.approx(math.log10(X[-1] / X[29]))
    assert right.error < 1e-9
    wrong = hold_out(X, LAWS["power-offset"], "power", share=0.25)
    # A straight line through the fitted part, foreseen: too low, since the losses flatten out.
    slope, start = np.polyfit(np.log(X[:30]), np.log(LAWS["power-offset"][:30]), 1)
    foreseen = (start + slope * np.log(X[30:]) - np.log(LAWS["power-offset"][30:])) / math.log(10)
    squares = hold_out(X, LAWS["power-offset"], "power", share=0.25, delta=math.inf)
    assert squares.bias == pytest.approx(float(np.median(foreseen)), rel=1e-9)
    assert wrong.bias < 0
    assert wrong.error == pytest.approx(-wrong.bias)


def test_points_at_one_amount_stay_together() -> None:
    x = np.repeat(X[::4], 3)
    held = hold_out(x, 30 * x**-0.3, share=0.15)
    assert held.n_foreseen == 6  # 4.5 points, so two whole amounts


def test_two_amounts_left_are_enough_to_foresee_a_third() -> None:
    x = np.repeat([10.0, 100.0, 1000.0], 3)
    rivals = compare_forms(x, 30 * x**-0.3 * np.exp(0.01 * np.random.default_rng(0).normal(size=9)))
    power = next(rival for rival in rivals if rival.fit.form == "power")
    assert power.hold_out is not None
    assert (power.hold_out.n_fitted, power.hold_out.n_foreseen) == (6, 3)
    assert power.hold_out.decades == pytest.approx(1.0)
    # One amount is not.
    assert compare_forms(x[3:], 30 * x[3:] ** -0.3)[0].hold_out is None


@pytest.mark.parametrize("share", [0, 1, math.nan])
def test_a_share_must_leave_points_on_both_sides(share: float) -> None:
    with pytest.raises(InputError, match="share of the points held out must lie between 0 and 1; received "):
        hold_out(X, 1 / X, share=share)
