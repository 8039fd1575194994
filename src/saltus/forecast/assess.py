"""The whole of a forecast: hide the future, calibrate, forecast, judge, and score against what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from saltus._types import Floats
from saltus.curves.schema import resource_of
from saltus.errors import InputError
from saltus.forecast.base import EmergenceForecast, Verdict, carried_frequencies
from saltus.forecast.calibrate import AnyCalibration, calibrate
from saltus.forecast.size.calibrate import has_risen
from saltus.forecast.size.verdict import judge_size
from saltus.forecast.time.calibrate import has_emerged
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure, learned
from saltus.forecast.time.frequency_fit import FrequencyFit, fit_frequencies
from saltus.forecast.time.verdict import judge
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr

SCORED_AT = (0.05, 0.5, 0.95)  # R/S: the first sign of a skill, half of it, nearly all of it

_EMERGENCE = {"step": "emergence_time", "data": "emergence_data", "parameters": "emergence_parameters"}
_OBSERVED = {"step": "observed_time", "data": "observed_data", "parameters": "observed_parameters"}


@dataclass(frozen=True)
class Assessment:
    """A forecast made at one moment of a training run.

    Attributes:
        resource: what the curves run along, "step", "data" or "parameters"; `until` and the forecasts are in its unit.
        until: the moment, a step, or the largest size; nothing beyond was used.
        calibration: None if no skill to calibrate on had emerged.
        forecast: of the asked-for threshold, beside what came; None without a calibration.
        scored: the same at those of `SCORED_AT` that lie above the calibrated start, by threshold.
        verdict: whether to trust it.
        frequencies: of the skills.
        threshold: the strength R/S that counts as emerged.
        frequency_fit: how the frequencies were found, if they were not given.
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

    def summary(self) -> dict[str, Any]:
        """Calibration, skills and verdict as plain data; numbers that are not known are None or NaN."""
        return {
            "resource": self.resource,
            "calibration": None if self.calibration is None else self.calibration.summary(),
            "until": self.until,
            "frequency_fit": None if self.frequency_fit is None else self.frequency_fit.summary(),
            "skills": [self._skill(k) for k in range(require_finite_skills(self.frequencies))],
            "verdict": {
                "level": self.verdict.level,
                "reasons": list(self.verdict.reasons),
                "evidence": {one.name: one.score for one in self.verdict.evidence},
            },
        }

    def _skill(self, k: int) -> dict[str, Any]:
        about: dict[str, Any] = {"skill": k + 1, "frequency": float(self.frequencies.pmf(k + 1))}
        if self.forecast is None:
            nothing = (_EMERGENCE[self.resource], "interval", _OBSERVED[self.resource], "log10_error")
            return about | dict.fromkeys(nothing)
        of = self.forecast.uncertainty
        return (
            about
            | self._one(self.forecast, k)
            | {
                "uncertainty": {one.name: float(getattr(of, one.name)[k]) for one in fields(of)},
                "sharpened": bool(self.forecast.sharpened[k]),
                "scores": {f"{threshold:g}": self._one(forecast, k) for threshold, forecast in self.scored.items()},
            }
        )

    def _one(self, forecast: EmergenceForecast, k: int) -> dict[str, Any]:
        return {
            _EMERGENCE[self.resource]: float(forecast.emergence_time[k]),
            "interval": forecast.interval[k].tolist(),
            _OBSERVED[self.resource]: None if forecast.measured is None else float(forecast.measured.mean[k]),
            "log10_error": float(forecast.log10_ratio[k]),
            "hit": forecast.hit[k],
        }


