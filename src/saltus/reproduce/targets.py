"""One recipe a figure, table or study: settings in, figure and numbers out.

A recipe is a module with ``PRESETS``, settings by name, the first of which is the default, and
``reproduce(settings, options)``, which returns a `saltus.present.report.Report`. `TARGETS` says where they are;
one is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

_PAPER = ("fig1", "fig1a", "fig2", "fig3", "fig5", "fig6", "fig7", "fig8", "fig9", "fig10", "fig11", "table2", "table5")
_STUDIES = ("errata", "forecast-study", "equivalence")
# Last, since they need PyTorch.
_PAPER_IN_TORCH, _STUDIES_IN_TORCH = ("fig4", "fig12"), ("architectures", "michaud")


def _homes(folder: str, names: Sequence[str]) -> dict[str, str]:
    return {name: f"saltus.reproduce.{folder}.{name.replace('-', '_')}" for name in names}


TARGETS = {
    **_homes("paper", _PAPER),
    **_homes("studies", _STUDIES),
    **_homes("paper", _PAPER_IN_TORCH),
    **_homes("studies", _STUDIES_IN_TORCH),
}
