"""Recipes by name: those that come with the package, the one that curves ask for, and those in files of users."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus.curves.report import quantity_of
from saltus.errors import InputError
from saltus.forecast.time.departure import Departure, DepartureLaw
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.possible import impossible
from saltus.forecast.time.recipe import Network, family_of, optimizer_of, trained_network
from saltus.forecast.time.scatter import Scatter

if TYPE_CHECKING:
    import xarray as xr

_ADAM: dict[Network, str] = {
    "squared": "adam",
    "logistic": "adam-logistic",
    "deep": "adam-deep",
    "transformer": "adam-transformer",
}
UNKNOWN = "unknown"  # recipe of curves whose optimiser is not known
GENERAL = ("other", "accuracy", "rank")  # recipes of runs whose optimiser and network did not teach them
KIND = "saltus recipe"
FORMAT = 1
_CERTAIN = 1e-6  # spread of a departure without any


@cache
def shipped_recipes() -> dict[str, Recipe]:
    """The recipes that the runs of ``saltus reproduce forecast-study`` taught, by name."""
    plain = json.loads(files("saltus.forecast.time").joinpath("recipes.json").read_text(encoding="utf-8"))
    return {name: recipe_from(data, "recipes.json") for name, data in plain["recipes"].items()}


def recipe_for(curves: xr.Dataset, *, by_rank: bool = False) -> Recipe:
    """The shipped recipe for the optimiser, the network and the measured quantity of the curves.

    Args:
        curves: labelled curves over steps.
        by_rank: whether the frequencies of the skills are not known, but for their order.
    """
    known = shipped_recipes()
    if by_rank:
        return known["rank"]
    optimizer = optimizer_of(curves)
    family = family_of(optimizer)
    if quantity_of(curves) in ("accuracy", "error rate"):
        return known["accuracy"]
    if family == "sgd":
        return known["sgd"]
    if family is None:
        return known[UNKNOWN]
    if family != "adam":
        return known["other"]
    network = trained_network(curves)
    return known["other" if network is None else _ADAM[network]]


def of_departure(departure: Departure) -> Recipe:
    """The recipe of a departure that a user insists on: one law, whose gamma is certain.

    The departure spreads skills about a calibrated one, the law all of them about a line: each has half the variance.
    """
    law = Law(
        name="given",
        weight=1.0,
        gamma=departure.time_per_decade(),
        scale=0.0,
        scatter=Scatter(
            max(float(departure.sd(0.0)) / math.sqrt(2), _CERTAIN),
            math.sqrt(max(float(departure.sd(1.0)) ** 2 - float(departure.sd(0.0)) ** 2, 0.0)),
        ),
    )
    return Recipe(
        name="given",
        about="a departure that was given",
        laws=(law,),
        shape=beyond_half(departure),
        growth_sd=(max(departure.shape_sd, _CERTAIN),) * 4,
        clock_weight=1.0,
        reach=departure.reach,
        n_runs=departure.n_runs,
    )


def beyond_half(departure: Departure) -> Departure:
    """A departure's laws without what goes with frequency at half strength: the shape of a rise, and all delays."""
    exponent = departure.time_per_decade() - 1
    at_half = float(departure.sd(0.0))

    def against_half(law: DepartureLaw) -> DepartureLaw:
        spread = max(law.spread**2 - at_half**2, 0.0) ** 0.5
        return DepartureLaw(law.threshold, law.delay, law.exponent - exponent, spread)

    return Departure(tuple(map(against_half, departure.laws)), departure.reach, departure.n_runs)


def recipe_from(data: Mapping[str, Any], source: str | Path) -> Recipe:
    """A recipe from plain data, as `Recipe.plain` gives it.

    Raises:
        InputError: if the data is no recipe; ``source`` is named.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(Recipe).validate_python(dict(data))
    except ValidationError as error:
        raise _refusal(source) from error
    if (wrong := next(impossible(found), None)) is not None:
        raise InputError(f"a recipe must have possible numbers: {wrong}", str(source), "teach it again: `saltus teach`")
    return found


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe that `save_recipe` or ``saltus teach`` wrote.

    Raises:
        InputError: if the file is no such JSON.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data["kind"] != KIND or data["format"] != FORMAT:
            raise _refusal(path)
        return recipe_from(data["recipe"], path)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refusal(path) from error


def save_recipe(recipe: Recipe, path: str | Path) -> None:
    """Write a recipe as JSON; the file appears whole or not at all."""
    from saltus.files import write_text
    from saltus.settings import json_text

    write_text(Path(path), json_text({"kind": KIND, "format": FORMAT, "recipe": recipe.plain()}))


def _refusal(path: str | Path) -> InputError:
    return InputError("a recipe must be a JSON file of ours", str(path), "give a file that `saltus teach` wrote")
