"""``saltus plan``: from a calibration to what training needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from saltus.cli.options import settings_of

if TYPE_CHECKING:
    from saltus.forecast.time.calibration import Calibration
    from saltus.present.report import Report
    from saltus.theory.frequencies import SkillFrequencies


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Plan training with a calibration: a skill's share of the data, the skills a budget teaches, the best split.

    Give --by for the frequency that makes a skill emerge by a step; --compute for the best parameters and steps;
    any of --time, --data, --parameters for the skills that they teach.

    Example: saltus plan forecast.json --by 20000
    """

    calibration: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CALIBRATION")]
    """What saltus forecast wrote (forecast.json), or Calibration.save."""
    by: float | None = None
    """Step by which a skill is to emerge."""
    compute: float | None = None
    """C = N T, skill basis functions times steps."""
    time: float = float("inf")
    """T, steps."""
    data: float = float("inf")
    """D, samples in the training set."""
    parameters: float = float("inf")
    """N, hidden nodes."""
    shots: float = 1
    """D_c, samples that one skill needs."""
    nodes_per_skill: float = 1
    """N_c, hidden nodes that one skill needs."""
    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    n_skills: float = float("inf")
    """Number of skills, with --alpha."""
    frequencies: Path | None = None
    """File of frequencies or counts instead, one number a skill, most frequent first."""
    threshold: float = 0.5
    """Strength R/S that counts as emerged."""
    json: bool = False
    """Print one JSON object on stdout instead of the table."""

    def run(self) -> None:
        from saltus.errors import InputError
        from saltus.forecast.time.calibration import Calibration
        from saltus.present.terminal import show

        asked = (self.by is not None, self.compute is not None, min(self.time, self.data, self.parameters) < math.inf)
        if sum(asked) != 1:
            raise InputError(
                "one question at a time", sum(asked), "give --by, or --compute, or any of --time --data --parameters"
            )
        show(self._report(Calibration.load(self.calibration)), [], as_json=self.json)

    def _report(self, calibration: Calibration) -> Report:
        from saltus.forecast.plan import plan_budget, plan_frequency, plan_skills
        from saltus.present.plan import budget_report, frequency_report, skills_report

        settings = settings_of(self)
        if self.by is not None:
            plan = plan_frequency(calibration, self.by, threshold=self.threshold)
            return frequency_report(plan, self.threshold, settings)
        if self.compute is not None:
            return budget_report(plan_budget(calibration, self._mix(), self.compute), self.compute, settings)
        skills = plan_skills(
            calibration,
            self._mix(),
            time=self.time,
            data=self.data,
            parameters=self.parameters,
            shots=self.shots,
            nodes_per_skill=self.nodes_per_skill,
            threshold=self.threshold,
        )
        return skills_report(skills, settings)

    def _mix(self) -> SkillFrequencies:
        from saltus.errors import InputError
        from saltus.read.frequencies import read_frequencies
        from saltus.theory.frequencies import PowerLaw

        if (self.alpha is None) == (self.frequencies is None):
            given = None if self.alpha is None else [self.alpha, str(self.frequencies)]
            raise InputError("frequencies must be given once", given, "give --alpha and --n-skills, or --frequencies")
        if self.frequencies is not None:
            return read_frequencies(self.frequencies)
        assert self.alpha is not None
        return PowerLaw(self.alpha, self.n_skills)
