"""Verdicts on forecasts over steps, in words: every test that the curves, as far as they are known, can decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times, emergence_times
from saltus.curves.names import skill_names
from saltus.forecast.base.checks import OnSkill, checked_skills
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
from saltus.forecast.time import doubts as of_dates
from saltus.forecast.time import limits
from saltus.forecast.time.calibrate import has_emerged
from saltus.forecast.time.explanations import DELAYED, RIVALS, Explanation
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.recipe import family_of, optimizer_of
from saltus.forecast.time.rise import rises
from saltus.forecast.time.rivals import compare
from saltus.forecast.time.sightings import rises_of
from saltus.forecast.time.still import still
from saltus.forecast.time.symptoms import of_shape, symptoms
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.base.results import EmergenceForecast
    from saltus.forecast.time.calibration import Calibration
    from saltus.forecast.time.frequency_fit import FrequencyFit


Scores = dict[Explanation, float]
_TRUST_HOLDS, _CARE_HOLDS = 0.85, 0.7  # share of 90 % intervals that must have held, for trust and for care


def judge(
    known: xr.Dataset,
    frequencies: SkillFrequencies,
    calibration: Calibration | DegenerateFitError | None,
    forecast: EmergenceForecast | None,
    recipe: Recipe,
    frequency_fit: FrequencyFit | None = None,
    on_skill: OnSkill | None = None,
    *,
    calibrated_elsewhere: bool = False,
    schedule_told: bool = False,
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
        calibrated_elsewhere: whether the calibration is of other curves, so that all skills of these test it.
        schedule_told: whether the schedule of the learning rate was given, be it none.
    """
    frequency = frequencies.pmf(known["skill"].to_numpy())
    evidence = tuple(compare(known, frequency)) if bool(np.isfinite(known["strength"]).any()) else ()
    scores = {Explanation(one.name): one.score for one in evidence}
    doubts = [*limits.rate(known, told=schedule_told), *limits.quantity(known), *limits.frequencies(frequency_fit)]
    doubts += [*_symptoms(known, frequency, scores, recipe), *unexplained_floors(known), *several_configurations(known)]
    if forecast is None:
        degenerate = calibration if isinstance(calibration, DegenerateFitError) else None
        chosen = range(1, known.sizes["skill"] + 1) if on_skill is None else on_skill
        why = uncalibrated(known, degenerate, chosen, lambda skill: has_emerged(known, skill))
        return replace(weigh([why, *doubts], evidence), still=still(known, None))
    emerged = np.asarray(np.isfinite(crossing_times(known)).any(axis=0))
    n_emerged = int(emerged.sum())
    alone = None if calibrated_elsewhere else _alone(known, emerged, on_skill)
    ranks = np.arange(1, len(frequency) + 1)
    decades = np.log10(frequency.max() / frequency) if frequency_fit is None else np.log10(ranks)
    doubts += [*of_dates.missed(known, forecast, alone), *of_dates.overdue(known, forecast)]
    doubts += [*of_dates.grown(known, forecast), *of_dates.wide(known, forecast)]
    doubts += [*limits.too_few(known, n_emerged, recipe), *limits.steepness(known, rises_of(known), recipe)]
    doubts += [*limits.reach(known, decades, recipe), *limits.stragglers(known, frequency, recipe)]
    covered = recipe.covered(n_emerged, scheduled="logged_step" in known.coords)
    said = _said(covered, recipe)
    verdict = weigh(doubts, evidence, lambda: _passed(known, scores), _uncovered(covered, recipe), said)
    if verdict.level != "do not use":
        return verdict
    return replace(verdict, still=still(known, forecast if _alike(known, scores) else None))


def _alone(known: xr.Dataset, emerged: Flags, on_skill: OnSkill | None) -> int | None:
    """Position of the only skill whose date was used; None where there are several."""
    used = np.flatnonzero(emerged)
    if on_skill is not None:
        used = np.intersect1d(used, np.array(checked_skills(on_skill, known)) - 1)
    return int(used[0]) if used.size == 1 else None


def _symptoms(known: xr.Dataset, frequency: Floats, scores: Scores, recipe: Recipe) -> Doubts:
    """The symptoms of the run that shows most of them."""
    names, gamma_known = skill_names(known), family_of(optimizer_of(known)) == "sgd" or recipe.knows_gamma
    found = [
        list(symptoms(risen, strength, frequency, scores, names, gamma_known=gamma_known))
        for risen, strength in zip(rises(known), known["strength"].to_numpy(), strict=True)
    ]
    return max(found, key=lambda doubts: sum(grave for grave, _ in doubts), default=[])


def _alike(known: xr.Dataset, scores: Scores) -> bool:
    """Whether the first rise tells the course of others, in every run."""
    return not any(
        grave == STOP
        for risen, strength in zip(rises(known), known["strength"].to_numpy(), strict=True)
        for grave, _ in of_shape(risen, strength, scores, skill_names(known))
    )


def _uncovered(covered: Coverage | None, recipe: Recipe) -> Doubts:
    """The doubt where such forecasts hold too seldom, or nobody knows how often."""
    if covered is None:
        yield STOP, f"nobody measured how often such forecasts hold (recipe {recipe.name!r}: {recipe.about})"
    elif covered.share < _CARE_HOLDS:
        yield STOP, f"such forecasts hold too seldom: {covered.share:.0%} of the 90 % intervals"
    elif covered.share < _TRUST_HOLDS:
        yield CARE, f"such forecasts hold less often than they say: {covered.share:.0%} of the 90 % intervals"


def _said(covered: Coverage | None, recipe: Recipe) -> str:
    """The coverage in words."""
    if covered is None:
        return ""
    return (
        f"of {covered.skills} skills forecast so, from {covered.runs} runs that taught nothing, {covered.share:.0%} "
        f"were in the 90 % interval ({recipe.about}; {covered.kind(recipe)})"
    )


def _passed(known: xr.Dataset, scores: Scores) -> tuple[str, ...]:
    """The checks behind "trust"."""
    lead = max(scores[one] for one in DELAYED) - max(scores[one] for one in RIVALS)
    emerged = int((emergence_times(known).n_emerged > 0).sum())
    return (
        f"{emerged} skills emerged when the law of the run says",
        f"a delayed rise explains the curves better than every rival (log evidence {lead:+.1f})",
    )
