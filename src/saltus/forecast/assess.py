"""The whole of a forecast: hide the future, calibrate, forecast, judge, and score against the measurements."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from saltus._types import Flags
from saltus.curves.names import skill_names
from saltus.curves.report import explained
from saltus.curves.schema import resource_of
from saltus.errors import InputError
from saltus.forecast.base.calibration import AnyCalibration
from saltus.forecast.base.checks import OnSkill, carried_frequencies
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.base.verdict import Verdict
from saltus.forecast.families import FAMILIES, Basis
from saltus.forecast.time.departure import Departure, shipped_departure
from saltus.forecast.time.effective_time import AnySchedule, clock_of, in_effective_time, in_words
from saltus.forecast.time.frequency_fit import FrequencyFit
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.recipes import of_departure, recipe_for
from saltus.resource import RESOURCES, STEP
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr

_HUGE = 1e9  # R/S that nothing measures, and whose squares would end in no numbers
SCORED_AT = (0.05, 0.5, 0.95)  # thresholds, R/S: the first sign of a skill, half of it, nearly all of it


@dataclass(frozen=True)
class Assessment:
    """A forecast made at one moment of a training run.

    Attributes:
        resource: dimension of the curves, "step", "data" or "parameters"; `until` and the forecasts are in its unit.
        until: the moment, a step, or the largest size; no measurement beyond it was used.
        calibration: on the chosen skills; None if none of them had emerged.
        forecast: at the asked-for threshold, beside the measurements; None without a calibration.
        scored: forecasts at R/S = 0.05, 0.5 and 0.95, where these lie above the calibrated start; by threshold.
        verdict: how far to trust the forecast.
        frequencies: of the skills.
        threshold: the strength R/S that counts as emerged.
        frequency_fit: how the frequencies were found, if they were not given.
        recipe: laws by which steps were forecast; None over sizes.
        names: of the skills, skill 1 first: the file's, or else their numbers.
        clock: how steps were counted by the learning rate, in words; None where all count alike.
    """

    resource: str
    until: float
    calibration: AnyCalibration | None
    forecast: EmergenceForecast | None
    scored: dict[float, EmergenceForecast]
    verdict: Verdict
    frequencies: SkillFrequencies
    threshold: float
    frequency_fit: FrequencyFit | None = None
    recipe: Recipe | None = None
    names: tuple[str, ...] = ()
    clock: str | None = None

    @property
    def in_effective_time(self) -> bool:
        """Whether the calibration counts effective time, by the schedule of the learning rate."""
        return self.clock is not None

    @property
    def used(self) -> Flags:
        """Whether each skill's date made its own forecast or frequency, and is no test of it, shape ``(n_skills,)``."""
        fit, forecast, used = self.frequency_fit, self.forecast, np.zeros(require_finite_skills(self.frequencies), bool)
        if forecast is not None and forecast.own_date is not None:
            used |= forecast.own_date
        if fit is not None and forecast is not None and forecast.measured is not None:
            used |= fit.dated & (np.nan_to_num(forecast.measured.mean, nan=np.inf) <= self.until)
        return used

    def summary(self) -> dict[str, Any]:
        """Calibration, skills and verdict as plain data; unknown numbers are None or NaN."""
        return {
            "resource": self.resource,
            "calibration": None if self.calibration is None else self.calibration.summary(),
            "until": self.until,
            "in_effective_time": self.in_effective_time,
            "clock": self.clock,
            "recipe": None if self.recipe is None else {"name": self.recipe.name, "version": self.recipe.version},
            "frequency_fit": None if self.frequency_fit is None else self.frequency_fit.summary(),
            "skills": [self._skill(k) for k in range(require_finite_skills(self.frequencies))],
            "verdict": {
                "level": self.verdict.level,
                "reasons": list(self.verdict.reasons),
                "coverage": self.verdict.coverage,
                "still": [asdict(one) for one in self.verdict.still],
                "evidence": {one.name: one.score for one in self.verdict.evidence},
            },
        }

    def _skill(self, k: int) -> dict[str, Any]:
        name = self.names[k] if self.names else str(k + 1)
        about: dict[str, Any] = {"skill": k + 1, "name": name, "frequency": float(self.frequencies.pmf(k + 1))}
        if self.forecast is None:
            resource = RESOURCES[self.resource]
            return about | dict.fromkeys((resource.emergence, "interval", resource.observed, "log10_error"))
        sources = self.forecast.uncertainty
        return (
            about
            | self._one(self.forecast, k)
            | {
                "uncertainty": {one.name: float(getattr(sources, one.name)[k]) for one in fields(sources)},
                "sharpened": bool(self.forecast.sharpened[k]),
                "scores": {f"{threshold:g}": self._one(forecast, k) for threshold, forecast in self.scored.items()},
            }
        )

    def _one(self, forecast: EmergenceForecast, k: int) -> dict[str, Any]:
        resource = RESOURCES[self.resource]
        return {
            resource.emergence: float(forecast.emergence_time[k]),
            "interval": forecast.interval[k].tolist(),
            "within_schedule": None if forecast.clock is None else bool(np.isfinite(forecast.emergence_time[k])),
            resource.observed: None if forecast.measured is None else float(forecast.measured.mean[k]),
            "emerged_before": _before(forecast, k),
            "log10_error": float(forecast.log10_ratio[k]),
            "hit": forecast.hit[k],
            "used": bool(self.used[k]),
        }


