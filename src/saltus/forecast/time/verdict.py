"""Verdicts on forecasts over steps, in words: every test that the curves, as far as they are known, can decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times
from saltus.curves.names import called, named, skill_names
from saltus.forecast.base.checks import OnSkill
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.verdict import (
    CARE,
    ROUGH,
    STOP,
    WRONG,
    Doubts,
    Verdict,
    several_configurations,
    uncalibrated,
    unexplained_floors,
    weigh,
)
from saltus.forecast.time.calibrate import has_emerged
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.recipe import family_of, optimizer_of
from saltus.forecast.time.rivals import DECOUPLED, RIVALS, SMOOTH, Explanation, compare
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast
    from saltus.forecast.time.calibration import Calibration
    from saltus.forecast.time.frequency_fit import FrequencyFit


Scores = dict[Explanation, float]
_CLEARLY = 3.0  # lead in scores, odds of 20 to 1, from which a rival forbids the forecast
_WIDE, _VAGUE = 0.6, 2.0  # widest interval in decades: above the first use with care, above the second stop
_ENOUGH = 4  # emerged skills that tell the dynamics of an optimiser nobody named
_SAME_RATE = 0.01  # relative difference of learning rates from which they vary
_SURPRISE, _IMPOSSIBLE = 0.05, 1e-3  # probability of the worst miss: below the first take care, below the second stop


def judge(
    known: xr.Dataset,
    frequencies: SkillFrequencies,
    calibration: Calibration | DegenerateFitError | None,
    departure: Departure,
    frequency_fit: FrequencyFit | None = None,
    on_skill: OnSkill = 1,
) -> Verdict:
    """Weigh the evidence of the known curves for and against a calibration, or against there being none.

    Args:
        known: curves up to now.
        frequencies: of their skills.
        calibration: on some of them, or why none could be made; None if nothing has emerged.
        departure: departure of networks from the model that the forecast allowed for.
        frequency_fit: how the frequencies were found, if they were not given.
        on_skill: the skill that was to be calibrated on, or several.
    """
    frequency = frequencies.pmf(known["skill"].to_numpy())
    evidence = tuple(compare(known, frequency)) if bool(np.isfinite(known["strength"]).any()) else ()
    scores = {Explanation(one.name): one.score for one in evidence}
    doubts = [*_optimizer(known), *_rate(known), *_smoothness(scores), *_untested(frequency_fit)]
    doubts += [*unexplained_floors(known), *several_configurations(known)]
    if calibration is None or isinstance(calibration, DegenerateFitError):
        why = uncalibrated(known, calibration, on_skill, lambda skill: has_emerged(known, skill))
        return weigh([why, *doubts], evidence)
    hindcast = calibration.forecast(
        frequencies,
        measured=known,
        until=float(known["step"][-1]),
        departure=departure,
        frequency_error=None if frequency_fit is None else frequency_fit.log10_error,
    )
    emerged = int(np.isfinite(crossing_times(known)).any(axis=0).sum())
    doubts += [*_width(known, hindcast), *_overdue(known, hindcast)]
    doubts += [*_misfit(calibration), *_reach(calibration, frequency, departure)]
    doubts += [*_misses(calibration, hindcast, departure, skill_names(known)), *_coupling(scores, emerged)]
    return weigh(doubts, evidence, lambda: _passed(scores, hindcast))


def _optimizer(curves: xr.Dataset) -> Doubts:
    optimizer = optimizer_of(curves)
    if optimizer is None:
        emerged = int(np.isfinite(crossing_times(curves)).any(axis=0).sum())
        if emerged < _ENOUGH:
            yield (
                CARE,
                f"the optimiser is not known, most are no gradient flow, and only {emerged} of the {_ENOUGH} skills "
                "that could show it have emerged",
            )
    elif family_of(optimizer) != "sgd":
        name = "Adam" if optimizer == "adam" else optimizer
        yield STOP, f"the network was trained with {name}, which is no gradient flow: skills are not decoupled"


def _rate(curves: xr.Dataset) -> Doubts:
    """The doubt where the learning rate is known to vary: more so where no clock allows for it."""
    if "logged_step" in curves.coords:
        yield CARE, "the learning rate varies, and 90 % intervals over effective time were found to hold less often"
        return
    rates = curves.coords.get("learning_rate")
    if rates is None or "step" not in rates.dims:
        return
    rate = rates.to_numpy()
    rate = rate[np.isfinite(rate) & (rate > 0)]
    if rate.size and rate.max() > (1 + _SAME_RATE) * rate.min():
        yield (
            CARE,
            f"the learning rate varies from {rate.min():.3g} to {rate.max():.3g}, and the forecast counts all steps "
            "alike",
        )


def _width(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a date to come is vague."""
    low, high = np.clip(forecast.interval, np.finfo(float).tiny, np.finfo(float).max).T
    width = np.where(_to_come(forecast), np.log10(high) - np.log10(low), 0.0)
    widest = int(width.argmax())
    if width[widest] > _WIDE:
        who = named(skill_names(known)[widest])
        yield (
            STOP if width[widest] > _VAGUE else CARE,
            f"the {forecast.level:.0%} interval of {who} is {width[widest]:.2g} decades wide",
        )


