"""Old names still work, warn at the line that uses them, and say what to do."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest

from saltus._deprecated import renamed_keyword, warn_renamed


@renamed_keyword("pace", "rate", since="0.2", until="0.4")
def distance(time: float, *, rate: float = 1.0) -> float:
    """Way covered."""
    return time * rate


def test_an_old_keyword_works_and_warns_at_the_call() -> None:
    old: Any = {"pace": 3.0}
    text = r"^keyword 'pace' of distance\(\) is deprecated since 0\.2 and will be removed in 0\.4: use 'rate'$"
    with pytest.warns(DeprecationWarning, match=text) as caught:
        assert distance(2.0, **old) == 6.0
    assert Path(caught[0].filename) == Path(__file__)


def test_the_new_keyword_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert distance(2.0, rate=4.0) == 8.0
        assert distance(2.0) == 2.0


def test_both_keywords_are_refused() -> None:
    both: Any = {"pace": 3.0, "rate": 4.0}
    with pytest.raises(TypeError, match=r"^distance\(\) got both 'pace' and 'rate'"):
        distance(2.0, **both)


def test_the_function_keeps_its_name_and_signature() -> None:
    assert distance.__doc__ == "Way covered."
    assert list(inspect.signature(distance).parameters) == ["time", "rate"]


def test_an_old_name_of_a_module_warns_where_it_is_used() -> None:
    def __getattr__(name: str) -> float:
        warn_renamed(f"module.{name}", "module.rate", since="0.2", until="0.4")
        return 1.0

    with pytest.warns(DeprecationWarning, match=r"^module\.pace is deprecated .* use module\.rate$") as caught:
        assert __getattr__("pace") == 1.0
    assert Path(caught[0].filename) == Path(__file__)
