"""Fits whose numbers the measurements do not determine."""

from __future__ import annotations

from saltus.errors import InputError


class DegenerateFitError(InputError):
    """A fit that has no numbers to give: an error to those who ask for it, a verdict in an assessment.

    Args:
        reason: what the measurements lack, e.g. "skill 1 rose between two measurements (0 and 600)".
        advice: what to do about it, as an imperative.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__("the rise of the skill to calibrate on must be measured", reason, advice)
