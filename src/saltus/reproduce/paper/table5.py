"""Table 5: strengths of single runs at N = 10, outliers named: where the rule of N_c nodes a skill fails."""

from __future__ import annotations

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.table import tidy_table
from saltus.present.report import Report, cell
from saltus.reproduce.shared.emergence_settings import PRESETS as PRESETS
from saltus.reproduce.shared.emergence_settings import Settings
from saltus.reproduce.shared.experiments import run_experiments, went_wrong
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.extended import ParameterEmergence

WIDTH = 10
NODES_PER_SKILL = 4  # the paper's N_c (Fig. 11)
OUTLYING = 0.6  # a skill that the rule says is half learned may be learned or not, and noise decides nothing


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
    skills = [f"R_{k}/S" for k in range(1, experiment.n_skills + 1)]
    return Report(
        title=f"Skill strengths of single runs at N = {WIDTH} (Nam et al. 2024, Table 5)",
        columns=("seed", *skills, "outliers"),
        rows=[
            _row(str(seed), own, (", ".join(f"k = {k}" for k in far) or "–") if lived else "diverged")
            for seed, own, far, lived in zip(seeds, strength, outliers, ended, strict=True)
        ]
        + [
            _row("mean", strength[ended].mean(axis=0), ""),
            _row("sd", strength[ended].std(axis=0, ddof=1), ""),
            _row("Eq. 18-21", rule, f"N_c = {NODES_PER_SKILL}"),
        ],
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


def _row(name: str, strength: Floats, remark: str) -> list[str]:
    return [name, *(cell(value, ".2f", "–") for value in strength), remark]


def _outliers(strength: Floats, rule: Floats) -> list[list[int]]:
    """Of each run, the skills that are far from the rule."""
    far = np.abs(strength - rule) > OUTLYING
    return [[int(k) + 1 for k in np.flatnonzero(own)] for own in far]
