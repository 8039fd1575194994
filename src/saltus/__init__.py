"""Saltus simulates, verifies and forecasts emergence: the sudden appearance of skills while a network trains.

The names below are the public interface. Each is imported on first use, so that ``import saltus`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saltus.errors import InputError as InputError
    from saltus.theory.frequencies import Frequencies as Frequencies
    from saltus.theory.frequencies import PowerLaw as PowerLaw
    from saltus.theory.multilinear import Multilinear as Multilinear

_HOME_OF = {
    "Frequencies": "saltus.theory.frequencies",
    "InputError": "saltus.errors",
    "Multilinear": "saltus.theory.multilinear",
    "PowerLaw": "saltus.theory.frequencies",
}

__all__ = ["Frequencies", "InputError", "Multilinear", "PowerLaw", "__version__"]  # noqa: RUF022


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("saltus")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'saltus' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
