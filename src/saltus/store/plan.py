"""The runs of a sweep: jobs, their names in the store, and the settings that tell them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from saltus.errors import InputError, require_whole
from saltus.settings import canonical_text, describe
from saltus.train.configuration import NUMBERS_VERSION
from saltus.train.job import Job

Labels = dict[str, Any]  # settings by short name, as plain JSON data


def key_of(job: Any) -> str:
    """Name of a run: SHA-256 of its whole configuration, and of nothing that does not change its numbers.

    Settings that came later (`saltus.settings`) are part of it only where they are used. ``job`` is a `Job` or
    anything else that `saltus.settings.describe` describes.
    """
    return key_of_settings(describe(job, for_name=True), NUMBERS_VERSION)


def key_of_settings(configuration: Mapping[str, Any], numbers_version: int) -> str:
    """As `key_of`, for a configuration that is already plain data, as ``describe(..., for_name=True)`` gives it."""
    text = canonical_text({"numbers_version": numbers_version, **configuration})
    return hashlib.sha256(text.encode()).hexdigest()


def labels_of(configuration: Mapping[str, Any]) -> Labels:
    """Every single setting by a short name: ``width``, ``alpha``, ``seed``; ``task_seed`` where the short one is taken.

    Args:
        configuration: a run as `saltus.settings.describe` gives it.
    """
    labels: Labels = {}
    level: list[tuple[str, Mapping[str, Any]]] = [("", configuration)]
    while level:  # outer settings come first and so get the short names
        deeper = []
        for parent, settings in level:
            for name, value in settings.items():
                if isinstance(value, Mapping):
                    deeper.append((name, value))
                elif name != "kind" and name not in labels:
                    labels[name] = value
                elif parent:
                    labels[f"{parent}_{name}"] = value
        level = deeper
    return labels


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep, in a fixed order, no two alike.

    Raises:
        InputError: if there is no run, or one twice.
    """

    jobs: tuple[Job, ...]

    def __post_init__(self) -> None:
        if not self.jobs:
            raise InputError("a sweep must have at least one run", 0, "give a configuration, and a seed")
        if len(set(self.keys)) < len(self.keys):
            twice = next(job for job, key in zip(self.jobs, self.keys, strict=True) if self.keys.count(key) > 1)
            raise InputError("every run of a sweep must be different", describe(twice), "name each value and seed once")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Name of each run, in the order of ``jobs``."""
        return tuple(key_of(job) for job in self.jobs)

    @property
    def name(self) -> str:
        """SHA-256 of the set of runs: the same for any order or spelling of the spec."""
        return hashlib.sha256("\n".join(sorted(self.keys)).encode()).hexdigest()

    def labels(self) -> tuple[Labels, list[Labels]]:
        """Settings that all runs share, and for each run its other settings."""
        everything = [labels_of(describe(job)) for job in self.jobs]
        first = everything[0]
        shared = {
            name: value
            for name, value in first.items()
            if all(name in run and run[name] == value for run in everything)
        }
        own = [{name: value for name, value in run.items() if name not in shared} for run in everything]
        return shared, own


@dataclass(frozen=True)
class Shard:
    """Part ``index`` of ``count`` equal parts of a sweep, for drivers that share one store: runs i, i + n, i + 2n, ...

    Raises:
        InputError: unless 1 <= index <= count.
    """

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        require_whole("the number of shards", self.count, 1, "give --shard 1/4, for example")
        if not 1 <= self.index <= self.count:
            raise InputError(f"a shard must be numbered from 1 to {self.count}", self.index, "give --shard 1/4 to 4/4")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """A shard written as ``3/16``."""
        parts = text.split("/")
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
            raise InputError("a shard must be written I/N", text, "give --shard 3/16, for example")
        return cls(*map(int, parts))

    def of(self, plan: Plan) -> dict[str, Job]:
        """Its runs by name, in the plan's order."""
        runs: Iterable[tuple[str, Job]] = zip(plan.keys, plan.jobs, strict=True)
        return {key: job for i, (key, job) in enumerate(runs) if i % self.count == self.index - 1}
