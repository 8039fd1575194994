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
    STOP,
    Doubts,
    Verdict,
    several_configurations,
    uncalibrated,
    unexplained_floors,
    weigh,
)
from saltus.forecast.time.calibrate import has_emerged
from saltus.forecast.time.explanations import DELAYED, RIVALS, Explanation
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.recipe import batch_size_of, family_of, optimizer_of
from saltus.forecast.time.rise import rises
from saltus.forecast.time.rivals import compare
from saltus.forecast.time.symptoms import symptoms
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast
    from saltus.forecast.time.calibration import Calibration
    from saltus.forecast.time.frequency_fit import FrequencyFit


Scores = dict[Explanation, float]
_WIDE, _VAGUE = 0.6, 2.0  # widest interval in decades: above the first use with care, above the second stop
_ENOUGH = 4  # emerged skills that tell the dynamics of an optimiser nobody named
_TRUST_HOLDS, _CARE_HOLDS = 0.85, 0.7  # share of 90 % intervals that must have held, for trust and for care
_MAY_STRAGGLE = 0.03  # chance of coming much later from which a skill is a doubt
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
    doubts = [*_rate(known), *_untested(frequency_fit), *_symptoms(known, frequency, scores)]
    doubts += [*unexplained_floors(known), *several_configurations(known)]
    if forecast is None:
        degenerate = calibration if isinstance(calibration, DegenerateFitError) else None
        chosen = range(1, known.sizes["skill"] + 1) if on_skill is None else on_skill
        why = uncalibrated(known, degenerate, chosen, lambda skill: has_emerged(known, skill))
        return weigh([why, *doubts], evidence)
    emerged = int(np.isfinite(crossing_times(known)).any(axis=0).sum())
    doubts += [*_width(known, forecast), *_overdue(known, forecast), *_misses(known, forecast)]
    doubts += [*_few(known, emerged), *_reach(frequency, recipe), *_stragglers(known, frequency, recipe)]
    covered = recipe.covered(emerged, scheduled="logged_step" in known.coords)
    return weigh(doubts, evidence, lambda: _passed(known, scores), _uncovered(covered, recipe), _said(covered, recipe))


def _symptoms(known: xr.Dataset, frequency: Floats, scores: Scores) -> Doubts:
    """What speaks against any such forecast, of the run that shows most of it."""
    is_sgd = family_of(optimizer_of(known)) == "sgd"
    found = [
        list(symptoms(risen, strength, frequency, scores, skill_names(known), sgd=is_sgd))
        for risen, strength in zip(rises(known), known["strength"].to_numpy(), strict=True)
    ]
    return max(found, key=lambda doubts: sum(grave for grave, _ in doubts), default=[])


def _uncovered(covered: Coverage | None, recipe: Recipe) -> Doubts:
    """The doubt where such forecasts hold too seldom, or nobody knows how often."""
    if covered is None:
        yield STOP, f"nobody measured how often such forecasts hold (recipe {recipe.name!r}: {recipe.about})"
    elif covered.share < _CARE_HOLDS:
        yield STOP, f"such forecasts hold too seldom, {covered.share:.0%} of 90 % intervals"
    elif covered.share < _TRUST_HOLDS:
        yield CARE, f"such forecasts hold less often than they say, {covered.share:.0%} of 90 % intervals"


def _said(covered: Coverage | None, recipe: Recipe) -> str:
    """The coverage in words."""
    if covered is None:
        return ""
    return (
        f"of {covered.skills} skills of {covered.runs} runs forecast so ({recipe.about}; {covered.known} or more emerged), "
        f"which taught nothing, {covered.share:.0%} were in the 90 % interval"
    )


def _few(known: xr.Dataset, emerged: int) -> Doubts:
    """The doubt where too few skills have emerged to test the law."""
    if optimizer_of(known) is None and emerged < _ENOUGH:
        yield (
            CARE,
            f"the optimiser is not known, and only {emerged} of the {_ENOUGH} skills that could show it have emerged",
        )
    elif emerged < 2:
        yield CARE, "only one skill has emerged, which cannot tell decoupled skills from skills that compete"


def _stragglers(known: xr.Dataset, frequency: Floats, recipe: Recipe) -> Doubts:
    """The doubt where batches hold so few samples of a skill to come that it may come much later."""
    chance = np.where(_to_come(known), recipe.straggling(batch_size_of(known) * frequency), 0.0)
    if chance.max(initial=0.0) > _MAY_STRAGGLE:
        worst = int(chance.argmax())
        size = batch_size_of(known)
        few = (
            "the batch size is not known" if math.isnan(size) else f"a batch holds {size * frequency[worst]:.2g} of it"
        )
        yield (
            CARE,
            f"{named(skill_names(known)[worst])} may come much later (chance {chance[worst]:.0%}): {few}",
        )


def _rate(curves: xr.Dataset) -> Doubts:
    """The doubt where the learning rate is known to vary, and no clock allows for it."""
    if "logged_step" in curves.coords:
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


def _untested(fit: FrequencyFit | None) -> Doubts:
    if fit is None:
        return
    if fit.free_rates:
        yield CARE, "each skill's frequency was fitted to its own curve, so that no emergence tests the calibration"
    elif fit.dated.sum() < 3:
        yield CARE, "the frequencies rest on two skills alone"


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
    if tested.size < 2:
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


def _passed(known: xr.Dataset, scores: Scores) -> tuple[str, ...]:
    """The checks behind "trust"."""
    lead = max(scores[one] for one in DELAYED) - max(scores[one] for one in RIVALS)
    emerged = int((emergence_times(known).n_emerged > 0).sum())
    return (
        f"{emerged} skills emerged when the law of the run says",
        f"a delayed rise explains the curves better than every rival (log evidence {lead:+.1f})",
    )
