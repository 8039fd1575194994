"""Doubts about a run that its recipe was not taught for, or of which too little is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.curves.names import called, named, skill_names
from saltus.curves.report import quantity_of
from saltus.forecast.base.verdict import CARE, STOP, Doubts
from saltus.forecast.time.doubts import to_come
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.recipe import batch_size_of, optimizer_of, rate_is_told
from saltus.forecast.time.recipes import GENERAL, UNKNOWN
from saltus.forecast.time.sightings import Rises

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.time.frequency_fit import FrequencyFit

_ENOUGH = 4  # emerged skills that tell the dynamics of an optimiser nobody named
_TESTED = 3  # emerged skills of a run unlike those that taught the recipe: one, and two others that test it
_MAY_STRAGGLE = 0.03  # chance of coming much later from which a skill is a doubt
_SAME_RATE = 0.01  # relative difference of learning rates from which they vary


def too_few(known: xr.Dataset, emerged: int, recipe: Recipe) -> Doubts:
    """The doubt where too few skills have emerged to test the law."""
    if recipe.name == UNKNOWN and optimizer_of(known) is None and emerged < _ENOUGH:
        yield (
            CARE,
            f"the optimiser is not known, and only {emerged} of the {_ENOUGH} skills that could show it have emerged",
        )
    elif emerged < 2:
        yield CARE, "only one skill has emerged, which cannot tell decoupled skills from skills that compete"
    elif recipe.name in GENERAL and emerged < _TESTED:
        yield (
            CARE,
            f"no runs of this optimiser and network taught the recipe, and only {emerged} of the {_TESTED} skills that "
            "could test it have emerged",
        )


def quantity(known: xr.Dataset) -> Doubts:
    """The doubt about accuracies, which rise before the strength does, by a factor of their own."""
    measured = quantity_of(known)
    if measured in ("accuracy", "error rate"):
        yield CARE, f"the {measured} passes its half before the strength does: losses date skills better"


def rate(curves: xr.Dataset, *, told: bool = False) -> Doubts:
    """The doubt where the learning rate varies and no clock allows for it, or nobody says whether it does.

    Args:
        curves: up to now, over effective time where there is a clock.
        told: whether the schedule was given.
    """
    if "logged_step" in curves.coords:
        return
    rates = curves.coords.get("learning_rate")
    if rates is None or "step" not in rates.dims:
        if not told and not rate_is_told(curves):
            yield CARE, "the schedule of the learning rate is not known, and the forecast counts all steps alike"
        return
    given = rates.to_numpy()
    given = given[np.isfinite(given) & (given > 0)]
    if given.size and given.max() > (1 + _SAME_RATE) * given.min():
        yield (
            CARE,
            f"the learning rate varies from {given.min():.3g} to {given.max():.3g}, and the forecast counts all steps "
            "alike",
        )


def steepness(known: xr.Dataset, found: Rises, recipe: Recipe) -> Doubts:
    """The doubt where the first rise is steeper or flatter than those whose steepness tells gamma.

    A run of an optimiser that is not known may be plain descent, whose steepness tells nothing: there it is no doubt.
    """
    if found.first is None or recipe.name == UNKNOWN:
        return
    flatness = float(found.flatness[found.first])
    for law in recipe.laws:
        if law.steepness is not None and not law.applies(flatness):
            low, high = law.steepness
            yield (
                CARE,
                f"{called(skill_names(known), found.first + 1)} rose with steepness {1 / flatness:.1f}, outside the "
                f"{low:g} to {high:g} in which it tells the other skills' times",
            )
            return


def stragglers(known: xr.Dataset, frequency: Floats, recipe: Recipe) -> Doubts:
    """The doubt where batches hold so few samples of a skill to come that it may come much later."""
    size = batch_size_of(known)
    chance = np.where(to_come(known), recipe.straggling(size * frequency), 0.0)
    worst = int(chance.argmax())
    if chance[worst] > _MAY_STRAGGLE:
        few = (
            "the batch size is not known" if math.isnan(size) else f"a batch holds {size * frequency[worst]:.2g} of it"
        )
        yield CARE, f"{named(skill_names(known)[worst])} may come much later (chance {chance[worst]:.0%}): {few}"


def reach(known: xr.Dataset, decades: Floats, recipe: Recipe) -> Doubts:
    """The doubt where a skill to come is rarer, against the first, than any that taught the recipe.

    Args:
        known: curves up to now.
        decades: log10 of the highest frequency over each skill's own; of the rank where only the order is known.
        recipe: of the run.
    """
    far = np.where(to_come(known), np.abs(decades), 0.0)
    farthest = int(far.argmax())
    if far[farthest] > recipe.reach:
        yield (
            CARE,
            f"{named(skill_names(known)[farthest])} lies {far[farthest]:.2f} decades from the most frequent skill, "
            f"further than the {recipe.reach:.2f} that were tested",
        )


def frequencies(fit: FrequencyFit | None) -> Doubts:
    """The doubt about frequencies that were fitted to the curves themselves."""
    if fit is None:
        return
    if fit.free_rates:
        yield (
            STOP,
            "the skills follow no power law of their rank: each one's frequency was fitted to its own curve, and "
            "nothing tells those of skills to come",
        )
    elif fit.dated.sum() < 3:
        yield CARE, "the frequencies rest on two skills alone"
