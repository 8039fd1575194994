"""Fig. 8: three neurons of a ReLU network learn one skill together (``Nam et al. 2024, Eq. 112-114``).

f = w . relu(W x + b) + c on the 8 patterns of three bits, with target S (-1)^(x1 + x2 + x3) and every weight one of
p, q, g or c:

    W = [p (-1, 1, -1), q (-1, 1, -1), g (1, -1, 1)],    b = (0, q, -g),    w = (-2p, q, g).

It fits at p = q = g = sqrt(2S), c = -S. Each neuron is a mode: R^(i) is the mean of its output times the target, over
S^2, and the sum of the three is R/S. The recipe integrates the gradient flow of (p, q, g, c) on half the mean squared
error and sets the sum beside the extended model with B^2 = 1/3, which starts at the same strength.

The network is the paper's; S, rate and start are ours: equal p, q and g, and c = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.dynamics import parts_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.extended import with_feature_rate
from saltus.theory.frequencies import Frequencies
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import pandas as pd


INPUTS = np.array(list(product((0, 1), repeat=3)), dtype=float)
PARITY = (-1.0) ** INPUTS.sum(axis=1)
LEVELS = (0.5, 0.95)  # shares of the final strength of a mode or of the sum


@dataclass(frozen=True)
class Settings:
    """One network, and the model it is compared with.

    Attributes:
        initial_strength: R(0) of all three modes together.
        learning_rate: rate eta of half the squared error.
        feature_rate_squared: B^2 of the extended model.
        other_starts: further R(0) for which the B^2 of equal half-strength time is computed.
    """

    target_scale: float = 1.0
    initial_strength: float = 1e-3
    learning_rate: float = 1.0
    feature_rate_squared: float = 1 / 3
    other_starts: tuple[float, ...] = (1e-2, 1e-4, 1e-6)

    @property
    def multilinear(self) -> Multilinear:
        """One skill of frequency 1, whose features are there from the start."""
        return Multilinear(
            Frequencies([1.0]),
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.learning_rate,
        )


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("curve"),
    Column("final_strength", "ends at R/S", form=".4f"),
    Column("half_time", "half of it", form=".3f"),
    Column("saturation_time", "95 % of it", form=".3f"),
    Column("half_time_over_model", "half-time / model's", form=".4f"),
)


def neurons(p: float, q: float, g: float) -> Floats:
    """Output of each neuron, times its weight, on each input, shape ``(3, 8)``."""
    incoming = np.array([[-p, p, -p], [-q, q, -q], [g, -g, g]])
    before = INPUTS @ incoming.T + np.array([0, q, -g])
    return np.asarray(np.array([[-2 * p], [q], [g]]) * np.maximum(before.T, 0))


@dataclass(frozen=True)
class Flow:
    """The network along its gradient flow, from time 0 to ``end``."""

    weights: Callable[[Floats], Floats]  # p, q, g, c, shape (4, times)
    target_scale: float
    end: float

    def modes(self, time: Floats) -> Floats:
        """R^(i) of the three modes, in units of S, shape ``(3, times)``."""
        outputs = np.array([neurons(p, q, g) for p, q, g, _ in self.weights(time).T])
        return np.asarray((outputs @ PARITY).T / 8 / self.target_scale)

    def strengths(self, time: Floats) -> Floats:
        """R^(i)/S of the three modes and their sum, shape ``(4, times)``."""
        modes = self.modes(time)
        return np.vstack([modes, modes.sum(axis=0)])

    def first_times(self, levels: tuple[float, ...]) -> Floats:
        """Times at which each mode, and the sum, first reaches each share of its final strength, ``(4, levels)``."""
        time = np.linspace(0, self.end, 2001)
        strength = self.strengths(time)

        def first(row: int, goal: float) -> float:
            after = int(np.argmax(strength[row] >= goal))
            return float(brentq(lambda t: self.strengths(np.array([t]))[row, 0] - goal, *time[after - 1 : after + 1]))

        return np.array([[first(row, level * strength[row, -1]) for level in levels] for row in range(4)])


def flow(settings: Settings) -> Flow:
    """Integrate p, q, g and c from a small, even start."""
    scale, rate = settings.target_scale, settings.learning_rate
    # A neuron with positive weights is its output at weight 1 times the weight squared.
    unit = neurons(1, 1, 1)

    def velocity(_: float, weights: Floats) -> Floats:
        residual = scale * PARITY - weights[:3] ** 2 @ unit - weights[3]
        return np.asarray(rate / 8 * np.append(2 * weights[:3] * (unit @ residual), residual.sum()))

    # Every mode grows at a quarter of the multilinear model's rate or faster; c follows at the rate eta, whatever S.
    end = 6 * float(settings.multilinear.emergence_time(1, 0.99)) + 60 / rate
    start = [np.sqrt(2 * settings.initial_strength)] * 3 + [0.0]
    solution = solve_ivp(velocity, (0, end), start, "DOP853", rtol=1e-11, atol=1e-13, dense_output=True)
    return Flow(solution.sol, scale, end)


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Integrate the network, and set its modes and their sum beside the extended model."""
    network = flow(settings)
    times = network.first_times(LEVELS)
    model = with_feature_rate(settings.multilinear, settings.feature_rate_squared)
    time = np.linspace(0, 1.5 * times[:, 1].max(), 601)
    strength = network.strengths(time)
    logistic = np.asarray(model.strength(time)[:, 0] / settings.target_scale)
    residual = strength[3] - logistic
    curves = [*_network_times(network, times), _model_times(model)]
    for curve in curves:
        curve["half_time_over_model"] = curve["half_time"] / curves[-1]["half_time"]
    equal = {
        start: _rate_of_equal_half_time(replace(settings, initial_strength=start))
        for start in sorted({settings.initial_strength, *settings.other_starts}, reverse=True)
    }
    note = (
        f"saltus {__version__}: S = {settings.target_scale:g}, R(0) = {settings.initial_strength:g}, "
        f"η = {settings.learning_rate:g}; circles: half of the final strength"
    )
    name = f"extended model, $B^2$ = {settings.feature_rate_squared:.3g}"
    return Report(
        title="Three neurons that learn one skill (Nam et al. 2024, Fig. 8)",
        table=Table(_COLUMNS, curves),
        summary={
            "curves": curves,
            "agreement": {
                "largest_residual": float(np.max(np.abs(residual))),
                "rms_residual": float(np.sqrt(np.mean(residual**2))),
                "until": float(time[-1]),
                "feature_rate_squared_of_equal_half_time": [
                    {"initial_strength": start, "feature_rate_squared": rate} for start, rate in equal.items()
                ],
            },
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"modes": parts_figure(time, strength[:3], strength[3], logistic, times[:, 0], name, note)},
        tables={"curves": _table(time, strength, logistic)},
        remarks=[
            f"sum of the modes less the model: at most {np.max(np.abs(residual)):.3f}, "
            f"root mean square {np.sqrt(np.mean(residual**2)):.3f}",
            "B² of equal half-strength time: "
            + ", ".join(f"{rate:.4f} from R(0) = {start:g}" for start, rate in equal.items()),
        ],
    )


def _network_times(network: Flow, times: Floats) -> list[dict[str, Any]]:
    names = ("mode 1 (p)", "mode 2 (q)", "mode 3 (g)", "sum of the modes")
    final = network.strengths(np.array([network.end]))[:, 0].tolist()
    return [
        {"curve": name, "final_strength": end, "half_time": half, "saturation_time": late}
        for name, end, (half, late) in zip(names, final, times.tolist(), strict=True)
    ]


def _model_times(model: Multilinear) -> dict[str, Any]:
    half, late = (float(model.emergence_time(1, level)) for level in LEVELS)
    return {"curve": "extended model", "final_strength": 1.0, "half_time": half, "saturation_time": late}


def _rate_of_equal_half_time(settings: Settings) -> float:
    """B^2 with which the model reaches R/S = 0.5 when the network does."""
    half = float(flow(settings).first_times((0.5,))[3, 0])
    return float(settings.multilinear.emergence_time(1, 0.5)) / half


def _table(time: Floats, strength: Floats, logistic: Floats) -> pd.DataFrame:
    import pandas as pd

    names = ("mode_1", "mode_2", "mode_3", "sum")
    return pd.DataFrame({"time": time, **dict(zip(names, strength, strict=True)), "extended_model": logistic})
