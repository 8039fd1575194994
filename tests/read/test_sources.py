"""Paths, folders and patterns as the files that are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from saltus import InputError
from saltus.read import sources
from saltus.read.sources import find_sources

TABLE = "step,copy\n0,0\n1,0.5\n"


def tables(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TABLE)
    return [folder / name for name in names]


def found(folder: Path, *given: object) -> list[str]:
    paths = [str(path) for path in given] if given else str(folder)
    return [path.relative_to(folder).as_posix() for path in find_sources(paths)]


def test_a_folder_stands_for_the_tables_below_in_natural_order(tmp_path: Path) -> None:
    tables(tmp_path, "s10.csv", "s9.csv", "a/b/x.tsv", ".h.csv", ".cache/y.csv")
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 9)
    assert found(tmp_path) == ["a/b/x.tsv", "s9.csv", "s10.csv"]
    assert not find_sources(tmp_path).named


def test_a_pattern_that_the_shell_left_is_expanded(tmp_path: Path) -> None:
    tables(tmp_path, "r1/m.csv", "r2/m.csv", "r2/deep/m.csv", "r2/other.csv")
    assert found(tmp_path, tmp_path / "r*" / "m.csv") == ["r1/m.csv", "r2/m.csv"]
    assert found(tmp_path, tmp_path / "**" / "m.csv") == ["r1/m.csv", "r2/deep/m.csv", "r2/m.csv"]
    assert len(find_sources(tmp_path / "r*").paths) == 4
    assert len(find_sources(tmp_path / "r?" / "m.csv").named) == 2
    for pattern in ("z*", "r[", "r1/*.npz"):
        with pytest.raises(InputError, match="path must lead to a file"):
            find_sources(tmp_path / pattern)


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_itself(tmp_path: Path) -> None:
    tables(tmp_path, "a[1].csv", "a1.csv")
    assert found(tmp_path, tmp_path / "a[1].csv") == ["a[1].csv"]


def test_a_file_is_read_once_under_any_of_its_names(tmp_path: Path) -> None:
    (path,) = tables(tmp_path, "a.csv")
    assert found(tmp_path, path, tmp_path, path) == ["a.csv"]
    assert find_sources([tmp_path, path]).named == {path}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_out_of_a_folder_and_in_circles_are_left_out(tmp_path: Path) -> None:
    tables(tmp_path, "in/a.csv", "out/b.csv")
    (tmp_path / "in" / "b.csv").symlink_to(tmp_path / "out" / "b.csv")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to(tmp_path / "in" / "self")
    (tmp_path / "in" / "a2.csv").symlink_to(tmp_path / "in" / "a.csv")
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    assert [path.name for path in find_sources(tmp_path / "in")] == ["a.csv"]


def test_folders_that_are_one_table_stay_whole(tmp_path: Path) -> None:
    tables(tmp_path, "version_0/metrics.csv", "version_1/metrics.csv", "version_1/other.csv")
    assert found(tmp_path) == ["version_0", "version_1"]
    (tmp_path / "version_2").mkdir()
    (tmp_path / "version_2" / "events.out.tfevents.1.h").write_bytes(b"\0")
    assert found(tmp_path) == ["."]


def test_what_is_too_much_or_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables(tmp_path, "a.csv", "b.csv", "c.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="a folder of curves must hold files"):
        find_sources(tmp_path / "empty")
    with pytest.raises(InputError, match="curves must be named"):
        find_sources([])
    for name, limit, said in (
        ("MAX_BYTES", 50, "MiB together"),
        ("MAX_FILES", 2, "at most 2 files"),
        ("MAX_ENTRIES", 2, "at most 2 entries"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(sources, name, limit)
            with pytest.raises(InputError, match=said):
                find_sources(tmp_path)
    monkeypatch.setattr(sources, "MAX_ENTRIES", 2)
    with pytest.raises(InputError, match="at most 2 files"):
        find_sources(tmp_path / "*.csv")


def test_the_text_of_many_paths_is_short(tmp_path: Path) -> None:
    paths = tables(tmp_path, *(f"seed{i}/metrics.csv" for i in range(40)))
    assert find_sources(paths).text == f"40 paths in {tmp_path}"
    assert find_sources(paths[0]).text == str(paths[0])
