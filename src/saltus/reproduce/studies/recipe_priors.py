"""Recipes as they stand before any run teaches them: forms of their laws, and where the search for numbers begins.

Forms are those that early runs under Adam suggested: times go as a power gamma of the frequency, which one hidden layer
lets tell from the steepness of its first rise; a skill of few samples in a batch may come much later; and the model as
published stays a possibility under plain descent.
"""

from __future__ import annotations

from dataclasses import replace

from saltus.forecast.time.departure import Departure, DepartureLaw, shipped_departure
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.recipes import beyond_half
from saltus.forecast.time.scatter import Scatter

_SLOW = Scatter(0.03, 0.035, delay=0.4, log_odds=-2.2, log_odds_per_decade=-2.0)
_LOOSE = Scatter(0.05, 0.1, delay=0.4, log_odds=-2.2, log_odds_per_decade=-2.0)
_SHAPE = Departure((DepartureLaw(0.05, spread=0.06), DepartureLaw(0.5), DepartureLaw(0.95, spread=0.06)))
_GROWTH_SD = (0.14, 0.14, 0.07, 0.04)  # decades, in networks whose later skills rise unlike their first
_STEEP = (2.3, 6.0)  # steepness of first rises with one hidden layer
_REACH = 1.7  # decades that the drawn frequencies span at most


def _steepness(gamma: float, scale: float, weight: float, scatter: Scatter) -> Law:
    return Law(
        "steepness", weight, gamma, scale, scatter, by_steepness=True, degrees=6, clock_error=0.2, steepness=_STEEP
    )


def _wide(gamma: float, scale: float, weight: float, scatter: Scatter = _LOOSE, name: str = "wide") -> Law:
    return Law(name, weight, gamma, scale, scatter, degrees=5, clock_error=0.3)


def _recipe(
    name: str, about: str, laws: tuple[Law, ...], *, clock_weight: float = 0.85, shape: Departure = _SHAPE
) -> Recipe:
    return Recipe(name, about, laws, shape, _GROWTH_SD, clock_weight, _REACH, n_runs=0)


SGD = replace(
    _recipe(
        "sgd",
        "plain descent",
        (
            Law("network", 0.9, 1.07, 0.03, Scatter(0.024, 0.01), clock_error=0.2),
            Law("paper", 0.1, 1.0, 0.0, Scatter(0.002)),
        ),
        clock_weight=0.95,
        shape=beyond_half(shipped_departure()),
    ),
    growth_sd=(0.05, 0.04, 0.03, 0.014),
)
ADAM = replace(
    _recipe(
        "adam",
        "Adam, one hidden layer, squared error",
        (_steepness(3.6, 0.09, 0.95, _SLOW), _wide(1.0, 0.25, 0.05)),
        clock_weight=0.9,
    ),
    growth_sd=(0.11, 0.11, 0.07, 0.035),
)
ADAM_LOGISTIC = _recipe(
    "adam-logistic",
    "Adam, one hidden layer, cross-entropy",
    (_steepness(3.1, 0.1, 0.9, _SLOW), _wide(1.0, 0.25, 0.1)),
    clock_weight=0.9,
)
ADAM_DEEP = _recipe(
    "adam-deep",
    "Adam, fully connected, several hidden layers",
    (_wide(1.4, 0.3, 0.7), _steepness(3.8, 0.2, 0.3, _LOOSE)),
)
ADAM_TRANSFORMER = _recipe(
    "adam-transformer", "Adam, transformers", (_wide(2.2, 0.8, 1.0, replace(_LOOSE, spread_per_decade=0.4)),)
)
OTHER = _recipe(
    "other",
    "Adam or any other optimiser, a network of any kind",
    (
        _steepness(3.4, 0.2, 0.35, _LOOSE),
        _wide(1.3, 0.35, 0.45),
        _wide(2.0, 0.8, 0.2, replace(_LOOSE, spread_per_decade=0.4), name="very wide"),
    ),
)
RANK = _recipe(
    "rank",
    "frequencies of which only the order is known, thought to fall as a power of the rank",
    (
        Law("rank", 0.7, 1.6, 0.32, Scatter(0.05, 0.03), degrees=6, clock_error=0.2),
        Law("order", 0.3, 1.6, 0.8, Scatter(0.3, 0.1), degrees=5),
    ),
)
