"""Calibration in size, on strengths drawn by Monte Carlo: training sets drawn, Eq. 17 and 18-21 written out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from saltus import (
    Calibration,
    DataCalibration,
    DataEmergence,
    Frequencies,
    InputError,
    ParameterCalibration,
    calibrate,
    calibrate_data,
    calibrate_parameters,
    load_calibration,
)
from saltus.forecast.size.forms import ShotsForm
from tests.helpers import FREQUENCIES, MIX, NODES, SHOTS, SIZES, synthetic_data, synthetic_width


def covered(fits: list[DataCalibration | ParameterCalibration], truth: float) -> tuple[float, float]:
    """Share of 90 % intervals that hold the truth, and the mean error in standard errors of that mean."""
    errors = np.log([fit.constant / truth for fit in fits])
    reach = [float(stdtrit(fit.degrees, 0.95)) * np.sqrt(fit.variance) for fit in fits]
    within = float(np.mean(np.abs(errors) <= reach))
    return within, float(errors.mean() / errors.std(ddof=1) * np.sqrt(len(fits)))


@pytest.mark.parametrize(("n_runs", "noise", "run_spread", "on_skill"), [(1, 0.03, 0, 1), (8, 0.02, 0.1, [1, 2])])
def test_intervals_of_shots_hold_the_truth_as_often_as_they_say(
    n_runs: int, noise: float, run_spread: float, on_skill: int | list[int]
) -> None:
    rng = np.random.default_rng(3)
    fits = [
        calibrate_data(synthetic_data(rng, n_runs, noise=noise, run_spread=run_spread), on_skill=on_skill)
        for _ in range(40)
    ]
    share, bias = covered(list(fits), SHOTS)
    # Of 40 intervals 36 are expected to hold it, with a standard deviation of 1.9; the lower end is three of them off.
    # A single run has one or two points on the rise: its few degrees of freedom make it hold too often rather.
    assert share >= 30 / 40
    assert abs(bias) < 3


@pytest.mark.parametrize(("n_runs", "noise", "on_skill"), [(10, 0.3, 1), (10, 0.3, [1, 2, 3]), (1, 0.08, [1, 2, 3])])
def test_intervals_of_nodes_hold_the_truth_as_often_as_they_say(
    n_runs: int, noise: float, on_skill: int | list[int]
) -> None:
    rng = np.random.default_rng(4)
    fits = [calibrate_parameters(synthetic_width(rng, n_runs, noise=noise), on_skill) for _ in range(40)]
    share, bias = covered(list(fits), NODES)
    assert share >= 30 / 40
    assert abs(bias) < 3


def test_strengths_on_the_form_give_its_constant() -> None:
    alone = np.array([1.0])  # n_s = 1: every sample is of the one skill, no chance is left
    fit = calibrate(synthetic_data(np.random.default_rng(0), 2, mix=alone))
    assert isinstance(fit, DataCalibration)
    # The square root's infinite slope at D = D_c makes the least squares a cusp.
    assert fit.shots == pytest.approx(SHOTS, rel=1e-5)
    assert fit.residual < 1e-5
    assert fit.misfit < 1e-5
    assert fit.n_runs == 2
    width = calibrate(synthetic_width(np.random.default_rng(0), 1), on_skill=2)
    assert isinstance(width, ParameterCalibration)
    assert width.nodes_per_skill == pytest.approx(NODES, rel=1e-6)
    assert width.nodes_per_skill_error < 1e-3 * NODES  # the grid's step


def test_expected_strengths_are_the_exact_sums() -> None:
    data, frequency = np.array([1.0, 50.0, 800.0, 3000.0, 60_000.0]), np.array([0.5, 0.5, 0.5, 0.2, 0.02])
    form = ShotsForm(data, frequency)
    exact = [
        DataEmergence(Frequencies([p, 1 - p]), shots=1000.5).expected_strength(int(n), skills=[1 if p >= 0.5 else 2])[0]
        for n, p in zip(data, frequency, strict=True)
    ]
    # Wide counts are summed with a stride, to which the kink at D_c is worth about 1e-4.
    np.testing.assert_allclose(form.strength(1000.5), exact, rtol=0, atol=3e-4)
    drawn = 1 - np.sqrt(1 - np.minimum(np.random.default_rng(2).binomial(3000, 0.2, 40_000) / 1000.5, 1))
    assert form.variance(1000.5)[3] == pytest.approx(drawn.var(), rel=4 * np.sqrt(2 / 40_000))


def test_the_jackknife_is_what_fits_without_each_measurement_show() -> None:
    curves = synthetic_data(np.random.default_rng(9), 1, noise=0.03)
    fit = calibrate_data(curves, on_skill=[1, 2])
    refits = []
    for skill in (0, 1):
        for size in range(len(SIZES)):
            part = curves.copy(deep=True)
            part["strength"][0, skill, size] = np.nan
            refits.append(np.log(calibrate_data(part, on_skill=[1, 2]).shots))
    n = len(refits)
    assert fit.fit_variance == pytest.approx(
        (n - 1) * np.var(refits), rel=0.15
    )  # a grid of 0.5 % steps, cusps of the square root on it
    assert fit.variance == fit.fit_variance


def test_unmeasured_sizes_and_runs_with_one_size_each_are_fitted() -> None:
    curves = synthetic_data(np.random.default_rng(5), len(SIZES), noise=0.01)
    apart = curves.copy(deep=True)
    apart["strength"] = apart["strength"].where(apart["run"] == xr.DataArray(range(len(SIZES)), dims="data"))
    fit = calibrate_data(apart)
    assert fit.n_runs == len(SIZES)
    assert abs(np.log(fit.shots / SHOTS)) < 4 * np.sqrt(fit.variance)


def test_forecasts_of_size_meet_the_mean_of_drawn_training_sets() -> None:
    curves = synthetic_data(np.random.default_rng(6), 400)
    for threshold in (0.05, 0.5, 0.95):
        forecast = calibrate_data(curves).forecast(FREQUENCIES, measured=curves, threshold=threshold)
        inside = np.isfinite(forecast.log10_ratio) & (forecast.emergence_time > 2 * SIZES[0])
        assert inside.any()
        # Straight lines between sizes up to half a unit of log apart.
        assert np.all(np.abs(forecast.log10_ratio[inside]) < 0.04)
    widths = synthetic_width(np.random.default_rng(6), 50, noise=0.1)
    forecast = calibrate_parameters(widths).forecast(FREQUENCIES, measured=widths)
    np.testing.assert_allclose(forecast.emergence_time, [2, 6, 10], rtol=0.03)
    assert forecast.hit == [True] * 3


def test_what_strays_from_the_form_is_told_from_noise() -> None:
    rng = np.random.default_rng(8)
    noisy = calibrate_data(synthetic_data(rng, 30, noise=0.05))
    curves = synthetic_data(rng, 30, noise=0.05)
    observed = np.minimum(curves["data"].to_numpy() * MIX[:, None] / SHOTS, 1)
    curves["strength"] += observed - (1 - np.sqrt(1 - observed))  # Eq. 7's correlation in place of Eq. 17
    straying = calibrate_data(curves)
    assert noisy.misfit < 0.02
    assert straying.misfit > 0.06
    assert straying.residual >= straying.misfit


positive = st.floats(1e-6, 1e6)


@settings(deadline=None)
@given(
    kind=st.sampled_from([DataCalibration, ParameterCalibration]),
    constant=st.floats(1, 1e9),
    numbers=st.lists(positive, min_size=6, max_size=6),
)
def test_a_calibration_in_size_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory,
    kind: type[DataCalibration | ParameterCalibration],
    constant: float,
    numbers: list[float],
) -> None:
    names = ("variance", "fit_variance", "degrees", "residual", "misfit", "target_scale")
    values: dict[str, Any] = dict(zip(names, numbers, strict=True))
    fit = kind(constant=constant, **values, skills=(1, 2), n_skills=3, n_runs=4)
    path = tmp_path_factory.mktemp("calibration") / "cal.json"
    fit.save(path)
    assert load_calibration(path) == fit
    assert fit.summary()[fit.constant_name] == constant
    with pytest.raises(InputError, match=f"this needs a calibration in time; received .*: in {fit.resource}"):
        Calibration.load(path)


def test_bad_input_is_refused_in_one_line(tmp_path: Path) -> None:
    curves = synthetic_data(np.random.default_rng(0), 1)
    with pytest.raises(InputError, match="curves must run along parameters; received 'data'; use saltus.calibrate"):
        calibrate_parameters(curves)
    with pytest.raises(InputError, match=r"must rise through R/S = 0\.1 and 0\.5; received 0\..*; measure more sizes"):
        calibrate_data(curves.isel(data=slice(0, 2)))
    with pytest.raises(InputError, match="on_skill must be at most 3, the number of skills; received 4"):
        calibrate_data(curves, on_skill=4)
    with pytest.raises(InputError, match="the curves do not say how frequent their skills are"):
        calibrate_data(curves.assign_coords(frequency=("skill", [np.nan] * 3)))
    with pytest.raises(InputError, match="threshold must lie between 0 and 1; received 1"):
        calibrate_data(curves).forecast(FREQUENCIES, threshold=1)
    calibrate_data(curves).save(tmp_path / "cal.json")
    broken = json.loads((tmp_path / "cal.json").read_text()) | {"constant": 0.5}
    (tmp_path / "cal.json").write_text(json.dumps(broken))
    with pytest.raises(InputError, match="the constant must be at least 1, and variances and degrees of freedom"):
        load_calibration(tmp_path / "cal.json")
