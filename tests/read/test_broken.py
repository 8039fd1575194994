"""Files that are broken, hostile or not curves at all: one clear line each, little memory, nothing executed."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, read_curves
from saltus.read import files
from saltus.read.formats import csv as csv_format
from tests.read.helpers import event, record, simple

HEADER = "skill,step,strength\n"
GOOD = HEADER + "".join(f"{skill},{step},{step / 10}\n" for skill in (1, 2) for step in range(6))


def refusal(path: Path, **options: object) -> str:
    """The line that says why a file is not read; it may take no more memory than the file and some buffers."""
    room = 2**22 + 4 * min(path.stat().st_size, 2**22) if path.exists() else 2**22
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read_curves(path, **options)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < room
    text = str(caught.value)
    assert "\n" not in text
    return text


TABLES = {
    "empty.csv": (b"", "a file of curves must not be empty; received '"),
    "blank.csv": (b"\n\n", "curves must have one column of steps, named step, data or parameters; received []; "),
    "header.csv": (
        HEADER.encode(),
        "a file must hold measurements; received '0 entries, none a number'; check columns=",
    ),
    "one_row.csv": (
        (HEADER + "1,0,0.5\n").encode(),
        "a curve must have at least two measurements; received 'one_row.csv: 1 in all'; measure more often",
    ),
    "text.csv": (
        (HEADER + "1,0,0.5\n1,1,high\n").encode(),
        "column 'strength' must hold numbers; received 'high'; see line 3 of text.csv",
    ),
    "text_step.csv": (
        (HEADER + "1,first,0.5\n").encode(),
        "column 'step' must hold numbers; received 'first'; see line 2 of text_step.csv",
    ),
    "no_skill.csv": (b"step\n0\n1\n", "a wide table must have one column a skill; received ['step']; give the columns"),
    "unnamed.csv": ((HEADER + ",0,0.5\n").encode(), "every row must name its skill; received 'an empty cell'; fill"),
    "negative.csv": (
        (HEADER + "1,-5,0.5\n1,1,0.5\n").encode(),
        "column 'step' must hold numbers of at least 0; received -5.0; give the column that counts updates",
    ),
    "endless.csv": (
        (HEADER + "1,inf,1\n").encode(),
        "column 'step' must hold numbers of at least 0; received inf",
    ),
    "nan.csv": (
        (HEADER + "1,0,nan\n1,1,\n").encode(),
        "a file must hold measurements; received '2 entries, none a number'; check columns=",
    ),
    "ragged.csv": (
        (HEADER + "1,0\n").encode(),
        "every row must have 3 cells, as the header; received 2; see line 2 of",
    ),
    "latin.csv": ("step,Fähigkeit\n0,1\n".encode("latin-1"), "a table must be UTF-8 text; received 'latin.csv'; save"),
    "utf16.csv": (GOOD.encode("utf-16"), "a table must be UTF-8 text; received 'utf16.csv'; save it in UTF-8"),
    "binary.csv": (bytes(range(100)) * 50, "a table must be text; received "),
    "quote.csv": ((HEADER + '"1,0,1\n').encode(), "a quoted cell must end in its line; received '\"1,0,1'; close the "),
    "quoted.csv": ((HEADER + '"1"x,0,1\n').encode(), "a table must be well-formed CSV; received 'quoted.csv'; "),
    "twice.csv": (
        b"step,a,a\n0,1,1\n1,1,1\n",
        "column names must differ; received 'a'; rename one of them (two runs of",
    ),
    "steps.csv": (b"step,global_step,a\n0,1,1\n", "curves must have one column of steps, named step, data or param"),
    "value.csv": (
        b"skill,step\n1,0\n",
        "curves must be measured in strength, loss or accuracy; received ['skill'",
    ),
    "below.csv": (
        (HEADER + "-1,0,1\n").encode(),
        "skills must be numbered from 1 to at most 10,000; received -1; renum",
    ),
    "far.csv": (
        (HEADER + "1000000000,0,1\n").encode(),
        "skills must be numbered from 1 to at most 10,000; received 1000",
    ),
    "columns.csv": (b"a," * 10_001, "a table must have at most 10,000 columns; received 10002; export fewer"),
    "line.csv": (b"step,a\n" + b"1" * 2**21, "a line must be shorter than 1,048,576 characters; received '11111111111"),
    "cell.csv": (
        b"step,a\n0," + b"1" * 2**18,
        "a table must be well-formed CSV; received 'cell.csv'; field larger than",
    ),
    "curves.xlsx": (
        b"PK",
        "a file of curves must be a table, a log or a store in a format that is known by its name or content; ",
    ),
    "text.npz": (
        GOOD.encode(),
        "an .npz file must be a whole NumPy archive; received 'text.npz'; save it with numpy.sav",
    ),
    "pickle.npz": (pickle.dumps([1, 2]), "an .npz file must be a whole NumPy archive; received 'pickle.npz'; save it"),
    "text.tfevents.1": (
        GOOD.encode(),
        "an event file must be whole: a checksum does not match; received 'text.tfevents",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_broken_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    content, text = TABLES[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).startswith(text)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(
        "a folder of curves must hold files of curves, event files, or be a store of runs; received "
    )
    assert refusal(tmp_path / "absent.csv").endswith("absent.csv'; No such file or directory: check the name")
    assert refusal(Path("nul\0.csv")).startswith("path must lead to a file; received ")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert refusal(pipe).startswith("curves must be in a file; received ")


@pytest.mark.parametrize("name", ["huge.csv", "huge.npz", "huge.tfevents.1", "huge.parquet"])
def test_huge_files_are_not_even_opened(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: takes no room
    text = f"curves must take at most 256 MiB, unpacked; received '{name}: 1.049e+06 MiB'; export fewer columns or rows"
    assert refusal(path) == text


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(array: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open("a.npy", "w") as member:
        for _ in range(2**8 + 1):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**21
    assert refusal(path).startswith("curves must take at most 256 MiB, unpacked; received 'bomb.npz: 257 MiB'; export")


def test_a_zip_bomb_that_understates_itself_is_not_unpacked_either(tmp_path: Path) -> None:
    path = archive(tmp_path / "liar.npz", a=npy(np.zeros(2**21)))
    content = path.read_bytes()
    size = struct.pack("<I", 2**24 + 128)
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, struct.pack("<I", 1000)))
    assert refusal(path).startswith(
        "an .npz file must be a whole NumPy archive; received 'liar.npz'; save it with nump"
    )


def test_a_header_that_promises_too_much_gets_no_memory(tmp_path: Path) -> None:
    header = npy(np.zeros(10)).replace(b"(10,), }            ", b"(1000000000000,), } ")
    assert b"(1000000000000,)" in header
    path = archive(tmp_path / "promise.npz", a=header)
    assert refusal(path).startswith(
        "an array must be as long as its header says; received 'a.npy'; save the archive ag"
    )


class _Trap:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(Path(tempfile.gettempdir()) / "saltus-trap"),)


def test_pickled_objects_are_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    objects = np.array([_Trap()], dtype=object)
    path = archive(tmp_path / "trap.npz", step=npy(np.arange(1)), strength=npy(objects, allow_pickle=True))
    assert refusal(path) == (
        "arrays must hold numbers or text; received 'strength.npy: object'; save numbers and names; "
        "pickled objects are never loaded"
    )
    raw = tmp_path / "raw.npz"
    raw.write_bytes(pickle.dumps(_Trap()))
    assert refusal(raw).startswith("an .npz file must be a whole NumPy archive; ")
    assert not (tmp_path / "saltus-trap").exists()


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        (
            {"step": [0, 1], "strength": [[[0, 1, 2]]]},
            "strength must be numbers over (runs, skills, steps), with as many",
        ),
        (
            {"step": [0, 1], "strength": np.zeros((1, 1, 1, 2))},
            "strength must be numbers over (runs, skills, steps), wit",
        ),
        (
            {"time": [0, 1], "strength": [[0, 1]]},
            "curves must have one column of steps, named step, data or parameters; received ['time'",
        ),
        ({"step": ["a", "b"], "strength": [[0, 1]]}, "column 'step' must hold numbers; received 'a'; see c.npz"),
        (
            {"step": [0, 1], "strength": [[0, 1]], "skill": ["a", "b"]},
            "array 'skill' must name every skill once; receive",
        ),
        (
            {"step": [0, 1], "strength": [[0, 1]], "loss": [0, 1]},
            "loss must be numbers of the shape of strength; receive",
        ),
        (
            {"step": [0, 1], "a": [0, 1, 2]},
            "arrays of an archive must be columns of one length; received {'step': (2,)",
        ),
        (
            {"step": 1.0, "a": 2.0},
            "arrays of an archive must be columns of one length; received {'step': (), 'a': ()}; ",
        ),
        ({"step": [0, 1], "a": ["x", "y"]}, "column 'a' must hold numbers; received 'x'; see c.npz"),
        (
            {"step": [0], "a": np.zeros((1,), dtype="M8[s]")},
            "arrays must hold numbers or text; received 'a.npy: datetime",
        ),
    ],
)
def test_archives_whose_arrays_do_not_fit_together(arrays: dict[str, object], text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    assert refusal(path).startswith(text)


def test_an_archive_without_arrays(tmp_path: Path) -> None:
    assert refusal(archive(tmp_path / "none.npz")).startswith("an archive must hold 1 to 10,000 arrays; received 0; ")


def test_broken_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "c.parquet"
    for content in (GOOD.encode(), b"PAR1" + bytes(100) + b"PAR1"):
        path.write_bytes(content)
        assert refusal(path) == ("a Parquet file must be whole and well-formed; received 'c.parquet'; export it again")


def test_a_parquet_bomb_is_not_unpacked(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    n = 3_000_000
    zeros = pa.array(np.zeros(n))
    path = tmp_path / "bomb.parquet"
    parquet.write_table(pa.table({"step": zeros, "a": zeros}), path)
    assert path.stat().st_size < 2**16
    assert refusal(path).startswith(
        "curves must hold at most 5,000,000 numbers; received 'bomb.parquet: 6,000,000'; ch"
    )


def test_repeated_labels_of_parquet_are_not_unpacked_row_by_row(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    n = 2000
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array(["s" * 2**20]))
    path = tmp_path / "bomb.parquet"
    table = pa.table({"skill": names, "step": np.arange(n), "strength": np.linspace(0, 1, n)})
    parquet.write_table(table, path, store_schema=False)  # a plain column of text to whoever reads it
    assert read_curves(path).sizes["step"] == n
    assert pa.default_memory_pool().max_memory() < 2**28  # unpacked they would take 2 GiB


def test_a_parquet_page_with_any_byte_changed_gives_curves_or_one_line() -> None:
    pytest.importorskip("pyarrow")
    content = VALID["c.parquet"]
    for place in range(4, content.index(b"schema")):
        check("c.parquet", content[:place] + b"\x5b" + content[place + 1 :])


def test_curves_on_grids_of_their_own_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.csv"
    rows = "".join(f"{run},1,{100 * step + run},0.5\n" for run in range(50) for step in range(20))
    path.write_text("run,skill,step,strength\n" + rows)
    monkeypatch.setattr(files, "MAX_NUMBERS", 10_000)
    assert refusal(path).startswith("curves must hold at most 10,000 numbers; received 'c.csv: 50,000'; choose fewer")
    monkeypatch.setattr(files, "MAX_NUMBERS", 100)
    monkeypatch.setattr(csv_format, "_CELLS_AT_ONCE", 40)
    assert re.match("curves must hold at most 100 numbers; received 'c.csv: 120'; ", refusal(path))


def valid_files() -> dict[str, bytes]:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, step=np.arange(4), strength=np.linspace(0, 1, 8).reshape(2, 4), skill=["a", "b"])
    kept = {
        "c.csv": GOOD.encode(),
        "w.csv": b"Step,a - x,a - x__MIN\n0,0.5,0.5\n1,0.6,\n",
        "c.npz": buffer.getvalue(),
        "c.tfevents.1": b"".join(record(event(step, simple("a", step / 4))) for step in range(3)),
    }
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        return kept
    table = pa.table(
        {"run": ["a"] * 4, "skill": ["x", "y"] * 2, "step": [1, 1, 2, 2], "strength": [0.0, 0.5, 1.0, 1.0]}
    )
    parquet.write_table(table, columns := io.BytesIO())
    return kept | {"c.parquet": columns.getvalue()}


VALID = valid_files()
CELLS = ["", "0", "1", "-1", "1e308", "nan", "a", '"', "0.5", "é"]


@settings(deadline=None)
@given(name=st.sampled_from(sorted(VALID)), data=st.data())
def test_a_damaged_file_gives_curves_or_one_line(name: str, data: st.DataObject) -> None:
    content = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(start + 8, len(content))))
        content[start:stop] = data.draw(st.binary(max_size=8))
    check(name, bytes(content))


@settings(deadline=None)
@given(name=st.sampled_from(["c.csv", "c.npz", "c.tfevents.1"]), content=st.binary(max_size=400))
def test_any_bytes_give_curves_or_one_line(name: str, content: bytes) -> None:
    check(name, content)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(CELLS), max_size=4), max_size=8))
def test_any_table_gives_curves_or_one_line(rows: list[list[str]]) -> None:
    text = HEADER + "\n".join(",".join(row) for row in rows)
    check("c.csv", text.encode())
    for quantity in ("strength", "loss", "accuracy"):
        check("c.csv", text.replace("skill", "a").encode(), quantity=quantity)


def check(name: str, content: bytes, **options: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            curves = read_curves(path, **options)  # type: ignore[arg-type]
        except InputError as error:
            line = str(error)
        else:
            assert np.isfinite(curves["strength"]).any()
            line = ""
        assert "\n" not in line
