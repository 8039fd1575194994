"""Verdicts on forecasts over steps, in words: every test that the curves, as far as they are known, can decide."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times, emergence_times
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
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.recipe import family_of, optimizer_of
from saltus.forecast.time.rivals import DECOUPLED, RIVALS, SMOOTH, Explanation, compare
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast
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
    forecast: EmergenceForecast | None,
    recipe: Recipe,
    frequency_fit: FrequencyFit | None = None,
    on_skill: OnSkill | None = None,
) -> Verdict:
    """Weigh the evidence of the known curves for and against a forecast, or against there being none.

    Args:
        known: curves up to now.
        frequencies: of their skills.
        calibration: on some of them, or why none could be made; None if nothing has emerged.
        forecast: of their half strengths; None if nothing has emerged.
        recipe: laws of the run by which it was made.
        frequency_fit: how the frequencies were found, if they were not given.
        on_skill: the skills that were to be calibrated on; None for all.
    """
    frequency = frequencies.pmf(known["skill"].to_numpy())
    evidence = tuple(compare(known, frequency)) if bool(np.isfinite(known["strength"]).any()) else ()
    scores = {Explanation(one.name): one.score for one in evidence}
    doubts = [*_optimizer(known), *_rate(known), *_smoothness(scores), *_untested(frequency_fit)]
    doubts += [*unexplained_floors(known), *several_configurations(known)]
    if forecast is None:
        degenerate = calibration if isinstance(calibration, DegenerateFitError) else None
        chosen = range(1, known.sizes["skill"] + 1) if on_skill is None else on_skill
        why = uncalibrated(known, degenerate, chosen, lambda skill: has_emerged(known, skill))
        return weigh([why, *doubts], evidence)
    emerged = int(np.isfinite(crossing_times(known)).any(axis=0).sum())
    doubts += [*_width(known, forecast), *_overdue(known, forecast)]
    doubts += _reach(frequency, recipe)
    if isinstance(calibration, Calibration):
        doubts += _misfit(calibration)
    doubts += [*_misses(known, forecast), *_coupling(scores, emerged)]
    return weigh(doubts, evidence, lambda: _passed(scores, forecast))


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
    width = np.where(_to_come(known), np.log10(high) - np.log10(low), 0.0)
    widest = int(width.argmax())
    if width[widest] > _WIDE:
        who = named(skill_names(known)[widest])
        yield (
            STOP if width[widest] > _VAGUE else CARE,
            f"the {forecast.level:.0%} interval of {who} is {width[widest]:.2g} decades wide",
        )


def _overdue(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a skill should have come by now, as the others say, and has not."""
    if forecast.arrivals is None:
        return
    waiting = np.where(_to_come(known), forecast.arrivals.waiting, 1.0)
    chance = -np.expm1(max(int(_to_come(known).sum()), 1) * np.log1p(-np.minimum(waiting, 1 - 1e-16)))
    for k in np.flatnonzero(chance < _SURPRISE):
        yield (
            STOP if chance[k] < _IMPOSSIBLE else CARE,
            f"{named(skill_names(known)[k])} should have emerged by now, and has not (chance {chance[k]:.1g})",
        )


def _to_come(known: xr.Dataset) -> Flags:
    """Whether each skill has not passed half of its strength by now."""
    emerged = emergence_times(known)
    return np.asarray((emerged.n_emerged == 0) & ~emerged.censored)


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


def _reach(frequency: Floats, recipe: Recipe) -> Doubts:
    farthest = float(np.log10(frequency.max() / frequency.min()))
    if farthest > recipe.reach:
        yield (
            CARE,
            f"the rarest skill lies {farthest:.2f} decades of frequency from the first, further than the "
            f"{recipe.reach:.2f} that were tested",
        )


def _misses(known: xr.Dataset, forecast: EmergenceForecast) -> Doubts:
    """The doubt where a skill that has emerged came at a time that the others made unlikely."""
    emerged = emergence_times(_over_steps(known))
    at = np.where(np.isfinite(emerged.mean), emerged.mean, np.where(emerged.censored, emerged.before, np.nan))
    tested = np.flatnonzero(at > 0)
    if tested.size < 2 or forecast.arrivals is None:
        return
    by = np.array([forecast.arrivals.probability_by(math.log10(at[k]))[k] for k in tested])
    late = 1 - by
    late[emerged.censored[tested]] = 1.0  # one that was up when first measured is not known to be late
    chance = -np.expm1(tested.size * np.log1p(-np.minimum(2 * np.minimum(by, late), 1 - 1e-16)))
    worst = int(chance.argmin())
    if chance[worst] < _SURPRISE:
        k = int(tested[worst])
        error = abs(math.log10(forecast.emergence_time[k] / at[k]))
        least = "at least " if emerged.censored[k] else ""
        when = "earlier" if by[worst] < late[worst] else "later"
        yield (
            STOP if chance[worst] < _IMPOSSIBLE else CARE,
            f"{called(skill_names(known), k + 1)} emerged {least}{error:.2f} dex {when} than the others "
            f"say (chance {chance[worst]:.1g})",
        )


def _over_steps(known: xr.Dataset) -> xr.Dataset:
    """Curves over steps as the log has them, where they run over effective time."""
    if "logged_step" not in known.coords:
        return known
    return known.assign_coords(step=known["logged_step"].to_numpy())


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
