"""``saltus optimal``: the best split of a compute budget between parameters and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saltus.cli.model import ModelOptions


@dataclass(frozen=True, kw_only=True)
class Optimal(ModelOptions):
    """Parameters N and time T that give the least exact loss for a compute budget C = N T, with unlimited data.

    Example: saltus optimal --compute 1e6 --alpha 0.6 --initial-strength 0.01
    """

    compute: float
    """C = N T, parameters times steps."""

    def run(self) -> None:
        from saltus.errors import InputError
        from saltus.theory.allocation import compute_optimal

        if self.parameters is not None:
            raise InputError("parameters is what this command finds", self.parameters, "leave --parameters out")
        best = compute_optimal(self.model(), self.compute)
        result: dict[str, Any] = {"n_parameters": best.n_parameters, "time": best.time, "loss": best.loss}
        text = f"N = {best.n_parameters}, T = {best.time:.6g}: L = {best.loss:.12g}"
        if best.law is not None:
            result["law"] = {"n_parameters": best.law_n_parameters, "loss": best.law_loss}
            text += f"\nthe law for large C: N = {best.law_n_parameters:.6g}, L = {best.law_loss:.6g}"
        self.show(result, text)
