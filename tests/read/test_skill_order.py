"""Which skill is the first: by frequencies, as they rise, or as the file has them, and never the alphabet unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from tests.field.lookalikes import STEPS, rise, wide

HALVES = {"add": 1400.0, "div": 300.0, "mod": 900.0}


def skills(folder: Path, **more: np.ndarray) -> Path:
    return wide(folder, {name: rise(STEPS, half, half / 8) for name, half in HALVES.items()} | more)[0]


def names(path: Path, **options: object) -> list[str]:
    return [str(name) for name in read_curves(path, **options)["skill_name"].to_numpy()]  # type: ignore[arg-type]


def said(path: Path, **options: object) -> list[str]:
    report = reading_report(read_curves(path, **options))  # type: ignore[arg-type]
    return [finding.text for finding in report.findings if finding.kind == "order"]


def test_the_alphabet_is_named_unless_the_order_was_chosen(tmp_path: Path) -> None:
    path = skills(tmp_path)
    assert names(path) == ["add", "div", "mod"]
    assert (
        said(path)
        == said(path, columns="*")
        == [
            "skills stand in alphabetical order, which says nothing of their frequency: order='emergence' sorts them "
            "as they rise, columns= as you name them"
        ]
    )
    assert said(path, order="file") == said(path, columns=["add", "div", "mod"]) == []
    other = wide(tmp_path / "other", {name: rise(STEPS, 500, 60) for name in ("copy", "add")})[0]
    assert said(other) == []
    numbered = wide(tmp_path / "numbered", {name: rise(STEPS, 500, 60) for name in ("1", "2")})[0]
    assert said(numbered) == []


def test_skills_stand_as_they_rise(tmp_path: Path) -> None:
    early = 0.6 + 0.4 * rise(STEPS, 300, 60)
    start = {"a": early + 0.1, "b": np.minimum(early + 0.2, 1), "x": 0.1 * STEPS / 1800, "y": 0.3 * STEPS / 1800}
    path = skills(tmp_path, **start)
    assert names(path, order="emergence") == ["b", "a", "div", "mod", "add", "y", "x"]
    assert said(path, order="emergence") == [
        "skills as they pass half: b, a, div, mod, ...; already there when first measured, by their first strength: "
        "b, a; not there yet, by their last strength: y, x"
    ]
    curves = read_curves(path, order="emergence")
    np.testing.assert_array_equal(
        curves["strength"][0, 2], np.array([float(f"{v:.6g}") for v in rise(STEPS, 300, 37.5)])
    )
    assert curves["skill"].to_numpy().tolist() == list(range(1, 8))


def test_runs_vote_on_a_skill_and_order_follows_their_strength_and_not_their_values(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = ["run,step,skill,loss"]
    for run in range(3):
        for name, half in (("late", 1200.0), ("soon", 600.0 + 900 * (run == 0))):
            losses = 3.0 * (1 - rise(STEPS, half, 60)) ** 2
            rows += [f"{run},{step:.0f},{name},{loss:.8g}" for step, loss in zip(STEPS, losses, strict=True)]
    path.write_text("\n".join(rows))
    assert names(path) == ["late", "soon"]
    assert names(path, order="emergence") == ["soon", "late"]


def by_frequency(path: Path, frequency: dict[str, float | str]) -> Path:
    rows = [f"{name},{step},{step / 30},{p}" for name, p in frequency.items() for step in (10, 20)]
    path.write_text("\n".join(["skill,step,strength,frequency", *rows]))
    return path


def test_frequencies_of_the_file_sort_its_skills(tmp_path: Path) -> None:
    path = by_frequency(tmp_path / "f.csv", {"a": 0.2, "b": "", "c": 0.5, "d": 0.3})
    assert names(path) == names(path, order="frequency") == ["c", "d", "a", "b"]
    assert said(path) == ["skills by their frequencies: c, d, a, b"]
    np.testing.assert_array_equal(read_curves(path)["frequency"], [0.5, 0.3, 0.2, np.nan])
    assert names(path, order="file") == ["a", "b", "c", "d"]
    assert names(path, columns=["a", "c"]) == ["a", "c"]
    assert names(path, columns=["a", "c"], order="frequency") == ["c", "a"]
    descending = by_frequency(tmp_path / "g.csv", {"a": 0.5, "b": 0.3})
    assert said(descending) == said(descending, order="frequency") == []


def test_numbers_are_kept_unless_asked_and_said_to_disagree(tmp_path: Path) -> None:
    path = by_frequency(tmp_path / "f.csv", {"1": 0.2, "2": 0.5})
    assert names(path) == ["1", "2"]
    assert said(path) == [
        "skills keep their numbers, though the frequencies do not descend: order='frequency' sorts them"
    ]
    assert names(path, order="frequency") == ["2", "1"]


def test_orders_that_cannot_be(tmp_path: Path) -> None:
    path = skills(tmp_path)
    with pytest.raises(InputError, match="order must be one of file, frequency, emergence; received 'size'; choose"):
        read_curves(path, order="size")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="order='frequency' needs the frequencies of the skills in the file; received"):
        read_curves(path, order="frequency")
