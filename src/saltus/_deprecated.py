"""Old names that still work for a while: each says since when, until when, and what to use."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn_renamed(old: str, new: str, *, since: str, until: str) -> None:
    """Raise a `DeprecationWarning` that points at the line of the caller's caller.

    For an old name of a module: call it in the module's ``__getattr__`` and return the new object.
    """
    text = f"{old} is deprecated since {since} and will be removed in {until}: use {new}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def renamed_keyword(old: str, new: str, *, since: str, until: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function accept keyword ``old`` for ``new``; both together raise `TypeError`, as Python does."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def accepting_both(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs:
                if new in kwargs:
                    raise TypeError(f"{function.__qualname__}() got both {old!r} and {new!r}, which is its new name")
                warn_renamed(f"keyword {old!r} of {function.__qualname__}()", repr(new), since=since, until=until)
                values: dict[str, Any] = kwargs
                values[new] = values.pop(old)
            return function(*args, **kwargs)

        return accepting_both

    return decorate
