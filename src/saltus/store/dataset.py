"""A store read back: one labelled dataset of all its runs, whole or not, or a table row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.schema import CURVES, curves_from
from saltus.curves.table import tidy_columns, told_settings
from saltus.errors import InputError
from saltus.store.plan import Labels
from saltus.store.record import Record, read_record
from saltus.store.status import take_stock
from saltus.store.store import Store
from saltus.store.where import Condition
from saltus.train.configuration import rates_at

if TYPE_CHECKING:
    import xarray as xr


def stored_labels(store: Store, where: str | None = None) -> dict[str, Labels]:
    """Settings of the runs that are stored and for which ``where`` holds, by name, in the sweep's order."""
    planned = store.planned()
    condition = None if where is None else Condition(where)
    wanted = [key for key, labels in planned.items() if condition is None or condition.holds(labels)]
    return {key: planned[key] for key in take_stock(store, wanted).stored}


@dataclass(frozen=True)
class StoredNetwork:
    """One network of a stored run; networks trained side by side are several.

    Attributes:
        key: name of the run.
        index: position of the network within the run; None if it was trained alone.
        labels: its settings.
    """

    key: str
    index: int | None
    labels: Labels


def networks_of(labels: dict[str, Labels]) -> list[StoredNetwork]:
    """The networks of these runs, in order; those of one run differ in their ``width``."""
    networks = []
    for key, own in labels.items():
        if isinstance(own.get("width"), list):
            networks += [StoredNetwork(key, i, own | {"width": width}) for i, width in enumerate(own["width"])]
        else:
            networks.append(StoredNetwork(key, None, own))
    return networks


def read_store(folder: str | Path, *, where: str | None = None) -> xr.Dataset:
    """The runs of a store as curves over ``run``, ``skill`` and ``step``; runs that are missing are left out.

    ``run`` counts the runs, and one by one the networks that were trained side by side. Every setting that differs
    between them is a coordinate of ``run`` by its name (``seed``, ``width``, ...), beside ``status`` and ``key``, the
    name of the run's file; the others are in the attribute ``settings`` (JSON). Skills and steps that a run does not
    have are NaN. If the rate of a run changes, ``learning_rate`` is a coordinate over run and step. ``frequency``,
    ``target_scale`` and ``flow_learning_rate`` are as in `saltus.curves` if all runs share them, and else coordinates
    of ``run``.

    Args:
        folder: the store.
        where: take only runs whose settings fulfil this condition (`saltus.store.where`).

    Raises:
        InputError: if there is no store, no such run, or a run's file is damaged.
    """
    store = Store.open(Path(folder))
    labels = stored_labels(store, where)
    if not labels:
        raise InputError("there must be a stored run to read", str(folder) if where is None else where, "run the sweep")
    networks = networks_of(labels)
    whole = {key: read_record(store, key) for key in labels}
    records = [whole[network.key].network(network.index) for network in networks]
    steps = np.unique(np.concatenate([record.measurements.steps for record in records]))
    varying, shared = _split([network.labels for network in networks])
    curves = curves_from(
        at=steps,
        **_on_grid(records, steps),
        frequencies=_shared_rows([record.frequencies for record in records]),
        status=[record.status for record in records],
        target_scale=shared.get("target_scale", 1.0),
        settings=shared,
    ).assign_coords(
        {"key": ("run", np.array([network.key for network in networks]))}
        | {name: ("run", values) for name, values in varying.items()}
    )
    if any(_changes_rate(network) for network in networks):
        rates = np.stack([_rates(network, steps) for network in networks])
        curves = curves.assign_coords(learning_rate=(("run", "step"), rates))
    curves.attrs["version"] = ", ".join(sorted({record.version for record in records}))
    if "target_scale" not in shared:
        del curves.attrs["target_scale"]
    flows = np.array([record.flow_learning_rate for record in records])
    if np.array_equal(flows, np.full_like(flows, flows[0]), equal_nan=True):
        curves.attrs["flow_learning_rate"] = float(flows[0])
        return curves
    del curves.attrs["flow_learning_rate"]
    return curves.assign_coords(flow_learning_rate=("run", flows))


