"""Symptoms of runs that forecasts over steps do not hold for, each looked for by itself.

Every function takes what is known of the curves and yields `Doubts`; none fits anything. Arrays over skills have shape
``(n_skills,)`` and NaN for skills that have not risen. Each threshold has the rates of false alarms beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.names import called, named_all
from saltus.forecast.base.verdict import CARE, ROUGH, STOP, WRONG, Doubts
from saltus.forecast.time.composites import composite_by_name, composite_by_time
from saltus.forecast.time.explanations import DELAYED, SMOOTH, Explanation
from saltus.forecast.time.own_growth import noise_floor
from saltus.forecast.time.rise import Rise

_PLATEAU = 10.0  # Hill steepness: one hidden layer has up to 8 under Adam, plateaus and transformers have 11 to 76
_FLATTEST = 0.25  # gamma of times ~ frequency^-gamma: transformers, the flattest runs that keep an order, have 0.33
_SCATTER = 0.1  # dex that single skills stray from a power of the frequency
_SPREAD = 0.3  # decades of frequency without which no gamma is told
_HILL = 2.0  # Hill steepness: exponentials have 1.4, decoupled skills and Adam's have 2.3 and more
_CLEARLY = 3.0  # lead in scores, odds of 20 to 1
_FALL = 0.3  # R/S between a skill's highest level and its last: noise of 50 items, medians of three, makes 0.2
_RISE = 0.3  # R/S that another skill gains meanwhile, so that the two compete


def symptoms(
    rises: Sequence[Rise | None],
    strength: Floats,
    frequency: Floats,
    scores: Mapping[Explanation, float],
    names: Sequence[str],
    *,
    gamma_known: bool = False,
) -> Doubts:
    """All symptoms of one run.

    Args:
        rises: of its skills (`saltus.forecast.time.rise`).
        strength: R/S, shape ``(n_skills, n)``; NaN where not measured.
        frequency: of all skills.
        scores: of all explanations (`saltus.forecast.time.rivals.compare`); empty where there are none.
        names: of the skills.
        gamma_known: whether the recipe tells gamma whatever the steepness, so that a plateau does no harm.
    """
    log_time, h, *_ = _numbers(rises)
    yield from of_shape(rises, strength, scores, names)
    if not gamma_known:
        yield from plateau(h, names)
    yield from one_step(log_time, frequency)
    if np.isfinite(log_time).sum() > 1 and scores:
        yield from competing(scores)
    yield from composite_by_name(names)
    yield from composite_by_time(log_time, h, frequency, names)


def of_shape(
    rises: Sequence[Rise | None], strength: Floats, scores: Mapping[Explanation, float], names: Sequence[str]
) -> Doubts:
    """Symptoms of one run for which no rise tells the course of another; arguments are those of `symptoms`."""
    _, h, flatness_error, rms = _numbers(rises)
    yield from smooth(scores)
    yield from shallow(h, h**2 * flatness_error, names)
    yield from misfit(rms, np.array([noise_floor(curve) for curve in strength]), names)
    yield from falling(strength, names)


def _numbers(rises: Sequence[Rise | None]) -> Floats:
    """log10 of the time, steepness, error of its inverse, and misfit of each skill, shape ``(4, n_skills)``."""
    rows = [
        (np.nan,) * 4 if one is None else (one.log_time, one.steepness, one.flatness_error, one.misfit) for one in rises
    ]
    return np.array(rows).T


def plateau(steepness: Floats, names: Sequence[str]) -> Doubts:
    """The doubt where a single skill has risen, and so steeply that nothing is known of the next.

    Args:
        steepness: Hill exponent of each risen skill's rise.
        names: of the skills.
    """
    risen = np.flatnonzero(np.isfinite(steepness))
    if risen.size == 1 and steepness[risen[0]] > _PLATEAU:
        yield (
            STOP,
            f"{called(names, int(risen[0]) + 1)} rose from a plateau (steepness {steepness[risen[0]]:.0f}), which "
            "tells no other skill's time before a second one has emerged",
        )


def one_step(log_time: Floats, frequency: Floats) -> Doubts:
    """The doubt where skills emerge at nearly one step whatever their frequency, as under sign descent.

    Args:
        log_time: log10 of each emerged skill's step at half strength.
        frequency: of all skills.
    """
    known = np.isfinite(log_time)
    decades = -np.log10(frequency[known])
    if known.sum() < 3 or np.ptp(decades) < _SPREAD:
        return
    centred = decades - decades.mean()
    power = float(centred @ centred)
    gamma = float(centred @ log_time[known]) / power
    rest = log_time[known] - log_time[known].mean() - gamma * centred
    scatter = min(float(np.sqrt(rest @ rest / (known.sum() - 2))), _SCATTER)
    if gamma + 2 * scatter / np.sqrt(power) < _FLATTEST:
        yield (
            STOP,
            f"the {int(known.sum())} emerged skills came at nearly one step whatever their frequency "
            f"(times as frequency^{-gamma:.2f}), as under sign descent: frequencies tell nothing",
        )


def smooth(scores: Mapping[Explanation, float]) -> Doubts:
    """The doubt where a rise without a delayed onset explains the curves better than every delayed one.

    Args:
        scores: of all explanations (`saltus.forecast.time.rivals.compare`).
    """
    if not scores:
        return
    best = max(SMOOTH, key=lambda one: scores[one])
    lead = scores[best] - max(scores[one] for one in DELAYED)
    if lead > 0:
        yield (
            STOP,
            f"the model does not apply to a rise without a delayed onset: {best} explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def shallow(steepness: Floats, error: Floats, names: Sequence[str]) -> Doubts:
    """The doubt where risen skills rise no steeper than an exponential does.

    Args:
        steepness: Hill exponent of each risen skill's rise.
        error: standard error of the steepness.
        names: of the skills.
    """
    flat = np.flatnonzero(steepness < _HILL)
    if flat.size:
        clear = bool(np.any((steepness + 2 * error)[flat] < _HILL))
        yield (
            STOP if clear else CARE,
            f"{named_all(names[int(k)] for k in flat)} rose without a delayed onset "
            f"(steepness {steepness[flat].min():.1f})",
        )


def competing(scores: Mapping[Explanation, float]) -> Doubts:
    """The doubt where rare skills speed up once frequent ones are done.

    Args:
        scores: of all explanations (`saltus.forecast.time.rivals.compare`), of curves with two emerged skills.
    """
    lead = scores[Explanation.RESOURCE] - max(scores[one] for one in DELAYED)
    if lead > 0:
        yield (
            STOP if lead > _CLEARLY else CARE,
            f"rare skills speed up once frequent ones are done: the resource model explains the curves better "
            f"(log evidence {lead:+.1f})",
        )


def falling(strength: Floats, names: Sequence[str]) -> Doubts:
    """The doubt where skills that had risen fall again, alone or while others rise.

    Args:
        strength: R/S, shape ``(n_skills, n)``; NaN where not measured.
        names: of the skills.
    """
    for k, curve in enumerate(strength):
        at = np.flatnonzero(np.isfinite(curve))
        level = _medians(curve[at])
        if level.size < 3 or level.max() - level[-1] < _FALL:
            continue
        top = int(level.argmax())
        meanwhile = [names[j] for j, other in enumerate(strength) if j != k and _gained(other[at[top] :]) > _RISE]
        while_others = f" while {named_all(meanwhile)} rose: they compete" if meanwhile else ""
        yield (
            STOP,
            f"{called(names, k + 1)} fell from R/S = {level[top]:.2f} to {level[-1]:.2f}{while_others}",
        )


def _medians(values: Floats) -> Floats:
    """Medians of three neighbours, which a single bad measurement does not move."""
    if values.size < 3:
        return np.zeros(0)
    return np.median(np.lib.stride_tricks.sliding_window_view(values, 3), axis=-1)


def _gained(values: Floats) -> float:
    """Last less first level of a curve, of those that were measured."""
    known = values[np.isfinite(values)]
    return float(known[-1] - known[0]) if known.size else 0.0


def misfit(rms: Floats, noise: Floats, names: Sequence[str]) -> Doubts:
    """The doubt where a rise is no Hill curve, beyond the noise of its measurements.

    Args:
        rms: root mean square of measured minus fitted R/S of each risen skill.
        noise: scatter of each skill's curve about its own smooth course, in R/S.
        names: of the skills.
    """
    beyond = np.sqrt(np.maximum(np.nan_to_num(rms) ** 2 - noise**2, 0.0))
    worst = int(beyond.argmax())
    if beyond[worst] > ROUGH:
        yield (
            STOP if beyond[worst] > WRONG else CARE,
            f"{called(names, worst + 1)} rose along no curve that is known: misfit {beyond[worst]:.3f} in R/S",
        )
