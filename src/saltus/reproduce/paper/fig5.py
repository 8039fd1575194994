"""Fig. 5: a 2-layer linear network learns its modes one after the other.

f(x) = W2 W1 x on whitened inputs, with targets W x. Along u_i and v_i, the singular vectors of W, a balanced and
aligned start decouples (Saxe et al. 2014): R_i = u_i . W2 W1 v_i is a product of two equal weights and follows
dR_i/dT = 2 eta R_i (lambda_i - R_i). That is the multilinear model of one skill with frequency 1, whose target scale S
is the singular value lambda_i. The recipe sets it beside the gradient flow of all entries of W1 and W2.

The paper gives the three singular values; start and rate are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import solve_ivp

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.dynamics import modes_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.frequencies import Frequencies
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Settings:
    """A 2-layer linear network and when a mode counts as emerged and as saturated.

    Attributes:
        modes: singular values of the target, the largest first.
        initial_strength: strength r of every mode at time 0.
        learning_rate: rate eta of half the squared error.
        threshold: a mode emerges at this share of its singular value and has saturated at 1 minus it.
    """

    modes: tuple[float, ...] = (1.0, 0.5, 0.25)
    initial_strength: float = 1e-6
    learning_rate: float = 1.0
    threshold: float = 0.05


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("mode"),
    Column("singular_value", "λ", form="g"),
    Column("emergence_time", "emerges", form=".3f"),
    Column("saturated", form=".3f", value=lambda row: row["emergence_time"] + row["saturation_time"]),
    Column("stage_like", "stage-like"),
    Column(
        "network",
        "network R/λ at these times",
        form=".6f",
        value=lambda row: (row["network_at_emergence"], row["network_at_saturation"]),
        parts=("network_at_emergence", "network_at_saturation"),
        between=", ",
    ),
)


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Compare each mode's closed form with a network whose singular vectors are drawn with the seed."""
    models = [
        Multilinear(
            Frequencies([1.0]),
            target_scale=mode,
            initial_strength=settings.initial_strength,
            learning_rate=settings.learning_rate,
        )
        for mode in settings.modes
    ]
    levels = (settings.threshold, 1 - settings.threshold)
    stages = np.array([[float(model.emergence_time(1, level)) for level in levels] for model in models])
    time = np.union1d(np.linspace(0, 1.25 * stages.max(), 501), stages)
    strength = np.stack([model.strength(time)[:, 0] for model in models])
    network = network_modes(settings, time, np.random.default_rng(options.seed))
    modes = _compare(settings.modes, stages, time, network)
    difference = float(np.max(np.abs(strength - network)))
    note = (
        f"saltus {__version__}: R(0) = {settings.initial_strength:g}, η = {settings.learning_rate:g}; "
        f"bands: {levels[0]:.0%} to {levels[1]:.0%} of each mode"
    )
    return Report(
        title="Stages of a 2-layer linear network (Nam et al. 2024, Fig. 5)",
        table=Table(_COLUMNS, modes),
        summary={
            "modes": modes,
            "agreement": {"largest_difference_closed_form_network": difference},
            "settings": describe(settings),
            "seed": options.seed,
            "version": __version__,
        },
        figures={"modes": modes_figure(time, strength, network, settings.modes, stages, note)},
        tables={"curves": _table(settings.modes, time, strength, network)},
        remarks=[f"closed form against network: largest difference in R {difference:.1e}"],
    )


def network_modes(settings: Settings, time: Floats, rng: np.random.Generator) -> Floats:
    """u_i . W2 W1 v_i along the gradient flow of every entry of W1 and W2, shape ``(modes, times)``."""
    n = len(settings.modes)
    left, hidden, right = np.linalg.qr(rng.standard_normal((3, n, n)))[0]
    target = left * settings.modes @ right.T

    def velocity(_: float, flat: Floats) -> Floats:
        first, second = flat.reshape(2, n, n)
        residual = target - second @ first
        return settings.learning_rate * np.concatenate(((second.T @ residual).ravel(), (residual @ first.T).ravel()))

    start = np.sqrt(settings.initial_strength) * np.stack([hidden @ right.T, left @ hidden.T])
    flow = solve_ivp(velocity, (0, time[-1]), start.ravel(), "DOP853", t_eval=time, rtol=1e-12, atol=1e-14)
    first, second = np.moveaxis(flow.y.reshape(2, n, n, -1), -1, 1)
    return np.asarray(np.einsum("ai,tab,tbc,ci->it", left, second, first, right))


def _compare(modes: tuple[float, ...], stages: Floats, time: Floats, network: Floats) -> list[dict[str, Any]]:
    at = np.searchsorted(time, stages)
    return [
        {
            "mode": i + 1,
            "singular_value": mode,
            "emergence_time": float(stages[i, 0]),
            "saturation_time": float(stages[i, 1] - stages[i, 0]),
            "stage_like": bool(stages[i, 1] < stages[i + 1, 0]) if i + 1 < len(modes) else None,
            "network_at_emergence": float(network[i, at[i, 0]] / mode),
            "network_at_saturation": float(network[i, at[i, 1]] / mode),
        }
        for i, mode in enumerate(modes)
    ]


def _table(modes: tuple[float, ...], time: Floats, strength: Floats, network: Floats) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "mode": np.repeat(np.arange(1, len(modes) + 1), len(time)),
            "singular_value": np.repeat(modes, len(time)),
            "time": np.tile(time, len(modes)),
            "strength": strength.ravel(),
            "network_strength": network.ravel(),
        }
    )
