"""The skills that decide a loss at given resources, and the nodes with which their sum is taken.

The loss is a sum over skills of P_k g(P_k), where g falls from its value at 0 (a skill too rare to have moved) to
nothing (a skill learned long ago). The skills in between are summed by the quadrature of their frequencies; rarer ones
have moved in proportion to their frequency, more frequent ones no longer count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from saltus._types import Floats
from saltus.theory.protocols import LogisticSkills

# A skill that moved by less than this (in its logit, or in expected observations) is in the linear regime: error 1e-16.
_LINEAR_REGIME = 1e-8
# Once this far beyond its onset a skill's loss is below exp(-50) of what it was.
_SETTLED = 25.0
_SMALLEST_SHARPNESS = 7.5
# Logit growth beyond the onset at which a sum underflows, exp(-2 * 400): more needs no more nodes.
_UNDERFLOW = 400.0


@dataclass(frozen=True)
class RelevantSkills:
    """A rule for sums over the modelled skills: nodes, and the two moments of those too rare to need nodes.

    Attributes:
        frequency: frequencies q of the nodes, shape ``(n_nodes,)``.
        weight: weights w: the sum of P_k g(P_k) over the noded skills is ``sum w q g(q)``, shape ``(n_nodes,)``.
        mass_beyond: probability of the rarer modelled skills.
        mean_beyond: their mean frequency, weighted by probability.
    """

    frequency: Floats
    weight: Floats
    mass_beyond: float
    mean_beyond: float


def relevant_skills(model: LogisticSkills, slowest: float, fastest: float, data: float = math.inf) -> RelevantSkills:
    """The rule for logit growths (of a skill of frequency 1) from ``slowest`` to ``fastest``, on ``data`` samples.

    Args:
        slowest, fastest: smallest and largest 2 eta S T that the rule must serve; not both infinite with ``data``.
        data: D, possibly ``inf``.
    """
    frequencies, last = model.frequencies, model.n_modelled
    onset = max(-model.initial_logit, 0.0)
    rarest = float(frequencies.pmf(last)) if last == frequencies.n_skills and math.isfinite(last) else 0.0
    # Logit growth of the rarest skill: with every skill learned, the sum must resolve an exponentially small rest.
    depth = min(fastest * rarest, data * rarest, _UNDERFLOW + onset) if rarest else 0.0
    settled = 2 * (onset + depth + _SETTLED) / max(slowest, 1e-300) + 3 * (depth + _SETTLED) / data
    first = frequencies.count_above(settled) + 1
    cut = frequencies.count_above(_LINEAR_REGIME / max(min(fastest, data), 1e-300))
    noded = min(max(cut, first - 1), last)
    sharpness = max(onset, depth, _SMALLEST_SHARPNESS)
    frequency, weight = frequencies.quadrature(first, noded, sharpness)
    return RelevantSkills(frequency, weight, *_beyond(model, noded))


def _beyond(model: LogisticSkills, noded: float) -> tuple[float, float]:
    """Probability, and mean frequency, of the modelled skills rarer than ``noded``."""
    frequencies, last = model.frequencies, model.n_modelled
    if noded >= last:
        return 0.0, 0.0
    all_rarer, unmodelled = float(frequencies.tail(noded)), float(frequencies.tail(last))
    share = unmodelled / all_rarer
    mean = frequencies.tail_mean(noded) - share * frequencies.tail_mean(last)
    return all_rarer - unmodelled, mean / (1 - share) if share < 1 else 0.0
