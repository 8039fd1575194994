"""Saltus simulates, verifies and forecasts emergence: the sudden appearance of skills while a network trains.

The names below are the public interface. Each is imported on first use, so that ``import saltus`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saltus.curves import emergence_times as emergence_times
    from saltus.curves import tidy_table as tidy_table
    from saltus.errors import InputError as InputError
    from saltus.errors import TrainingWarning as TrainingWarning
    from saltus.forecast.calibrate import calibrate as calibrate
    from saltus.forecast.predict import forecast_emergence as forecast_emergence
    from saltus.parity.strength import skill_strengths as skill_strengths
    from saltus.parity.task import MultitaskSparseParity as MultitaskSparseParity
    from saltus.theory.frequencies import Frequencies as Frequencies
    from saltus.theory.frequencies import PowerLaw as PowerLaw
    from saltus.theory.multilinear import Multilinear as Multilinear
    from saltus.train.run import train_mlp as train_mlp

_HOME_OF = {
    "Frequencies": "saltus.theory.frequencies",
    "InputError": "saltus.errors",
    "Multilinear": "saltus.theory.multilinear",
    "MultitaskSparseParity": "saltus.parity.task",
    "PowerLaw": "saltus.theory.frequencies",
    "TrainingWarning": "saltus.errors",
    "calibrate": "saltus.forecast.calibrate",
    "emergence_times": "saltus.curves",
    "forecast_emergence": "saltus.forecast.predict",
    "skill_strengths": "saltus.parity.strength",
    "tidy_table": "saltus.curves",
    "train_mlp": "saltus.train.run",
}

__all__ = [
    "Frequencies",
    "InputError",
    "Multilinear",
    "MultitaskSparseParity",
    "PowerLaw",
    "TrainingWarning",
    "__version__",
    "calibrate",
    "emergence_times",
    "forecast_emergence",
    "skill_strengths",
    "tidy_table",
    "train_mlp",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("saltus")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'saltus' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
