"""Columns of positive numbers from a CSV file: every oddity is either an error that names it or counted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.errors import InputError
from saltus.read.files import require_bytes

if TYPE_CHECKING:
    import pandas as pd


def read_columns(path: Path, numbers: Sequence[str], label: str | None = None) -> tuple[pd.DataFrame, int]:
    """The named columns of a CSV file (UTF-8, comma-separated, one header line).

    Args:
        path: of the file.
        numbers: columns of finite numbers above zero.
        label: another column, taken as text.

    Returns:
        A table with those columns, and how many rows were left out because one of them was blank or NaN.

    Raises:
        InputError: if the file is not such a table, lacks a column, or holds anything else than positive numbers.
    """
    import pandas as pd

    wanted = list(dict.fromkeys([*numbers, *([label] if label is not None else [])]))
    if path.is_dir():
        raise InputError("the losses must be a CSV file", str(path), "it is a folder: name a file in it")
    advice = "save it as comma-separated text in UTF-8, with one header line"
    try:
        require_bytes(path.stat().st_size, path, of="losses")
        table = _parsed(path)
    except OSError as error:
        raise InputError("the losses must be a file that can be read", str(path), f"{error.strerror}") from error
    except pd.errors.EmptyDataError as error:
        raise InputError("the losses must be a table with a header line", str(path), "the file is empty") from error
    except (UnicodeError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise InputError("the losses must be a CSV file", str(path), f"{_one_line(error)}: {advice}") from error
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        has = _listed(list(table.columns))
        raise InputError(f"the file must have the column {missing[0]!r}", str(path), f"it has {has}")
    table = table[wanted].copy()
    complete = table.notna().all(axis=1)
    left_out = int((~complete).sum())
    for name in numbers:
        table[name] = _positive_numbers(table[name], name)
    if not complete.any():
        what = " and ".join(map(repr, wanted))
        raise InputError("the file must have rows with numbers", str(path), f"no row has a value of {what}")
    return table[complete].reset_index(drop=True), left_out


def _parsed(path: Path) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        # Every column is read, and longer rows than the header are an error: with a choice of columns pandas drops
        # what is beyond the header in silence.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Text, so that what is no number can be shown; never decompressed, whatever the name of the file.
        return pd.read_csv(
            path, dtype=str, encoding="utf-8-sig", compression=None, index_col=False, skipinitialspace=True
        )


def _positive_numbers(texts: pd.Series[str], name: str) -> pd.Series[float]:
    import numpy as np
    import pandas as pd

    values = pd.to_numeric(texts, errors="coerce").astype(float)
    wrong = texts.notna() & ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        rule = f"every {name!r} must be a finite number greater than 0"
        raise InputError(rule, texts.iloc[row], f"see row {row + 1} below the header")
    return values


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
