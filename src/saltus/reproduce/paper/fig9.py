"""Fig. 9: the linear model has no delayed onset (App. H).

One skill that makes up the share d_k/D of the training set, learned by the multilinear model, R_k = a_k b_k, and by
the linear model of the same basis, R_k = w_k (Eq. 125). In both only the product of share and time counts, so a skill
of share p is a lone skill whose time runs p times as fast. The wait, the time to 5 % of S over the time to 50 %, does
not depend on the share: it is log(0.95) / log(0.5) in the linear model and tends to 1 in the multilinear one as r
tends to 0.

The paper gives the three shares; S, start and rate are those of its Fig. 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.dynamics import strengths_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.dynamics import GradientFlow
from saltus.theory.flow import integrate_product
from saltus.theory.frequencies import Frequencies
from saltus.theory.multilinear import Multilinear
from saltus.theory.variants.linear import Linear

if TYPE_CHECKING:
    import pandas as pd


LEVELS = (0.05, 0.5)  # R/S at which the skill has emerged, and at which it is half learned


@dataclass(frozen=True)
class Settings:
    """One skill in training sets of which it makes up different shares.

    Attributes:
        shares: shares d_k/D of the training set.
        initial_strength: R(0) of the multilinear model; the linear model starts from 0.
        horizon: steps to draw.
    """

    shares: tuple[float, ...] = (0.5, 0.2, 0.1)
    target_scale: float = 1.0
    initial_strength: float = 0.01
    learning_rate: float = 1.0
    horizon: float = 50.0

    @property
    def note(self) -> str:
        """The settings in one line, for the foot of a figure."""
        return (
            f"saltus {__version__}: S = {self.target_scale:g}, η = {self.learning_rate:g}, "
            f"R(0) = {self.initial_strength:g} (multilinear), 0 (linear)"
        )


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("model"),
    Column("share", "d_k/D", form="g"),
    Column("emergence_time", "5 %", form=".3f"),
    Column("half_time", "50 %", form=".3f"),
    Column("wait", "wait: 5 % / 50 %", form=".4f"),
    Column(
        "integrated_strength",
        "integrated R/S at these times",
        form=".6f",
        parts=("integrated_at_emergence", "integrated_at_half"),
        between=", ",
    ),
)


def lone_skills(settings: Settings) -> dict[str, GradientFlow]:
    """Both models, by name, of one skill of frequency 1; the functions below slow its time for smaller shares."""
    lone, scale, rate = Frequencies([1.0]), settings.target_scale, settings.learning_rate
    return {
        "multilinear": Multilinear(
            lone, target_scale=scale, initial_strength=settings.initial_strength, learning_rate=rate
        ),
        "linear": Linear(lone, target_scale=scale, learning_rate=rate),
    }


def strengths_of(lone: GradientFlow, time: Floats, shares: Sequence[float]) -> Floats:
    """R/S of a skill of each share, shape ``(K, T)``."""
    return np.asarray(lone.strength(np.outer(shares, time))[..., 0] / lone.target_scale)


def first_times(lone: GradientFlow, levels: Sequence[float], shares: Sequence[float]) -> Floats:
    """When a skill of each share reaches each level of R/S, shape ``(K, L)``."""
    return np.outer(np.reciprocal(shares), [lone.emergence_time(1, level) for level in levels])


def integrated_strengths(lone: GradientFlow, time: Floats, shares: Sequence[float]) -> Floats:
    """`strengths_of` by integration of the weights, at times common to all shares or in a row for each."""
    weights, scale, rate = lone.initial_weights, lone.target_scale, lone.learning_rate
    rows = zip(shares, np.broadcast_to(time, (len(shares), time.shape[-1])), strict=True)
    flows = [integrate_product(weights, row, share=p, target_scale=scale, learning_rate=rate) for p, row in rows]
    return np.stack(flows) / scale


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Draw both models' strengths and compare how long a skill waits before it emerges."""
    time, shares = np.linspace(0, settings.horizon, 501), settings.shares
    models = lone_skills(settings)
    strengths = {name: strengths_of(model, time, shares) for name, model in models.items()}
    integrated = {name: integrated_strengths(model, time, shares) for name, model in models.items()}
    times = {name: first_times(model, LEVELS, shares) for name, model in models.items()}
    difference = max(np.abs(strengths[name] - integrated[name]).max() for name in models)
    waits = [wait for name, model in models.items() for wait in _waits(name, model, times[name], shares)]
    note = f"{settings.note}; circles: R/S = {LEVELS[0]:g}, {LEVELS[1]:g}"
    return Report(
        title="Onset of a skill (Nam et al. 2024, Fig. 9): steps to reach 5 % and 50 % of S",
        table=Table(_COLUMNS, waits),
        summary={
            "skills": waits,
            "agreement": {"largest_difference_closed_form_integrated": float(difference)},
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"strengths": strengths_figure(time, strengths, times, LEVELS, shares, note)},
        tables={"curves": tidy(time, strengths, shares, "strength")},
        remarks=[f"closed form against integrated flow: largest difference in R/S {difference:.1e}"],
    )


def tidy(time: Floats, curves: Mapping[str, Floats], shares: Sequence[float], quantity: str) -> pd.DataFrame:
    """One row a model, share and time, from curves of shape ``(shares, times)``."""
    import pandas as pd

    return pd.DataFrame(
        {
            "model": np.repeat(list(curves), len(shares) * len(time)),
            "share": np.tile(np.repeat(shares, len(time)), len(curves)),
            "time": np.tile(time, len(curves) * len(shares)),
            quantity: np.concatenate([values.ravel() for values in curves.values()]),
        }
    )


def _waits(name: str, model: GradientFlow, times: Floats, shares: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "model": name,
            "share": share,
            "emergence_time": emerged,
            "half_time": half,
            "wait": emerged / half,
            "integrated_strength": strength,
        }
        for share, (emerged, half), strength in zip(
            shares, times.tolist(), integrated_strengths(model, times, shares).tolist(), strict=True
        )
    ]
