"""Locks on a store: one driver at a time, or one for each shard. The system frees the lock of a driver that dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker

from saltus.errors import InputError
from saltus.store.plan import Shard

_COUNT_BYTES = 20  # room for the number of shards, as text


@contextmanager
def locked(folder: Path, shard: Shard) -> Iterator[None]:
    """Hold a shard of the store in ``folder``: alone, or beside other shards of the same count.

    All shards share one lock, on a file that names their count; each holds another one of its own.

    Raises:
        InputError: if another driver holds the store, the shard, or a shard of another count; or the file system has
            no locks.
    """
    with _lock_file(folder / "lock") as common:
        alone = _try_lock(common, portalocker.LockFlags.EXCLUSIVE, folder)
        if alone:
            os.ftruncate(common, 0)
            os.lseek(common, 0, os.SEEK_SET)
            os.write(common, str(shard.count).encode())
        if shard.count == 1:
            if not alone:
                raise _refusal(folder, "wait for it or stop it; to share the work, give each driver a --shard")
            yield
            return
        if alone:  # some systems would have the exclusive lock refuse our own shared one
            portalocker.unlock(common)
        # Another driver may come between letting go of the exclusive lock and taking the shared one: so look again.
        if not _try_lock(common, portalocker.LockFlags.SHARED, folder) or _count(common) != shard.count:
            raise _refusal(
                folder, f"wait for it or stop it; only shards of one count, here {shard.count}, share a store"
            )
        with _lock_file(folder / f"lock.{shard.index}-of-{shard.count}") as own:
            if not _try_lock(own, portalocker.LockFlags.EXCLUSIVE, folder):
                raise _refusal(folder, f"shard {shard.index}/{shard.count} is running already")
            yield


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    _held.add(handle)
    try:
        yield handle
    finally:
        _held.discard(handle)
        os.close(handle)


_held: set[int] = set()


def _let_go() -> None:
    """A forked child shares its parent's locks and would keep them after the parent's death."""
    for handle in _held:
        os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):  # where processes fork
    os.register_at_fork(after_in_child=_let_go)


def _count(handle: int) -> int | None:
    """The number of shards that the lock's file names; None if it names none."""
    os.lseek(handle, 0, os.SEEK_SET)
    text = os.read(handle, _COUNT_BYTES)
    return int(text) if text.isdigit() else None


def _try_lock(handle: int, kind: portalocker.LockFlags, folder: Path) -> bool:
    try:
        portalocker.lock(handle, kind | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
        advice = f"{reason}: choose a store on a file system with locks"
        raise InputError("the store must be on a file system that can lock files", str(folder), advice) from error
    return True


def _refusal(folder: Path, advice: str) -> InputError:
    return InputError("a store must have one driver at a time", str(folder), f"another one is at work: {advice}")
