"""Shared by tests of several rooms: curves made with NumPy from known constants, and data beside the project."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from saltus import MultitaskSparseParity, PowerLaw
from saltus._types import Floats
from saltus.curves.schema import curves_from
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.recipes import shipped_recipes

ROOT = Path(__file__).parents[1]

# Of the curves below: a skill of frequency p has strength 1/(1 + exp(-(LOGIT + RATE p step))).
RATE, LOGIT, SCALE, FLOW_RATE = 0.02, -9.0, 5.0, 0.04
SHOTS, NODES = 400.0, 4.0  # D_c in samples, N_c in hidden nodes
FREQUENCIES = PowerLaw(0.6, 3)
MIX = np.array([k**-1.6 for k in (1, 2, 3)]) / sum(k**-1.6 for k in (1, 2, 3))
STEPS = np.unique(np.geomspace(1, 20_000, 150).astype(int))
SIZES = [100, 200, 300, 400, 500, 600, 700, 1000, 1400, 2000, 2800, 4000]
WIDTHS = range(1, 17)


def logistic(x: ArrayLike) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(x, dtype=float))))


def covered(name: str, held: int = 90) -> Recipe:
    """A shipped recipe with a coverage, in per cent, of every class."""
    classes = [(known, scheduled) for known in (1, 2, 3) for scheduled in (False, True)]
    made = tuple(Coverage(known, scheduled, 100, 20, held) for known, scheduled in classes)
    return replace(shipped_recipes()[name], coverage=made)


def synthetic_time(
    rng: np.random.Generator,
    n_runs: int,
    *,
    noise: float = 0.0,
    run_spread: float = 0.0,
    mix: Floats = MIX,
    steps: np.ndarray = STEPS,
) -> xr.Dataset:
    """Logistic curves with measurement noise and, if wanted, a rate of its own for every run."""
    rates = RATE * np.exp(run_spread * rng.standard_normal((n_runs, 1, 1)))
    strength = logistic(LOGIT + rates * mix[:, None] * steps)
    strength = strength + noise * rng.standard_normal(strength.shape)
    return curves_from(
        strength,
        steps,
        strength_error=np.full_like(strength, noise),
        skill_loss=SCALE**2 / 2 * (1 - strength) ** 2,
        frequencies=mix,
        status="finished",
        target_scale=SCALE,
        flow_learning_rate=FLOW_RATE,
    )


def synthetic_data(
    rng: np.random.Generator, n_runs: int, *, noise: float = 0.0, run_spread: float = 0.0, mix: Floats = MIX
) -> xr.Dataset:
    """Strengths by Eq. 17, each run and size with a training set of its own; if wanted each run with its own D_c."""
    observed = np.array([rng.multinomial(n, mix, size=n_runs) for n in SIZES])
    shots = SHOTS * np.exp(run_spread * rng.standard_normal((n_runs, 1)))
    strength = 1 - np.sqrt(1 - np.minimum(observed / shots, 1))
    strength = np.moveaxis(strength + noise * rng.standard_normal(strength.shape), 0, -1)
    error = np.full_like(strength, noise)
    return curves_from(strength, SIZES, over="data", strength_error=error, frequencies=mix, target_scale=SCALE)


def synthetic_width(rng: np.random.Generator, n_runs: int, *, noise: float = 0.0, n_skills: int = 3) -> xr.Dataset:
    """Ramps of mean N_c nodes (Eq. 18-21); each skill of each network has some share more or less while it rises."""
    ramp = np.clip((np.array(WIDTHS)[:, None, None] - NODES * np.arange(n_skills)) / NODES, 0, 1)
    strength = np.repeat(ramp, n_runs, axis=1)
    rising = (strength > 0) & (strength < 1)
    strength = np.moveaxis(strength + noise * rising * rng.standard_normal(strength.shape), 0, -1)
    return curves_from(
        strength,
        WIDTHS,
        over="parameters",
        strength_error=np.zeros_like(strength),
        frequencies=np.ones(n_skills) / n_skills,
        target_scale=SCALE,
    )


def every_input(task: MultitaskSparseParity) -> tuple[np.ndarray, np.ndarray]:
    """All inputs of the task and the probability of each (Eq. 1)."""
    bits = np.array(list(itertools.product((0, 1), repeat=task.n_bits)))
    rows = [np.hstack([np.tile(np.eye(task.n_skills)[k], (len(bits), 1)), bits]) for k in range(task.n_skills)]
    return np.vstack(rows), np.repeat(task.frequencies.first(), len(bits)) / len(bits)


def points(line: Line2D) -> Floats:
    """The x and y that a line draws."""
    return np.array(line.get_xydata(), dtype=float).T


def shared_data(name: str) -> Path:
    """Data of others, which are no part of the project: ``../shared/data/<name>``.

    Without them the test is skipped; where the environment says ``CI=true`` it fails instead.
    """
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{path} is not here")
    return path