def assess(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | Literal["fitted"] | None = None,
    *,
    on_skill: int | Sequence[int] = 1,
    until: float | None = None,
    calibration: AnyCalibration | None = None,
    threshold: float = 0.5,
    departure: Departure | None = None,
    level: float = 0.9,
) -> Assessment:
    """Forecast emergence from curves as they stand at one moment, and judge the forecast.

    Args:
        curves: labelled curves (`saltus.curves`), over steps, data or parameters.
        frequencies: of their skills; by default those that the curves carry. ``"fitted"``: nobody knows them, but
            skill 1 is the most frequent, and so on; they are fitted to what may be used (`saltus.fit_frequencies`).
        on_skill: the skill to calibrate on, from 1, or several.
        until: the moment, or the largest size: what came later is only used to score. By default the last one.
        calibration: made elsewhere on curves over the same resource; by default it is made on these curves.
        threshold: the strength R/S that counts as emerged, between 0 and 1.
        departure: how networks depart from the model in time; by default as learned (`Calibration.forecast`).
        level: probability that the intervals are to have, between 0 and 1.

    Raises:
        InputError: if a value is out of range, or the frequencies are not one a skill.
    """
    resource = resource_of(curves).name
    now = float(curves[resource][-1]) if until is None else until
    known = curves.isel({resource: curves[resource].to_numpy() <= now})
    if known.sizes[resource] == 0:
        advice = f"first {resource}: {int(curves[resource][0])}"
        raise InputError("until must leave at least one measurement", until, advice)
    chosen = learned() if departure is None else departure
    fit = None
    if frequencies == "fitted":
        if resource != "step":
            raise InputError("frequencies can be fitted to curves over steps only", resource, "give frequencies")
        fit = fit_frequencies(known, on_skill, departure=chosen)
        frequencies = fit.frequencies
    elif frequencies is None:
        frequencies = carried_frequencies(curves)
    _require_one_a_skill(frequencies, curves)
    if calibration is None and (has_emerged if resource == "step" else has_risen)(known, on_skill):
        calibration = calibrate(known, frequencies, on_skill)
    if calibration is not None and calibration.resource != resource:
        rule = f"the calibration must be over {resource}, as the curves are"
        raise InputError(rule, calibration.resource, "give one made on such curves")
    forecast = hindcast = None
    scored: dict[float, EmergenceForecast] = {}
    if calibration is not None:
        make = _forecaster(calibration, frequencies, level, chosen, None if fit is None else fit.log10_error)
        forecast = make(curves, threshold, now)
        scored = {at: make(curves, at, now) for at in SCORED_AT if at == threshold or at > calibration.lowest_threshold}
        hindcast = make(known, 0.5, None)
    if resource == "step":
        assert calibration is None or isinstance(calibration, Calibration)
        frequency = frequencies.pmf(np.arange(1, curves.sizes["skill"] + 1))
        verdict = judge(known, frequency, calibration, hindcast, chosen, fit)
    else:
        assert not isinstance(calibration, Calibration)
        verdict = judge_size(known, frequencies, calibration)
    return Assessment(resource, now, calibration, forecast, scored, verdict, frequencies, threshold, fit)


def _require_one_a_skill(frequencies: SkillFrequencies, curves: xr.Dataset) -> None:
    if require_finite_skills(frequencies) != curves.sizes["skill"]:
        raise InputError(
            f"frequencies must be those of the {curves.sizes['skill']} skills of the curves",
            require_finite_skills(frequencies),
            "give one a skill",
        )


def _forecaster(
    calibration: AnyCalibration,
    frequencies: SkillFrequencies,
    level: float,
    departure: Departure,
    frequency_error: Floats | None,
) -> Callable[[xr.Dataset, float, float | None], EmergenceForecast]:
    """A forecast of any threshold beside measured curves, with what they showed up to a moment."""

    def make(measured: xr.Dataset, threshold: float, until: float | None) -> EmergenceForecast:
        if not isinstance(calibration, Calibration):
            return calibration.forecast(frequencies, measured=measured, threshold=threshold, level=level)
        return calibration.forecast(
            frequencies,
            measured=measured,
            threshold=threshold,
            until=until,
            departure=departure,
            level=level,
            frequency_error=frequency_error,
        )

    return make
