"""Check of the ``fast`` experiments of Fig. 1 against the printed settings; ours, not in the paper.

Two checks. Runs on training sets that the rule of `saltus.train.convergence` has ended are carried ten times further.
And a part of the data and parameter panels is trained with the printed settings too, and with all of them but the
learning rate: their mean strengths are compared in units of the joint standard error over runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.emergence_settings import PRESETS as PANELS
from saltus.reproduce.shared.experiments import (
    DataExperiment,
    Experiment,
    ParameterExperiment,
    run_experiments,
    went_wrong,
)
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining
from saltus.train.loop import Measurements

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_FURTHER = 10
_SYSTEMATIC = 0.02  # R/S by which strengths may still move when `saltus.train.convergence` ends a run


@dataclass(frozen=True)
class Settings:
    """Experiments to carry further, and pairs to compare.

    Attributes:
        further: experiments whose runs are carried further.
        pairs: fast and other settings of one experiment, by name; amounts and skills that both have are compared.
    """

    further: tuple[DataExperiment, ...]
    pairs: Mapping[str, tuple[Experiment, Experiment]]


def _presets() -> dict[str, Settings]:
    fast, paper = PANELS["fast"], PANELS["paper"]
    data, single = fast.data.system, fast.data.single
    assert isinstance(data, DataExperiment)
    assert isinstance(single, DataExperiment)

    def pair(sizes: tuple[int, ...], n_seeds: int, training: MLPTraining) -> tuple[Experiment, Experiment]:
        return replace(data, sizes=sizes), replace(data, sizes=sizes, n_seeds=n_seeds, training=training)

    # The printed 500,000 steps are cut to 20,000: at that rate, the slowest of these runs needs half of them.
    printed = replace(paper.data.system.training, steps=20_000, measure_at=(16_000, 20_000))
    slower = replace(
        printed,
        learning_rate=0.02,
        halve_every=None,
        until_loss=0.01,
        measure_at=data.training.measure_at,
        steps=100_000,
    )
    narrow = replace(paper.parameters.system.training, width=tuple(range(4, 17, 2)))
    return {
        "data": Settings(
            further=(replace(data, n_seeds=1, sizes=(2000, 8000)), replace(single, n_seeds=1, sizes=(400, 700))),
            pairs={
                "printed": pair((1000, 2000, 8000), 4, printed),
                "printed, but rate 0.02": pair((1000, 2000), 4, slower),
            },
        ),
        "widths": Settings(further=(), pairs={"printed": (fast.parameters.system, ParameterExperiment(5, narrow, 6))}),
        "quick": Settings(
            further=(replace(single, n_seeds=1, sizes=(400,)),),
            pairs={"printed, but rate 0.02": pair((1000,), 2, slower)},
        ),
    }


PRESETS = _presets()
_COLUMNS = (
    Column("settings", "other settings"),
    Column("resource"),
    Column("amount", form=","),
    Column("skill"),
    Column("fast", form=".3f"),
    Column("fast_error", "± se", form=".3f"),
    Column("other", form=".3f"),
    Column("other_error", "± se", form=".3f"),
    Column("score", "difference / joint se", form="+.1f"),
)


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Carry runs further, train both settings, compare."""
    changes = [change for experiment in settings.further for change in _carry_further(experiment, options)]
    curves = run_experiments([experiment for pair in settings.pairs.values() for experiment in pair], options)
    compared = [
        {"settings": name} | row
        for name, fast, other in zip(settings.pairs, curves[::2], curves[1::2], strict=True)
        for row in compare(fast, other)
    ]
    scores = np.array([row["score"] for row in compared])
    tables, remarks = {"compared": _frame(compared)}, []
    if changes:
        tables["further"] = _frame(changes)
        largest = max(change["moved"] for change in changes)
        remarks = [f"{len(changes)} runs carried {_FURTHER} times further: strengths moved by {largest:.3f} at most"]
    return Report(
        title="Fast and other settings: mean strength R/S over runs",
        table=Table(_COLUMNS, compared),
        summary={
            "further": changes,
            "compared": compared,
            "largest_score": float(np.abs(scores).max()),
            "share_within_2": float(np.mean(np.abs(scores) < 2)),
            "settings": {name: [describe(experiment) for experiment in pair] for name, pair in settings.pairs.items()},
            "seed": options.seed,
            "version": __version__,
        },
        tables=tables,
        remarks=[
            *remarks,
            f"difference within 2 joint standard errors: {np.mean(np.abs(scores) < 2):.0%} of {len(scores)}; largest "
            f"{np.abs(scores).max():.1f}",
            *(line for own in curves for line in went_wrong(own).values()),
        ],
    )


def compare(fast: xr.Dataset, other: xr.Dataset) -> list[dict[str, Any]]:
    """Mean strengths at the amounts that both have; the joint error includes the movement left in either."""
    resource = str(fast["strength"].dims[-1])
    rows = []
    for amount in np.intersect1d(fast[resource], other[resource]).tolist():
        means, errors = [], []
        for curves in (fast, other):
            strength = curves["strength"].sel({resource: amount}).dropna("run").to_numpy()  # without diverged runs
            means.append(strength.mean(axis=0))
            errors.append(strength.std(axis=0, ddof=1) / math.sqrt(len(strength)))
        joint = np.sqrt(errors[0] ** 2 + errors[1] ** 2 + _SYSTEMATIC**2)
        for k in range(len(joint)):
            rows.append(
                {
                    "resource": resource,
                    "amount": amount,
                    "skill": k + 1,
                    "fast": float(means[0][k]),
                    "fast_error": float(errors[0][k]),
                    "other": float(means[1][k]),
                    "other_error": float(errors[1][k]),
                    "score": float((means[0][k] - means[1][k]) / joint[k]),
                }
            )
    return rows


def _carry_further(experiment: DataExperiment, options: RunOptions) -> list[dict[str, Any]]:
    jobs = experiment.jobs(options.seed)
    ended = [
        (job, seen) for job, seen in zip(jobs, train_all(jobs, options), strict=True) if seen.converged_at is not None
    ]
    longer = [_longer(job, seen) for job, seen in ended]
    return [
        {
            "n_skills": experiment.n_skills,
            "data": job.training.n_data,
            "seed": job.seed,
            "converged_at": before.converged_at,
            "carried_to": int(after.steps[-1]),
            "moved": float(np.abs(after.last() - before.last()).max()),
        }
        for (job, before), after in zip(ended, train_all(longer, options), strict=True)
    ]


def _longer(job: Job, seen: Measurements) -> Job:
    assert seen.converged_at is not None
    end = _FURTHER * seen.converged_at
    return replace(job, training=replace(job.training, steps=end, until_loss=None, measure_at=(end,)))


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)
