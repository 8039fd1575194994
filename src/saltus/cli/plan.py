"""``saltus plan``: from a calibration to what training needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from saltus.cli.options import settings_of

if TYPE_CHECKING:
    from saltus.forecast.time.calibration import Calibration
    from saltus.present.report import Report
    from saltus.theory.frequencies import SkillFrequencies
    from saltus.theory.protocols import Clock


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
    schedule: str | None = None
    """How the learning rate of the planned training changes, as for saltus forecast, if the calibration counts
    effective steps; the highest rate is to be that of the calibrated training."""
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
        show(self._counted(self._report(Calibration.load(self.calibration))), [], as_json=self.json)

    def _counted(self, report: Report) -> Report:
        """The report with words on its steps, if the calibration counts effective ones."""
        from saltus.forecast.base.saved import saved_clock

        counted = saved_clock(self.calibration)
        if counted is None:
            return report
        if self.schedule not in (None, "none"):
            remark = f"steps are those of a training with the schedule {self.schedule}"
        else:
            remark = (
                "steps here are effective ones, each at the highest rate: give --schedule for those of a training "
                f"whose rate changes (calibrated on {counted.words})"
            )
        return replace(report, remarks=[remark], summary={**report.summary, "steps": remark})

    def _clock(self) -> Clock | None:
        """The clock of the planned training; None where all steps count alike."""
        from saltus.cli.schedules import schedule_of
        from saltus.errors import InputError
        from saltus.forecast.base.saved import saved_clock
        from saltus.forecast.time.effective_time import told_clock

        schedule = schedule_of(self.schedule)
        if isinstance(schedule, str):
            return None
        if self.compute is not None:
            rule = "the best split of compute knows no schedule: its steps are at the highest rate"
            raise InputError(rule, self.schedule, "leave schedule= out")
        counted = saved_clock(self.calibration)
        if counted is None:
            rule = "schedule is for a calibration over effective time"
            advice = "forecast with a schedule= first, and give its forecast.json"
            raise InputError(rule, str(self.calibration), advice)
        last = max(one for one in (self.by, self.time, 1.0) if one is not None and math.isfinite(one))
        return told_clock(schedule, counted.power, last)

    def _report(self, calibration: Calibration) -> Report:
        from saltus.forecast.plan import plan_budget, plan_frequency, plan_skills
        from saltus.present.plan import budget_report, frequency_report, skills_report

        settings, clock = settings_of(self), self._clock()
        if self.by is not None:
            plan = plan_frequency(calibration, self.by, threshold=self.threshold, clock=clock)
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
            clock=clock,
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
