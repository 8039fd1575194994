"""The best split of a compute budget C = N T between parameters and time, from the exact loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saltus._types import Floats
from saltus.errors import require_positive
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import ScalingLaw, scaling_law

# Relative precision of N: one by one up to its inverse, 1e6. The loss is flat at its minimum.
_FINEST_SHARE = 1e-6
# End of the search: beyond it, one parameter more changes nothing in double precision.
_MOST_PARAMETERS = 1e15


@dataclass(frozen=True)
class Allocation:
    """The compute-optimal model.

    Attributes:
        n_parameters: N, a whole number: the exact minimiser up to N = 1e6, within a part in a million of it above.
        time: T = C/N in steps.
        loss: exact loss there, unlimited data.
        law: the asymptotic law (``Nam et al. 2024, Cor. 5``); ``None`` for measured frequencies, which have none.
        law_n_parameters: N that the law calls optimal, not rounded; ``None`` without a law.
        law_loss: loss that the law expects; ``None`` without a law.
    """

    n_parameters: int
    time: float
    loss: float
    law: ScalingLaw | None
    law_n_parameters: float | None
    law_loss: float | None


def compute_optimal(model: Multilinear, compute: float) -> Allocation:
    """Minimise the exact loss over whole N at N T = C, unlimited data.

    Branch and bound: the loss falls in N and in T, so on a range of N it is at least the loss of the largest N at the
    largest T. Ranges whose bound exceeds the best loss found are dropped, the others halved. This finds the global
    minimum, also where stage-like learning or measured frequencies make several local ones. A budget so small that
    learning gains less than the initial strength of more skills is best spent on the largest N, at most 1e15.

    Args:
        model: any frequencies; its ``n_parameters`` is not used.
        compute: C = N T, greater than 0.

    Raises:
        InputError: if the compute is not a finite number above 0.
    """
    compute = require_positive("compute", compute, "give parameters times steps")
    n, loss = _best_n(model, compute)
    law = scaling_law(model, "compute") if isinstance(model.frequencies, PowerLaw) else None
    return Allocation(n, compute / n, loss, law, *(_by_law(law, compute) if law else (None, None)))


def _by_law(law: ScalingLaw, compute: float) -> tuple[float, float]:
    """Optimal N and loss at one budget by the law."""
    assert law.optimal_lambda is not None
    model = law.model
    scaled = model.learning_rate * model.target_scale * compute
    # exponent = alpha/(alpha + 2), so that 1/(alpha + 2) = (1 - exponent)/2.
    return law.optimal_lambda * scaled ** ((1 - law.exponent) / 2), float(law(compute))


def _best_n(model: Multilinear, compute: float) -> tuple[int, float]:
    """The whole N of least loss, and that loss."""
    low, high = np.array([1.0]), np.array([min(model.frequencies.n_skills, _MOST_PARAMETERS)])
    best_n, best_loss = 1.0, _loss(model, 1.0, compute)
    while low.size:
        middle = np.floor(np.sqrt(low * high))
        losses = np.array([_loss(model, n, compute / n) for n in middle])
        if losses.min() < best_loss:
            best_n, best_loss = middle[losses.argmin()], losses.min()
        low, high = _halves(low, middle, high)
        bounds = np.array([_loss(model, b, compute / a) for a, b in zip(low, high, strict=True)])
        kept = bounds < best_loss
        low, high = low[kept], high[kept]
    return int(best_n), float(best_loss)


def _halves(low: Floats, middle: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The two sides of every middle, without it, less those that are empty or too narrow to matter."""
    starts, ends = np.concatenate([low, middle + 1]), np.concatenate([middle - 1, high])
    matters = (starts <= ends) & (ends - starts + 1 >= _FINEST_SHARE * starts)
    return starts[matters], ends[matters]


def _loss(model: Multilinear, n: float, time: float) -> float:
    return float(replace(model, n_parameters=n).loss(time=time))
