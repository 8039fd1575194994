"""Numbers of a recipe that cannot be: files are edited by hand, and a wrong one would end in no numbers at all."""

from __future__ import annotations

import math
from collections.abc import Iterator

from saltus.forecast.time.laws import Law, Recipe

_LARGEST = 1e3  # gamma, spread or anything else of a law that is beyond it means nothing


def impossible(recipe: Recipe) -> Iterator[str]:
    """The rules that a recipe breaks, in words; none for a good one."""
    if not (recipe.name and recipe.name.isprintable() and recipe.about.isprintable()):
        yield "its name and what it is about must be texts of one line"
    if not recipe.laws:
        yield "it needs at least one law"
    elif not math.isclose(sum(law.weight for law in recipe.laws), 1.0, rel_tol=1e-6):
        yield "weights of the laws must add up to 1"
    for law in recipe.laws:
        yield from (f"law {law.name!r}: {rule}" for rule in _of_law(law))
    if recipe.laws and all(law.by_steepness or law.steepness is not None for law in recipe.laws):
        yield "one law must hold whatever the steepness"
    if not all(_within(one, 0.0) and one > 0 for one in recipe.growth_sd):
        yield "growth_sd must be greater than 0"
    if not (0 <= recipe.clock_weight <= 1):
        yield "clock_weight must lie between 0 and 1"
    if not (_within(recipe.reach, 0.0) and recipe.n_runs >= 0):
        yield "reach and n_runs must be at least 0"
    for one in recipe.shape.laws:
        own = (one.delay, one.exponent, one.spread, one.spread_per_decade)
        if not (all(map(_within, own)) and 0 < one.threshold < 1 and min(own[2:]) >= 0):
            yield "numbers of the shape must be finite, its spreads at least 0, its thresholds between 0 and 1"
    thresholds = [one.threshold for one in recipe.shape.laws]
    if sorted(set(thresholds)) != thresholds:
        yield "thresholds of the shape must ascend"
    if not (recipe.shape.laws and any(one.threshold == 0.5 for one in recipe.shape.laws)):
        yield "its shape needs a law at half strength"
    for covered in recipe.coverage:
        if not (0 <= covered.held <= covered.skills and covered.runs >= 0 and covered.known >= 0):
            yield "coverage must hold at most as many skills as were forecast"


def _of_law(law: Law) -> Iterator[str]:
    scatter = law.scatter
    if not 0 < law.weight <= 1 + 1e-9:
        yield "weight must be greater than 0 and at most 1"
    if not (_within(law.gamma, 0.0) and _within(law.scale, 0.0) and _within(law.clock_error, 0.0)):
        yield "gamma, scale and clock_error must be numbers of at least 0"
    if law.degrees is not None and not law.degrees > 1:
        yield "degrees must be greater than 1"
    if not all(_within(one, 0.0) for one in (scatter.spread, scatter.spread_per_decade, scatter.delay)):
        yield "spreads and delay must be numbers of at least 0"
    if not (_within(scatter.log_odds) and _within(scatter.log_odds_per_decade)):
        yield "odds of straggling must be numbers"
    if law.steepness is not None and not 0 < law.steepness[0] <= law.steepness[1] < math.inf:
        yield "steepness must be a range above 0"


def _within(value: float, least: float = -_LARGEST) -> bool:
    return least <= value <= _LARGEST
