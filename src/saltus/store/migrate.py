"""The format of a store, and how a store of an older format is brought to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from saltus.store.lock import locked
from saltus.store.plan import Shard

FORMAT = 1

# By format n, the step that changes the files of the store in a folder from format n to n + 1. A step must bear to be
# cut short and taken again, and keeps names and numbers of runs. Each needs a store of format n kept in tests/data.
STEPS: Mapping[int, Callable[[Path], None]] = {}


def migrate(folder: Path, found: int, mark: Callable[[int], None]) -> None:
    """Bring the store in ``folder`` from the format ``found`` to `FORMAT`, step by step.

    Args:
        folder: the store.
        found: its format, below `FORMAT`.
        mark: notes in the store the format that is reached; called after each step, so that a migration that is cut
            short goes on where it was.

    Raises:
        InputError: if a driver is at work on the store.
    """
    with locked(folder, Shard()):
        for before in range(found, FORMAT):
            STEPS[before](folder)
            mark(before + 1)