def _before(forecast: EmergenceForecast, k: int) -> float | None:
    """First measured amount of a skill that had emerged by then; None for others."""
    measured = forecast.measured
    return None if measured is None or not measured.censored[k] else float(measured.before[k])


@explained
def assess(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | Literal["fitted"] | None = None,
    *,
    on_skill: OnSkill | None = None,
    until: float | None = None,
    calibration: AnyCalibration | None = None,
    threshold: float = 0.5,
    recipe: Recipe | None = None,
    departure: Departure | None = None,
    level: float = 0.9,
    schedule: AnySchedule = "logged",
) -> Assessment:
    """Forecast emergence from curves as they stand at one moment, and judge the forecast.

    On the command line, `saltus forecast`; ``on_skill`` is its ``--calibrate-on``.

    Args:
        curves: labelled curves (`saltus.curves`), over steps, data or parameters.
        frequencies: of their skills; by default those that the curves carry. ``"fitted"``: unknown but for their
            order, skill 1 being the most frequent; they are fitted to the known curves (`saltus.fit_frequencies`).
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several. By default all that have emerged
            inform the forecasts, each by what its curve tells.
        until: the moment, or the largest size: later measurements are only used to score. By default the last one.
        calibration: made elsewhere on curves over the same resource; by default it is made on these curves.
        threshold: the strength R/S that counts as emerged, between 0 and 1. (0.5, as for curves; the methods
            ``emergence_...`` of models have 0.05.)
        recipe: laws that runs of this kind follow over steps (`saltus.teach`); by default the shipped one for the
            optimiser, the network and the measured quantity, as far as the curves tell them.
        departure: departure of networks from the model in time, in place of a recipe: a law to insist on.
        level: probability that the intervals are to have, between 0 and 1.
        schedule: of the learning rate, which makes the clock over which curves over steps are forecast
            (`saltus.theory.schedules`); "logged" takes the rates that the curves carry, if any, and "none" counts all
            steps alike.

    Raises:
        InputError: if a value is out of range, or the frequencies are not one a skill.
    """
    resource = resource_of(curves).name
    family = FAMILIES[resource]
    if recipe is not None and resource != STEP.name:
        raise InputError("a recipe is for curves over steps", resource, "leave recipe= out")
    now = float(curves[resource][-1]) if until is None else until
    known = _up_to(now, curves, resource)
    clock = clock_of(curves, schedule) if resource == STEP.name else None
    timed = known if clock is None else in_effective_time(known, clock)
    fit = _fitted(timed, resource, on_skill, departure) if frequencies == "fitted" else None
    ranked = fit is not None and recipe is None and departure is None and calibration is None
    basis = Basis(
        frequencies=_one_a_skill(known, frequencies, fit),
        frequency_fit=fit,
        recipe=_recipe(known, recipe, departure, by_rank=ranked) if resource == STEP.name else None,
        level=level,
        on_skill=on_skill,
        clock=clock,
        calibrated_elsewhere=calibration is not None,
        ranked=ranked,
        schedule_told=schedule != "logged",
    )
    degenerate = None
    if calibration is not None:
        _require_same_resource(calibration, resource)
    elif family.ready(timed, on_skill):
        try:
            calibration = family.fit(timed, basis.frequencies, on_skill)
        except DegenerateFitError as error:
            degenerate = error
    made = family.forecast(calibration, basis, curves, {0.5, threshold, *SCORED_AT}, now)
    if made and threshold not in made:
        raise _undated(threshold, calibration)
    verdict = family.judge(timed, basis, calibration or degenerate, made.get(0.5))
    return Assessment(
        resource=resource,
        until=now,
        calibration=calibration,
        forecast=made.get(threshold),
        scored={at: made[at] for at in SCORED_AT if at in made},
        verdict=verdict,
        frequencies=basis.frequencies,
        threshold=threshold,
        frequency_fit=basis.frequency_fit,
        recipe=basis.recipe,
        names=skill_names(curves),
        clock=None if clock is None else in_words(curves, schedule),
    )


