"""Contents of a run's file: its configuration, its status, and its curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.schema import CURVES
from saltus.errors import InputError
from saltus.settings import describe
from saltus.store.plan import key_of_settings
from saltus.store.store import Store
from saltus.train.configuration import NUMBERS_VERSION
from saltus.train.diagnosis import diagnose
from saltus.train.job import Job
from saltus.train.loop import Measurements


@dataclass(frozen=True)
class Record:
    """One stored run.

    Attributes:
        configuration: plain data, of which the run's name is the hash. Settings that came later (`saltus.settings`) are
            in it only where they are used, so that it does not matter which version wrote the record.
        status, message: the verdict, and one line unless it finished; see `saltus.train.diagnosis`.
        version: the version of saltus that made it.
        frequencies: the skills' frequencies, shape ``(n_skills,)``.
        flow_learning_rate: eta for the theory; NaN if there is none.
        measurements: the curves.
    """

    configuration: Mapping[str, Any]
    status: str
    message: str | None
    version: str
    frequencies: Floats
    flow_learning_rate: float
    measurements: Measurements

    def network(self, index: int | None) -> Record:
        """One of the networks that were trained side by side; the record itself for None."""
        if index is None:
            return self
        own = {name: getattr(self.measurements, name)[index] for name in CURVES}
        return replace(self, measurements=replace(self.measurements, **own))


def arrays_of(job: Job, seen: Measurements, version: str = "") -> tuple[dict[str, NDArray[Any]], str, str | None]:
    """A finished run as arrays to be stored, with its status and message."""
    status, message = diagnose(job.task, job.training, job.seed, seen)
    record = Record(
        configuration=describe(job, for_name=True),
        status=status,
        message=message,
        version=version or __version__,
        frequencies=job.task.frequencies.first(),
        flow_learning_rate=job.training.flow_learning_rate,
        measurements=seen,
    )
    return arrays_of_record(record), status, message


def arrays_of_record(record: Record) -> dict[str, NDArray[Any]]:
    """A record as arrays to be stored, from which `read_record` makes it again."""
    seen = record.measurements
    about = {
        "configuration": record.configuration,
        "numbers_version": NUMBERS_VERSION,
        "status": record.status,
        "message": record.message,
        "version": record.version,
        "peak_step": seen.peak_step,
        "diverged_at": seen.diverged_at,
        "converged_at": seen.converged_at,
    }
    return {
        "about": np.array(json.dumps(about)),
        "frequencies": record.frequencies,
        "flow_learning_rate": np.array(record.flow_learning_rate),
        "peak_loss": np.array(seen.peak_loss),
        "steps": seen.steps,
        **{name: getattr(seen, name) for name in CURVES},
    }


def read_record(store: Store, key: str) -> Record:
    """The stored run of that name.

    Raises:
        InputError: if its file is damaged, or is another run's.
    """
    path = store.path(key, ".npz")
    arrays = store.read_arrays(key, ".npz")
    try:
        return _record(key, path, arrays or {})
    except (KeyError, ValueError, TypeError) as error:
        advice = "delete it and run the sweep again: it makes this run anew"
        raise InputError("a run's file must be whole and its own", str(path), advice) from error


def _record(key: str, path: Path, arrays: Mapping[str, NDArray[Any]]) -> Record:
    about = json.loads(str(arrays["about"]))
    if key_of_settings(about["configuration"], about["numbers_version"]) != key:
        raise ValueError(f"{path} holds another run")
    measurements = Measurements(
        steps=arrays["steps"],
        **{name: arrays[name] for name in CURVES},
        peak_loss=float(arrays["peak_loss"]),
        peak_step=about["peak_step"],
        diverged_at=about["diverged_at"],
        converged_at=about["converged_at"],
    )
    return Record(
        configuration=about["configuration"],
        status=about["status"],
        message=about["message"],
        version=about["version"],
        frequencies=arrays["frequencies"],
        flow_learning_rate=float(arrays["flow_learning_rate"]),
        measurements=measurements,
    )
