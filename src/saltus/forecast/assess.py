"""The whole of a forecast: hide the future, calibrate, forecast, judge, and score against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from saltus.errors import InputError
from saltus.forecast.calibrate_time import calibrate_time, carried_frequencies, has_emerged
from saltus.forecast.calibration import Calibration
from saltus.forecast.departure import Departure, learned
from saltus.forecast.predict import EmergenceForecast
from saltus.forecast.verdict import Verdict, judge
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr

SCORED_AT = (0.05, 0.5, 0.95)  # R/S: the first sign of a skill, half of it, nearly all of it


@dataclass(frozen=True)
class Assessment:
    """A forecast made at one moment of a training run.

    Attributes:
        until: the moment, a step; nothing later was used.
        calibration: None if no skill to calibrate on had emerged.
        forecast: of the asked-for threshold, beside what came; None without a calibration.
        scored: the same at those of `SCORED_AT` that lie above the calibrated start, by threshold.
        verdict: whether to trust it.
        frequencies: of the skills.
        threshold: the strength R/S that counts as emerged.
    """

    until: float
    calibration: Calibration | None
    forecast: EmergenceForecast | None
    scored: dict[float, EmergenceForecast]
    verdict: Verdict
    frequencies: SkillFrequencies
    threshold: float

    def summary(self) -> dict[str, Any]:
        """Calibration, skills and verdict as plain data; numbers that are not known are None or NaN."""
        return {
            "calibration": None if self.calibration is None else self.calibration.summary(),
            "until": self.until,
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
            return about | {"emergence_time": None, "interval": None, "observed_time": None, "log10_error": None}
        of = self.forecast.uncertainty
        return (
            about
            | _one(self.forecast, k)
            | {
                "uncertainty": {name: float(getattr(of, name)[k]) for name in ("fit", "runs", "misfit", "total")},
                "sharpened": bool(self.forecast.sharpened[k]),
                "scores": {f"{threshold:g}": _one(forecast, k) for threshold, forecast in self.scored.items()},
            }
        )


def _one(forecast: EmergenceForecast, k: int) -> dict[str, Any]:
    return {
        "emergence_time": float(forecast.emergence_time[k]),
        "interval": forecast.interval[k].tolist(),
        "observed_time": None if forecast.measured is None else float(forecast.measured.mean[k]),
        "log10_error": float(forecast.log10_ratio[k]),
        "hit": forecast.hit[k],
    }


def assess(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | None = None,
    *,
    on_skill: int | Sequence[int] = 1,
    until: float | None = None,
    calibration: Calibration | None = None,
    threshold: float = 0.5,
    departure: Departure | None = None,
    level: float = 0.9,
) -> Assessment:
    """Forecast emergence from curves as they stand at one moment, and judge the forecast.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of their skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, from 1, or several.
        until: the moment: what came later is only used to score. By default the last step.
        calibration: made elsewhere; by default it is made on these curves.
        threshold: the strength R/S that counts as emerged, between 0 and 1.
        departure: how networks depart from the model; by default as learned (`Calibration.forecast`).
        level: probability that the intervals are to have, between 0 and 1.

    Raises:
        InputError: if a value is out of range, or the frequencies are not one a skill.
    """
    if curves.attrs.get("resource", "step") != "step":
        raise InputError("a forecast in time needs curves over steps", curves.attrs["resource"], "give such a table")
    if frequencies is None:
        frequencies = carried_frequencies(curves)
    if require_finite_skills(frequencies) != curves.sizes["skill"]:
        raise InputError(
            f"frequencies must be those of the {curves.sizes['skill']} skills of the curves",
            require_finite_skills(frequencies),
            "give one a skill",
        )
    now = float(curves["step"][-1]) if until is None else until
    known = curves.sel(step=curves["step"] <= now)
    if known.sizes["step"] == 0:
        raise InputError("until must leave at least one measurement", until, f"first step: {int(curves['step'][0])}")
    chosen = learned() if departure is None else departure
    if calibration is None and has_emerged(known, on_skill):
        calibration = calibrate_time(known, frequencies, on_skill)
    forecast = hindcast = None
    scored: dict[float, EmergenceForecast] = {}
    if calibration is not None:
        made = {
            at: calibration.forecast(
                frequencies, measured=curves, threshold=at, until=now, departure=chosen, level=level
            )
            for at in {threshold, *SCORED_AT}
            if at == threshold or logit(at) > calibration.initial_logit
        }
        forecast, scored = made[threshold], {at: made[at] for at in SCORED_AT if at in made}
        hindcast = calibration.forecast(frequencies, measured=known, departure=chosen, level=level)
    frequency = frequencies.pmf(np.arange(1, curves.sizes["skill"] + 1))
    verdict = judge(known, frequency, calibration, hindcast, chosen)
    return Assessment(now, calibration, forecast, scored, verdict, frequencies, threshold)
