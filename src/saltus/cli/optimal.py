"""``saltus optimal``: the best split of a compute budget between parameters and time."""

from __future__ import annotations

from dataclasses import dataclass

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
        from saltus.present.theory import optimum_answer
        from saltus.theory.allocation import compute_optimal

        if self.parameters is not None:
            raise InputError("parameters is what this command finds", self.parameters, "leave --parameters out")
        self.show(optimum_answer(compute_optimal(self.model(), self.compute)))
