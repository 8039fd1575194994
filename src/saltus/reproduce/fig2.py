"""Fig. 2: scaling laws of the multilinear model in time, data and parameters, for three exponents.

Each exact loss stands beside its law; at a few points also beside a computation that shares nothing with it: a plain
sum over skills (time and parameters), or the mean over training sets that were really drawn (data).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import saltus
from saltus.figures.scaling import Line, Panel, loss_figure, points_table
from saltus.report import Report
from saltus.reproduce import RunOptions
from saltus.reproduce.models import PowerLawModels
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import Resource, local_exponent, scaling_law


@dataclass(frozen=True, kw_only=True)
class Settings(PowerLawModels):
    """The models and how far each resource goes.

    Attributes:
        largest: T, D and N at the right end of each panel.
        n_datasets: training sets drawn for each point of the data panel.
    """

    alphas: tuple[float, ...] = (0.3, 0.6, 0.9)
    n_skills: float = 100_000
    largest: tuple[float, float, float] = (1e4, 1e3, 1e2)
    n_datasets: int = 100


PRESETS = {"paper": Settings()}
_RESOURCES: tuple[Resource, ...] = ("time", "data", "parameters")
_LABELS = ("time  $T$  (steps)", "data  $D$  (samples)", "parameters  $N$")


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Exact losses, laws and independent points for every panel and exponent."""
    rng = np.random.default_rng(options.seed)
    panels, rows = [], []
    for resource, label, largest in zip(_RESOURCES, _LABELS, settings.largest, strict=True):
        lines: list[Line] = []
        for alpha in settings.alphas:
            model, family = settings.model(alpha), f"α = {alpha:g}"
            law = scaling_law(model, resource)
            x = _amounts(resource, largest, 200)
            lines.append(Line(x, _exact(model, resource, x), family, "exact"))
            lines.append(Line(x, np.asarray(law(x)), family, "law"))
            points = _amounts(resource, largest, 7)[1:]
            simulated = np.array([_independent(model, resource, p, settings.n_datasets, rng) for p in points])
            lines.append(Line(points, simulated[:, 0], family, "independent path"))
            rows.append(_agreement(model, resource, points, simulated))
        panels.append(Panel(label, lines))
    return Report(
        title="Scaling laws L = A x^-b (Nam et al. 2024, Fig. 2), at the right end of each panel",
        columns=tuple(_COLUMNS.values()),
        rows=[[_text(row[name]) for name in _COLUMNS] for row in rows],
        summary={
            "agreement": rows,
            "settings": describe(settings),
            "seed": options.seed,
            "version": saltus.__version__,
        },
        figures={
            "scaling-laws": loss_figure(
                panels,
                f"{settings.note}; circles: plain sums, and means of {settings.n_datasets} training sets, "
                f"seed {options.seed}",
                family_title="",
            )
        },
        tables={"losses": points_table(dict(zip(_RESOURCES, panels, strict=True)))},
    )


_COLUMNS = {
    "resource": "resource",
    "alpha": "α",
    "exponent": "b",
    "local_exponent": "local b",
    "prefactor": "A",
    "amount": "x",
    "exact_loss": "exact L",
    "law_over_exact": "law / exact",
    "largest_deviation": "independent path, worst",
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.5g}"


def _amounts(resource: Resource, largest: float, count: int) -> NDArray[np.float64]:
    x = np.geomspace(1, largest, count)
    return x if resource == "time" else np.unique(np.round(x))


def _exact(model: Multilinear, resource: Resource, x: NDArray[np.float64]) -> NDArray[np.float64]:
    if resource == "parameters":
        return np.array([replace(model, n_parameters=n).loss() for n in x])
    return np.asarray(model.loss(time=x) if resource == "time" else model.loss(data=x))


def _independent(
    model: Multilinear, resource: Resource, x: float, n_datasets: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The loss by a path of its own, and its standard error (0 for a plain sum)."""
    scale, start = model.target_scale, model.initial_strength
    if resource == "data":
        # One-shot learner (Cor. 1): a skill that was drawn is learned, the others stay where they began.
        drawn = [np.unique(model.frequencies.sample(int(x), rng)) for _ in range(n_datasets)]
        losses = np.array([(scale - start) ** 2 / 2 * (1 - model.frequencies.pmf(seen).sum()) for seen in drawn])
        return float(losses.mean()), float(losses.std(ddof=1) / math.sqrt(n_datasets))
    frequency = model.frequencies.first()
    if resource == "parameters":
        return float(scale**2 / 2 * frequency[int(x) :].sum()), 0.0
    strength = scale / (1 + (scale / start - 1) * np.exp(-2 * model.learning_rate * scale * frequency * x))
    return float((frequency * (scale - strength) ** 2 / 2).sum()), 0.0


def _agreement(
    model: Multilinear, resource: Resource, points: NDArray[np.float64], simulated: NDArray[np.float64]
) -> dict[str, Any]:
    """Numbers that decide agreement, at the largest amount; deviations in standard errors for data, else relative."""
    law = scaling_law(model, resource)
    exact = _exact(model, resource, points)
    deviation = np.abs(simulated[:, 0] - exact) / np.where(simulated[:, 1] > 0, simulated[:, 1], exact)
    x = float(points[-1])
    assert isinstance(model.frequencies, PowerLaw)
    where = {"time": {"time": x}, "data": {"data": x}, "parameters": {}}[resource]
    at_x = replace(model, n_parameters=x) if resource == "parameters" else model
    worst = float(deviation.max())
    return {
        "resource": resource,
        "alpha": model.frequencies.alpha,
        "exponent": law.exponent,
        "local_exponent": local_exponent(at_x, resource, **where),
        "prefactor": law.prefactor,
        "amount": x,
        "exact_loss": float(exact[-1]),
        "law_over_exact": float(law(x)) / float(exact[-1]),
        "largest_deviation": f"{worst:.1f} standard errors" if resource == "data" else f"{worst:.0e} relative",
    }
