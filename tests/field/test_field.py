"""Every file that people brought is read as a person would read it, or refused in a line that helps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from saltus.curves.crossings import emergence_times
from tests.field.cases import CASES, Case
from tests.helpers import shared_data


def answer(case: Case, paths: Sequence[Path]) -> Any:
    """The curves, after the report has said what it should; None where the refusal did."""
    if case.refused:
        with pytest.raises(InputError) as caught:
            read_curves(paths, **case.options)
        assert all(word in str(caught.value) for word in case.refused), caught.value
        assert "\n" not in str(caught.value)
        return None
    curves = read_curves(paths, **case.options)
    said = "\n".join(reading_report(curves).lines)
    assert [word for word in case.words if word.casefold() not in said.casefold()] == [], said
    if case.skills is not None:
        names = curves["skill_name"].to_numpy().tolist()
        assert len(names) == len(case.skills), (names, said)
        assert all(part in name for part, name in zip(case.skills, names, strict=True)), names
    return curves


@pytest.mark.parametrize("name", CASES)
def test_a_look_alike_is_read_as_a_person_would(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    curves = answer(case, case.make(tmp_path))
    if curves is None:
        return
    assert curves.sizes["run"] == case.runs, reading_report(curves).lines
    if case.rises is not None:
        times = emergence_times(curves)
        assert len(times.mean) == len(case.rises)
        for k, expected in enumerate(case.rises):
            if expected is None:
                assert np.isnan(times.mean[k]), times
            else:
                np.testing.assert_allclose(times.mean[k], expected, rtol=0.1)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.real])
def test_the_real_file_is_read_alike(name: str) -> None:
    case = CASES[name]
    answer(case, [shared_data(f"field/{part}") for part in case.real])
