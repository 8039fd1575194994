"""Whether to trust a forecast, in words: every test that the curves, as far as they are known, can decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.curves.crossings import crossing_times
from saltus.forecast.base import CARE, ROUGH, STOP, WRONG, Doubts, Evidence, Verdict, nothing_emerged, weigh
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.rivals import compare

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base import EmergenceForecast
    from saltus.forecast.time.calibration import Calibration
    from saltus.forecast.time.frequency_fit import FrequencyFit


_CLEARLY = 3.0  # difference of scores: 20 to 1
_SURPRISE, _IMPOSSIBLE = 0.05, 1e-3  # probability of the worst miss among the skills that have emerged


def judge(
    known: xr.Dataset,
    frequency: Floats,
    calibration: Calibration | None,
    hindcast: EmergenceForecast | None,
    departure: Departure,
    frequency_fit: FrequencyFit | None = None,
) -> Verdict:
    """Weigh what is known.

    Args:
        known: curves up to now.
        frequency: of their skills, shape ``(n_skills,)``.
        calibration: on some of them, or None if none could be made.
        hindcast: that calibration's forecast beside ``known``, none of which sharpened it.
        departure: what the forecast took the networks' departure to be.
        frequency_fit: how the frequencies were found, if they were not given.
    """
    evidence = tuple(compare(known, frequency)) if bool(np.isfinite(known["strength"]).any()) else ()
    doubts = [*_optimizer(known), *_smoothness(evidence), *_untested(frequency_fit)]
    if calibration is None or hindcast is None:
        doubts.append(nothing_emerged(known))
    else:
        emerged = int(np.isfinite(crossing_times(known)).any(axis=0).sum())
        doubts += [*_misfit(calibration), *_reach(calibration, frequency, departure)]
        doubts += [*_misses(calibration, hindcast, departure), *_coupling(evidence, emerged)]
    return weigh(doubts, evidence) or Verdict("trust", _what_was_checked(evidence, hindcast), evidence)


def _optimizer(curves: xr.Dataset) -> Doubts:
    settings = json.loads(curves.attrs.get("settings", "{}"))
    training = settings.get("training") or settings  # settings of a store are flat
    optimizer = training.get("optimizer", "sgd") if isinstance(training, dict) else "sgd"
    if isinstance(optimizer, str) and optimizer.lower() != "sgd":
        name = "Adam" if optimizer == "adam" else optimizer
        yield STOP, f"the network was trained with {name}, which is no gradient flow: skills are not decoupled"


def _smoothness(evidence: tuple[Evidence, ...]) -> Doubts:
    scores = {one.name: one.score for one in evidence}
    if not scores:
        return
    name, smooth = max(((n, scores[n]) for n in ("exponential", "power law")), key=lambda entry: entry[1])
    lead = smooth - _best_decoupled(scores)
    if lead > 0:
        yield (
            STOP if lead > _CLEARLY else CARE,
            f"the model does not apply to a rise without a delayed onset: {name} explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def _untested(fit: FrequencyFit | None) -> Doubts:
    if fit is None:
        return
    if fit.forms[0].name == "free rates":
        yield CARE, "each skill's frequency was fitted to its own curve, so that no emergence tests the calibration"
    elif fit.dated.sum() < 3:
        yield CARE, "the frequencies rest on two skills alone"


def _misfit(calibration: Calibration) -> Doubts:
    if calibration.residual > ROUGH:
        yield (
            STOP if calibration.residual > WRONG else CARE,
            f"the calibrated curve is no logistic: rms misfit {calibration.residual:.3f} in R/S",
        )


def _reach(calibration: Calibration, frequency: Floats, departure: Departure) -> Doubts:
    farthest = float(np.abs(np.log10(calibration.frequency / frequency)).max())
    if farthest > departure.reach:
        yield (
            CARE,
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
            STOP if chance < _IMPOSSIBLE else CARE,
            f"skill {hindcast.skill[others[worst]]} emerged {abs(error):.2f} dex {when} than the calibration says "
            f"(chance {chance:.1g})",
        )


def _coupling(evidence: tuple[Evidence, ...], n_emerged: int) -> Doubts:
    if n_emerged < 2:
        yield CARE, "only one skill has emerged, which cannot tell decoupled skills from skills that compete"
        return
    scores = {one.name: one.score for one in evidence}
    lead = scores["resource"] - _best_decoupled(scores)
    if lead > 0:
        yield (
            STOP if lead > _CLEARLY else CARE,
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
