"""Status of a sweep: its stored runs, its failed ones with reasons, its missing ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from saltus.store.plan import Shard
from saltus.store.store import Store

FAILURES = frozenset({"raised", "diverged", "killed", "unknown"})  # unknown: its record cannot be read


@dataclass(frozen=True)
class Standing:
    """The runs of a sweep by status, in the sweep's order.

    Attributes:
        stored: runs with curves in the store, diverged ones included.
        failed: status and reason of each run that raised, diverged or was killed.
        missing: runs that are neither stored nor failed.
        under_way: missing runs with a checkpoint.
        damaged: missing runs with a file that is not whole.
        foreign: files in the store that do not belong there.
    """

    stored: list[str]
    failed: dict[str, dict[str, str]]
    missing: list[str]
    under_way: list[str]
    damaged: list[str]
    foreign: list[Path]


def take_stock(store: Store, keys: Iterable[str], *, driver: Shard | None = None) -> Standing:
    """Status of these runs; for their ``driver``, which holds the lock, leftovers are removed too."""
    order = list(keys)
    found = store.contents()
    records = {key: store.read_failure(key) for key in order if key in found.failed}
    # A diverged run has curves and a reason; the others have one of both. A driver killed between two files, or
    # one that retried, may leave a record that no longer holds.
    failed = {
        key: record for key, record in records.items() if (record["status"] == "diverged") == (key in found.stored)
    }
    if driver is not None:
        store.tidy(found, order, alone=driver.count == 1)
        for key in records.keys() - failed.keys():
            store.remove(key, ".failed.json")
    missing = [key for key in order if key not in found.stored and key not in failed]
    return Standing(
        stored=[key for key in order if key in found.stored],
        failed=failed,
        missing=missing,
        under_way=[key for key in missing if key in found.checkpoints],
        damaged=[key for key in missing if key in found.damaged],
        foreign=found.foreign,
    )
