"""Who works on a store: one driver, or one a shard. The operating system drops the lock of a driver that dies."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saltus.errors import InputError
from saltus.store.plan import Shard


@contextmanager
def locked(folder: Path, shard: Shard) -> Iterator[None]:
    """Hold a shard of the store in ``folder``: alone, or beside other shards of the same count.

    All shards share one lock, on a file that names their count; each holds another one of its own.

    Raises:
        InputError: if another driver holds the store, the shard, or a shard of another count; or the file system has
            no locks.
    """
    with _lock_file(folder / "lock") as common:
        alone = _try_lock(common, fcntl.LOCK_EX, folder)
        if alone:
            os.ftruncate(common, 0)
            os.pwrite(common, str(shard.count).encode(), 0)
        if shard.count == 1:
            if not alone:
                raise _refusal(folder, "wait for it or stop it; to share the work, give each driver a --shard")
            yield
            return
        # Another driver may come between letting go of the exclusive lock and taking the shared one: so look again.
        if not _try_lock(common, fcntl.LOCK_SH, folder) or os.pread(common, 20, 0) != str(shard.count).encode():
            raise _refusal(
                folder, f"wait for it or stop it; only shards of one count, here {shard.count}, share a store"
            )
        with _lock_file(folder / f"lock.{shard.index}-of-{shard.count}") as own:
            if not _try_lock(own, fcntl.LOCK_EX, folder):
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


os.register_at_fork(after_in_child=_let_go)


def _try_lock(handle: int, kind: int, folder: Path) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        advice = f"{error.strerror}: choose a store on a file system with locks"
        raise InputError("the store must be on a file system that can lock files", str(folder), advice) from error
    return True


def _refusal(folder: Path, advice: str) -> InputError:
    return InputError("a store must have one driver at a time", str(folder), f"another one is at work: {advice}")
