"""``saltus sweep``: many runs, kept one by one in a store that no interruption can tear."""

from __future__ import annotations

import logging
import signal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from saltus.cli.options import require_workers

if TYPE_CHECKING:
    from saltus.runs.engine import Engine
    from saltus.store.plan import Plan, Shard


@dataclass(frozen=True, kw_only=True)
class SweepRun:
    """Bring every run of a sweep into its store; start it again after any interruption and it continues.

    Exit status 1 if a run failed.

    Example: saltus sweep run examples/sweep.toml --store runs/
    """

    spec: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SPEC.toml")]
    """Base configuration, axes and seeds; examples/sweep.toml explains them."""
    store: Path
    """Folder of the runs."""
    workers: int | None = None
    """Runs side by side, one a thread; as many as processors by default."""
    dask: str | None = None
    """Address of a Dask scheduler whose workers run them instead, such as tcp://127.0.0.1:8786."""
    shard: str | None = None
    """Part I of N of the sweep, written I/N: one for each task of a job array."""
    retry_failed: bool = False
    """Do runs that raised, diverged or were killed again."""
    extend: bool = False
    """Let a store that belongs to another sweep hold this one too."""
    dry_run: bool = False
    """Show the grid, the number of runs and about how long they take; store nothing."""
    fsync: bool = False
    """Force every file to the disk before it counts."""
    checkpoint_seconds: float = 20.0
    """How often a run under way is written down."""
    json: bool = False
    """Print one JSON object on stdout."""

    def run(self) -> int:
        from saltus.errors import InputError, require_positive
        from saltus.runs.sweep import plan_of
        from saltus.store.plan import Shard

        require_positive("checkpoint_seconds", self.checkpoint_seconds, "give seconds, e.g. 20")
        if require_workers(self.workers) is not None and self.dask is not None:
            raise InputError("--workers belongs to this machine", self.workers, "leave it out with --dask")
        shard = Shard() if self.shard is None else Shard.parse(self.shard)
        plan = plan_of(self.spec)
        return self._show_plan(plan, shard) if self.dry_run else self._bring(plan, shard)

    def _bring(self, plan: Plan, shard: Shard) -> int:
        from saltus.cli.progress import sweep_progress
        from saltus.present.standing import standing_data, standing_lines
        from saltus.runs.sweep import run_plan
        from saltus.store.status import FAILURES

        # Job systems send SIGTERM before they kill: time enough to write down how far every run got.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with sweep_progress() as follow:
            outcome = run_plan(
                plan,
                self.store,
                self._engine(),
                shard=shard,
                retry=FAILURES if self.retry_failed else (),
                extend=self.extend,
                fsync=self.fsync,
                checkpoint_seconds=self.checkpoint_seconds,
                follow=follow,
            )
        if self.json:
            _print_json({**standing_data(outcome.standing), "repeated": outcome.repeated})
        else:
            print(*standing_lines(outcome.standing, self.store), sep="\n")
        return 1 if outcome.failed else 0

    def _engine(self) -> AbstractContextManager[Engine]:
        from saltus.runs import engine

        if self.dask is None:
            return engine.threads(self.workers)
        logging.disable()  # a cluster that is gone is ours to report, in one line
        return engine.dask(self.dask)

    def _show_plan(self, plan: Plan, shard: Shard) -> int:
        from saltus.runs.estimate import estimate_seconds
        from saltus.train.job import available_processors

        runs = shard.of(plan)
        shared, own = plan.labels()
        grid = {name: list(dict.fromkeys(map(_hashable, (run.get(name) for run in own)))) for name in own[0]}
        seconds = estimate_seconds(list(runs.values()))
        workers = self.workers or available_processors()
        if self.json:
            estimate = {"processor_seconds": seconds, "workers": workers, "seconds": seconds / workers}
            _print_json({"runs": len(runs), "grid": grid, "settings": shared, **estimate})
            return 0
        for name, values in grid.items():
            print(f"{name}: {', '.join(map(str, values))}")
        print(f"{len(runs)} runs, about {_duration(seconds / workers)} on {workers} threads, by a timed sample")
        return 0


@dataclass(frozen=True, kw_only=True)
class SweepStatus:
    """Show the runs of a store: stored, missing, and failed with reasons.

    Example: saltus sweep status runs/ --json
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the runs."""
    json: bool = False
    """Print one JSON object on stdout, with every missing and failed run and its settings."""

    def run(self) -> int:
        from saltus.present.standing import standing_data, standing_lines
        from saltus.store.status import take_stock
        from saltus.store.store import Store

        store = Store.open(self.store)
        planned = store.planned()
        standing = take_stock(store, planned)
        if self.json:
            data = standing_data(standing)
            data["missing_runs"] = [{"run": key, **planned[key]} for key in standing.missing]
            data["failures"] = [failure | planned[failure["run"]] for failure in data["failures"]]
            _print_json(data)
        else:
            print(*standing_lines(standing, self.store), sep="\n")
        return 0


@dataclass(frozen=True, kw_only=True)
class SweepExport:
    """Write the stored runs to one file: CSV or Parquet (a row a measurement), or netCDF (the labelled dataset).

    Example: saltus sweep export runs/ --to curves.csv --where 'seed == 0 and width >= 100'
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the runs."""
    to: Path
    """File to write, ending in .csv, .parquet or .nc."""
    where: str | None = None
    """Only runs whose settings fulfil this, such as 'alpha == 0.6 and width >= 100'."""
    json: bool = False
    """Print one JSON object on stdout."""

    def run(self) -> int:
        from saltus.store.export import export

        count = export(self.store, self.to, self.where)
        if self.json:
            _print_json({"runs": count, "file": str(self.to)})
        else:
            print(f"wrote {count} runs to {self.to}")
        return 0


@dataclass(frozen=True)
class Sweep:
    """Thousands of independent runs that survive every interruption: run, status, export.

    Example: saltus sweep run examples/sweep.toml --store runs/
    """

    command: tyro.conf.OmitArgPrefixes[
        Annotated[SweepRun, tyro.conf.subcommand("run", prefix_name=False)]
        | Annotated[SweepStatus, tyro.conf.subcommand("status", prefix_name=False)]
        | Annotated[SweepExport, tyro.conf.subcommand("export", prefix_name=False)]
    ]

    def run(self) -> int:
        return self.command.run()


def _print_json(data: dict[str, Any]) -> None:
    from saltus.settings import json_text

    print(json_text(data), end="")


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list) else value


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
