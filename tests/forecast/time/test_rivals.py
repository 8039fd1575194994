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


HEIGHT = np.array([0.6, 0.9, 0.7, 0.8])[:, None]
RELATIVE = FREQUENCY[:, None] / FREQUENCY[0]


@pytest.mark.parametrize(
    ("strength", "name", "parameters"),
    [
        (HEIGHT / (1 + np.exp(8 - RELATIVE * STEPS / 50)), "decoupled, with ceilings", {"ceiling_1": 0.6}),
        (1 / (1 + np.exp(6 - RELATIVE * np.maximum(STEPS - 300, 0) / 80)), "decoupled, from a later origin", {}),
        (1 / (1 + (500 * RELATIVE**-0.7 / STEPS) ** 4), "learned exponent", {"gamma": 0.7, "log_steepness": np.log(4)}),
        (
            HEIGHT / (1 + (500 * RELATIVE**-1.2 / STEPS) ** 3),
            "learned exponent, with ceilings",
            {"gamma": 1.2, "ceiling_3": 0.7},
        ),
        (HEIGHT * (1 - np.exp(-(RELATIVE**1.3) * STEPS / 700)), "exponential, with ceilings", {"gamma": 1.3}),
        (
            HEIGHT * (1 - np.exp(-RELATIVE * np.maximum(STEPS - 200, 0) / 300)),
            "exponential, from a later origin with ceilings",
            {"gamma": 1.0},
        ),
        (
            HEIGHT * (1 - (1 + RELATIVE * STEPS / 100) ** -0.9),
            "power law, with ceilings",
            {},
        ),
    ],
)
def test_curves_with_ceilings_a_lag_or_an_exponent_of_their_own(
    strength: np.ndarray, name: str, parameters: dict[str, float]
) -> None:
    noisy = strength + 0.005 * np.random.default_rng(2).standard_normal(strength.shape)
    found, fitted = best(curves_from(noisy[None], STEPS, frequencies=FREQUENCY))
    assert found == name
    # Seven standard errors: 150 strengths a skill, each known to 0.005.
    assert {key: fitted[key] for key in parameters} == pytest.approx(parameters, abs=0.04)
