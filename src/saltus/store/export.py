"""A store as one file: CSV or Parquet, a row a measurement, or netCDF, the labelled dataset."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from saltus.errors import InputError
from saltus.files import require_package, whole
from saltus.store.dataset import StoredNetwork, networks_of, read_store, stored_labels, table_rows
from saltus.store.store import Store


def export(folder: Path, to: Path, where: str | None = None) -> int:
    """Write the stored runs for which ``where`` holds to ``to``, whole or not at all; returns how many.

    CSV and Parquet are written run by run, in little memory however many there are; netCDF needs all of them at once.

    Raises:
        InputError: if the ending is unknown, the folder missing, a package for it is missing, or there is no such run.
    """
    if to.suffix not in _WRITERS:
        raise InputError(f"the file's name must end in {', '.join(_WRITERS)}", str(to), "choose one of these formats")
    store = Store.open(folder)
    labels = stored_labels(store, where)
    if not labels:
        raise InputError(
            "there must be a stored run to export", where or str(folder), "run the sweep, or widen --where"
        )
    try:
        with whole(to) as temporary:
            _WRITERS[to.suffix](store, networks_of(labels), where, temporary)
    except OSError as error:
        raise InputError("the file must be writable", str(to), f"{error.strerror or error}: choose another") from error
    return len(labels)


def _write_csv(store: Store, networks: Sequence[StoredNetwork], where: str | None, to: Path) -> None:  # noqa: ARG001
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, columns in enumerate(table_rows(store, networks)):
            if number == 0:
                writer.writerow(columns)
            writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))


def _write_parquet(store: Store, networks: Sequence[StoredNetwork], where: str | None, to: Path) -> None:  # noqa: ARG001
    pq = require_package("pyarrow.parquet", extra="parquet", purpose="Parquet", received=".parquet")
    import pyarrow as pa

    tables = (pa.table(columns) for columns in table_rows(store, networks))
    first = next(tables)
    with pq.ParquetWriter(to, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _write_netcdf(store: Store, networks: Sequence[StoredNetwork], where: str | None, to: Path) -> None:  # noqa: ARG001
    read_store(store.folder, where=where).to_netcdf(to, engine="scipy")


_WRITERS: dict[str, Callable[[Store, Sequence[StoredNetwork], str | None, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".nc": _write_netcdf,
}
