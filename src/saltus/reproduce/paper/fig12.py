"""Fig. 4 right, Fig. 12: when the skills of a transformer emerge, R/S = 0.05, against their index: k^(alpha + 1)?"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from saltus._types import Floats
from saltus.curves.crossings import crossing_times
from saltus.curves.table import tidy_table
from saltus.curves.time_law import TimeLaw, fit_time_law, log_moments
from saltus.figures.times import Panel, Series, times_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.transformers import PRESETS as PRESETS
from saltus.reproduce.shared.transformers import THRESHOLD, Settings, about, note, transformer_curves


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train (or take the runs of Fig. 4 from the store), and fit the law of the emergence times run by run."""
    curves = transformer_curves(settings, options)
    times, expected = crossing_times(curves, THRESHOLD), settings.alpha + 1
    law, skills = fit_time_law(times), _skills(times, expected)
    mean, sd = (np.array([skill[name] for skill in skills]) for name in ("geometric_mean", "log10_sd"))
    panel = Panel([Series("transformer", mean, sd, law)])
    return Report(
        title=f"Emergence times in a transformer (Nam et al. 2024, Fig. 12): steps at R/S = {THRESHOLD:g}",
        table=Table(
            (
                Column("skill"),
                Column("geometric_mean", "measured", form=".0f", missing="not yet"),
                Column("log10_sd", "± sd, dex", form=".3f"),
                Column("n_emerged", "runs"),
                Column("decoupled_time", f"k^{expected:g} from skill 1", form=".0f"),
                Column("local_exponent", "exponent from skill k - 1", form=".2f"),
            ),
            skills,
        ),
        summary={
            "skills": skills,
            "law": None if law is None else asdict(law),
            "expected_exponent": expected,
            **about(settings, options),
        },
        figures={"times": times_figure([panel], expected, THRESHOLD, note(settings, options))},
        tables={"curves": tidy_table(curves)},
        remarks=[verdict(law, expected)],
    )


def verdict(law: TimeLaw | None, expected: float) -> str:
    """The fitted exponent beside alpha + 1, in words."""
    if law is None:
        return "fewer than two skills emerged in every run: no exponent"
    found = f"time ~ k^({law.exponent:.2f} ± {law.error:.2f}), {law.n_runs} runs; the multilinear model: k^{expected:g}"
    if math.isnan(law.error):
        return found
    apart = (law.exponent - expected) / law.error
    return f"{found}, {abs(apart):.1f} standard errors {'below' if apart > 0 else 'above'}"


def _skills(times: Floats, expected: float) -> list[dict[str, Any]]:
    """For each skill: geometric mean time, its spread, the time of a decoupled skill, and the slope up to it."""
    mean, spread, count = log_moments(times)
    slope = np.diff(mean, prepend=math.nan) / np.diff(np.log(np.arange(1, len(mean) + 1)), prepend=math.nan)
    return [
        {
            "skill": k + 1,
            "times": times[:, k].tolist(),
            "geometric_mean": math.exp(mean[k]),
            "log10_sd": spread[k] / math.log(10),
            "n_emerged": int(count[k]),
            "decoupled_time": math.exp(mean[0]) * (k + 1) ** expected,
            "local_exponent": slope[k],
        }
        for k in range(len(mean))
    ]
