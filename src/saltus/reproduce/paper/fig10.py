"""Fig. 10: the loss of one skill, multilinear against linear (App. H).

The system of Fig. 9, seen in its loss L_k = (S - R_k)^2 / 2 (Eq. 10). The linear model halves it every
log(2) / (2 eta d_k/D) steps from the first step on. The multilinear model first rests on a plateau, then halves it
every log(2) / (4 eta S d_k/D) steps: its first halving takes many times as long as its later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.dynamics import losses_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.paper.fig9 import PRESETS as PRESETS
from saltus.reproduce.paper.fig9 import (
    Settings,
    first_times,
    integrated_strengths,
    lone_skills,
    strengths_of,
    tidy,
)
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.dynamics import GradientFlow

LEVELS = (0.5, 0.25, 0.125)  # shares of L_k(0): three halvings


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Draw both models' losses and compare how long each halving takes."""
    time, shares = np.linspace(0, settings.horizon, 501), settings.shares
    models = lone_skills(settings)
    losses = {name: _loss(model, strengths_of(model, time, shares)) for name, model in models.items()}
    integrated = {name: _loss(model, integrated_strengths(model, time, shares)) for name, model in models.items()}
    times = {name: first_times(model, _strengths_at(LEVELS, model), shares) for name, model in models.items()}
    difference = max(np.abs(losses[name] - integrated[name]).max() for name in models)
    halvings = [row for name, model in models.items() for row in _halvings(name, model, times[name], shares)]
    note = f"{settings.note}; circles: the loss is halved, once, twice, three times"
    return Report(
        title="Loss of a skill (Nam et al. 2024, Fig. 10): steps that each halving takes",
        table=Table(_COLUMNS, halvings),
        summary={
            "skills": halvings,
            "agreement": {"largest_difference_closed_form_integrated": float(difference)},
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"losses": losses_figure(time, losses, times, LEVELS, shares, note)},
        tables={"curves": tidy(time, losses, shares, "loss")},
        remarks=[f"closed form against integrated flow: largest difference in L/L(0) {difference:.1e}"],
    )


def _halving(i: int, name: str) -> Column:
    return Column(name, form=".3f", value=lambda row: row["halving_times"][i])


_COLUMNS = (
    Column("model"),
    Column("share", "d_k/D", form="g"),
    *(_halving(i, name) for i, name in enumerate(("first", "second", "third"))),
    Column(
        "first_over_third", "first / third", ".2f", value=lambda row: row["halving_times"][0] / row["halving_times"][-1]
    ),
    Column(
        "integrated_loss",
        "integrated L/L(0) after each",
        form=".6f",
        parts=("integrated_after_first", "integrated_after_second", "integrated_after_third"),
        between=", ",
    ),
)


def _loss(model: GradientFlow, strength: Floats) -> Floats:
    """L_k(T)/L_k(0) from R/S."""
    return np.asarray(((1 - strength) / (1 - model.initial_strength / model.target_scale)) ** 2)


def _strengths_at(losses: Sequence[float], model: GradientFlow) -> list[float]:
    """R/S from L_k(T)/L_k(0): the inverse of `_loss`."""
    return [1 - (1 - model.initial_strength / model.target_scale) * loss**0.5 for loss in losses]


def _halvings(name: str, model: GradientFlow, times: Floats, shares: Sequence[float]) -> list[dict[str, Any]]:
    lengths = np.diff(times, prepend=0.0).tolist()
    integrated = _loss(model, integrated_strengths(model, times, shares)).tolist()
    return [
        {"model": name, "share": share, "halving_times": length, "integrated_loss": loss}
        for share, length, loss in zip(shares, lengths, integrated, strict=True)
    ]
