"""The paper's training experiments: strengths over training time, over the size of the training set, over the width.

Each says which runs it needs and turns their results into curves over its resource (`saltus.curves`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from saltus._types import Floats
from saltus.curves.schema import CURVES, curves_from, resource_of
from saltus.curves.table import tidy_table
from saltus.parity.task import MultitaskSparseParity
from saltus.present.emergence import drawn_amounts
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.resource import DATA, PARAMETERS, STEP, Resource
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job, collect, endings
from saltus.train.kernel.training import MLPTraining
from saltus.train.loop import Measurements

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True)
class Experiment(ABC):
    """Networks that learn the task, measured over one resource.

    Attributes:
        n_skills: number of skills of the task.
        training: how each network is trained.
        n_seeds: number of runs of each kind.
        alpha: exponent of the frequencies, P_s(k) ~ k^-(alpha + 1).
    """

    n_skills: int
    training: MLPTraining
    n_seeds: int
    alpha: float = 0.6

    resource: ClassVar[Resource]

    @property
    def frequencies(self) -> PowerLaw:
        return PowerLaw(self.alpha, self.n_skills)

    @property
    def task(self) -> MultitaskSparseParity:
        return MultitaskSparseParity(self.frequencies)

    def jobs(self, seed: int) -> list[Job]:
        """The runs; ``seed`` is that of the first."""
        return [Job(self.task, self.training, seed + i) for i in range(self.n_seeds)]

    @abstractmethod
    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        """Curves over the experiment's resource, from the results of the `jobs`.

        Strengths that a diverged run never reached are NaN; its ``status`` and a `TrainingWarning` say so.
        """

    @abstractmethod
    def grid(self, curves: xr.Dataset) -> Floats:
        """Amounts of the resource at which a forecast is drawn as a line."""

    def amounts(self, curves: xr.Dataset) -> Floats:
        """Amounts of the resource at which strengths were measured."""
        return curves[self.resource.name].to_numpy().astype(float)

    def standing(self, curves: xr.Dataset) -> dict[str, str]:
        """Whether training had ended, in words."""
        return went_wrong(curves)

    def table(self, curves: xr.Dataset) -> pd.DataFrame:
        """The curves with a row a measurement."""
        return tidy_table(curves)


@dataclass(frozen=True)
class TimeExperiment(Experiment):
    """Networks on unlimited data, measured while they train."""

    resource = STEP

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        return collect(jobs, results)

    def grid(self, curves: xr.Dataset) -> Floats:
        return drawn_amounts(self.amounts(curves))


@dataclass(frozen=True)
class DataExperiment(Experiment):
    """Networks trained to the end on training sets of several sizes; ``training.n_data`` is replaced by each size.

    Its curves also have ``n_observed``, how often each skill occurs in the training set (d_k), and ``steps``, at which
    the run converged, NaN if it did not; both over run and data.
    """

    sizes: tuple[int, ...] = ()

    resource = DATA

    def jobs(self, seed: int) -> list[Job]:
        # The longest runs first, which keeps all threads busy to the end.
        trainings = [replace(self.training, n_data=size) for size in sorted(self.sizes, reverse=True)]
        return [Job(self.task, training, seed + i) for training in trainings for i in range(self.n_seeds)]

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        shape = (len(self.sizes), self.n_seeds)

        def over_runs(values: Sequence[Any]) -> Floats:
            """Values in the order of the jobs as (run, ..., data), data ascending."""
            return np.moveaxis(np.reshape(values, shape + np.shape(values[0]))[::-1], 0, -1)

        ends = [_at_the_end(seen) for seen in results]
        curves = _resource_curves(
            self,
            sorted(self.sizes),
            _worst_endings(jobs, results),
            [over_runs(values) for values in zip(*ends, strict=True)],
        )
        converged = [np.nan if seen.converged_at is None else seen.converged_at for seen in results]
        observed = over_runs([job.n_observed() for job in jobs])
        return curves.assign_coords(
            n_observed=(("run", "skill", "data"), observed), steps=(("run", "data"), over_runs(converged))
        )

    def standing(self, curves: xr.Dataset) -> dict[str, str]:
        steps = curves["steps"].to_numpy()
        ended = steps[np.isfinite(steps)]
        after = f", after {ended.min():.0f} to {ended.max():.0f} steps" if ended.size else ""
        return super().standing(curves) | {"converged": f"data: {ended.size} of {steps.size} runs converged{after}"}

    def table(self, curves: xr.Dataset) -> pd.DataFrame:
        observed = curves["n_observed"].astype(int).to_series().reset_index()
        return tidy_table(curves).merge(observed, on=["run", "skill", "data"])

    def grid(self, curves: xr.Dataset) -> Floats:
        amounts = self.amounts(curves)
        return np.unique(np.geomspace(amounts[0], amounts[-1], 200).round())


@dataclass(frozen=True)
class ParameterExperiment(Experiment):
    """Narrow networks of several widths on unlimited data, trained side by side; a run is all widths on one stream.

    Its curves also have ``moved``: the largest change of R/S of any skill since the measurement before the last, over
    run and parameters.
    """

    resource = PARAMETERS

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        ends = [[np.moveaxis(values, 0, -1) for values in _at_the_end(seen)] for seen in results]
        widths = self.training.widths
        strengths = [np.stack(values) for values in zip(*ends, strict=True)]
        curves = _resource_curves(self, widths, _worst_endings(jobs, results), strengths)
        moved = [np.abs(seen.strength[..., -1] - seen.strength[..., -2]).max(axis=-1) for seen in results]
        return curves.assign_coords(moved=(("run", "parameters"), np.stack(moved)))

    def standing(self, curves: xr.Dataset) -> dict[str, str]:
        moved = curves["moved"].to_numpy()
        moved = moved[np.isfinite(moved)]
        if not moved.size:
            return super().standing(curves)
        return super().standing(curves) | {
            "moved": f"parameters: in the last quarter of training, strengths moved by less than 0.02 in "
            f"{np.mean(moved < 0.02):.0%} of the networks and by {moved.max():.2f} at most"
        }

    def grid(self, curves: xr.Dataset) -> Floats:
        return self.amounts(curves)


def run_experiments(experiments: Sequence[Experiment], options: RunOptions) -> list[xr.Dataset]:
    """Curves of each experiment; all their runs are trained in one go, in the order given."""
    jobs = [experiment.jobs(options.seed) for experiment in experiments]
    results = iter(train_all([job for own in jobs for job in own], options))
    return [
        experiment.curves(own, list(islice(results, len(own))))
        for experiment, own in zip(experiments, jobs, strict=True)
    ]


def went_wrong(curves: xr.Dataset) -> dict[str, str]:
    """A line that names the runs that diverged or stalled, under ``wrong``; nothing if all finished."""
    status = zip(curves["run"].to_numpy(), curves["status"].to_numpy(), strict=True)
    wrong = [f"seed {run} {how}" for run, how in status if how != "finished"]
    if not wrong:
        return {}
    n_skills, resource = curves.sizes["skill"], resource_of(curves).name
    return {"wrong": f"n_s = {n_skills}, over {resource}: {', '.join(wrong)}; what they did not reach is in no mean"}


def _at_the_end(seen: Measurements) -> list[Floats]:
    """Strength, its error and loss where the run ended; NaN if it diverged: that is no end of training."""
    ends = [getattr(seen, name)[..., seen.n_made - 1] for name in CURVES]
    return ends if seen.diverged_at is None else [np.full_like(values, np.nan) for values in ends]


def _worst_endings(jobs: Sequence[Job], results: Sequence[Measurements]) -> dict[int, str]:
    """By seed, how the worst of its runs ended."""
    worst: dict[int, str] = {}
    for job, ending in zip(jobs, endings(jobs, results), strict=True):
        if worst.get(job.seed, "finished") == "finished":
            worst[job.seed] = ending
    return dict(sorted(worst.items()))


def _resource_curves(
    experiment: Experiment,
    amounts: Sequence[int],
    status: dict[int, str],
    values: Sequence[Floats],
) -> xr.Dataset:
    """Curves from strength, its error and loss at the end of each run, ``(runs, skills, amounts)``."""
    measured: dict[str, Any] = dict(zip(CURVES, values, strict=True))
    return curves_from(
        over=experiment.resource.name,
        at=amounts,
        **measured,
        frequencies=experiment.frequencies.first(),
        runs=list(status),
        status=list(status.values()),
        target_scale=experiment.task.target_scale,
        flow_learning_rate=experiment.training.flow_learning_rate,
        settings={"task": describe(experiment.task), "training": describe(experiment.training)},
    )
