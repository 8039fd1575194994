"""One recipe a figure or table of the paper: settings in, figure and numbers out.

A recipe is a module with ``PRESETS``, settings by name, the first of which is the default, and
``reproduce(settings, options)``, which returns a `saltus.report.Report`. `TARGETS` lists them; a recipe is imported
when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saltus.train.run import Job, Progress

_NAMES = (
    *("fig1", "fig1a", "fig2", "fig3", "fig5", "fig6", "fig7", "fig8", "fig9", "fig10", "fig11"),
    *("table2", "table5", "errata", "forecast-study", "equivalence"),
    *("fig4", "fig12", "architectures", "michaud"),  # last, since they need PyTorch
)
TARGETS = {name: f"saltus.reproduce.{name.replace('-', '_')}" for name in _NAMES}


@dataclass(frozen=True)
class RunOptions:
    """How a recipe's random parts and training runs are to be done; recipes of pure theory need none of it.

    Attributes:
        seed: of the first run; the others count up from it.
        workers: runs side by side, one a thread; None for as many as processors.
        watch: given the jobs before they run, returns the function that is told of their progress.
        store: folder in which runs are kept one by one, and not trained again if they are there; None keeps none.
    """

    seed: int = 0
    workers: int | None = None
    watch: Callable[[Sequence[Job]], Progress] | None = None
    store: Path | None = None
