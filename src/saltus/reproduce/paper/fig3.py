"""Fig. 3: loss against compute C = N T for models of many sizes, their envelope, and the compute law (Cor. 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.scaling import Line, Panel, loss_figure, points_table
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.power_law_models import PowerLawModels
from saltus.settings import describe
from saltus.theory.allocation import compute_optimal
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import scaling_law


@dataclass(frozen=True, kw_only=True)
class Settings(PowerLawModels):
    """The models, their sizes N, and the range of compute."""

    alphas: tuple[float, ...] = (0.3, 0.6, 0.9)
    sizes: tuple[int, ...] = (10, 20, 50, 70, 100, 200, 500, 700, 1000, 2000, 5000, 10_000)
    n_skills: float = 50_000
    target_scale: float = 5.0
    compute: tuple[float, float] = (1e1, 1e8)


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("alpha", "α", form=".4g"),
    Column("exponent", "b", form=".4g"),
    Column("prefactor_over_untrained_loss", "A / (S²/2)", form=".4g"),
    Column("compute", "C", form=".4g"),
    Column("optimal_n", "optimal N", form=".4g"),
    Column("law_n", "law's N", form=".4g"),
    Column("best_listed_n", "best listed N", form=".4g"),
    Column("optimal_loss", "optimal L", form=".4g"),
    Column("law_over_exact", "law / exact", form=".4g"),
)


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Loss of each size, the exact optimum over all whole N, and the law."""
    budgets = np.geomspace(*settings.compute, 8)
    panels = {f"α = {alpha:g}": _panel(settings, alpha) for alpha in settings.alphas}
    agreement = [_optimum(settings, alpha, float(c)) for alpha in settings.alphas for c in budgets[[3, 5, 7]]]
    return Report(
        title=f"Compute-optimal loss (Nam et al. 2024, Fig. 3), n_s = {settings.n_skills:g}",
        table=Table(_COLUMNS, agreement),
        summary={"agreement": agreement, "settings": describe(settings), "version": __version__},
        figures={
            "compute": loss_figure(
                list(panels.values()),
                note=f"{settings.note}; N = {settings.sizes[0]} (dark) to {settings.sizes[-1]} (light)",
            )
        },
        tables={"losses": points_table(panels)},
    )


def _panel(settings: Settings, alpha: float) -> Panel:
    model, compute = settings.model(alpha), np.geomspace(*settings.compute, 120)
    lines = [Line(compute, _loss(model, n, compute), f"N = {n}", "fixed N") for n in settings.sizes]
    few = np.geomspace(*settings.compute, 36)
    best = np.array([compute_optimal(model, c).loss for c in few])
    lines.append(Line(few, best, "", "optimal N"))
    lines.append(Line(compute, np.asarray(scaling_law(model, "compute")(compute)), "", "law"))
    return Panel("compute  $C = N T$", lines, title=f"α = {alpha:g}")


def _loss(model: Multilinear, n: int, compute: Floats) -> Floats:
    return np.asarray(replace(model, n_parameters=n).loss(time=compute / n))


def _optimum(settings: Settings, alpha: float, compute: float) -> dict[str, Any]:
    """The exact optimum, beside the law and beside the best of the sizes that the figure draws."""
    model = settings.model(alpha)
    best, law = compute_optimal(model, compute), scaling_law(model, "compute")
    listed = [float(replace(model, n_parameters=n).loss(time=compute / n)) for n in settings.sizes]
    return {
        "alpha": alpha,
        "exponent": law.exponent,
        "prefactor_over_untrained_loss": law.prefactor / model.untrained_loss,
        "compute": compute,
        "optimal_n": best.n_parameters,
        "law_n": best.law_n_parameters,
        "best_listed_n": settings.sizes[int(np.argmin(listed))],
        "optimal_loss": best.loss,
        "law_over_exact": float(law(compute)) / best.loss,
    }
