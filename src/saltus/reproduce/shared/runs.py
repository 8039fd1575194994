"""Training for recipes: kept run by run where there is a store, and followed where progress is shown."""

from __future__ import annotations

from collections.abc import Sequence

from saltus.reproduce.shared.options import RunOptions
from saltus.runs.sweep import stored_runs
from saltus.train.job import Job, run_jobs
from saltus.train.loop import Measurements


def train_all(jobs: Sequence[Job], options: RunOptions) -> list[Measurements]:
    """Results of all jobs, in their order; runs that the store has already, or that come twice, are trained once."""
    unique = list(dict.fromkeys(jobs))
    progress = None if options.watch is None else options.watch(unique)
    if options.store is None:
        results = run_jobs(unique, options.workers, progress)
    else:
        results = stored_runs(unique, options.store, options.workers, progress)
    of_job = dict(zip(unique, results, strict=True))
    return [of_job[job] for job in jobs]
