"""NumPy archives: arrays of numbers and names only, and nothing that is unpickled.

An archive is either a table by columns, every array of one length, or a grid: ``strength`` (or loss, accuracy) over
(skills, steps) or (runs, skills, steps), beside ``step`` and, if wanted, the names ``skill`` and ``run``.
"""

from __future__ import annotations

import math
import sys
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from saltus.errors import InputError
from saltus.read.files import MAX_COLUMNS, require_bytes, require_numbers
from saltus.read.measurements import QUANTITIES, Labels
from saltus.read.tables import ArrayTable

Arrays = Mapping[str, NDArray[Any]]
_NOT_AN_ARCHIVE = (
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    MemoryError,
)


def open_npz(path: Path) -> ArrayTable:
    """An archive as a table.

    Raises:
        InputError: if it is damaged, unpacks to too much, holds Python objects, or its shapes do not fit together.
    """
    arrays = _arrays(path)
    require_numbers(sum(array.size for array in arrays.values()), path)
    grids = [name for name in QUANTITIES if name in arrays and arrays[name].ndim > 1]
    if grids:
        return ArrayTable(path, _flat_grid(arrays, grids[0]), "npz grid")
    lengths = {name: array.shape for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or next(iter(arrays.values())).ndim != 1:
        advice = "or give strength over (runs, skills, steps) beside step"
        raise InputError("arrays of an archive must be columns of one length", lengths, advice)
    return ArrayTable(path, arrays, "npz")


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            members = archive.infolist()
            if not 0 < len(members) <= MAX_COLUMNS:
                raise InputError(f"an archive must hold 1 to {MAX_COLUMNS:,} arrays", len(members), "save fewer")
            require_bytes(sum(member.file_size for member in members), path)
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except InputError:
        raise
    except _NOT_AN_ARCHIVE as error:
        raise InputError("an .npz file must be a whole NumPy archive", path.name, "save it with numpy.savez") from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """One array; its header is first checked against its size in the archive."""
    warnings.simplefilter("ignore", UserWarning)  # arrays of Python 2 have headers of their own
    with archive.open(member) as file:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = header(file)
    if dtype.kind not in "iufbU":
        advice = "save numbers and names; pickled objects are never loaded"
        raise InputError("arrays must hold numbers or text", f"{member.filename}: {dtype}", advice)
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise InputError("an array must be as long as its header says", member.filename, "save the archive again")
    with archive.open(member) as file:
        array = np.asarray(npy.read_array(file, allow_pickle=False))
    if dtype.kind == "U" and dtype.itemsize and np.any(_code_points(array) > sys.maxunicode):
        raise InputError("names must be text", member.filename, "save the archive again")
    return array


def _code_points(texts: NDArray[Any]) -> NDArray[Any]:
    """The numbers of all characters, which may be none of Unicode's."""
    code = np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder)
    return np.ascontiguousarray(texts).view(code)


def _flat_grid(arrays: Arrays, quantity: str) -> dict[str, NDArray[Any] | Labels]:
    """Grids over (runs, skills, steps) as columns of one length."""
    values = arrays[quantity][None] if arrays[quantity].ndim == 2 else arrays[quantity]
    along = [name for name, array in arrays.items() if array.ndim == 1 and name not in ("run", "skill")]
    fits = [name for name in along if arrays[name].shape == values.shape[-1:]]
    if values.ndim != 3 or not fits or values.dtype.kind not in "iufb":
        rule = f"{quantity} must be numbers over (runs, skills, steps), with as many steps"
        raise InputError(rule, {name: array.shape for name, array in arrays.items()}, "save it so")
    n_runs, n_skills, _ = values.shape
    further = [name for name in ("loss", "accuracy", "strength_error") if name in arrays and name != quantity]
    for name in further:
        if arrays[name].shape != arrays[quantity].shape or arrays[name].dtype.kind not in "iuf":
            raise InputError(f"{name} must be numbers of the shape of {quantity}", arrays[name].shape, "save it so")
    run, skill, _ = np.indices(values.shape, dtype=np.int32).reshape(3, -1)
    return {
        **{name: np.tile(arrays[name], n_runs * n_skills) for name in fits},
        "run": Labels(run, _names_of(arrays, "run", n_runs, first=0)),
        "skill": Labels(skill, _names_of(arrays, "skill", n_skills, first=1)),
        **{name: arrays[name].astype(float).ravel() for name in (quantity, *further)},
    }


def _names_of(arrays: Arrays, axis: str, size: int, first: int) -> tuple[str, ...]:
    if axis not in arrays:
        return tuple(str(first + i) for i in range(size))
    names = tuple(str(name) for name in np.ravel(arrays[axis]).tolist())
    if len(names) != size or len(set(names)) != size:
        raise InputError(f"array {axis!r} must name every {axis} once", len(set(names)), f"give {size} names")
    return names
