"""``saltus plan``: from a calibration to what training needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

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

        limited = min(self.time, self.data, self.parameters) < math.inf
        questions = [self._by] * (self.by is not None) + [self._budget] * (self.compute is not None)
        questions += [self._skills] * limited
        if len(questions) != 1:
            raise InputError(
                "one question at a time",
                len(questions),
                "give --by, or --compute, or any of --time --data --parameters",
            )
        show(questions[0](Calibration.load(self.calibration)), [], as_json=self.json)

    def _by(self, calibration: Calibration) -> Report:
        from saltus.forecast.plan import plan_frequency
        from saltus.present.report import cell

        assert self.by is not None
        plan = plan_frequency(calibration, self.by, threshold=self.threshold)
        never = "not even alone"
        return self._report(
            f"Frequency at which a skill reaches R/S = {self.threshold:g} by step {self.by:g}",
            ("expected", f"sure to {(1 + plan.level) / 2:.0%}"),
            [[cell(plan.expected, ".4g", never), cell(plan.safe, ".4g", never)]],
            {"by": plan.by, "expected_frequency": plan.expected, "safe_frequency": plan.safe, "level": plan.level},
        )

    def _budget(self, calibration: Calibration) -> Report:
        from saltus.forecast.plan import plan_budget

        assert self.compute is not None
        best = plan_budget(calibration, self._mix(), self.compute)
        return self._report(
            f"Least loss for compute C = N T = {self.compute:g}",
            ("N", "T", "loss"),
            [[str(best.n_parameters), f"{best.time:.6g}", f"{best.loss:.6g}"]],
            {"n_parameters": best.n_parameters, "time": best.time, "loss": best.loss},
        )

    def _skills(self, calibration: Calibration) -> Report:
        from saltus.forecast.plan import plan_skills

        plan = plan_skills(
            calibration,
            self._mix(),
            time=self.time,
            data=self.data,
            parameters=self.parameters,
            shots=self.shots,
            nodes_per_skill=self.nodes_per_skill,
            threshold=self.threshold,
        )
        columns = ("skill", "frequency", "time", "data", "parameters", "learned", "lacking")
        skills = [
            dict(zip(columns, row, strict=True))
            for row in zip(
                plan.skill.tolist(),
                plan.frequency.tolist(),
                plan.time.tolist(),
                plan.data.tolist(),
                plan.parameters.tolist(),
                plan.learned.tolist(),
                plan.lacking,
                strict=True,
            )
        ]
        rows = [
            [
                str(one["skill"]),
                f"{one['frequency']:.4g}",
                *(f"{one[name]:.0f}" for name in ("time", "data", "parameters")),
                "yes" if one["learned"] else "no",
                one["lacking"] or "–",
            ]
            for one in skills
        ]
        return self._report("What each skill needs, and whether the budget has it", columns, rows, {"skills": skills})

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

    def _report(self, title: str, columns: Sequence[str], rows: list[list[str]], result: dict[str, Any]) -> Report:
        from saltus._version import __version__
        from saltus.present.report import Report
        from saltus.settings import describe

        settings = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in describe(self).items()
            if name not in ("kind", "json")
        }
        return Report(title, columns, rows, {**result, "settings": settings, "version": __version__})
