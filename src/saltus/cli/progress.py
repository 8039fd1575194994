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

    from saltus.runs.driver import Tally
    from saltus.train.job import Job
    from saltus.train.loop import Progress

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def run_progress() -> Iterator[Callable[[Sequence[Job]], Progress]]:
    """Progress of training: a function that takes all jobs and returns the callback for the steps of each."""
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
    before = 0.0

    def report(index: int, steps_taken: int) -> None:
        nonlocal started, last_line, before
        with done.lock:
            share, now = done.share(index, steps_taken), time.monotonic()
            # The first steps wait for the compiler, and stored runs take no time: neither says anything about the rest.
            if math.isnan(started) or (steps_taken == jobs[index].training.steps and now - started < 1):
                started, last_line, before = now, now, share
            if now - last_line > _SECONDS_BETWEEN_LINES:
                left = (now - started) * (1 - share) / (share - before)
                print(f"{len(jobs)} runs, {share:.0%} done, about {left:.0f} s left", file=sys.stderr, flush=True)
                last_line = now

    return report


@contextmanager
def sweep_progress() -> Iterator[Callable[[Tally], None]]:
    """Progress of a sweep: a callback for its counts, shown in one line that is rewritten at a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    started = time.monotonic()
    last_line = started
    if console.is_terminal:
        with console.status("starting") as line:
            yield lambda tally: line.update(_sentence(tally, time.monotonic() - started))
        return

    def follow_in_lines(tally: Tally) -> None:
        nonlocal last_line
        if time.monotonic() - last_line > _SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            print(_sentence(tally, last_line - started), file=sys.stderr, flush=True)

    yield follow_in_lines


@contextmanager
def moment_progress(doing: str = "forecasting", things: str = "moments") -> Iterator[Callable[[int, int], None]]:
    """Progress of some seconds: a callback for the things done and all, shown in one line at a terminal alone."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:  # a few seconds: no lines for a pipe
        yield lambda done, total: None  # noqa: ARG005
        return
    with console.status(doing) as line:
        yield lambda done, total: line.update(f"{doing} {done} of {total} {things}")


def _sentence(tally: Tally, seconds: float) -> str:
    ended = tally.stored + tally.failed
    text = f"{tally.before + ended} of {tally.planned} runs done, {tally.running} running, {tally.failed} failed"
    if tally.done > 0:
        left = seconds * (tally.cost - tally.done) / tally.done
        text += f", {60 * ended / seconds:.3g} a minute, about {left:.0f} s left"
    return text


class _Done:
    """Share of the work that is done, by the steps taken; a run that has ended counts whole."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        from saltus.runs.driver import cost_of

        self.lock = threading.Lock()
        self._costs = [cost_of(job, 1) for job in jobs]
        self._steps = [0] * len(jobs)
        self._total = sum(map(cost_of, jobs))

    def share(self, index: int, steps_taken: int) -> float:
        self._steps[index] = steps_taken
        return sum(n * cost for n, cost in zip(self._steps, self._costs, strict=True)) / self._total
