"""SQLite files from anywhere, opened so that nothing in them acts: tables alone, read-only, within bounds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from saltus.errors import InputError

_MAGIC = b"SQLite format 3\0"
_MAX_CELL = 2**20  # bytes of one text or blob
_MAX_TABLES = 1000
_MAX_WORK = 5_000  # times `_STEPS` steps of SQLite's machine, some 10 s
_STEPS = 100_000
_GENERATED = re.compile(r"\bas\s*\(", re.IGNORECASE)
_READS_ALONE = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


class Database:
    """The tables of an open file, and their rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.columns: dict[str, tuple[str, ...]] = {
            name: tuple(column for _, column, *_ in self._rows(f'PRAGMA table_info("{name}")'))
            for name, sql in self._rows(f"SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT {_MAX_TABLES}")
            if isinstance(name, str) and name.isidentifier() and isinstance(sql, str) and _is_plain(sql)
        }

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Rows of a table in the order in which they were written, as far as SQLite keeps it."""
        chosen = ", ".join(f'"{name}"' for name in columns)
        return self._rows(f'SELECT {chosen} FROM "{table}"')

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(query)


def _is_plain(sql: str) -> bool:
    """Whether a table is made of rows, and not of code: no virtual one, no generated columns."""
    return sql.casefold().startswith("create table") and not _GENERATED.search(sql)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A file of SQLite, read-only; any error of SQLite in the block is an `InputError`."""
    left = _MAX_WORK

    def is_too_much() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
        ) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL)
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.set_progress_handler(is_too_much, _STEPS)
            database = Database(connection)
            connection.set_authorizer(
                lambda action, *_: sqlite3.SQLITE_OK if action in _READS_ALONE else sqlite3.SQLITE_DENY
            )
            yield database
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter in SQLite's own messages
        reason = " ".join(str(error).split()) or "damaged"
        raise InputError("a SQLite file must be whole and of rows", path.name, f"{reason}: copy it again") from None
