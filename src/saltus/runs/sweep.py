"""Sweeps from Python: a spec, or configurations, and a folder become a complete store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus.errors import InputError, StoppedError, require_positive
from saltus.runs import engine as engines
from saltus.runs.driver import CHECKPOINT_SECONDS, Driver, Tally
from saltus.runs.engine import Engine
from saltus.store.lock import locked
from saltus.store.plan import Plan, Shard
from saltus.store.record import read_record
from saltus.store.status import FAILURES, Standing, take_stock
from saltus.store.store import Store
from saltus.train.job import Job
from saltus.train.loop import Measurements, Progress

if TYPE_CHECKING:
    import xarray as xr

Spec = str | Path | Mapping[str, Any] | Sequence[Job]


@dataclass(frozen=True)
class Outcome:
    """A sweep after its driver has ended.

    Attributes:
        store: folder of the runs.
        standing: the runs at hand (of this shard) by status.
        repeated: number of runs that were there before and so were not done again.
    """

    store: Path
    standing: Standing
    repeated: int

    @property
    def failed(self) -> dict[str, dict[str, str]]:
        """Status and reason of each run that raised, diverged or was killed, by name."""
        return self.standing.failed

    def curves(self, where: str | None = None) -> xr.Dataset:
        """The runs in the store as one labelled dataset; see `saltus.store.dataset.read_store`."""
        from saltus.store.dataset import read_store

        return read_store(self.store, where=where)


def sweep(
    spec_or_configurations: Spec,
    *,
    store: str | Path,
    executor: Executor | None = None,
    workers: int | None = None,
    shard: str | Shard | None = None,
    retry_failed: bool = False,
    extend: bool = False,
    fsync: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    follow: Callable[[Tally], None] | None = None,
) -> Outcome:
    """Bring every run of a sweep into a store, each once, and go on where an earlier call was stopped.

    The numbers of a run never depend on workers, order, executor or interruptions.

    Args:
        spec_or_configurations: a TOML file, its tables as a mapping (`saltus.runs.spec`), or the runs themselves.
        store: folder of the runs; made if it is missing.
        executor: any `concurrent.futures.Executor`; threads of this process by default. Only task, settings, seed and
            state of a run go to its workers, never a path.
        workers: threads, one run each, as many as processors by default; not with ``executor``.
        shard: part of the sweep, such as "3/16", for drivers that share a store.
        retry_failed: do failed runs again.
        extend: let a store of another sweep hold this one too.
        fsync: force each file to the disk.
        checkpoint_seconds: seconds between two checkpoints of a run under way.
        follow: called in this thread with the `Tally` after each change.

    Raises:
        InputError: if the spec is wrong, the store cannot be used, or another driver is at work on it.
        StoppedError: if the disk is full or the executor is lost; the same call continues.
        KeyboardInterrupt: with a message that says how to continue.
    """
    if executor is not None and workers is not None:
        raise InputError("workers belongs to the threads of this process", workers, "leave it out with an executor")
    engine = engines.threads(workers) if executor is None else engines.given(executor)
    part = Shard.parse(shard) if isinstance(shard, str) else shard or Shard()
    require_positive("checkpoint_seconds", checkpoint_seconds, "give seconds, e.g. 20")
    return run_plan(
        plan_of(spec_or_configurations),
        Path(store),
        engine,
        shard=part,
        retry=FAILURES if retry_failed else (),
        extend=extend,
        fsync=fsync,
        checkpoint_seconds=checkpoint_seconds,
        follow=follow,
    )


def run_plan(
    plan: Plan,
    folder: Path,
    engine: AbstractContextManager[Engine],
    *,
    shard: Shard = Shard(),  # noqa: B008
    retry: Collection[str] = (),
    extend: bool = False,
    fsync: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    follow: Callable[[Tally], None] | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Outcome:
    """As `sweep`, on an engine that is entered once the store is locked.

    Failed runs whose status is in ``retry`` are done again. ``progress`` is called with a run's name and its steps
    taken, from its thread; only on threads of this process.
    """
    store = Store.create(folder, fsync=fsync)
    runs = shard.of(plan)
    with locked(folder, shard):
        store.add_plan(plan, extend=extend)
        before = take_stock(store, runs, driver=shard)
        if progress is not None:
            for key in before.stored:
                progress(key, runs[key].training.steps)
        todo = [*before.missing, *(key for key, record in before.failed.items() if record["status"] in retry)]
        try:
            with engine as entered:
                tally = Tally(planned=len(runs), before=len(runs) - len(todo))
                driver = Driver(store, entered, tally, follow, progress, checkpoint_seconds)
                driver.bring({key: runs[key] for key in todo})
        except KeyboardInterrupt as interrupt:
            stored = len(take_stock(store, runs).stored)
            kept = f"{stored} of {len(runs)} runs are stored in {folder}"
            raise KeyboardInterrupt(f"interrupted; {kept}: start the same again and it continues") from interrupt
        return Outcome(folder, take_stock(store, runs), repeated=len(runs) - len(todo))


def stored_runs(
    jobs: Sequence[Job], folder: Path, workers: int | None = None, progress: Progress | None = None
) -> list[Measurements]:
    """Measurements of all jobs, in their order, through a store that may hold other runs too.

    Raises:
        StoppedError: if a run raised; the others are stored.
    """
    plan = Plan(tuple(jobs))
    index = {key: i for i, key in enumerate(plan.keys)}

    def report(key: str, steps_taken: int) -> None:
        assert progress is not None
        progress(index[key], steps_taken)

    engine = engines.threads(workers)
    # A diverged run would diverge again, and its curves up to there are kept; any other cause may have passed.
    again = FAILURES - {"diverged"}
    outcome = run_plan(plan, folder, engine, retry=again, extend=True, progress=report if progress else None)
    for failure in outcome.failed.values():
        if failure["status"] in again:
            raise StoppedError(f"a run failed: {failure['reason']}; what is stored is kept")
    store = Store.open(folder)
    return [read_record(store, key).measurements for key in plan.keys]


def plan_of(spec_or_configurations: Spec) -> Plan:
    """The plan of a TOML file, its tables, or runs."""
    if isinstance(spec_or_configurations, (str, Path, Mapping)):
        from saltus.runs.spec import parse_spec, read_spec

        if isinstance(spec_or_configurations, Mapping):
            return parse_spec(spec_or_configurations)
        return read_spec(Path(spec_or_configurations))
    return Plan(tuple(spec_or_configurations))
