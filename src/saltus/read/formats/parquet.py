"""Parquet tables, by pyarrow (``pip install 'saltus[parquet]'``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.files import require_package
from saltus.read.files import MAX_COLUMNS, require_bytes, require_numbers
from saltus.read.measurements import Labels
from saltus.read.tables import Columns

_DAMAGE = (OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file; its unpacked size is known, and bounded, before it is unpacked."""

    path: Path
    schema: Any
    n_rows: int
    kind: str = "Parquet"
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()

    @classmethod
    def open(cls, path: Path) -> ParquetTable:
        parquet = _pyarrow_parquet(path)
        try:
            about = parquet.read_metadata(path)
            schema = about.schema.to_arrow_schema()
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        except _DAMAGE as error:
            raise _damaged(path) from error
        require_bytes(size, path)
        if len(schema) > MAX_COLUMNS:
            raise InputError(f"a table must have at most {MAX_COLUMNS:,} columns", len(schema), "export fewer")
        return cls(path, schema, about.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.schema.names)

    def holds_numbers(self, name: str) -> bool:
        """Whether the schema says so."""
        return self._is(name, "is_integer", "is_floating")

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a column of numbers holds something else."""
        require_numbers(self.n_rows * (len(numbers) + len(labels)), self.path)
        for name in numbers:
            self._require_type(name, "numbers", "is_integer", "is_floating")
        for name in labels:
            self._require_type(name, "names", "is_integer", "is_string", "is_large_string", "is_dictionary")
        try:
            # Labels stay dictionaries: repeated text must not be unpacked row by row.
            data = _pyarrow_parquet(self.path).read_table(
                self.path, columns=[*numbers, *labels], read_dictionary=list(labels)
            )
            data.validate(full=True)  # codes within their dictionary, text in UTF-8
            return Columns(
                {name: data.column(name).to_numpy().astype(float) for name in numbers},
                {name: _labels(data.column(name)) for name in labels},
            )
        except _DAMAGE as error:
            raise _damaged(self.path) from error

    def _require_type(self, name: str, what: str, *allowed: str) -> None:
        if not self._is(name, *allowed):
            found = str(self.schema.field(name).type)
            raise InputError(f"column {name!r} must hold {what}", found, f"see {self.path.name}")

    def _is(self, name: str, *allowed: str) -> bool:
        import pyarrow.types as types

        found = self.schema.field(name).type
        return any(getattr(types, check)(found) for check in allowed)


def _labels(column: Any) -> Labels:
    coded = column.combine_chunks()
    coded = coded if hasattr(coded, "dictionary") else coded.dictionary_encode()
    names = ["" if name is None else str(name).strip() for name in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(names)).to_numpy()
    return Labels(codes.astype(np.int32), (*names, *([""] if len(codes) and codes.max() == len(names) else [])))


def _pyarrow_parquet(path: Path) -> Any:
    return require_package(
        "pyarrow.parquet",
        extra="parquet",
        purpose="reading Parquet",
        received=path.name,
        otherwise="save the table as CSV",
    )


def _damaged(path: Path) -> InputError:
    return InputError("a Parquet file must be whole and well-formed", path.name, "export it again")
