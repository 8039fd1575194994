"""Progress of many runs on stderr: bars with time left at a terminal, a line now and then in a pipe."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

    from saltus.train.run import Job, Progress

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def run_progress() -> Iterator[Callable[[Sequence[Job]], Progress]]:
    """Give the function that a recipe calls with its jobs; it returns what is told of each job's steps."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _follow_in_lines
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %, elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=console,
    ) as bars:

        def follow_in_bars(jobs: Sequence[Job]) -> Progress:
            done = _Done(jobs)
            whole = bars.add_task(f"all {len(jobs)} runs", total=1.0)
            rows: dict[int, TaskID] = {}

            def report(index: int, steps_taken: int) -> None:
                job, total = jobs[index], jobs[index].training.steps
                with done.lock:
                    if index not in rows:
                        rows[index] = bars.add_task(f"n_s = {job.task.n_skills}, seed {job.seed}", total=total)
                    bars.update(rows[index], completed=steps_taken, visible=steps_taken < total)
                    bars.update(whole, completed=done.share(index, steps_taken))

            return report

        yield follow_in_bars


def _follow_in_lines(jobs: Sequence[Job]) -> Progress:
    done = _Done(jobs)
    started = last_line = math.nan

    def report(index: int, steps_taken: int) -> None:
        nonlocal started, last_line
        with done.lock:
            share, now = done.share(index, steps_taken), time.monotonic()
            if math.isnan(started):  # the first steps wait for the compiler and say nothing about the rest
                started = last_line = now
            if now - last_line > _SECONDS_BETWEEN_LINES:
                left = (now - started) * (1 - share) / share
                print(f"{len(jobs)} runs, {share:.0%} done, about {left:.0f} s left", file=sys.stderr, flush=True)
                last_line = now

    return report


class _Done:
    """How much of the work is done; samples measure it, since a sample of any run costs about the same."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.lock = threading.Lock()
        self._batch = [job.training.batch_size for job in jobs]
        self._steps = [0] * len(jobs)
        self._total = sum(job.training.batch_size * job.training.steps for job in jobs)

    def share(self, index: int, steps_taken: int) -> float:
        self._steps[index] = steps_taken
        return sum(n * batch for n, batch in zip(self._steps, self._batch, strict=True)) / self._total
