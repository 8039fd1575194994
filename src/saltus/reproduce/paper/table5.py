"""Table 5: strengths of single runs at N = 10, outliers named: where the rule of N_c nodes a skill fails."""

from __future__ import annotations

from typing import Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.table import tidy_table
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.published import NODES_PER_SKILL
from saltus.reproduce.shared.emergence_settings import PRESETS as PRESETS
from saltus.reproduce.shared.emergence_settings import Settings
from saltus.reproduce.shared.experiments import run_experiments, went_wrong
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.extended import ParameterEmergence

WIDTH = 10
OUTLYING = 0.6  # R/S; smaller deviations are no outliers: a half-learned skill may end on either side


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Take the networks of width 10 from the runs of Fig. 1, and set each skill beside the rule."""
    experiment = settings.parameters.system
    (curves,) = run_experiments([experiment], options)
    at_width = curves.sel(parameters=[WIDTH])
    strength = at_width["strength"].to_numpy()[:, :, 0]
    rule = ParameterEmergence(experiment.frequencies, nodes_per_skill=NODES_PER_SKILL).strength(WIDTH)
    ended = np.isfinite(strength).all(axis=1)
    outliers = _outliers(strength, rule)
    seeds = curves["run"].to_numpy().tolist()
    return Report(
        title=f"Skill strengths of single runs at N = {WIDTH} (Nam et al. 2024, Table 5)",
        table=Table(
            (Column("seed"), *map(_strength, range(experiment.n_skills)), Column("outliers")),
            [
                _row(seed, own, (", ".join(f"k = {k}" for k in far) or None) if lived else "diverged")
                for seed, own, far, lived in zip(seeds, strength, outliers, ended, strict=True)
            ]
            + [
                _row("mean", strength[ended].mean(axis=0), ""),
                _row("sd", strength[ended].std(axis=0, ddof=1), ""),
                _row("Eq. 18-21", rule, f"N_c = {NODES_PER_SKILL:g}"),
            ],
        ),
        summary={
            "width": WIDTH,
            "seeds": seeds,
            "strength": strength.tolist(),
            "rule": rule.tolist(),
            "outliers": {str(seed): own for seed, own in zip(seeds, outliers, strict=True) if own},
            "settings": describe(experiment),
            "version": __version__,
        },
        tables={"strengths": tidy_table(at_width)},
        remarks=[
            f"outliers: more than {OUTLYING:g} from the rule; "
            f"{sum(map(bool, outliers))} of {ended.sum()} runs have one",
            *went_wrong(curves).values(),
        ],
    )


def _strength(k: int) -> Column:
    return Column(f"R_{k + 1}/S", form=".2f", value=lambda row: row["strength"][k])


def _row(seed: int | str, strength: Floats, outliers: str | None) -> dict[str, Any]:
    return {"seed": seed, "strength": strength.tolist(), "outliers": outliers}


def _outliers(strength: Floats, rule: Floats) -> list[list[int]]:
    """For each run, the skills that are far from the rule."""
    far = np.abs(strength - rule) > OUTLYING
    return [[int(k) + 1 for k in np.flatnonzero(own)] for own in far]
