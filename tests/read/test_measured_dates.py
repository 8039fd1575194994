"""Dates of rises that were drawn as answers: of few questions, and of several tokens that must all be right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from saltus import curves_from
from saltus._types import Floats
from saltus.forecast.time.rise import Rise, fit_rise
from saltus.forecast.time.sightings import rises_of
from saltus.read.convert import to_strength
from saltus.read.scale import Scale
from tests.helpers import logistic
from tests.read.test_strength import measured

N_DRAWS = 60


def drawn(rng: np.random.Generator, n: int, tokens: int, chance: float) -> tuple[float, Rise]:
    """Log10 of the true time and the rise of one skill at 20 checkpoints at most, up to R/S of about 0.8."""
    time, h = 10 ** rng.uniform(2.5, 4), rng.uniform(3, 6)
    steps = np.geomspace(time / 8, 12 * time, 20)
    right = chance + (1 - chance) * logistic(h * np.log(steps / time)) ** tokens
    answers = rng.binomial(n, right) / n
    scale = Scale(chance=chance, tokens_per_answer=None if tokens == 1 else tokens)
    found = to_strength(measured({"mod": answers}, n=np.full(20, float(n))), scale)
    end = int((found.value >= 0.8).argmax()) + 1
    counted = bool(np.isfinite(found.chance[0]))
    rise = fit_rise(
        steps[:end], found.value[:end], found.error[:end], items=n if counted else None, chance=chance * counted
    )
    assert rise is not None
    return math.log10(time), rise


@pytest.mark.parametrize(("n", "tokens", "chance"), [(20, 1, 0.25), (200, 1, 0.25), (200, 4, 0.0)])
def test_dates_of_drawn_answers_are_unbiased_and_their_errors_hold(n: int, tokens: int, chance: float) -> None:
    rng = np.random.default_rng(0)
    late, stated = np.array(
        [
            (rise.log_time - true, rise.time_error)
            for true, rise in (drawn(rng, n, tokens, chance) for _ in range(N_DRAWS))
        ]
    ).T
    # Answers of several tokens hide the foot of the rise: their dates may be a hundredth of a decade late.
    assert abs(np.median(late)) < 2 * 1.25 * late.std() / math.sqrt(N_DRAWS) + 0.01
    assert np.mean(np.abs(late) < 1.64 * stated) >= 0.85
    assert stated.mean() < 4 * late.std()  # nor are they idle


def risen(scale_error: float | None) -> Floats:
    steps = np.geomspace(50, 5000, 40)
    curves = curves_from(logistic(4 * np.log(steps / 400))[None], steps)
    if scale_error is not None:
        curves = curves.assign_coords(scale_error=("skill", [scale_error]))
    return np.array([rises_of(curves).log_time[0], rises_of(curves).error[0]])


def test_an_error_of_the_scale_shifts_the_date_by_it_over_the_slope() -> None:
    (time, alone), (same, error) = risen(None), risen(0.05)
    assert same == time
    # R/S of a Hill curve of steepness 4, shifted by 0.05 at one half, passes one half earlier or later by this:
    shifted = math.log(0.55 / 0.45) / 4 / math.log(10)
    assert math.sqrt(error**2 - alone**2) == pytest.approx(shifted, rel=0.02)