def _recipe(known: xr.Dataset, given: Recipe | None, departure: Departure | None, *, by_rank: bool) -> Recipe:
    if given is not None and departure is not None:
        raise InputError("the law of the run must be given once", "recipe and departure", "leave one of them out")
    if departure is not None:
        return of_departure(departure)
    return recipe_for(known, by_rank=by_rank) if given is None else given


def _undated(threshold: float, calibration: AnyCalibration | None) -> InputError:
    advice = "give a share of the full strength"
    if calibration is None:
        return InputError("threshold must be 0.5 where no rise was measured densely enough", threshold, advice)
    start = f"{calibration.lowest_threshold:.3g}, where the calibrated curve starts"
    return InputError(f"threshold must lie between {start}, and 1", threshold, advice)


def _up_to(now: float, curves: xr.Dataset, resource: str) -> xr.Dataset:
    """The known part of the curves."""
    known = curves.isel({resource: curves[resource].to_numpy() <= now})
    if known.sizes[resource] == 0:
        advice = f"first {resource}: {float(curves[resource][0]):.12g}"
        raise InputError("until must leave at least one measurement", now, advice)
    strength = known["strength"].to_numpy()
    beyond = strength[np.abs(np.nan_to_num(strength)) > _HUGE]
    if beyond.size:
        rule = "strengths must be R/S, 1 for a learned skill"
        raise InputError(rule, float(beyond[0]), "say what the values are: quantity=")
    return known


def _fitted(known: xr.Dataset, resource: str, on_skill: OnSkill | None, departure: Departure | None) -> FrequencyFit:
    fit_frequencies = FAMILIES[resource].fit_frequencies
    if fit_frequencies is None:
        raise InputError(f"frequencies can be fitted to curves over {STEP.unit} only", resource, "give frequencies")
    return fit_frequencies(known, on_skill, shipped_departure() if departure is None else departure)


def _one_a_skill(
    curves: xr.Dataset, given: SkillFrequencies | Literal["fitted"] | None, fit: FrequencyFit | None
) -> SkillFrequencies:
    """Frequencies as fitted, as given, or as the curves carry them; one for each skill."""
    if fit is not None:
        frequencies: SkillFrequencies = fit.frequencies
    elif given is None or given == "fitted":
        frequencies = carried_frequencies(curves)
    else:
        frequencies = given
    if require_finite_skills(frequencies) != curves.sizes["skill"]:
        raise InputError(
            f"frequencies must be those of the {curves.sizes['skill']} skills of the curves",
            require_finite_skills(frequencies),
            "give one a skill",
        )
    return frequencies


def _require_same_resource(calibration: AnyCalibration, resource: str) -> None:
    if calibration.resource != resource:
        rule = f"the calibration must be over {resource}, as the curves are"
        raise InputError(rule, calibration.resource, "give one made on such curves")
