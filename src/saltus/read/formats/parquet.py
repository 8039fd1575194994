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
from saltus.read.numbers import mostly_numbers
from saltus.read.tables import FIRST_CELLS, Columns, numbers_of_labels

_NUMBERS = ("is_integer", "is_floating")
_TEXT = ("is_string", "is_large_string", "is_dictionary")
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
    _first: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

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
        """Whether the schema says so, or the column holds text that can be read as numbers."""
        return self._is(name, *_NUMBERS) or (self._is(name, *_TEXT) and mostly_numbers(self.first_cells(name)))

    def first_cells(self, name: str) -> list[str]:
        """The first cells as text; none of a column that is neither numbers nor text."""
        if name not in self._first:
            self._first[name] = self._cells(name) if self._is(name, *_NUMBERS, *_TEXT) else []
        return self._first[name]

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a column of numbers holds something else."""
        require_numbers(self.n_rows * (len(numbers) + len(labels)), self.path)
        for name in numbers:
            self._require_type(name, "numbers", *_NUMBERS, *_TEXT)
        for name in labels:
            self._require_type(name, "names", "is_integer", *_TEXT)
        texts = [name for name in numbers if self._is(name, *_TEXT)]
        try:
            # Labels stay dictionaries: repeated text must not be unpacked row by row.
            data = _pyarrow_parquet(self.path).read_table(
                self.path, columns=list(dict.fromkeys([*numbers, *labels])), read_dictionary=[*labels, *texts]
            )
            data.validate(full=True)  # codes within their dictionary, text in UTF-8
            plain = [name for name in numbers if name not in texts]
            floats = {name: data.column(name).to_numpy().astype(float) for name in plain}
            named = {name: _labels(data.column(name)) for name in {*labels, *texts}}
        except _DAMAGE as error:
            raise _damaged(self.path) from error
        from_text = numbers_of_labels({name: named[name] for name in texts}, self.path.name)
        return Columns(
            {name: from_text.numbers[name] if name in texts else floats[name] for name in numbers},
            {name: named[name] for name in labels},
            from_text.errors,
            from_text.findings,
        )

    def _cells(self, name: str) -> list[str]:
        parquet = _pyarrow_parquet(self.path)
        try:
            with parquet.ParquetFile(self.path, read_dictionary=[name]) as file:
                batch = next(file.iter_batches(batch_size=FIRST_CELLS, columns=[name]), None)
                if batch is None:
                    return []
                batch.validate(full=True)
                cells = batch.column(0).to_pylist() if self._is(name, *_NUMBERS) else _texts(batch.column(0))
        except _DAMAGE as error:
            raise _damaged(self.path) from error
        return ["" if cell is None else str(cell).strip() for cell in cells]

    def _require_type(self, name: str, what: str, *allowed: str) -> None:
        if not self._is(name, *allowed):
            found = str(self.schema.field(name).type)
            raise InputError(f"column {name!r} must hold {what}", found, f"see {self.path.name}")

    def _is(self, name: str, *allowed: str) -> bool:
        import pyarrow.types as types

        index = self.schema.get_all_field_indices(name)
        found = self.schema.field(index[0]).type
        return any(getattr(types, check)(found) for check in allowed)


def _texts(column: Any) -> list[Any]:
    """Entries of a column of text, each distinct one in memory once."""
    coded = column if hasattr(column, "dictionary") else column.dictionary_encode()
    names = coded.dictionary.to_pylist()
    return [None if code is None else names[code] for code in coded.indices.to_pylist()]


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
