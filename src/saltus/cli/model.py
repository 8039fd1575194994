"""The options that describe a multilinear model, shared by every command about the theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saltus.present.theory import Answer
    from saltus.theory.multilinear import Multilinear


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """A multilinear model with power-law frequencies."""

    alpha: float
    """Skill frequencies fall as k^-(alpha+1)."""
    n_skills: float = float("inf")
    """Number of skills, or inf."""
    target_scale: float = 1.0
    """S: the target is +S or -S."""
    initial_strength: float = 0.01
    """R(0), between 0 and S."""
    learning_rate: float = 1.0
    """Learning rate of the loss with the factor 1/2."""
    parameters: float | None = None
    """N, the number of skill basis functions; one a skill by default."""
    json: bool = False
    """Print one JSON object on stdout."""

    def model(self) -> Multilinear:
        """The model that the options describe.

        Raises:
            InputError: if an option is outside its range.
        """
        from saltus.theory.frequencies import PowerLaw
        from saltus.theory.multilinear import Multilinear

        return Multilinear(
            PowerLaw(self.alpha, self.n_skills),
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.learning_rate,
            n_parameters=self.parameters,
        )

    def show(self, answer: Answer) -> None:
        """Print the answer with its settings as one JSON object, or in words."""
        from saltus._version import __version__
        from saltus.cli.options import settings_of
        from saltus.settings import json_text

        if self.json:
            print(json_text({**answer.result, "settings": settings_of(self), "version": __version__}), end="")
        else:
            print(answer.text)
