"""Frequencies of skills, from a file of their own and from a column beside the curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from saltus.read.frequencies import read_frequencies

HEADER = "seed,status,run,skill,frequency,step,strength\n"


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "c.csv"
    path.write_text(header + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("text", ["600, 200\n100", "600 200 100", "600\n200\n100\n", " 6e2,2e2,,1e2 "])
def test_numbers_are_apart_by_commas_spaces_or_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "mix.txt").write_text(text)
    np.testing.assert_allclose(read_frequencies(tmp_path / "mix.txt").first(), [6 / 9, 2 / 9, 1 / 9], rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (None, "frequencies must be a file of numbers; received "),
        ("a b", "frequencies must be a file of numbers; received "),
        (
            "1 2",
            "frequencies must descend: skill 1 is the most frequent; received [1.0, 2.0]; sort them, and the skill",
        ),
        ("2 0", "every frequency must be a finite number greater than 0; received [2.0, 0.0]; leave out skills that"),
        ("", "frequencies must be a list with at least one number; received []; give one value a skill"),
    ],
)
def test_files_without_frequencies_are_refused(tmp_path: Path, text: str | None, refused: str) -> None:
    if text is not None:
        (tmp_path / "mix.txt").write_text(text)
    with pytest.raises(InputError) as refusal:
        read_frequencies(tmp_path / "mix.txt")
    assert str(refusal.value).startswith(refused)


def test_a_column_that_agrees_is_used_and_reported(tmp_path: Path) -> None:
    path = table(
        tmp_path, "5,finished,0,1,0.7,0,0", "5,finished,0,1,0.7,1,1", "5,finished,0,2,0.3,0,0", "5,,0,2,,1,0.5"
    )
    curves = read_curves(path)
    assert curves["frequency"].to_numpy().tolist() == [0.7, 0.3]
    findings = {finding.kind: finding for finding in reading_report(curves).findings}
    assert (findings["frequencies"].count, findings["columns left out"].count) == (2, 2)
    assert (
        findings["frequencies"].text
        == "2 skills of 2 with theirs in the file: 0.7 to 0.3, used unless others are given"
    )


def test_frequencies_follow_their_skills_into_another_order(tmp_path: Path) -> None:
    path = table(tmp_path, "0,,0,a,0.7,0,0", "0,,0,a,0.7,1,1", "0,,0,b,0.3,0,0", "0,,0,b,0.3,1,0.5")
    assert read_curves(path, columns=["b", "a"])["frequency"].to_numpy().tolist() == [0.3, 0.7]


def test_skills_without_a_frequency_have_none(tmp_path: Path) -> None:
    some = read_curves(table(tmp_path, "0,,0,1,0.7,0,0", "0,,0,1,0.7,1,1", "0,,0,2,,0,0", "0,,0,2,nan,1,0.5"))
    np.testing.assert_array_equal(some["frequency"], [0.7, np.nan])
    none = read_curves(table(tmp_path, "0,,0,1,,0,0", "0,,0,1,,1,1"))
    assert np.isnan(none["frequency"]).all()
    assert "frequencies" not in {finding.kind for finding in reading_report(none).findings}


@pytest.mark.parametrize(
    ("second", "text"),
    [
        ("0.6", "the column frequency must have one value a skill; received [0.7, 0.6]; see skill 1: keep runs of one"),
        ("0", "a frequency must be a finite number greater than 0; received 0.0; see skill 1, or rename the column"),
        ("inf", "a frequency must be a finite number greater than 0; received inf; see skill 1, or rename the column"),
        ("often", "column 'frequency' must hold numbers; received 'often'; see line 3 of c.csv"),
    ],
)
def test_columns_that_disagree_or_are_no_frequencies_are_refused(tmp_path: Path, second: str, text: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_curves(table(tmp_path, "0,,0,1,0.7,0,0", f"0,,0,1,{second},1,1"))
    assert str(refusal.value).startswith(text)
