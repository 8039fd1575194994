"""Options of a recipe for its random parts and its training runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saltus.train.job import Job
    from saltus.train.loop import Progress


@dataclass(frozen=True)
class RunOptions:
    """Options of a recipe for its random parts and its training runs; recipes of pure theory need none.

    Attributes:
        seed: seed of the first run; the others count up from it.
        workers: runs side by side, one a thread; None for as many as processors.
        watch: function that takes the jobs before they run and returns the callback for their progress.
        store: folder in which runs are kept one by one, and not trained again if they are there; None keeps none.
    """

    seed: int = 0
    workers: int | None = None
    watch: Callable[[Sequence[Job]], Progress] | None = None
    store: Path | None = None
