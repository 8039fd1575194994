"""Locks as other systems grant them; what drivers of this one do to each other is in tests/runs/test_faults.py."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import portalocker
import pytest
from portalocker.portalocker import BaseLocker

from saltus import InputError
from saltus.store.lock import locked
from saltus.store.plan import Shard


class AsOnWindows(BaseLocker):
    """A file that a handle has locked refuses that handle another lock, which on POSIX would replace the first."""

    def __init__(self) -> None:
        self.holds: set[int] = set()

    def lock(self, file_obj: object, flags: portalocker.LockFlags) -> None:
        assert isinstance(file_obj, int)
        if file_obj in self.holds:
            raise portalocker.AlreadyLocked(1, "held by this very handle")
        try:
            fcntl.flock(file_obj, flags)
        except BlockingIOError as error:
            raise portalocker.AlreadyLocked(1, "held by another") from error
        self.holds.add(file_obj)

    def unlock(self, file_obj: object) -> None:
        assert isinstance(file_obj, int)
        fcntl.flock(file_obj, fcntl.LOCK_UN)
        self.holds.remove(file_obj)


@pytest.fixture(params=["here", "as on Windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "here":
        return
    locker, close = AsOnWindows(), os.close

    def close_and_forget(handle: int) -> None:  # its number may be given to another file
        locker.holds.discard(handle)
        close(handle)

    monkeypatch.setattr(portalocker.portalocker, "LOCKER", locker)
    monkeypatch.setattr(os, "close", close_and_forget)


@pytest.mark.usefixtures("system")
def test_shards_of_one_count_share_a_store_and_nobody_else_does(tmp_path: Path) -> None:
    with locked(tmp_path, Shard(1, 3)), locked(tmp_path, Shard(2, 3)):
        for other in (Shard(), Shard(2, 3), Shard(1, 2)):
            with pytest.raises(InputError, match="a store must have one driver at a time"), locked(tmp_path, other):
                pass
        with locked(tmp_path, Shard(3, 3)):
            pass
    with locked(tmp_path, Shard()):
        for other in (Shard(), Shard(1, 3)):
            with pytest.raises(InputError, match="a store must have one driver at a time"), locked(tmp_path, other):
                pass
    with locked(tmp_path, Shard(1, 2)), locked(tmp_path, Shard(2, 2)):
        pass
