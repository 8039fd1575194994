"""Executors of legs: threads of this process by default, a Dask cluster, or any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from saltus.errors import InputError, require_whole
from saltus.files import require_package
from saltus.train.job import available_processors

# Legs under way on an executor of unknown size: enough to keep it busy.
_UNKNOWN_CAPACITY = 64

LOST = (BrokenExecutor, CancelledError, ConnectionError)  # raised by futures when the executor itself has gone


@dataclass(frozen=True)
class Engine:
    """An executor, and the facts about it that the driver needs.

    Attributes:
        executor: takes the legs.
        capacity: gives the number of legs to have under way; asked again and again, since clusters grow and shrink.
        here: whether its threads belong to this process, so that they can be told to pause.
    """

    executor: Executor
    capacity: Callable[[], int]
    here: bool


@contextmanager
def threads(workers: int | None) -> Iterator[Engine]:
    """Threads of this process: ``workers`` of them, or as many as processors."""
    count = available_processors() if workers is None else require_whole("workers", workers, 1, "give 1 or more")
    with ThreadPoolExecutor(count, thread_name_prefix="saltus") as pool:
        yield _around(pool)


@contextmanager
def given(executor: Executor) -> Iterator[Engine]:
    """An executor that belongs to the caller, who also shuts it down."""
    yield _around(executor)


@contextmanager
def dask(address: str) -> Iterator[Engine]:
    """The workers of a Dask scheduler, such as ``tcp://127.0.0.1:8786``.

    Raises:
        InputError: if `distributed` is not installed or no scheduler answers.
    """
    distributed = require_package("distributed", extra="dask", purpose="--dask", received=address)
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:  # includes TimeoutError
        raise InputError(
            "a Dask scheduler must answer", address, f"start one, or correct the address: {error}"
        ) from error
    with client:
        # A killed worker's leg goes to another one; only a leg that kills four workers counts as failed.
        executor = client.get_executor(pure=False, retries=0)

        def capacity() -> int:
            workers = client.scheduler_info(n_workers=-1)["workers"].values()
            return max(1, 2 * sum(int(worker["nthreads"]) for worker in workers))

        yield Engine(executor, capacity, here=False)


def _around(executor: Executor) -> Engine:
    # Two legs for each worker: one running, one queued.
    size: int | None = getattr(executor, "_max_workers", None)
    capacity = _UNKNOWN_CAPACITY if size is None else 2 * size
    return Engine(executor, lambda: capacity, isinstance(executor, ThreadPoolExecutor))
