"""The rule for data beside the project: absent, they skip a test, and fail it in continuous integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import helpers
from tests.helpers import shared_data


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project is elsewhere, and beside it is a file of data."""
    monkeypatch.setattr(helpers, "ROOT", tmp_path / "project")
    data = tmp_path / "shared" / "data" / "others"
    data.mkdir(parents=True)
    (data / "points.csv").write_text("x\n")
    return data


@pytest.mark.parametrize("ci", ["true", "false", None])
def test_data_that_are_there_are_found(beside: Path, monkeypatch: pytest.MonkeyPatch, ci: str | None) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    assert shared_data("others") == beside
    assert shared_data("others/points.csv").read_text() == "x\n"


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail), ("false", pytest.skip), (None, pytest.skip)])
def test_data_that_are_missing_skip_and_fail_in_continuous_integration(
    beside: Path, monkeypatch: pytest.MonkeyPatch, ci: str | None, outcome: object
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception), match=r"others/none\.csv is not here") as caught:
        shared_data("others/none.csv")
    assert caught.type is outcome.Exception  # type: ignore[attr-defined]
