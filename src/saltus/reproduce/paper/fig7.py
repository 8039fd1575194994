"""Fig. 7: with finitely many skills and a small alpha the loss bends away from the time law; Eq. 56 corrects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saltus._version import __version__
from saltus.figures.scaling import Line, Panel, loss_figure, points_table
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.power_law_models import PowerLawModels
from saltus.settings import describe
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import corrected_time_law, local_exponent, scaling_law


@dataclass(frozen=True, kw_only=True)
class Settings(PowerLawModels):
    """The models, all of whose skills are learned, and the longest time."""

    alphas: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7)
    n_skills: float = 50_000
    longest: float = 1e4


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("alpha", "α", form=".4g"),
    Column("time", "T", form=".4g"),
    Column("exponent", "b", form=".4g"),
    Column("local_exponent", "local b", form=".4g"),
    Column("exact_loss", "exact L", form=".4g"),
    Column("law_over_exact", "law / exact", form=".4g"),
    Column("corrected_law_over_exact", "corrected law / exact", form=".4g"),
)


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Exact loss, law and corrected law for every alpha."""
    time = np.geomspace(10, settings.longest, 200)
    lines = []
    for alpha in settings.alphas:
        model, family = settings.model(alpha), f"α = {alpha:g}"
        lines.append(Line(time, np.asarray(model.loss(time=time)), family, "exact"))
        lines.append(Line(time, np.asarray(scaling_law(model, "time")(time)), family, "law"))
        lines.append(Line(time, np.asarray(corrected_time_law(model)(time)), family, "corrected law"))
    panel = Panel("time  $T$  (steps)", lines)
    times = (settings.longest / 100, settings.longest)
    agreement = [_compare(settings.model(alpha), alpha, t) for alpha in settings.alphas for t in times]
    return Report(
        title=f"The time law for {settings.n_skills:g} skills, plain and corrected (Nam et al. 2024, Fig. 7, Eq. 56)",
        table=Table(_COLUMNS, agreement),
        summary={"agreement": agreement, "settings": describe(settings), "version": __version__},
        figures={"time-law": loss_figure([panel], family_title="", note=settings.note)},
        tables={"losses": points_table({"time": panel})},
    )


def _compare(model: Multilinear, alpha: float, time: float) -> dict[str, Any]:
    law, exact = scaling_law(model, "time"), float(model.loss(time=time))
    return {
        "alpha": alpha,
        "time": time,
        "exponent": law.exponent,
        "local_exponent": local_exponent(model, "time", time=time),
        "exact_loss": exact,
        "law_over_exact": float(law(time)) / exact,
        "corrected_law_over_exact": float(corrected_time_law(model)(time)) / exact,
    }
