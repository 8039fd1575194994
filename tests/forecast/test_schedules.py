"""Forecasts under schedules: the law holds over effective time, and answers are told in steps."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import xarray as xr

from saltus import Frequencies, assess, curves_from
from saltus.forecast.time.departure import PAPER
from saltus.theory.schedules import read_schedule

MIX = Frequencies([0.5, 0.3, 0.15, 0.05])
STEPS = np.arange(0, 40_001, 100)
SCHEDULES = (
    "cosine:warmup=2000,steps=40000,floor=0.1",
    "linear:warmup=1000,steps=40000",
    "wsd:warmup=2000,steps=40000",
    "restarts:every=8000,floor=0.1",
    "inverse-sqrt:warmup=2000",
    "steps:every=10000,factor=0.5",
)


def scheduled(text: str, rng: np.random.Generator, *, logged: bool = True) -> xr.Dataset:
    """Noisy curves of the paper's law under plain descent with that schedule."""
    share = read_schedule(text).share(np.arange(STEPS[-1] + 1))
    exposure = MIX.first()[:, None] * np.concatenate([[0.0], np.cumsum(share)])[STEPS]
    logit = np.clip(rng.uniform(5, 9) * (exposure / rng.uniform(500, 900) - 1), -700, 700)
    strength = 1 / (1 + np.exp(-logit)) + rng.normal(0, 0.01, logit.shape)
    curves = curves_from(strength, STEPS, frequencies=MIX.first(), settings={"optimizer": "sgd"})
    return curves.assign_coords(learning_rate=("step", 0.1 * share[STEPS])) if logged else curves


@pytest.mark.parametrize("text", SCHEDULES)
def test_drawn_curves_of_the_law_come_when_the_clock_says(text: str) -> None:
    errors: list[float] = []
    plain: list[float] = []
    cases: list[tuple[Literal["logged", "none"], list[float]]] = [("logged", errors), ("none", plain)]
    for seed in range(2):
        curves = scheduled(text, np.random.default_rng(seed))
        now = float(STEPS[(curves["strength"].to_numpy()[0, 0] > 0.9).argmax()])
        for schedule, found in cases:
            seen = assess(curves, until=now, departure=PAPER, schedule=schedule).forecast
            assert seen is not None
            found += np.abs(seen.log10_ratio[np.isfinite(seen.log10_ratio) & (seen.skill > 1)]).tolist()
    # Noise of 0.01 moves a measured crossing by some parts in a thousand, and so do rates logged every 100 steps.
    assert np.median(errors) < 0.005
    assert np.mean(errors) < np.mean(plain) / 4


def test_a_schedule_that_is_told_serves_as_well_as_one_that_is_logged() -> None:
    text, rng = "cosine:warmup=2000,steps=40000,floor=0.1", np.random.default_rng(3)
    curves = scheduled(text, rng)
    told = assess(curves.drop_vars("learning_rate"), until=6000, schedule=read_schedule(text))
    logged = assess(curves, until=6000)
    assert told.forecast is not None
    assert logged.forecast is not None
    assert told.in_effective_time
    # Beyond the last measurement used, the log knows the rates too: they stand in the curves.
    np.testing.assert_allclose(told.forecast.emergence_time, logged.forecast.emergence_time, rtol=0.02)


def test_a_skill_that_the_schedule_has_no_time_for_never_comes() -> None:
    curves = scheduled("linear:warmup=1000,steps=40000", np.random.default_rng(0))
    short = curves.sel(step=slice(0, 8000))
    found = assess(short.drop_vars("learning_rate"), schedule=read_schedule("linear:warmup=1000,steps=9000"))
    assert found.forecast is not None
    assert found.forecast.emergence_time[-1] == math.inf
    assert found.forecast.interval[-1, 1] == math.inf
    # By the quantile that lies inside the schedule it is a step, and later ones are later.
    quantiles = np.array([found.forecast.quantile(p) for p in (0.05, 0.5, 0.95)])
    assert (np.diff(quantiles[:, :2], axis=0) > 0).all()
    np.testing.assert_allclose(quantiles[1], found.forecast.emergence_time)


def test_moments_and_dates_of_a_forecast_are_steps() -> None:
    curves = scheduled("cosine:steps=40000,floor=0.1", np.random.default_rng(1))
    found = assess(curves, until=5000)
    assert found.until == 5000
    assert found.forecast is not None
    assert found.forecast.measured is not None
    assert found.summary()["in_effective_time"]
    half = (curves["strength"][0] >= 0.5).argmax("step").to_numpy()
    np.testing.assert_allclose(found.forecast.measured.mean, STEPS[half], atol=100)
    for low, at, (first, last) in zip(
        (0, 0, 0, 0), found.forecast.emergence_time, found.forecast.interval, strict=True
    ):
        assert low < first <= at <= last
