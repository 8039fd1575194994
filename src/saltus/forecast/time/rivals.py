"""Other explanations of the same curves, fitted side by side with the decoupled model.

`saltus.forecast.time.explanations` says what each of them is; here they are compared, all alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares

from saltus._types import Floats
from saltus.forecast.base.verdict import Evidence
from saltus.forecast.base.weights import measured_errors, weights
from saltus.forecast.time.explanations import DECOUPLED as DECOUPLED
from saltus.forecast.time.explanations import DELAYED as DELAYED
from saltus.forecast.time.explanations import FORMS, Explanation, Form, Measured
from saltus.forecast.time.explanations import RIVALS as RIVALS
from saltus.forecast.time.explanations import SMOOTH as SMOOTH
from saltus.statistics import independent

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DECOUPLED", "DELAYED", "RIVALS", "SMOOTH", "Explanation", "compare"]

_SMALLEST = 1e-4  # least rms residual in R/S: below it, fits to measured curves are not told apart


def compare(curves: xr.Dataset, frequency: Floats) -> list[Evidence]:
    """Fit every explanation to every run and add the evidence up, the best explanation first.

    Args:
        curves: labelled curves, with at least one strength that is not NaN.
        frequency: of their skills, shape ``(n_skills,)``.
    """
    steps = curves["step"].to_numpy().astype(float)
    measured = zip(curves["strength"].to_numpy(), measured_errors(curves), strict=True)
    runs = [
        _in_units_of_its_own(frequency, steps, strength, error)
        for strength, error in measured
        if np.isfinite(strength).any()
    ]
    fits = {name: [_fit(form, run) for run in runs] for name, form in FORMS.items()}
    # Every explanation counts a run's measurements alike: as its most correlated residuals do.
    counts = [min(independent(fits[name][i].fun) for name in FORMS) for i in range(len(runs))]
    found = [_weigh(name, fits[name], counts) for name in FORMS]
    return sorted(found, key=lambda one: -one.score)


def _in_units_of_its_own(frequency: Floats, steps: Floats, strength: Floats, error: Floats) -> Measured:
    """A run in units of time that make the exposure of its first half-learned skill 1: starts and bounds suit all."""
    known = np.isfinite(strength)
    weight = np.zeros_like(strength)
    weight[known] = weights(error[known])
    run = Measured(frequency, steps, strength, weight)
    # A skill that is half learned at step 0 tells nothing of time there.
    high = (np.nan_to_num(strength) >= 0.5) & (run.exposure > 0)
    crossed = high.any(axis=1)
    unit = float(steps[-1] * frequency.max())
    if crossed.any():
        unit = float(run.exposure[crossed][np.arange(crossed.sum()), high[crossed].argmax(axis=1)].min())
    return replace(run, steps=steps / max(unit, np.finfo(float).tiny))


def _fit(form: Form, run: Measured) -> Any:
    """The best least-squares fit from all starts, with the ceilings in it as ``levels``."""
    measured = np.isfinite(run.strength)

    def residuals(values: Floats) -> Floats:
        return np.asarray(((form.modelled(run, values)[0] - run.strength) * run.weight)[measured])

    fits = [least_squares(residuals, start, bounds=(form.low, form.high), max_nfev=200) for start in form.starts]
    best = min(fits, key=lambda fit: fit.cost)
    best.levels = form.modelled(run, best.x)[1]
    return best


def _weigh(explanation: Explanation, fits: list[Any], counts: list[float]) -> Evidence:
    """Evidence summed over runs; ``counts`` are effective numbers of measurements, alike for every explanation."""
    names = (*FORMS[explanation].names, *(f"ceiling_{k + 1}" for k in range(fits[0].levels.size)))
    squares = [max(float(np.mean(fit.fun**2)), _SMALLEST**2) for fit in fits]
    free = len(names) * len(fits)
    values = np.mean([[*fit.x, *fit.levels] for fit in fits], axis=0)
    return Evidence(
        name=explanation.value,
        residual=float(np.sqrt(np.mean(squares))),
        log_likelihood=float(-0.5 * np.sum(np.array(counts) * np.log(squares))),
        penalty=0.5 * free * float(np.log(max(sum(counts), 2.0))),
        parameters=dict(zip(names, values.tolist(), strict=True)),
    )
