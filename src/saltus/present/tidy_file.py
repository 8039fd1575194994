"""Curves as a file of their own: one tidy table that `saltus.read_curves` reads again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from saltus.curves.table import tidy_table
from saltus.errors import InputError
from saltus.files import require_package, whole

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def require_tidy_name(to: Path) -> Path:
    """Return the path, or raise `InputError` unless its ending is that of a format that is written."""
    if to.suffix.lower() not in _WRITERS:
        rule = f"the file's name must end in {' or '.join(_WRITERS)}"
        raise InputError(rule, str(to), "choose one of these formats")
    return to


def write_tidy(curves: xr.Dataset, to: Path) -> None:
    """Write curves as CSV or Parquet, a row a measurement; the file appears whole or not at all.

    Raises:
        InputError: if the ending is unknown, the file cannot be written, or a package for it is missing.
    """
    writer = _WRITERS[require_tidy_name(to).suffix.lower()]
    try:
        with whole(to) as temporary:
            writer(tidy_table(curves), temporary)
    except OSError as error:
        raise InputError("the file must be writable", str(to), f"{error.strerror or error}: choose another") from error


def _write_csv(table: pd.DataFrame, to: Path) -> None:
    table.to_csv(to, index=False, lineterminator="\n")


def _write_parquet(table: pd.DataFrame, to: Path) -> None:
    pq = require_package("pyarrow.parquet", extra="parquet", purpose="Parquet", received=".parquet")
    import pyarrow as pa

    pq.write_table(pa.table({name: column.to_numpy() for name, column in table.items()}), to)


_WRITERS = {".csv": _write_csv, ".parquet": _write_parquet}
