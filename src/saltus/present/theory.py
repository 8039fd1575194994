"""Answers about the solvable model in words and as data: its loss, its scaling laws, the best split of compute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from saltus.theory.allocation import Allocation
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import ScalingLaw
from saltus.theory.validity import LawCheck


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        result: plain data for JSON.
        text: the same for people, in one or several lines.
    """

    result: dict[str, Any]
    text: str


def loss_answer(model: Multilinear, time: float = math.inf, data: float = math.inf) -> Answer:
    """The exact loss after ``time`` steps; on ``data`` samples also its spread over training sets."""
    result = {"loss": float(model.loss(time=time, data=data))}
    text = f"L = {result['loss']:.12g}"
    if data != math.inf:
        result["standard_deviation"] = float(model.loss_variance(time=time, data=data)) ** 0.5
        text += f", standard deviation over training sets {result['standard_deviation']:.3g}"
    return Answer(result, f"{text} (untrained: S^2/2 = {model.untrained_loss:.6g})")


def law_answer(law: ScalingLaw, check: LawCheck | None = None) -> Answer:
    """A scaling law and its conditions; with ``check`` also how they stand at given resources."""
    result: dict[str, Any] = {
        "resource": law.resource,
        "exponent": law.exponent,
        "prefactor": law.prefactor,
        "valid_when": list(law.validity),
    }
    lines = [f"L = {law.prefactor:.12g} * {law.resource}^-{law.exponent:.12g}", "valid when"]
    lines += [f"  {condition}" for condition in law.validity]
    if law.optimal_lambda is not None:
        result["optimal_lambda"] = law.optimal_lambda
        lines.append(f"with N = {law.optimal_lambda:.8g} (eta S C)^(1/(alpha+2))")
    if check is not None:
        result["check"] = _plain(check)
        lines += ["at the given resources", *(f"  {condition}" for condition in check.conditions)]
        lines.append(f"  law {check.law_loss:.6g}, exact {check.exact_loss:.6g}: {check.relative_distance:+.2%}")
    return Answer(result, "\n".join(lines))


def optimum_answer(best: Allocation) -> Answer:
    """The exact best split of a compute budget, beside that of the law."""
    result: dict[str, Any] = {"n_parameters": best.n_parameters, "time": best.time, "loss": best.loss}
    text = f"N = {best.n_parameters}, T = {best.time:.6g}: L = {best.loss:.12g}"
    if best.law is not None:
        result["law"] = {"n_parameters": best.law_n_parameters, "loss": best.law_loss}
        text += f"\nthe law for large C: N = {best.law_n_parameters:.6g}, L = {best.law_loss:.6g}"
    return Answer(result, text)


def _plain(check: LawCheck) -> dict[str, Any]:
    return {
        "holds": check.holds,
        "conditions": [{"statement": c.statement, "ratio": c.ratio, "holds": c.holds} for c in check.conditions],
        "law_loss": check.law_loss,
        "exact_loss": check.exact_loss,
        "relative_distance": check.relative_distance,
    }
