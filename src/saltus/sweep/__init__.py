"""Sweeps: many runs, each stored under the name of its configuration, that no interruption can lose.

The room carries the name of the public function ``saltus.sweep``, and so can be called like it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """As `saltus.sweep.run.sweep`."""
        from saltus.sweep.run import sweep

        return sweep(*arguments, **options)


sys.modules[__name__].__class__ = _Room
