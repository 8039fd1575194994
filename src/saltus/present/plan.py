"""The reports of ``saltus plan``: a skill's frequency, the best split of compute, the skills that a budget teaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saltus._version import __version__
from saltus.forecast.plan import FrequencyPlan, SkillPlan
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.theory.allocation import Allocation

_NEVER = "not even alone"


def frequency_report(plan: FrequencyPlan, threshold: float, settings: Mapping[str, Any]) -> Report:
    """The frequency that makes a skill reach ``threshold``, in R/S, by a step."""
    result = {
        "by": plan.by,
        "expected_frequency": plan.expected,
        "safe_frequency": plan.safe,
        "level": plan.level,
    }
    columns = (
        Column("expected_frequency", "expected", form=".4g", missing=_NEVER),
        Column("safe_frequency", f"sure to {(1 + plan.level) / 2:.0%}", form=".4g", missing=_NEVER),
    )
    title = f"Frequency at which a skill reaches R/S = {threshold:g} by step {plan.by:g}"
    return _report(title, Table(columns, [result]), result, settings)


def budget_report(best: Allocation, compute: float, settings: Mapping[str, Any]) -> Report:
    """The best parameters and steps for a budget C = N T."""
    result = {"n_parameters": best.n_parameters, "time": best.time, "loss": best.loss}
    columns = Column("n_parameters", "N"), Column("time", "T", form=".6g"), Column("loss", form=".6g")
    return _report(f"Least loss for compute C = N T = {compute:g}", Table(columns, [result]), result, settings)


def skills_report(plan: SkillPlan, settings: Mapping[str, Any]) -> Report:
    """Steps, samples and nodes that each skill needs, and whether the budget has them."""
    columns = (
        Column("skill"),
        Column("frequency", form=".4g"),
        *(Column(name, form=".0f") for name in ("time", "data", "parameters")),
        Column("learned"),
        Column("lacking", value=lambda row: row["lacking"] or None),
    )
    values = {name: getattr(plan, name) for name in ("skill", "frequency", "time", "data", "parameters", "learned")}
    skills = [
        {name: column[k].item() for name, column in values.items()} | {"lacking": lacking}
        for k, lacking in enumerate(plan.lacking)
    ]
    title = "What each skill needs, and whether the budget has it"
    return _report(title, Table(columns, skills), {"skills": skills}, settings)


def _report(title: str, table: Table, result: Mapping[str, Any], settings: Mapping[str, Any]) -> Report:
    return Report(title, table, {**result, "settings": settings, "version": __version__})
