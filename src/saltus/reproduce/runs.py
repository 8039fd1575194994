"""The training that recipes do: kept run by run where there is a store, and followed where somebody watches."""

from __future__ import annotations

from collections.abc import Sequence

from saltus.reproduce import RunOptions
from saltus.sweep.run import stored_runs
from saltus.train.loop import Measurements
from saltus.train.run import Job, run_jobs


def train_all(jobs: Sequence[Job], options: RunOptions) -> list[Measurements]:
    """Results of all jobs, in their order; runs that the store has already are not trained again."""
    progress = options.watch and options.watch(jobs)
    if options.store is None:
        return run_jobs(jobs, options.workers, progress)
    return stored_runs(jobs, options.store, options.workers, progress)
