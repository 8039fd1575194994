"""Curves of any shape through the whole assessment: a verdict or one line, no warning, no "trust" without numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from saltus import Frequencies, InputError, PowerLaw, SkillFrequencies
from saltus.curves.schema import curves_from
from saltus.forecast.assess import assess
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.time.calibrate import calibrate_time
from saltus.forecast.time.departure import Departure, DepartureLaw
from tests.helpers import logistic

Array = NDArray[np.float64]
PLAIN = {"optimizer": "sgd", "schedule": "constant"}
SHAPES = ("constant", "jump", "noise", "logistic", "ascending", "huge", "from half", "gaps")


def one_curve(shape: str, share: Array, rng: np.random.Generator) -> Array:
    """R/S at shares of the training, in one of the shapes that a file may hold."""
    n = share.size
    shapes: dict[str, Callable[[], Array]] = {
        "constant": lambda: np.full(n, rng.choice([0.0, 0.3, 0.5, 0.7, 1.0, 1.2, -1.0])),
        "jump": lambda: (share >= rng.random()).astype(float),
        "noise": lambda: rng.random(n),
        "logistic": lambda: logistic(np.clip((share - rng.random()) * 10 ** rng.uniform(-1, 3), -500, 500)),
        "ascending": lambda: np.sort(rng.random(n)),
        "huge": lambda: rng.normal(size=n) * 10.0 ** rng.integers(-6, 9),
        "from half": lambda: 0.5 + 0.5 * share,
        "gaps": lambda: np.where(rng.random(n) < 0.5, np.nan, share),
    }
    made = shapes[shape]()
    if rng.random() < 0.4:
        made = made + rng.normal(size=n) * 10 ** rng.uniform(-4, -0.5)
    return np.where(rng.random(n) < 0.3, np.nan, made) if rng.random() < 0.2 else made


def some_steps(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    spaced = {
        "from 0": np.arange(n),
        "decades": np.geomspace(1, 10.0 ** rng.integers(1, 15), n),
        "random": np.cumsum(rng.integers(1, 1000, n)) - 1,
        "far": 10 ** rng.integers(1, 15) + np.arange(n),
    }
    return np.unique(spaced[kind].astype(np.int64))


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4),
    n=st.sampled_from([1, 2, 3, 4, 5, 8, 20, 50]),
    n_runs=st.sampled_from([1, 1, 2, 5]),
    spacing=st.sampled_from(["from 0", "decades", "random", "far"]),
    over=st.sampled_from(["step", "step", "step", "data", "parameters"]),
    frequencies=st.sampled_from(["carried", "fitted", "law", "far apart"]),
    threshold=st.sampled_from([0.5, 0.5, 0.05, 0.95]),
    level=st.sampled_from([0.9, 0.5, 0.999]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_curves_end_in_a_verdict_or_in_one_line(
    shapes: list[str],
    n: int,
    n_runs: int,
    spacing: str,
    over: str,
    frequencies: Any,
    threshold: float,
    level: float,
    seed: int,
) -> None:
    rng, n_skills = np.random.default_rng(seed), len(shapes)
    steps = some_steps(spacing, n, rng)
    share = steps / max(steps[-1], 1)
    strength = np.array([[one_curve(shape, share, rng) for shape in shapes] for _ in range(n_runs)])
    law = PowerLaw(float(rng.uniform(0.01, 3)), n_skills)
    curves = curves_from(strength, steps, over=over, frequencies=law.pmf(np.arange(1, n_skills + 1)))
    far_apart = Frequencies((10.0 ** np.sort(-rng.uniform(0, 9, n_skills))[::-1]).tolist())
    choices: dict[str, SkillFrequencies | Literal["fitted"] | None]
    choices = {"carried": None, "fitted": "fitted", "law": law, "far apart": far_apart}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = assess(
                curves,
                choices[frequencies],
                on_skill=int(rng.integers(1, n_skills + 1)),
                until=float(rng.choice(steps)),
                threshold=threshold,
                level=level,
            )
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
            return
    found.summary()
    if found.forecast is None:
        assert found.verdict.level == "do not use"
        return
    low, high = found.forecast.interval.T
    assert np.all(low <= high)
    assert found.verdict.level != "trust" or np.isfinite([found.forecast.emergence_time, low, high]).all()
    if over == "step":
        seen = np.isfinite(strength[:, :, steps <= found.until]).any(axis=0)
        for k in np.flatnonzero(seen.any(axis=1)):
            if not np.any(strength[:, k, steps <= found.until] >= threshold):
                assert low[k] >= steps[steps <= found.until][seen[k]][-1]


@pytest.mark.parametrize(
    ("strength", "reason"),
    [
        ([0.0, 0.97, 0.98, 0.99], "skill 1 rose between two measurements (0 and 100)"),
        ([0.0, 0.5, 0.99, 1.0], "skill 1 has a single measurement on its rise, between two others (0 and 200)"),
        ([0.0, math.nan, 0.5, 0.99], "skill 1 has a single measurement on its rise, between two others (0 and 300)"),
    ],
)
def test_a_rise_without_two_measurements_forbids_the_forecast(strength: list[float], reason: str) -> None:
    curves = curves_from([strength, [0.0, 0.02, 0.05, 0.2]], [0, 100, 200, 300], frequencies=[0.7, 0.3])
    found = assess(curves)
    assert found.calibration is None
    assert found.forecast is None
    assert found.verdict.level == "do not use"
    assert found.verdict.reasons[0] == f"{reason}: measure more often while it rises"
    with pytest.raises(
        DegenerateFitError, match="the rise of the skill to calibrate on must be measured; received 'skill 1 "
    ):
        calibrate_time(curves)


def test_runs_without_a_measured_rise_are_left_to_those_with_one() -> None:
    steps = np.arange(0, 1000, 50)
    rising = logistic(0.02 * (steps - 400))
    sudden = (steps > 300).astype(float)
    alone = calibrate_time(curves_from(rising[None], steps, frequencies=[1.0]))
    both = calibrate_time(curves_from(np.array([sudden, rising])[:, None], steps, frequencies=[1.0]))
    assert both.n_runs == 1
    assert both.rate == alone.rate


def test_a_rise_that_no_logistic_from_step_0_follows_is_no_calibration() -> None:
    steps = 1_000_000 + np.arange(10)
    curves = curves_from(logistic(1.5 * (np.arange(10) - 4.5))[None], steps, frequencies=[1.0])
    assert assess(curves).verdict.reasons[0].startswith("the rise of skill 1 does not determine a logistic curve")


def test_values_that_are_no_strengths_are_refused() -> None:
    curves = curves_from([[0.0, 1e200, 1.0]], [0, 1, 2], frequencies=[1.0])
    with pytest.raises(
        InputError, match=r"strengths must be R/S, 1 for a learned skill; received 1e\+200; say what the"
    ):
        assess(curves)


def test_a_curve_above_a_half_at_step_0_is_judged() -> None:
    curves = curves_from([[0.6, 0.7, 0.8, 0.9], [0.1, 0.2, 0.5, 0.8]], [0, 100, 200, 300], frequencies=[0.7, 0.3])
    assert "no skill to calibrate on has emerged" in str(assess(curves, on_skill=1).verdict)
    assert assess(curves, on_skill=2).forecast is not None


@pytest.mark.parametrize(("spread", "level"), [(0.05, None), (0.25, "use with care"), (2.0, "do not use")])
def test_a_vague_date_is_not_trusted_and_one_of_decades_forbids_the_forecast(spread: float, level: str | None) -> None:
    steps = np.arange(0, 2001, 10)
    clean = logistic(-9 + 0.02 * np.array([[0.6], [0.3], [0.1]]) * steps)
    departure = Departure((DepartureLaw(0.5, spread=spread),), reach=2.0)
    curves = curves_from(clean, steps, frequencies=[0.6, 0.3, 0.1], settings=PLAIN)
    verdict = assess(curves, departure=departure).verdict
    assert any("90% interval of skill 3 is" in one for one in verdict.reasons) == (level is not None)
    assert verdict.on_curves == (level or "trust")
    assert verdict.level == "do not use"  # nobody measured how often forecasts by this law hold


def test_a_varying_learning_rate_is_not_trusted() -> None:
    steps = np.arange(0, 2001, 10)
    curves = curves_from(logistic(-9 + 0.02 * np.array([[0.6], [0.3]]) * steps), steps, frequencies=[0.6, 0.3])
    plain = assess(curves).verdict
    same = curves.assign_coords(learning_rate=("step", np.full(steps.size, 0.1)))
    assert assess(same).verdict.level == plain.level
    falling = curves.assign_coords(learning_rate=("step", np.linspace(0.1, 0.01, steps.size)))
    found = assess(falling, schedule="none").verdict
    assert found.level != "trust"
    assert "the learning rate varies from 0.01 to 0.1, and the forecast counts all steps alike" in str(found)
