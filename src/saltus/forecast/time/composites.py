"""Composite skills, made of others: they come after their parts, whatever their frequency says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.names import called, named_all
from saltus.forecast.base.verdict import STOP, Doubts

_LATE = 0.4  # dex behind the others' law: stragglers of Adam's typically come as late, but rise no steeper
_STEEPER = 2.0  # times as steep as the steepest of the others


def composite_by_name(names: Sequence[str]) -> Doubts:
    """The doubt about skills that are made of others by their names: ``add+mul`` beside ``add`` or ``mul``."""
    made = [name for name in names if _parts(name) & (set(names) - {name})]
    if made:
        yield STOP, f"{named_all(made)} is made of others, and comes after them whatever its frequency"


def _parts(name: str) -> set[str]:
    return {part.strip() for part in name.split("+")} if "+" in name else set()


def composite_by_time(log_time: Floats, steepness: Floats, frequency: Floats, names: Sequence[str]) -> Doubts:
    """The doubt about emerged skills much later and steeper than the others' law: they may be made of others.

    Args:
        log_time: log10 of each emerged skill's step at half strength.
        steepness: Hill exponent of each risen skill's rise.
        frequency: of all skills.
        names: of the skills.
    """
    known = np.flatnonzero(np.isfinite(log_time) & np.isfinite(steepness))
    if known.size < 3:
        return
    decades = -np.log10(frequency)
    for k in known:
        others = known[known != k]
        expected = log_time[others] + np.maximum(decades[k] - decades[others], 0.0) * _slope(
            decades[others], log_time[others]
        )
        late = log_time[k] - float(expected.max())
        if late > _LATE and steepness[k] > _STEEPER * steepness[others].max():
            yield (
                STOP,
                f"{called(names, int(k) + 1)} came {late:.2f} dex later than the others say and rose "
                f"{steepness[k] / steepness[others].max():.1f} times as steeply: it may be made of others",
            )


def _slope(decades: Floats, log_time: Floats) -> float:
    """gamma of the others, at least that of independent skills where theirs is smaller or not told."""
    centred = decades - decades.mean()
    power = float(centred @ centred)
    return max(float(centred @ log_time) / power, 1.0) if power > 0 else 1.0
