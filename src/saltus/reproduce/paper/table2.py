"""Table 2: when each scaling law holds, evaluated where all its conditions hold and where one of them fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from saltus._version import __version__
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import LawResource, scaling_law

INFINITE = float("inf")


@dataclass(frozen=True)
class Case:
    """A law and the resources at which it is checked."""

    resource: LawResource
    time: float = INFINITE
    data: float = INFINITE
    n_parameters: float = INFINITE


@dataclass(frozen=True)
class Settings:
    """One model and, for each law, resources inside and outside its range."""

    alpha: float = 0.6
    target_scale: float = 1.0
    initial_strength: float = 0.01
    learning_rate: float = 1.0
    cases: tuple[Case, ...] = (
        Case("time", time=1e4),
        Case("time", time=1e4, n_parameters=100),
        Case("time", time=1e4, data=1e3),
        Case("time", time=2),
        Case("data", data=1e4),
        Case("data", data=1e4, n_parameters=30),
        Case("data", data=1e4, time=1e3),
        Case("parameters", n_parameters=1e3),
        Case("parameters", n_parameters=1e3, time=1e4),
        Case("parameters", n_parameters=1e3, data=1e4),
        Case("compute", n_parameters=300, time=2e4),
        Case("compute", n_parameters=10, time=6e5),
    )


PRESETS = {"paper": Settings()}


def _amount(name: str, heading: str) -> Column:
    # Cases are plain data, in which infinity, no limit, is the string "inf".
    return Column(name, heading, form="g", missing="inf", value=lambda row: float(row[name]))


_COLUMNS = (
    Column("resource", "law in"),
    _amount("time", "T"),
    _amount("data", "D"),
    _amount("n_parameters", "N"),
    Column("law_over_exact", "law / exact", form=".4g"),
    Column("holds"),
    Column(
        "because",
        value=lambda row: "all conditions hold" if row["holds"] else "not " + ", nor ".join(row["failing"]),
    ),
)


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Check every law at every case."""
    model = Multilinear(
        PowerLaw(settings.alpha),
        target_scale=settings.target_scale,
        initial_strength=settings.initial_strength,
        learning_rate=settings.learning_rate,
    )
    cases = [_check(model, case) for case in settings.cases]
    return Report(
        title=f"Where the scaling laws hold (Nam et al. 2024, Table 2), α = {settings.alpha:g}, n_s infinite",
        table=Table(_COLUMNS, cases),
        tables={"table2": pd.DataFrame(cases)},
        summary={"agreement": cases, "settings": describe(settings), "version": __version__},
    )


def _check(model: Multilinear, case: Case) -> dict[str, Any]:
    check = scaling_law(model, case.resource).check(time=case.time, data=case.data, n_parameters=case.n_parameters)
    return {
        **{name: value for name, value in describe(case).items() if name != "kind"},
        "law_over_exact": check.law_loss / check.exact_loss,
        "holds": check.holds,
        "failing": [condition.statement for condition in check.conditions if not condition.holds],
    }