def _changes_rate(network: StoredNetwork) -> bool:
    return network.labels.get("schedule") is not None or network.labels.get("halve_every") is not None


def _rates(network: StoredNetwork, steps: Integers) -> Floats:
    """Learning rates of a run at these steps."""
    own = network.labels
    return rates_at(steps, own["learning_rate"], own.get("halve_every"), own.get("schedule"))


def _on_grid(records: Sequence[Record], steps: Integers) -> dict[str, Any]:
    """Every kind of measurement over runs, skills and these steps, NaN where a run has none."""
    n_skills = max(len(record.frequencies) for record in records)
    grids = {name: np.full((len(records), n_skills, len(steps)), np.nan) for name in CURVES}
    for i, record in enumerate(records):
        places = np.searchsorted(steps, record.measurements.steps)
        for name, grid in grids.items():
            grid[i, : len(record.frequencies), places] = getattr(record.measurements, name).T
    return grids


def _shared_rows(rows: Sequence[Floats]) -> Floats:
    """The row itself if all are alike; else all of them, with NaN behind the shorter ones."""
    if all(np.array_equal(row, rows[0]) for row in rows):
        return rows[0]
    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


def table_rows(store: Store, networks: Sequence[StoredNetwork]) -> Iterator[dict[str, Any]]:
    """The table of each network in turn, as columns of equal length; measurements that were not made are left out.

    Columns: run, every setting that differs between runs, status, skill, frequency, step, strength, its error, loss;
    then the optimizer, batch_size and schedule that all runs share, and the learning_rate of each step, if it changes.
    """
    varying, shared = _split([network.labels for network in networks])
    changing = any(_changes_rate(network) for network in networks)
    told = told_settings(shared, rate_varies=changing)
    for number, network in enumerate(networks):
        record = read_record(store, network.key).network(network.index)
        columns = _columns_of_run(number, {name: values[number] for name, values in varying.items()}, record)
        columns |= {name: np.full(len(columns["step"]), value) for name, value in told.items()}
        yield columns | ({"learning_rate": _rates(network, columns["step"])} if changing else {})


def _columns_of_run(number: int, own: Labels, record: Record) -> dict[str, Any]:
    seen = record.measurements
    measured = {"strength": seen.strength, "strength_error": seen.strength_error, "loss": seen.skill_loss}
    rows = tidy_columns(np.arange(1, len(record.frequencies) + 1), seen.steps, measured)
    every_row = {"run": number} | own | {"status": record.status}
    repeated: dict[str, Any] = {name: np.full(len(rows["skill"]), value) for name, value in every_row.items()}
    skill = rows.pop("skill")
    return repeated | {"skill": skill, "frequency": record.frequencies[skill - 1]} | rows


def _split(labels: Sequence[Labels]) -> tuple[dict[str, np.ndarray[Any, Any]], Labels]:
    """Settings that differ between runs, as arrays, and those that do not."""
    names = list(dict.fromkeys(name for run in labels for name in run))
    every = {name: [run.get(name) for run in labels] for name in names}
    shared = {name: values[0] for name, values in every.items() if all(value == values[0] for value in values)}
    # A seed tells runs apart even where there is only one.
    varying = {name: _array(values) for name, values in every.items() if name not in shared or name == "seed"}
    return varying, shared


def _array(values: list[Any]) -> np.ndarray[Any, Any]:
    """Numbers as numbers, with NaN for "none"; anything else as text."""
    if all(isinstance(value, (int, float)) or value is None for value in values):
        return np.array([np.nan if value is None else value for value in values])
    return np.array([value if isinstance(value, str) else json.dumps(value) for value in values])
