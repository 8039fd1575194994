"""``saltus loss``: the exact loss of the multilinear model."""

from __future__ import annotations

from dataclasses import dataclass

from saltus.cli.model import ModelOptions


@dataclass(frozen=True, kw_only=True)
class Loss(ModelOptions):
    """Exact loss of the multilinear model at time T, expected over training sets of D samples.

    Example: saltus loss --alpha 0.6 --n-skills inf --target-scale 1 --initial-strength 0.01 --time 1000
    """

    time: float = float("inf")
    """T, gradient-flow time in steps, or inf."""
    data: float = float("inf")
    """D, samples in the training set, or inf."""

    def run(self) -> None:
        from saltus.present.theory import loss_answer

        self.show(loss_answer(self.model(), self.time, self.data))
