"""Every explanation wins on curves that were made by it, integrated here step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from saltus.curves.schema import curves_from
from saltus.forecast.time.rivals import compare

FREQUENCY = np.array([0.5, 0.25, 0.15, 0.1])
STEPS = np.unique(np.geomspace(5, 8000, 150).astype(int))


def curves_of(speed: Callable[[np.ndarray], np.ndarray], start: float, noise: float = 0.01) -> xr.Dataset:
    """Euler steps of dR/dt = speed(R), with measurement noise."""
    strength, levels = np.full(4, start), []
    for step in range(STEPS[-1] + 1):
        if step in STEPS:
            levels.append(strength)
        strength = strength + speed(strength)
    rng = np.random.default_rng(8)
    measured = np.array(levels).T[None] + noise * rng.standard_normal((1, 4, len(STEPS)))
    return curves_from(measured, STEPS, strength_error=np.full_like(measured, noise), frequencies=FREQUENCY)


def best(curves: xr.Dataset) -> tuple[str, dict[str, float]]:
    found = compare(curves, FREQUENCY)
    return found[0].name, found[0].parameters


def test_decoupled_logistic() -> None:
    assert best(curves_of(lambda r: 0.03 * FREQUENCY * r * (1 - r), 1e-4))[0] == "decoupled"


def test_decoupled_with_late_rare_skills() -> None:
    rate = 0.03 * FREQUENCY * (FREQUENCY / FREQUENCY[0]) ** 0.1
    name, parameters = best(curves_of(lambda r: rate * r * (1 - r), 1e-4))
    assert name == "decoupled, rare skills late"
    assert parameters["kappa"] == pytest.approx(0.1, abs=0.02)


def test_resource_model_with_its_spare_resources() -> None:
    def speed(r: np.ndarray) -> np.ndarray:
        pace = 1.2 / (FREQUENCY @ (1 - r) + 0.2)
        return np.asarray(0.03 * FREQUENCY * r * (1 - r) * pace)

    name, parameters = best(curves_of(speed, 1e-4))
    assert name == "resource"
    assert np.exp(parameters["log_spare"]) == pytest.approx(0.2, rel=0.3)


def test_exponential_saturation() -> None:
    assert best(curves_of(lambda r: 0.004 * FREQUENCY * (1 - r), 0.0))[0] == "exponential"


def test_power_law_in_the_step() -> None:
    # 1 - R = (1 + c x)^-b has dR/dx = b c (1 - R)^(1 + 1/b).
    assert best(curves_of(lambda r: 0.5 * 0.01 * FREQUENCY * (1 - r) ** 3, 0.0))[0] == "power law"


def test_missing_measurements_are_left_out() -> None:
    curves = curves_of(lambda r: 0.03 * FREQUENCY * r * (1 - r), 1e-4)
    curves["strength"][0, 1, ::3] = np.nan
    assert best(curves)[0] == "decoupled"


def test_skills_measured_at_steps_of_their_own_give_the_same_explanation() -> None:
    def speed(r: np.ndarray) -> np.ndarray:
        return np.asarray(0.03 * FREQUENCY * r * (1 - r) * 1.2 / (FREQUENCY @ (1 - r) + 0.2))

    curves = curves_of(speed, 1e-3)
    whole = dict(best(curves)[1])
    for skill in range(4):
        curves["strength"][0, skill, np.arange(len(STEPS)) % 2 == skill % 2] = np.nan
    name, parameters = best(curves)
    assert name == "resource"
    assert parameters["log_spare"] == pytest.approx(whole["log_spare"], abs=0.2)
