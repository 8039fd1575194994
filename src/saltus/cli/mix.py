"""The options that say how often skills come up, shared by commands that forecast and that teach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from saltus.errors import InputError
from saltus.read.frequencies import read_frequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.theory.frequencies import SkillFrequencies

    Stated = SkillFrequencies | Literal["fitted"] | None


def stated_frequencies(alpha: float | None, given: Path | None) -> Stated:
    """The frequencies in a file, known before any curve is; None where there is no file.

    Raises:
        InputError: if both are given, or the file holds no frequencies.
    """
    if alpha is not None and given is not None:
        raise _given_once([str(alpha), str(given)])
    if given is None:
        return None
    return "fitted" if str(given) == "fitted" else read_frequencies(given)


def frequencies_of(curves: xr.Dataset, alpha: float | None, stated: Stated) -> Stated:
    """The frequencies that the options name; None where the curves carry them.

    Raises:
        InputError: if neither says them.
    """
    import numpy as np

    from saltus.theory.frequencies import PowerLaw

    if alpha is not None:
        return PowerLaw(alpha, curves.sizes["skill"])
    if stated is None and not np.isfinite(curves["frequency"]).all():
        raise _given_once(None)
    return stated


def _given_once(given: object) -> InputError:
    advice = "give --alpha, or --frequencies FILE, one number a skill, or --frequencies fitted"
    return InputError("frequencies must be given once", given, advice)
