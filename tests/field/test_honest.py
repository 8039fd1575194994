"""Forecasts not called "do not use" hold as often as they must, on real evaluations and on curves like them.

Every recipe is given a coverage that raises no doubt: the curves alone must tell where a forecast is not honest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, PowerLaw, assess, read_curves
from saltus._types import Floats
from saltus.curves.crossings import crossing_times
from saltus.curves.schema import curves_from
from saltus.forecast.base.verdict import Evidence
from saltus.forecast.time import verdict
from saltus.forecast.time.rivals import compare
from tests.helpers import covered, shared_data

SHARES = {"trust": 0.85, "use with care": 0.70}
CHANCE = {"lambada_openai": 0.0, "sciq": 0.25, "arc_easy": 0.25, "piqa": 0.5}
MODELS = ("410m", "1.4b", "6.9b", "12b")
RECIPES = ("accuracy", "other", "unknown", "sgd", "adam", "rank")
Outcomes = Iterator[tuple[str, bool]]


@pytest.fixture(autouse=True)
def _compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rivals do not depend on the recipe: they are fitted once to the same known curves."""
    found: dict[bytes, list[Evidence]] = {}

    def once(curves: xr.Dataset, frequency: Floats) -> list[Evidence]:
        key = b"".join(one.tobytes() for one in (curves["strength"].to_numpy(), curves["step"].to_numpy(), frequency))
        if key not in found:
            found[key] = compare(curves, frequency)
        return found[key]

    monkeypatch.setattr(verdict, "compare", once)


def outcomes(curves: xr.Dataset, moments: Iterable[float], alpha: float | Literal["fitted"], recipe: str) -> Outcomes:
    """Level of each forecast of a skill to come, and whether its interval held; nothing where it is refused."""
    names = curves.sizes["skill"]
    frequencies: PowerLaw | Literal["fitted"] = "fitted" if alpha == "fitted" else PowerLaw(alpha, names)
    came, last = crossing_times(curves)[0], float(curves["step"][-1])
    first = curves["strength"].to_numpy()[0, :, 0]
    for until in moments:
        try:
            made = assess(curves, frequencies, until=until, recipe=covered(recipe))
        except InputError:
            continue
        if made.forecast is None:
            continue
        for k, (low, high) in enumerate(made.forecast.interval):
            to_come = not came[k] <= until and not first[k] >= 0.5
            if to_come:
                yield made.verdict.level, bool(low <= came[k] <= high if np.isfinite(came[k]) else high > last)


def missed(found: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """Levels that hold less often than they must: how many held, of how many."""
    held: dict[str, list[bool]] = defaultdict(list)
    for level, holds in found:
        held[level].append(holds)
    return {
        level: (sum(held[level]), len(held[level]))
        for level, share in SHARES.items()
        if held[level] and sum(held[level]) < share * len(held[level])
    }


def of_all(curves: xr.Dataset, moments: Iterable[float], recipes: Iterable[str] = RECIPES) -> Outcomes:
    """Outcomes by every recipe, whatever the curves are of; with frequencies by rank, by the recipe of ranks."""
    came = crossing_times(curves)[0]
    moments = [moment for moment in moments if np.any(came <= moment) and not np.all(came <= moment)]
    for recipe in recipes:
        yield from outcomes(curves, moments, "fitted" if recipe == "rank" else 0.3, recipe)


def test_forecasts_of_language_models_evaluations_hold() -> None:
    found: list[tuple[str, bool]] = []
    for i, model in enumerate(MODELS):
        path = shared_data(f"field/pythia-evals/pythia-{model}-wide.csv")
        curves = read_curves(path, columns=tuple(CHANCE), chance=CHANCE, quantity="accuracy")
        moments = [step for step in curves["step"].to_numpy() if 1000 <= step < 100_000][2 * i :: 9]
        found += of_all(curves, moments)
    assert len(found) > 20
    assert missed(found) == {}


@pytest.mark.parametrize("size", ["1.3b", "13b"])
def test_forecasts_of_accuracies_by_frequency_of_the_numbers_hold(size: str) -> None:
    curves = read_curves(shared_data(f"field/pythia-terms/tf-{size}-tidy.csv"))
    chosen = curves.isel(skill=slice(1, 9))
    chosen = chosen.assign_coords(skill=np.arange(1, chosen.sizes["skill"] + 1))
    assert missed(of_all(chosen, chosen["step"].to_numpy()[1:-1], ("accuracy", "rank"))) == {}


def smooth_look_alikes(seed: int) -> xr.Dataset:
    """Four tasks at sparse checkpoints that rise smoothly, each in a time of its own to a ceiling of its own."""
    rng = np.random.default_rng(seed)
    steps = np.array(
        [0, 128, 256, 512, 1000, 3000, 5000, 9000, 13_000, 23_000, 33_000, 53_000, 73_000, 103_000, 143_000]
    )
    time, ceiling = 10 ** rng.uniform(3.2, 4.6, (4, 1)), rng.uniform(0.45, 0.95, (4, 1))
    strength = ceiling * (1 - (1 + steps / np.sort(time, axis=0)) ** -rng.uniform(0.7, 3.0, (4, 1)))
    return of_items(strength, steps, rng)


def honest_look_alikes(seed: int) -> xr.Dataset:
    """Four tasks that rise as Adam's skills do, at dense checkpoints, for which forecasts may well be given."""
    rng = np.random.default_rng(seed)
    steps = np.unique(np.geomspace(100, 143_000, 60).astype(int))
    half = 2000 * np.arange(1, 5) ** (1.3 * rng.uniform(0.7, 1.3)) * 10 ** rng.normal(0, 0.04, 4)
    return of_items(1 / (1 + (half[:, None] / steps) ** rng.uniform(3, 7)), steps, rng)


def of_items(strength: Floats, steps: Floats, rng: np.random.Generator) -> xr.Dataset:
    """Accuracies of 500 questions each."""
    share = rng.binomial(500, np.clip(strength, 0, 1)) / 500
    error = np.sqrt((share * (1 - share) + 1e-3) / 500)
    return curves_from(share[None], steps, strength_error=error[None]).assign_attrs(measured_errors=1)


@pytest.mark.parametrize("drawn", [smooth_look_alikes, honest_look_alikes])
def test_forecasts_of_look_alikes_hold(drawn: Callable[[int], xr.Dataset]) -> None:
    found: list[tuple[str, bool]] = []
    for seed in range(3):
        curves = drawn(seed)
        steps = curves["step"].to_numpy()
        risen = steps[(steps >= 2500) & (steps < 100_000)]
        found += of_all(curves, risen[:: max(1, len(risen) // 2)], ("other", "rank"))
    assert found
    assert missed(found) == {}
    usable = [level for level, _ in found if level != "do not use"]
    assert bool(usable) == (drawn is honest_look_alikes)
