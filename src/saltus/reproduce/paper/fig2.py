"""Fig. 2: scaling laws of the multilinear model in time, data and parameters, for three exponents.

Each exact loss stands beside its law; at a few points also beside the model trained by gradient descent: sample by
sample on fresh samples (time), on training sets (data), and on all inputs (parameters). Descent on fresh samples is the
model on a training set of as many samples (ours, ``docs/derivations/stochastic-descent.md``); the two are compared in
standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.table import total_loss
from saltus.figures.scaling import Line, Panel, loss_figure, points_table
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.power_law_models import PowerLawModels
from saltus.settings import describe
from saltus.simulate.gradient_descent import train_multilinear
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import LawResource, local_exponent, scaling_law


@dataclass(frozen=True, kw_only=True)
class Settings(PowerLawModels):
    """The models and how far each resource goes.

    Attributes:
        largest: T, D and N at the right end of each panel.
        n_runs: runs of descent on fresh samples, for the time panel.
        samples_a_step: fresh samples for a step of time 1, each an update with that share of the learning rate.
        n_datasets: training sets drawn for each point of the data panel.
    """

    alphas: tuple[float, ...] = (0.3, 0.6, 0.9)
    n_skills: float = 100_000
    largest: tuple[float, float, float] = (1e4, 1e3, 1e2)
    n_runs: int = 4
    samples_a_step: int = 256
    n_datasets: int = 100


PRESETS = {"paper": Settings()}
_RESOURCES: tuple[LawResource, ...] = ("time", "data", "parameters")
_LEARNED = 16.0  # the logit at which training ends: 1e-7 of S is missing then, and 1e-14 of the loss
_LABELS = ("time  $T$  (steps)", "data  $D$  (samples)", "parameters  $N$")


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Exact losses, laws and trained models for every panel and exponent."""
    panels: list[Panel] = []
    agreement, rows = [], []  # the same, as JSON and as the table has them
    for resource, label, largest in zip(_RESOURCES, _LABELS, settings.largest, strict=True):
        lines: list[Line] = []
        for alpha in settings.alphas:
            model, family = settings.model(alpha), f"α = {alpha:g}"
            law = scaling_law(model, resource)
            x = _amounts(resource, largest, 200)
            lines.append(Line(x, _exact(model, resource, x), family, "exact"))
            lines.append(Line(x, np.asarray(law(x)), family, "law"))
            trained = _TRAINED[resource](model, _amounts(resource, largest, 7)[1:], settings, options.seed)
            lines.append(Line(trained.amounts, trained.losses, family, "trained"))
            agreement.append(_agreement(model, resource, trained))
            rows.append(agreement[-1] | {"worst": trained.worst})
        panels.append(Panel(label, lines))
    return Report(
        title="Scaling laws L = A x^-b (Nam et al. 2024, Fig. 2), at the right end of each panel",
        table=Table(_COLUMNS, rows),
        summary={
            "agreement": agreement,
            "settings": describe(settings),
            "seed": options.seed,
            "version": __version__,
        },
        figures={
            "scaling-laws": loss_figure(
                panels,
                family_title="",
                note=f"{settings.note}; seed {options.seed}; circles: {settings.n_runs} runs on fresh samples, "
                f"{settings.n_datasets} training sets, all inputs",
            )
        },
        tables={"losses": points_table(dict(zip(_RESOURCES, panels, strict=True)))},
    )


_DEVIATION = {"standard errors": ".1f", "relative": ".0e"}  # format of numbers in each unit
_COLUMNS = (
    Column("resource"),
    Column("alpha", "α", form=".5g"),
    Column("exponent", "b", form=".5g"),
    Column("local_exponent", "local b", form=".5g"),
    Column("prefactor", "A", form=".5g"),
    Column("amount", "x", form=".5g"),
    Column("exact_loss", "exact L", form=".5g"),
    Column("law_over_exact", "law / exact", form=".5g"),
    Column(
        "worst",
        "trained, worst",
        form=lambda row: _DEVIATION[row["worst"][1]],
        parts=("largest_deviation", "deviation_unit"),
        between=" ",
    ),
)


def _amounts(resource: LawResource, largest: float, count: int) -> Floats:
    x = np.geomspace(1, largest, count)
    return x if resource == "time" else np.unique(np.round(x))


def _exact(model: Multilinear, resource: LawResource, x: Floats) -> Floats:
    if resource == "parameters":
        return np.array([replace(model, n_parameters=n).loss() for n in x])
    return np.asarray(model.loss(time=x) if resource == "time" else model.loss(data=x))


