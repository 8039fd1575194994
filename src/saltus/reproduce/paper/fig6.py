"""Fig. 6: emergence time, saturation time, and the loss as a staircase.

If each skill saturates before the next one emerges (Eq. 41), the loss stands still in between and falls by P_k S^2 / 2
with skill k. The recipe measures each fall from one standstill to the next, also where stages overlap, and sets it
beside P_k S^2 / 2; every number is computed from the closed form and again from the integrated gradient flow.

The paper gives alpha and S; number of skills, start and rate are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.stages import stages_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.flow import integrate_product
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.stages import loss_staircase, stage_like

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Settings:
    """A multilinear model and when a skill counts as emerged and as saturated.

    Attributes:
        threshold: a skill emerges at this share of S and has saturated at 1 minus it.
    """

    alpha: float = 0.6
    n_skills: int = 5
    target_scale: float = 5.0
    initial_strength: float = 1e-6
    learning_rate: float = 0.02
    threshold: float = 0.05


PRESETS = {"paper": Settings()}


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Draw strengths with their stages and the loss with its staircase; measure every stage."""
    model = Multilinear(
        PowerLaw(settings.alpha, settings.n_skills),
        target_scale=settings.target_scale,
        initial_strength=settings.initial_strength,
        learning_rate=settings.learning_rate,
    )
    skills = np.arange(1, settings.n_skills + 1)
    levels = (settings.threshold, 1 - settings.threshold)
    stages = np.column_stack([model.emergence_time(skills, level) for level in levels])
    time = np.geomspace(stages[0, 0] / 3, _rests(stages)[-1], 601)
    strength = model.strength(time)
    relative, loss = strength / model.target_scale, np.asarray(model.loss(time=time))
    difference = float(np.max(np.abs(strength - _integrated(model, time)))) / model.target_scale
    found = _measure(model, stages, settings.threshold)
    stairs = loss_staircase(model, settings.n_skills)
    note = (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {settings.n_skills}, "
        f"S = {settings.target_scale:g}, R(0) = {settings.initial_strength:g}, η = {settings.learning_rate:g}, "
        f"ε = {settings.threshold:g}; stairs fall at R/S = 0.5"
    )
    return Report(
        title="Stages of training (Nam et al. 2024, Fig. 6): times in steps, and how far the loss falls in each stage",
        table=Table(_COLUMNS, found),
        summary={
            "stages": found,
            "agreement": {"largest_difference_closed_form_integrated": difference},
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"stages": stages_figure(time, relative, loss, stages, levels, stairs, note)},
        tables={"curves": _table(time, relative, loss)},
        remarks=[f"closed form against integrated flow: largest difference in R/S {difference:.1e}"],
    )


_COLUMNS = (
    Column("skill"),
    Column("frequency", form=".4f"),
    Column("emergence_time", "τ_e", form=".1f"),
    Column("saturation_time", "τ_s", form=".1f"),
    Column("stage_like", "stage-like"),
    Column("loss_step", "P_k S²/2", form=".4f"),
    Column("loss_fall", "fall of the loss", form=".4f"),
    Column("ratio", form=".4f", value=lambda row: row["loss_fall"] / row["loss_step"]),
    Column(
        "integrated",
        "integrated R/S at τ_e, τ_e + τ_s",
        form=".6f",
        value=lambda row: (row["integrated_at_emergence"], row["integrated_at_saturation"]),
        parts=("integrated_at_emergence", "integrated_at_saturation"),
        between=", ",
    ),
)


def _rests(stages: Floats) -> Floats:
    """Times of standstill: 0, half way from each skill's saturation to the next one's emergence, and long after."""
    saturated, emerged = stages[:-1, 1], stages[1:, 0]
    return np.concatenate(([0.0], (saturated + emerged) / 2, [2 * stages[-1, 1]]))


def _integrated(model: Multilinear, time: Floats) -> Floats:
    """``model.strength(time)`` again, from the integrated flow of the two equal weights of each skill."""
    return np.stack(
        [
            integrate_product(
                model.initial_weights,
                time,
                share=float(share),
                target_scale=model.target_scale,
                learning_rate=model.learning_rate,
            )
            for share in model.frequencies.first()
        ],
        axis=-1,
    )


def _measure(model: Multilinear, stages: Floats, threshold: float) -> list[dict[str, Any]]:
    rests = _rests(stages)
    fall = -np.diff(np.asarray(model.loss(time=rests)))
    frequencies = model.frequencies.first()
    # L = sum over skills of P_k (S - R_k)^2 / 2 (Eq. 6, 10).
    integrated_fall = -np.diff((model.target_scale - _integrated(model, rests)) ** 2 @ frequencies / 2)
    # Skill k at its own two times only: the diagonal of all skills at all times.
    levels = np.einsum("klk->kl", _integrated(model, stages)) / model.target_scale
    earlier = np.arange(1, len(stages))
    follows = [*stage_like(model, earlier, threshold).tolist(), None]
    return [
        {
            "skill": i + 1,
            "frequency": float(frequency),
            "emergence_time": float(stages[i, 0]),
            "saturation_time": float(stages[i, 1] - stages[i, 0]),
            "stage_like": follows[i],
            "loss_step": float(frequency * model.target_scale**2 / 2),
            "loss_fall": float(fall[i]),
            "loss_fall_integrated": float(integrated_fall[i]),
            "integrated_at_emergence": float(levels[i, 0]),
            "integrated_at_saturation": float(levels[i, 1]),
        }
        for i, frequency in enumerate(frequencies)
    ]


def _table(time: Floats, relative_strength: Floats, loss: Floats) -> pd.DataFrame:
    import pandas as pd

    skills = {f"strength_{k + 1}": relative_strength[:, k] for k in range(relative_strength.shape[1])}
    return pd.DataFrame({"time": time, **skills, "loss": loss})
