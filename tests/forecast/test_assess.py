"""Whole forecasts: what may be used, how sure they are, what they say about networks and about smooth curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from saltus import Calibration, InputError, MultitaskSparseParity, PowerLaw, assess, calibrate_time, train_mlp
from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER
from tests.helpers import FREQUENCIES, LOGIT, MIX, RATE, covered, shared_data, synthetic_time


def test_what_comes_later_does_not_change_a_forecast() -> None:
    curves = synthetic_time(np.random.default_rng(0), 3, noise=0.01)
    changed = curves.copy(deep=True)
    changed["strength"] = changed["strength"].where(changed["step"] <= 2000, 0.123)
    one, other = (assess(each, FREQUENCIES, until=2000) for each in (curves, changed))
    assert one.calibration == other.calibration
    assert one.verdict == other.verdict
    assert one.forecast is not None
    assert other.forecast is not None
    np.testing.assert_array_equal(one.forecast.interval, other.forecast.interval)
    assert one.forecast.sharpened.tolist() == [False, True, False]  # skill 3 has not visibly begun


def test_uncertainty_of_the_fit_is_what_repeated_fits_show() -> None:
    rng = np.random.default_rng(1)
    for threshold in (0.05, 0.95):
        fits = [calibrate_time(synthetic_time(rng, 1, noise=0.03)) for _ in range(200)]
        times = [fit.forecast(FREQUENCIES, threshold=threshold, departure=PAPER) for fit in fits]
        seen = np.std([np.log10(one.emergence_time[2]) for one in times])
        said = np.sqrt(np.mean([one.uncertainty.fit[2] ** 2 for one in times]))
        assert said == pytest.approx(seen, rel=0.2)  # 200 fits show a deviation to 5 %; four of them


def test_runs_that_differ_are_kept_apart_from_the_fit() -> None:
    spread = calibrate_time(synthetic_time(np.random.default_rng(2), 40, noise=0.01, run_spread=0.1)).forecast(
        FREQUENCIES
    )
    # ln T of a run has standard deviation 0.1, its mean over 40 runs 0.1/sqrt(40); known to 11 %.
    assert spread.uncertainty.runs[1] == pytest.approx(0.1 / np.log(10) / np.sqrt(40), rel=0.4)
    assert spread.uncertainty.fit[1] < 0.1 * spread.uncertainty.runs[1]
    total = np.sqrt(spread.uncertainty.fit**2 + spread.uncertainty.runs**2 + spread.uncertainty.misfit**2)
    np.testing.assert_allclose(spread.uncertainty.total, total)


def test_several_skills_calibrate_together() -> None:
    curves = synthetic_time(np.random.default_rng(3), 1, noise=0.02)
    one, both = calibrate_time(curves, on_skill=1), calibrate_time(curves, on_skill=[2, 1])
    assert both.skills == (1, 2)
    assert both.frequency == pytest.approx(float(np.sqrt(np.prod(FREQUENCIES.pmf([1, 2])))))
    assert both.rate_error < one.rate_error
    assert abs(both.rate - RATE) < 4 * both.rate_error
    assert abs(both.initial_logit - LOGIT) < 4 * both.initial_logit_error


numbers = st.floats(1e-9, 1e9)


@given(rate=numbers, half=numbers, entries=st.lists(st.floats(-1, 1), min_size=8, max_size=8), flow=st.booleans())
def test_a_calibration_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, rate: float, half: float, entries: list[float], flow: bool
) -> None:
    a, b, c, d, e, f, g, h = entries
    fit = Calibration(
        rate=rate,
        half_exposure=half,
        covariance=((abs(b) + abs(a), b), (b, abs(b) + abs(c))),
        error_source="residuals",
        fit_covariance=((abs(e) + abs(d), e), (e, abs(e) + abs(f))),
        fit_degrees=1 + abs(f),
        residual=abs(g),
        target_scale=1.0 + abs(h),
        flow_learning_rate=rate / 3,
        skills=(1, 3),
        frequency=0.1,
        n_skills=4,
        n_runs=1,
    )
    path = tmp_path_factory.mktemp("calibration") / "cal.json"
    fit.save(path)
    assert Calibration.load(path) == fit


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"calibration": null}', "\x00"])
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cal.json"
    path.write_text(text)
    with pytest.raises(InputError, match="a calibration must be a JSON file of ours; received .*; give a file that"):
        Calibration.load(path)


def test_a_calibration_with_impossible_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cal.json"
    calibrate_time(synthetic_time(np.random.default_rng(0), 1, noise=0.01)).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rate": -1.0}))
    with pytest.raises(InputError, match="rate, half exposure, scale and frequency must be finite numbers greater"):
        Calibration.load(path)


def test_bad_requests_are_refused_in_one_line() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    with pytest.raises(InputError, match="frequencies must be those of the 3 skills of the curves; received 4; give"):
        assess(curves, PowerLaw(0.6, 4))
    with pytest.raises(InputError, match="until must leave at least one measurement; received -5"):
        assess(curves, FREQUENCIES, until=-5)
    with pytest.raises(InputError, match="level must lie between 0 and 1; received 1; give a probability"):
        assess(curves, FREQUENCIES, level=1)
    with pytest.raises(InputError, match="threshold must lie between .*, where the calibrated curve starts, and 1"):
        assess(curves, FREQUENCIES, threshold=1e-6)


def told(curves: xr.Dataset, optimizer: str) -> xr.Dataset:
    """Curves whose settings say how they were trained, rightly or not."""
    return curves.assign_attrs(settings=json.dumps({"optimizer": optimizer, "schedule": "constant"}))


@pytest.mark.parametrize(("optimizer", "recipe"), [("sgd", "sgd"), ("Nesterov", "sgd"), ("adamw", "other")])
def test_the_optimiser_chooses_the_laws(optimizer: str, recipe: str) -> None:
    found = assess(told(synthetic_time(np.random.default_rng(5), 1, noise=0.005), optimizer)).recipe
    assert found is not None
    assert found.name == recipe


@pytest.mark.parametrize(("gamma", "level"), [(1.0, "trust"), (0.4, "do not use")])
def test_only_gradient_flows_are_trusted_by_the_laws_of_plain_descent(gamma: float, level: str) -> None:
    """Dates as 1/frequency are those of a flow; as a lesser power of it, those of another optimiser."""
    curves = told(synthetic_time(np.random.default_rng(5), 3, noise=0.005, mix=MIX**gamma), "sgd")
    assert assess(curves, FREQUENCIES, recipe=covered("sgd")).verdict.level == level


@pytest.mark.parametrize(("optimizer", "learning_rate", "steps"), [("sgd", 0.02, 9000), ("adam", 1e-3, 1500)])
def test_networks_under_sgd_are_trusted_and_those_under_adam_that_pass_for_them_are_not(
    optimizer: Literal["sgd", "adam"], learning_rate: float, steps: int
) -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 3))
    curves = train_mlp(
        task, steps=steps, learning_rate=learning_rate, init_std=0.01, batch_size=250, optimizer=optimizer, seeds=[7]
    )
    verdict = assess(told(curves, "sgd"), recipe=covered("sgd")).verdict
    assert (verdict.level == "trust") == (optimizer == "sgd"), str(verdict)


def test_one_skill_alone_is_never_trusted() -> None:
    curves = told(synthetic_time(np.random.default_rng(0), 1, noise=0.01), "sgd")
    verdict = assess(curves, FREQUENCIES, until=900, recipe=covered("sgd")).verdict
    assert verdict.level == "use with care"
    assert "only one skill has emerged" in str(verdict)


@pytest.mark.parametrize("kind", ["downstream_bpb", "downstream"])
def test_slow_smooth_tasks_are_told_that_the_model_does_not_apply(kind: str) -> None:
    import pandas as pd

    table = pd.read_csv(shared_data("olmo-ladder/1B-5xC.csv"))
    columns = [name for name in table if str(name).startswith(f"eval/{kind}/")][:8]
    values = table[columns].dropna().to_numpy().T
    bits = kind == "downstream_bpb"
    strength = 1 - np.sqrt(values / values[:, :1]) if bits else (values - 0.25) / 0.75
    steps = table.dropna(subset=columns)["_step"]
    verdict = assess(curves_from(strength, steps, frequencies=PowerLaw(0.6, len(strength)).first())).verdict
    assert verdict.level == "do not use"
    assert "the model does not apply" in str(verdict) or "no skill to calibrate on has emerged" in str(verdict)
