"""Where a scaling law holds: the conditions of Nam et al. 2024, Table 2 and 6, evaluated, and its measured distance.

With tau = eta S T as the time and N the number of modelled skills. "x >> y" is read as x >= 10 y, "x ~ y" as within a
factor of 10. The conditions suffice in a limit; the distance to the exact loss measures the law at given resources.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

MARGIN = 10.0


@dataclass(frozen=True)
class Resources:
    """Time tau = eta S T, samples D, modelled skills N, the exponent alpha + 1, and log(S/r)."""

    tau: float
    data: float
    n_parameters: float
    exponent: float
    log_odds: float


@dataclass(frozen=True)
class Condition:
    """One condition at given resources.

    Attributes:
        statement: what must hold, e.g. ``"n_parameters^(alpha+1) >> eta S time"``.
        ratio: the left side over the right side.
        holds: whether it does.
    """

    statement: str
    ratio: float
    holds: bool

    def __str__(self) -> str:
        if self.holds:
            return f"holds: {self.statement} (left/right = {self.ratio:.3g})"
        return f"does not hold, because {self.statement} is not so (left/right = {self.ratio:.3g})"


@dataclass(frozen=True)
class LawCheck:
    """A scaling law confronted with the exact loss at given resources.

    Attributes:
        conditions: those of the law, evaluated.
        law_loss: loss by the law.
        exact_loss: loss of the model.
    """

    conditions: tuple[Condition, ...]
    law_loss: float
    exact_loss: float

    @property
    def holds(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds for condition in self.conditions)

    @property
    def relative_distance(self) -> float:
        """law / exact - 1; infinite if the exact loss underflows to 0."""
        return self.law_loss / self.exact_loss - 1 if self.exact_loss else math.inf

    def __str__(self) -> str:
        verdict = "; ".join(str(c) for c in self.conditions if c.holds == self.holds)
        return f"{verdict}; law / exact = {1 + self.relative_distance:.4g}"


# The logarithms of the two sides: powers of the resources overflow.
_Sides = Callable[[Resources], tuple[float, float]]

_DATA_FOR_TIME: tuple[str, _Sides] = ("data >> (eta S time)^3", lambda x: (_log(x.data), 3 * _log(x.tau)))
_CONDITIONS: dict[str, tuple[tuple[str, _Sides], ...]] = {
    "time": (
        ("data >> n_parameters (eta S time)^2", lambda x: (_log(x.data), _log(x.n_parameters) + 2 * _log(x.tau))),
        _DATA_FOR_TIME,
        ("n_parameters^(alpha+1) >> eta S time", lambda x: (x.exponent * _log(x.n_parameters), _log(x.tau))),
        ("eta S time >> log(S/r - 1)", lambda x: (_log(x.tau), _log(x.log_odds))),
    ),
    "data": (
        ("eta S time >> data log(data)", lambda x: (_log(x.tau), _log(x.data) + _log(_log(x.data)))),
        ("n_parameters^(alpha+1) >> data", lambda x: (x.exponent * _log(x.n_parameters), _log(x.data))),
    ),
    "parameters": (
        _DATA_FOR_TIME,
        ("eta S time >> n_parameters^(alpha+1)", lambda x: (_log(x.tau), x.exponent * _log(x.n_parameters))),
    ),
    "compute": (
        _DATA_FOR_TIME,
        ("n_parameters^(alpha+1) ~ eta S time", lambda x: (x.exponent * _log(x.n_parameters), _log(x.tau))),
    ),
}


def statements(resource: str) -> tuple[str, ...]:
    """The conditions of one law, in words."""
    return tuple(statement for statement, _ in _CONDITIONS[resource])


def evaluated(resource: str, resources: Resources) -> tuple[Condition, ...]:
    """The conditions of one law at given resources."""
    return tuple(_condition(statement, *sides(resources)) for statement, sides in _CONDITIONS[resource])


def _condition(statement: str, log_left: float, log_right: float) -> Condition:
    # Unlimited data, or time, is the limit that the theorems take first: it exceeds whatever stands beside it.
    ratio = math.inf if math.isinf(log_left) else math.exp(min(log_left - log_right, 700.0))
    holds = 1 / MARGIN <= ratio <= MARGIN if "~" in statement else ratio >= MARGIN
    return Condition(statement, ratio, holds)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
