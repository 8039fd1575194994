"""Models that differ in alpha alone, and the line below their figures: shared by the recipes about scaling laws."""

from __future__ import annotations

from dataclasses import dataclass

from saltus._version import __version__
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear


@dataclass(frozen=True, kw_only=True)
class PowerLawModels:
    """Multilinear models, one for each alpha."""

    alphas: tuple[float, ...]
    n_skills: float
    target_scale: float = 1.0
    initial_strength: float = 0.01
    learning_rate: float = 1.0

    def model(self, alpha: float) -> Multilinear:
        return Multilinear(
            PowerLaw(alpha, self.n_skills),
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.learning_rate,
        )

    @property
    def note(self) -> str:
        """Version and settings, for a figure."""
        return (
            f"saltus {__version__}: n_s = {self.n_skills:g}, S = {self.target_scale:g}, "
            f"R(0) = {self.initial_strength:g}, η = {self.learning_rate:g}"
        )
