"""A store as one file: CSV or Parquet, a row a measurement, or netCDF, the labelled dataset."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from saltus.errors import InputError
from saltus.store.dataset import StoredNetwork, networks_of, read_store, stored_labels, table_columns, table_rows
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
        with _whole(to) as temporary:
            _WRITERS[to.suffix](store, networks_of(labels), where, temporary)
    except OSError as error:
        raise InputError("the file must be writable", str(to), f"{error.strerror or error}: choose another") from error
    return len(labels)


def _write_csv(store: Store, networks: Sequence[StoredNetwork], where: str | None, to: Path) -> None:  # noqa: ARG001
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table_columns(networks))
        for columns in table_rows(store, networks):
            writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))


def _write_parquet(store: Store, networks: Sequence[StoredNetwork], where: str | None, to: Path) -> None:  # noqa: ARG001
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            "Parquet needs the package pyarrow", str(to.suffix), "pip install 'saltus[parquet]'"
        ) from error
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


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary file that takes the place of ``path`` when the block ends well."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
