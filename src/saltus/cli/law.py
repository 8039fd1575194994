"""``saltus law``: a scaling law of the multilinear model, with its prefactor and where it holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import tyro

from saltus.cli.model import ModelOptions


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
        from saltus.present.theory import law_answer
        from saltus.theory.scaling import scaling_law

        law = scaling_law(self.model(), self.resource)  # type: ignore[arg-type]
        check = None
        if self._limit_is_given():
            check = law.check(time=self.time, data=self.data, n_parameters=self.parameters)
        self.show(law_answer(law, check))

    def _limit_is_given(self) -> bool:
        n = math.inf if self.parameters is None else min(self.parameters, self.n_skills)
        limit = {"time": self.time, "data": self.data, "parameters": n, "compute": n * self.time}
        return math.isfinite(limit[self.resource])