def _overdue(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a skill should have come, and has not."""
    late = _to_come(forecast) & (forecast.interval[:, 1] <= float(known["step"][-1]))
    for k in np.flatnonzero(late):
        yield STOP, f"{named(skill_names(known)[k])} should have emerged by now, and has not"


def _to_come(forecast: EmergenceForecast) -> Flags:
    if forecast.measured is None:
        return np.ones(len(forecast.skill), bool)
    return np.asarray((forecast.measured.n_emerged == 0) & ~forecast.measured.censored)


def _smoothness(scores: Scores) -> Doubts:
    if not scores:
        return
    best = max(SMOOTH, key=lambda one: scores[one])
    lead = scores[best] - _best_decoupled(scores)
    if lead > 0:
        yield (
            STOP if lead > _CLEARLY else CARE,
            f"the model does not apply to a rise without a delayed onset: {best} explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def _untested(fit: FrequencyFit | None) -> Doubts:
    if fit is None:
        return
    if fit.free_rates:
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


def _misses(
    calibration: Calibration, hindcast: EmergenceForecast, departure: Departure, names: Sequence[str]
) -> Doubts:
    ratio = hindcast.log10_ratio
    errors = np.where(np.isfinite(ratio), ratio, hindcast.too_late)
    others = np.flatnonzero(np.isfinite(errors) & ~np.isin(hindcast.skill, calibration.skills))
    if others.size == 0:
        return
    sigmas = errors[others] / hindcast.uncertainty.total[others]
    worst = int(np.abs(sigmas).argmax())
    chance = departure.chance(float(sigmas[worst]), others.size)
    if chance < _SURPRISE:
        error = float(errors[others[worst]])
        least = "" if np.isfinite(ratio[others[worst]]) else "at least "
        when = "earlier" if error > 0 else "later"
        yield (
            STOP if chance < _IMPOSSIBLE else CARE,
            f"{called(names, int(others[worst]) + 1)} emerged {least}{abs(error):.2f} dex {when} than the calibration "
            f"says (chance {chance:.1g})",
        )


def _coupling(scores: Scores, n_emerged: int) -> Doubts:
    if n_emerged < 2:
        yield CARE, "only one skill has emerged, which cannot tell decoupled skills from skills that compete"
        return
    lead = scores[Explanation.RESOURCE] - _best_decoupled(scores)
    if lead > 0:
        yield (
            STOP if lead > _CLEARLY else CARE,
            f"rare skills speed up once frequent ones are done: the resource model explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def _best_decoupled(scores: Scores) -> float:
    return max(scores[one] for one in DECOUPLED)


def _passed(scores: Scores, hindcast: EmergenceForecast) -> tuple[str, ...]:
    """The checks behind "trust"."""
    lead = _best_decoupled(scores) - max(scores[one] for one in RIVALS)
    return (
        f"{int(np.isfinite(hindcast.log10_ratio).sum())} skills emerged when the calibration says",
        f"decoupled skills explain the curves better than every rival (log evidence {lead:+.1f})",
    )
