"""Whether to trust a forecast, in words: every test that the curves, as far as they are known, can decide."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from saltus.curves import crossing_times
from saltus.forecast.departure import Departure
from saltus.forecast.rivals import Evidence, compare

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.calibration import Calibration
    from saltus.forecast.predict import EmergenceForecast

Level = Literal["trust", "use with care", "do not use"]
_LEVELS: tuple[Level, ...] = ("trust", "use with care", "do not use")
_CARE, _STOP = 1, 2

_CLEARLY = 3.0  # difference of scores: 20 to 1
_ROUGH, _WRONG = 0.05, 0.1  # rms misfit of the calibrated curve, in R/S; networks trained by SGD show 0.01 to 0.03
_SURPRISE, _IMPOSSIBLE = 0.05, 1e-3  # probability of the worst miss among the skills that have emerged


@dataclass(frozen=True)
class Verdict:
    """How far a forecast can be trusted.

    Attributes:
        level: "trust", "use with care" or "do not use".
        reasons: what speaks against it, gravest first; or, with "trust", what was checked.
        evidence: how well every explanation fits (`saltus.forecast.rivals`), the best first.
    """

    level: Level
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        joined = "; ".join(self.reasons)
        return f"{self.level}: {joined}" if self.level == "trust" else f"{self.level} because {joined}"


def judge(
    known: xr.Dataset,
    frequency: NDArray[np.float64],
    calibration: Calibration | None,
    hindcast: EmergenceForecast | None,
    departure: Departure,
) -> Verdict:
    """Weigh what is known.

    Args:
        known: curves up to now.
        frequency: of their skills, shape ``(n_skills,)``.
        calibration: on some of them, or None if none could be made.
        hindcast: that calibration's forecast beside ``known``, none of which sharpened it.
        departure: what the forecast took the networks' departure to be.
    """
    evidence = tuple(compare(known, frequency)) if bool(np.isfinite(known["strength"]).any()) else ()
    doubts = [*_optimizer(known), *_smoothness(evidence)]
    if calibration is None or hindcast is None:
        highest = float(np.nanmax(known["strength"].to_numpy(), initial=-math.inf))
        doubts.append((_STOP, f"no skill to calibrate on has emerged (highest R/S so far: {highest:.2f})"))
    else:
        emerged = int(np.isfinite(crossing_times(known)).any(axis=0).sum())
        doubts += [*_misfit(calibration), *_reach(calibration, frequency, departure)]
        doubts += [*_misses(calibration, hindcast, departure), *_coupling(evidence, emerged)]
    if not doubts:
        return Verdict("trust", _what_was_checked(evidence, hindcast), evidence)
    doubts.sort(key=lambda doubt: -doubt[0])
    return Verdict(_LEVELS[doubts[0][0]], tuple(text for _, text in doubts), evidence)


Doubts = Iterator[tuple[int, str]]


def _optimizer(curves: xr.Dataset) -> Doubts:
    training = json.loads(curves.attrs.get("settings", "{}")).get("training") or {}
    if isinstance(training, dict) and training.get("optimizer") == "adam":
        yield _STOP, "the network was trained with Adam, which is no gradient flow: skills are not decoupled"


def _smoothness(evidence: tuple[Evidence, ...]) -> Doubts:
    scores = {one.name: one.score for one in evidence}
    if not scores:
        return
    name, smooth = max(((n, scores[n]) for n in ("exponential", "power law")), key=lambda entry: entry[1])
    lead = smooth - _best_decoupled(scores)
    if lead > 0:
        yield (
            _STOP if lead > _CLEARLY else _CARE,
            f"the model does not apply to a rise without a delayed onset: {name} explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def _misfit(calibration: Calibration) -> Doubts:
    if calibration.residual > _ROUGH:
        yield (
            _STOP if calibration.residual > _WRONG else _CARE,
            f"the calibrated curve is no logistic: rms misfit {calibration.residual:.3f} in R/S",
        )


def _reach(calibration: Calibration, frequency: NDArray[np.float64], departure: Departure) -> Doubts:
    farthest = float(np.abs(np.log10(calibration.frequency / frequency)).max())
    if farthest > departure.reach:
        yield (
            _CARE,
            f"the rarest skill lies {farthest:.2f} decades of frequency from the calibrated one, further than "
            f"the {departure.reach:.2f} that were tested",
        )


def _misses(calibration: Calibration, hindcast: EmergenceForecast, departure: Departure) -> Doubts:
    others = np.flatnonzero(np.isfinite(hindcast.log10_ratio) & ~np.isin(hindcast.skill, calibration.skills))
    if others.size == 0:
        return
    sigmas = hindcast.log10_ratio[others] / hindcast.uncertainty.total[others]
    worst = int(np.abs(sigmas).argmax())
    chance = departure.chance(float(sigmas[worst]), others.size)
    if chance < _SURPRISE:
        error = float(hindcast.log10_ratio[others[worst]])
        when = "earlier" if error > 0 else "later"
        yield (
            _STOP if chance < _IMPOSSIBLE else _CARE,
            f"skill {hindcast.skill[others[worst]]} emerged {abs(error):.2f} dex {when} than the calibration says "
            f"(chance {chance:.1g})",
        )


def _coupling(evidence: tuple[Evidence, ...], n_emerged: int) -> Doubts:
    if n_emerged < 2:
        yield _CARE, "only one skill has emerged, which cannot tell decoupled skills from skills that compete"
        return
    scores = {one.name: one.score for one in evidence}
    lead = scores["resource"] - _best_decoupled(scores)
    if lead > 0:
        yield (
            _STOP if lead > _CLEARLY else _CARE,
            f"rare skills speed up once frequent ones are done: the resource model explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def _best_decoupled(scores: dict[str, float]) -> float:
    return max(scores["decoupled"], scores["decoupled, rare skills late"])


def _what_was_checked(evidence: tuple[Evidence, ...], hindcast: EmergenceForecast | None) -> tuple[str, ...]:
    assert hindcast is not None
    scores = {one.name: one.score for one in evidence}
    rival = max(score for name, score in scores.items() if not name.startswith("decoupled"))
    return (
        f"{int(np.isfinite(hindcast.log10_ratio).sum())} skills emerged when the calibration says",
        f"decoupled skills explain the curves better than every rival (log evidence "
        f"{_best_decoupled(scores) - rival:+.1f})",
    )
