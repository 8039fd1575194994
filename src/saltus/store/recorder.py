"""A callback for any training loop: measures the network's skills and stores them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.schema import curves_from
from saltus.curves.spacing import RATIO
from saltus.errors import InputError, require_whole
from saltus.parity.strength import SkillStrengths, skill_strengths
from saltus.parity.task import MultitaskSparseParity
from saltus.settings import describe
from saltus.store.plan import Plan, key_of
from saltus.store.record import Record, arrays_of_record, read_record
from saltus.store.store import Store
from saltus.train.loop import Measurements

if TYPE_CHECKING:
    import xarray as xr
    from torch import nn


@dataclass(frozen=True)
class Recording:
    """A run that is trained elsewhere: its task, its seed, and the settings that tell it from other runs."""

    task: MultitaskSparseParity
    training: Mapping[str, Any]
    seed: int


class SkillRecorder:
    """Measures the skills of a network while it trains: ``recorder(step, network)`` in any training loop.

    With a ``store``, every measurement is written down at once, and the file is whole at any moment;
    `saltus.read_store` and ``saltus sweep export`` read it, beside other runs. A recorder of the same task, settings
    and seed adds to the measurements there, and replaces those of steps that are taken again.

    Args:
        task: the task whose skills are measured.
        every: steps from one measurement to the next; None for at most 2 % more steps each time.
        n_samples: function evaluations for each skill at each measurement, which draws samples of its own.
        store: folder for the run; None keeps it in memory only.
        settings: the run's settings as plain data ("width": 64), which tell it from other runs.
        seed: the run's seed, from which the samples of its measurements follow too.
        flow_learning_rate: eta for the theory (docs/conventions.md), if the network follows a gradient flow.

    Raises:
        InputError: if a value is outside its range, ``settings`` are no plain data, or the store cannot be used.
    """

    def __init__(
        self,
        task: MultitaskSparseParity,
        *,
        every: int | None = None,
        n_samples: int = 2000,
        store: str | Path | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        flow_learning_rate: float = math.nan,
    ) -> None:
        self._every = None if every is None else require_whole("every", every, 1, "give a number of steps")
        self._n_samples, self._flow_learning_rate = n_samples, flow_learning_rate
        whole = require_whole("seed", seed, 0, "give a whole number")
        self._run = Recording(task, _plain(settings or {}), whole)
        self._seen: dict[int, Floats] = {}  # by step: strength, its error and loss of each skill
        self._called_at = math.inf
        self._store = None
        if store is not None:
            self._store = Store.create(Path(store))
            self._key = key_of(self._run)
            self._store.add_plan(Plan((self._run,)), extend=True)  # type: ignore[arg-type]  # it only describes them
            if self._store.path(self._key, ".npz").exists():
                kept = read_record(self._store, self._key).measurements
                rows = np.array([kept.strength, kept.strength_error, kept.skill_loss])
                self._seen = {int(step): rows[..., i] for i, step in enumerate(kept.steps)}

    def __call__(self, step: int, function: Callable[..., Any] | nn.Module) -> SkillStrengths | None:
        """Measure the network if it is time; returns the strengths, or None.

        Args:
            step: updates so far; 0 is the untrained network.
            function: as in `saltus.skill_strengths`.
        """
        if step < self._called_at:  # training went back to an earlier state, and is followed from there
            self._seen = {before: rows for before, rows in self._seen.items() if before < step}
        self._called_at = step
        if not self._is_due(step):
            return None
        seed = int(np.random.SeedSequence([self._run.seed, step]).generate_state(1)[0])
        seen = skill_strengths(function, self._run.task, n_samples=self._n_samples, seed=seed)
        self._seen[step] = np.array([seen.relative, seen.relative_error, seen.skill_loss])
        if self._store is not None:
            self._store.write_arrays(self._key, ".npz", arrays_of_record(self._record()))
        return seen

    def curves(self) -> xr.Dataset:
        """The measurements so far, as labelled curves (`saltus.curves`) of one run."""
        seen = self._measurements()
        return curves_from(
            at=seen.steps,
            strength=seen.strength[None],
            strength_error=seen.strength_error[None],
            skill_loss=seen.skill_loss[None],
            frequencies=self._run.task.frequencies.first(),
            runs=[self._run.seed],
            status=["unknown"],
            target_scale=self._run.task.target_scale,
            flow_learning_rate=self._flow_learning_rate,
            settings={"task": describe(self._run.task), "training": dict(self._run.training)},
        )

    def _is_due(self, step: int) -> bool:
        if not self._seen:
            return True
        last = max(self._seen)
        return step >= last + (max(1, (RATIO - 1) * last) if self._every is None else self._every)

    def _measurements(self) -> Measurements:
        shape = (len(self._seen), 3, self._run.task.n_skills)
        strength, error, loss = np.array(list(self._seen.values())).reshape(shape).transpose(1, 2, 0)
        steps = np.array(list(self._seen), dtype=np.int64)
        return Measurements(steps, strength, error, loss, peak_loss=math.nan, peak_step=0, diverged_at=None)

    def _record(self) -> Record:
        return Record(
            configuration=describe(self._run, for_name=True),
            status="unknown",
            message=None,
            version=__version__,
            frequencies=self._run.task.frequencies.first(),
            flow_learning_rate=self._flow_learning_rate,
            measurements=self._measurements(),
        )


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON gives them back: a store compares them in that form."""
    try:
        return dict(json.loads(json.dumps(settings, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise InputError(
            "settings must be numbers, text and lists by name", str(error), "leave the others out"
        ) from error
