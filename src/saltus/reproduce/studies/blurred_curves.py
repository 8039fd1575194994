"""Curves as evaluations would have measured them: at few checkpoints, as accuracies of a number of items."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus.read.reading import read_curves

if TYPE_CHECKING:
    import xarray as xr

    from saltus._types import Floats, Integers

Spacing = Literal["log", "linear"]
_FIRST = 1e-3  # first checkpoint of geometric ones, share of the last


@dataclass(frozen=True)
class Measuring:
    """How skills are measured.

    Attributes:
        checkpoints: number of the measured steps over the whole run.
        spacing: "log" from a thousandth of the run, or "linear".
        items: number of items (questions) of each skill; None for exact accuracies.
        chance: accuracy of a guessed token.
        tokens: number of tokens that must all be right.
        ceiling: accuracy of a token of a learned skill.
    """

    checkpoints: int = 30
    spacing: Spacing = "log"
    items: int | None = 1000
    chance: float = 0.0
    tokens: int = 1
    ceiling: float = 1.0

    def accuracy(self, strength: Floats) -> Floats:
        """Expected share of right answers at strengths R/S."""
        token = self.chance + (self.ceiling - self.chance) * np.clip(strength, 0.0, 1.0)
        return np.asarray(token**self.tokens)

    def chosen(self, steps: Floats) -> Integers:
        """Positions of the measured steps that are closest to the checkpoints, shape ``(n,)``."""
        last = steps[-1]
        if self.spacing == "linear":
            wanted = np.linspace(last / self.checkpoints, last, self.checkpoints)
        else:
            wanted = np.geomspace(max(steps[steps > 0][0], _FIRST * last), last, self.checkpoints)
        return np.unique(np.abs(steps[:, None] - wanted).argmin(axis=0))


def blurred(curves: xr.Dataset, how: Measuring, rng: np.random.Generator) -> xr.Dataset:
    """One run's curves, thinned, drawn, written as a log and read again as a user would.

    Args:
        curves: of one run, measured at many steps and nearly without noise.
        how: the measurement.
        rng: draws the items that are answered.
    """
    import pandas as pd

    thin = curves.isel(run=0, step=how.chosen(curves["step"].to_numpy().astype(float)))
    thin = thin.isel(step=np.isfinite(thin["strength"].to_numpy()).all(axis=0))
    steps, accuracy = thin["step"].to_numpy(), how.accuracy(thin["strength"].to_numpy())
    if how.items is not None:
        accuracy = rng.binomial(how.items, accuracy) / how.items
    n_skills = len(accuracy)
    log = pd.DataFrame(
        {
            "step": np.tile(steps, n_skills),
            "skill": np.repeat([f"skill-{k + 1}" for k in range(n_skills)], len(steps)),
            "accuracy": accuracy.ravel(),
        }
    )
    if how.items is not None:
        log["n"] = how.items
    if "learning_rate" in curves.coords:
        log["learning_rate"] = np.tile(thin["learning_rate"].to_numpy(), n_skills)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        log.to_csv(path, index=False)
        return read_curves(path, quantity="accuracy", chance=how.chance, tokens_per_answer=how.tokens, order="file")
