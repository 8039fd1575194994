"""``saltus law``: a scaling law of the multilinear model, with its prefactor and where it holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from saltus.cli.model import ModelOptions

if TYPE_CHECKING:
    from saltus.theory.validity import LawCheck


@dataclass(frozen=True, kw_only=True)
class Law(ModelOptions):
    """Scaling law L = prefactor * x^-exponent in one resource x: time, data, parameters or compute.

    With amounts of the resources given, the law's conditions and its distance to the exact loss are shown there.

    Example: saltus law time --alpha 0.6 --initial-strength 0.01 --time 1e4
    """

    resource: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RESOURCE")]
    """time, data, parameters or compute."""
    time: float = float("inf")
    """T in steps at which to check the law, or inf."""
    data: float = float("inf")
    """D in samples at which to check the law, or inf."""

    def run(self) -> None:
        from saltus.theory.scaling import scaling_law

        law = scaling_law(self.model(), self.resource)  # type: ignore[arg-type]
        result: dict[str, Any] = {
            "resource": law.resource,
            "exponent": law.exponent,
            "prefactor": law.prefactor,
            "valid_when": list(law.validity),
        }
        lines = [f"L = {law.prefactor:.12g} * {self.resource}^-{law.exponent:.12g}", "valid when"]
        lines += [f"  {condition}" for condition in law.validity]
        if law.optimal_lambda is not None:
            result["optimal_lambda"] = law.optimal_lambda
            lines.append(f"with N = {law.optimal_lambda:.8g} (eta S C)^(1/(alpha+2))")
        if self._limit_is_given():
            check = law.check(time=self.time, data=self.data, n_parameters=self.parameters)
            result["check"] = _plain(check)
            lines += ["at the given resources", *(f"  {condition}" for condition in check.conditions)]
            lines.append(f"  law {check.law_loss:.6g}, exact {check.exact_loss:.6g}: {check.relative_distance:+.2%}")
        self.show(result, "\n".join(lines))

    def _limit_is_given(self) -> bool:
        n = math.inf if self.parameters is None else min(self.parameters, self.n_skills)
        limit = {"time": self.time, "data": self.data, "parameters": n, "compute": n * self.time}
        return math.isfinite(limit[self.resource])


def _plain(check: LawCheck) -> dict[str, Any]:
    return {
        "holds": check.holds,
        "conditions": [{"statement": c.statement, "ratio": c.ratio, "holds": c.holds} for c in check.conditions],
        "law_loss": check.law_loss,
        "exact_loss": check.exact_loss,
        "relative_distance": check.relative_distance,
    }