@dataclass(frozen=True)
class _Trained:
    """Losses of trained models; ``errors`` are standard errors, or 0 where nothing was drawn."""

    amounts: Floats
    losses: Floats
    errors: Floats
    expected: Floats

    @property
    def worst(self) -> tuple[float, str]:
        """Largest deviation from the expected losses, and its unit."""
        drawn = bool(self.errors.any())
        deviations = (self.losses - self.expected) / (self.errors if drawn else self.expected)
        return float(np.abs(deviations).max()), "standard errors" if drawn else "relative"


def _on_fresh_samples(model: Multilinear, times: Floats, settings: Settings, seed: int) -> _Trained:
    updates = np.unique(np.round(times * settings.samples_a_step))
    slow = replace(model, learning_rate=model.learning_rate / settings.samples_a_step)
    marks = [int(update) for update in updates]
    runs = [
        train_multilinear(slow, steps=marks[-1], batch_size=1, seeds=[seed + run], measure_at=marks)
        for run in range(settings.n_runs)
    ]
    times = updates / settings.samples_a_step
    # So few runs do not tell their own spread; the theory does (Multilinear.loss_variance).
    variance = np.asarray(model.loss_variance(time=times, data=updates))
    return _Trained(
        times,
        np.mean([total_loss(run)[0] for run in runs], axis=0),
        np.sqrt(variance / settings.n_runs),
        np.asarray(model.loss(time=times, data=updates)),
    )


def _on_training_sets(model: Multilinear, sizes: Floats, settings: Settings, seed: int) -> _Trained:
    slow = replace(model, learning_rate=0.5 / model.target_scale)  # settles even if one skill is all of the set
    ends = [
        [_end(slow, 1 / size, seed + run, n_data=int(size)) for run in range(settings.n_datasets)] for size in sizes
    ]
    spread = np.std(ends, axis=1, ddof=1) / math.sqrt(settings.n_datasets)
    return _Trained(sizes, np.mean(ends, axis=1), spread, _exact(model, "data", sizes))


def _on_all_inputs(model: Multilinear, sizes: Floats, _: Settings, seed: int) -> _Trained:
    frequency = model.frequencies.pmf([1, *sizes])
    slow = replace(model, learning_rate=0.5 / (model.target_scale * frequency[0]))
    ends = [_end(replace(slow, n_parameters=n), p, seed) for n, p in zip(sizes, frequency[1:], strict=True)]
    return _Trained(sizes, np.array(ends), np.zeros(sizes.shape), _exact(model, "parameters", sizes))


_TRAINED: dict[LawResource, Callable[[Multilinear, Floats, Settings, int], _Trained]] = {
    "time": _on_fresh_samples,
    "data": _on_training_sets,
    "parameters": _on_all_inputs,
}


def _end(model: Multilinear, share: float, seed: int, n_data: int | None = None) -> float:
    """Loss of the model trained until a skill that makes up ``share`` of the samples is learned."""
    # A step of half the largest stable size falls behind the flow by less than a tenth.
    steps = math.ceil(1.1 * (_LEARNED - model.initial_logit) / (model.rate * share))
    curves = train_multilinear(model, steps=steps, n_data=n_data, seeds=[seed], measure_at=[steps])
    return float(total_loss(curves).item())


def _agreement(model: Multilinear, resource: LawResource, trained: _Trained) -> dict[str, Any]:
    """Numbers that decide agreement, at the largest amount."""
    law, (worst, unit) = scaling_law(model, resource), trained.worst
    x = float(trained.amounts[-1])
    exact = float(_exact(model, resource, trained.amounts[-1:])[0])
    assert isinstance(model.frequencies, PowerLaw)
    where = {"time": {"time": x}, "data": {"data": x}, "parameters": {}}[resource]
    at_x = replace(model, n_parameters=x) if resource == "parameters" else model
    return {
        "resource": resource,
        "alpha": model.frequencies.alpha,
        "exponent": law.exponent,
        "local_exponent": local_exponent(at_x, resource, **where),
        "prefactor": law.prefactor,
        "amount": x,
        "exact_loss": exact,
        "law_over_exact": float(law(x)) / exact,
        "largest_deviation": f"{worst:{_DEVIATION[unit]}} {unit}",
        "trained": [
            {"amount": amount, "loss": loss, "standard_error": error, "expected_loss": expected}
            for amount, loss, error, expected in zip(
                *(values.tolist() for values in (trained.amounts, trained.losses, trained.errors, trained.expected)),
                strict=True,
            )
        ],
    }
