"""The paper's training experiments: strengths over training time, over the size of the training set, over the width.

Each says which runs it needs, and turns what they gave into curves over its resource (`saltus.curves`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saltus.curves import make_curves, tidy_table
from saltus.parity.task import MultitaskSparseParity
from saltus.reproduce import RunOptions
from saltus.reproduce.runs import train_all
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.configuration import MLPTraining
from saltus.train.loop import Measurements
from saltus.train.run import Job, collect

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_CURVES = ("strength", "strength_error", "skill_loss")


@dataclass(frozen=True)
class TimeExperiment:
    """Networks on unlimited data, measured while they train.

    Attributes:
        n_skills: of the task.
        training: how each network is trained.
        n_seeds: runs, of each kind if there are several.
        alpha: exponent of the frequencies, P_s(k) ~ k^-(alpha + 1).
    """

    n_skills: int
    training: MLPTraining
    n_seeds: int
    alpha: float = 0.6

    @property
    def frequencies(self) -> PowerLaw:
        return PowerLaw(self.alpha, self.n_skills)

    @property
    def task(self) -> MultitaskSparseParity:
        return MultitaskSparseParity(self.frequencies)

    def jobs(self, seed: int) -> list[Job]:
        """The runs; ``seed`` is that of the first."""
        return [Job(self.task, self.training, seed + i) for i in range(self.n_seeds)]

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        """What the `jobs` gave, as curves over the experiment's resource."""
        return collect(jobs, results)

    def amounts(self, curves: xr.Dataset) -> NDArray[np.float64]:
        """Amounts of the resource at which strengths were measured."""
        return curves[str(curves["strength"].dims[-1])].to_numpy().astype(float)

    def forecast(self, model: Any, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """R/S of each skill by a model of this kind of emergence, ``(n_skills, len(amounts))``."""
        return np.asarray(model.strength(amounts).T / model.target_scale)

    def table(self, curves: xr.Dataset) -> pd.DataFrame:
        """The curves with a row a measurement."""
        return tidy_table(curves)

    def grid(self, curves: xr.Dataset) -> NDArray[np.float64]:
        """Amounts of the resource at which a forecast is drawn as a line."""
        steps = self.amounts(curves)
        return np.geomspace(steps[steps > 0][0], steps[-1], 800)


@dataclass(frozen=True)
class DataExperiment(TimeExperiment):
    """Networks trained to the end on training sets of several sizes; ``training.n_data`` is replaced by each size.

    Its curves also have ``n_observed``, how often each skill occurs in the training set (d_k), and ``steps``, at which
    the run converged, NaN if it did not; both over run and data.
    """

    sizes: tuple[int, ...] = ()

    def jobs(self, seed: int) -> list[Job]:
        # The longest runs first, which keeps all threads busy to the end.
        trainings = [replace(self.training, n_data=size) for size in sorted(self.sizes, reverse=True)]
        return [Job(self.task, training, seed + i) for training in trainings for i in range(self.n_seeds)]

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        shape = (len(self.sizes), self.n_seeds)

        def over_runs(values: Sequence[Any]) -> NDArray[np.float64]:
            """Values in the order of the jobs as (run, ..., data), data ascending."""
            return np.moveaxis(np.reshape(values, shape + np.shape(values[0]))[::-1], 0, -1)

        ends = [_at_the_end(seen) for seen in results]
        curves = _resource_curves(
            self, "data", sorted(self.sizes), jobs, [over_runs(values) for values in zip(*ends, strict=True)]
        )
        converged = [np.nan if seen.converged_at is None else seen.converged_at for seen in results]
        observed = over_runs([job.n_observed() for job in jobs])
        return curves.assign_coords(
            n_observed=(("run", "skill", "data"), observed), steps=(("run", "data"), over_runs(converged))
        )

    def forecast(self, model: Any, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        expected = [model.expected_strength(int(data)) for data in amounts]  # over training sets of that size
        return np.asarray(np.stack(expected, axis=1) / model.target_scale)

    def table(self, curves: xr.Dataset) -> pd.DataFrame:
        observed = curves["n_observed"].astype(int).to_series().reset_index()
        return tidy_table(curves).merge(observed, on=["run", "skill", "data"])

    def grid(self, curves: xr.Dataset) -> NDArray[np.float64]:
        amounts = self.amounts(curves)
        return np.unique(np.geomspace(amounts[0], amounts[-1], 200).round())


@dataclass(frozen=True)
class ParameterExperiment(TimeExperiment):
    """Narrow networks of several widths on unlimited data, trained side by side; a run is all widths on one stream.

    Its curves also have ``moved``: the largest change of R/S of any skill since the measurement before the last, over
    run and parameters.
    """

    def curves(self, jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
        ends = [[np.moveaxis(values, 0, -1) for values in _at_the_end(seen)] for seen in results]
        widths = self.training.widths
        curves = _resource_curves(
            self, "parameters", widths, jobs, [np.stack(values) for values in zip(*ends, strict=True)]
        )
        moved = [np.abs(seen.strength[..., -1] - seen.strength[..., -2]).max(axis=-1) for seen in results]
        return curves.assign_coords(moved=(("run", "parameters"), np.stack(moved)))

    def grid(self, curves: xr.Dataset) -> NDArray[np.float64]:
        return self.amounts(curves)


def run_experiments(experiments: Sequence[TimeExperiment], options: RunOptions) -> list[xr.Dataset]:
    """Curves of each experiment; all their runs are trained in one go, in the order given."""
    jobs = [experiment.jobs(options.seed) for experiment in experiments]
    results = iter(train_all([job for own in jobs for job in own], options))
    return [
        experiment.curves(own, list(islice(results, len(own))))
        for experiment, own in zip(experiments, jobs, strict=True)
    ]


def _at_the_end(seen: Measurements) -> list[NDArray[np.float64]]:
    return [getattr(seen, name)[..., seen.n_made - 1] for name in _CURVES]


def _resource_curves(
    experiment: TimeExperiment,
    resource: str,
    amounts: Sequence[int],
    jobs: Sequence[Job],
    values: Sequence[NDArray[np.float64]],
) -> xr.Dataset:
    """Curves from strength, its error and loss at the end of each run, ``(runs, skills, amounts)``."""
    first = jobs[0]
    return make_curves(
        resource=resource,
        steps=amounts,
        **dict(zip(_CURVES, values, strict=True)),
        frequencies=first.task.frequencies.first(),
        runs=sorted({job.seed for job in jobs}),
        status=["finished"] * experiment.n_seeds,
        target_scale=first.task.target_scale,
        flow_learning_rate=first.training.flow_learning_rate,
        settings={"task": describe(first.task), "training": describe(experiment.training)},
    )
