"""Skills are called by the file's names, or else by their numbers."""

from __future__ import annotations

import numpy as np

from saltus.curves.names import called, named, skill_names
from saltus.curves.schema import curves_from


def test_names_of_the_file_or_numbers() -> None:
    curves = curves_from(np.zeros((1, 2, 2)), [0, 1])
    assert skill_names(curves) == ("1", "2")
    assert skill_names(curves.assign_coords(skill_name=("skill", ["add", "mod"]))) == ("add", "mod")
    assert skill_names(curves.isel(skill=[1])) == ("2",)


def test_a_name_that_is_another_number_does_not_hide_the_number() -> None:
    names = ("0", "2", "mod")
    assert [called(names, skill) for skill in (1, 2, 3)] == ["skill 1 ('0')", "skill 2", "skill 'mod'"]


def test_a_number_is_no_name() -> None:
    assert [named(name) for name in ("3", "mod")] == ["skill 3", "skill 'mod'"]
