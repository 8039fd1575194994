"""Columns of losses share the bounds of all files that are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from saltus import InputError
from saltus.read import files
from saltus.read.columns import read_columns


def test_a_huge_file_of_losses_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "losses.csv"
    path.write_text("x,loss\n" + "1,2\n" * 2**18)
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    rule = re.escape("losses must take at most 1 MiB, unpacked; received 'losses.csv: 1 MiB'; export fewer columns or")
    with pytest.raises(InputError, match=f"^{rule}"):
        read_columns(path, ["x", "loss"])
    monkeypatch.setattr(files, "MAX_BYTES", path.stat().st_size)
    assert len(read_columns(path, ["x", "loss"])[0]) == 2**18
