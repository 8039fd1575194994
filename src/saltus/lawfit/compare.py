"""Forms compared: how well each suits the data, and how well it foresees the largest amounts from the smaller ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Flags
from saltus.errors import InputError
from saltus.lawfit.fit import LawFit, Status, fit_points, form_of
from saltus.lawfit.forms import FORMS, Form, SumOfPowers
from saltus.lawfit.objective import log_likelihood
from saltus.lawfit.points import Points, checked_points

_RIVALS_OF_TWO = (
    SumOfPowers("parameters only", "L = E + A N^-a", ((0, "A", "a"),), offset=True, n_resources=2),
    SumOfPowers("data only", "L = E + B D^-b", ((1, "B", "b"),), offset=True, n_resources=2),
)


@dataclass(frozen=True)
class HoldOut:
    """How well a fit to the smaller amounts foresees the larger ones.

    Attributes:
        n_fitted: points at smaller amounts.
        n_foreseen: points at the largest amounts.
        decades: how far the foreseen points reach beyond the fitted ones, in log10 of x (of N D for two resources).
        error: median of ``|log10(foreseen / measured)|``.
        bias: median of ``log10(foreseen / measured)``.
        status: of the fit to the smaller amounts.
    """

    n_fitted: int
    n_foreseen: int
    decades: float
    error: float
    bias: float
    status: Status


@dataclass(frozen=True)
class Rival:
    """One form among those compared, all fitted to the same points.

    Attributes:
        fit: without a bootstrap.
        log_likelihood: with the scale of the noise fitted too (see `saltus.lawfit.objective.log_likelihood`).
        aicc, bic: information criteria; lower is better. ``aicc`` is ``inf`` where there are too few points for it.
        weight: Akaike weight among the rivals.
        hold_out: ``None`` where too few points would be left to fit.
    """

    fit: LawFit
    log_likelihood: float
    aicc: float
    bic: float
    weight: float
    hold_out: HoldOut | None


def hold_out(x: ArrayLike, loss: ArrayLike, form: str = "power", *, share: float = 0.2, delta: float = 1e-3) -> HoldOut:
    """Fit the smaller amounts, foresee the largest ``share`` of the points (ordered by x, or by N D).

    Arguments as in `saltus.fit_law`.

    Raises:
        InputError: if ``share`` is not between 0 and 1, or too few points are left to fit.
    """
    chosen = form_of(form)
    return _hold_out(checked_points(x, loss, None, chosen.n_resources), chosen, share, delta)


def compare_forms(x: ArrayLike, loss: ArrayLike, *, share: float = 0.2, delta: float = 1e-3) -> tuple[Rival, ...]:
    """Fit every form that suits the resources, lowest AICc first.

    One resource: power, power-offset, broken. Two: two-resource, and power-offset in either of them alone.

    Args:
        x: ``(n,)`` or ``(n, 2)``.
        loss: ``(n,)``.
        share: of the points, at the largest amounts, that `hold_out` foresees.
        delta: as in `saltus.fit_law`.

    Raises:
        InputError: as `saltus.fit_law`; forms with too many parameters for the points are left out unless all have.
    """
    n_resources = np.shape(x)[1] if np.ndim(x) == 2 else 1
    points = checked_points(x, loss, None, 1 if n_resources == 1 else 2)
    return compare_points(points, share, delta)


def compare_points(points: Points, share: float, delta: float) -> tuple[Rival, ...]:
    """`compare_forms` for points that are checked."""
    n, n_resources = points.loss.size, points.x.shape[1]
    forms = [form for form in FORMS.values() if form.n_resources == n_resources]
    forms += _RIVALS_OF_TWO if n_resources == 2 else ()
    forms.sort(key=lambda form: len(form.parameter_names))
    fits = [fit_points(points, forms[0], delta)]
    fits += [fit_points(points, form, delta) for form in forms[1:] if n > len(form.parameter_names)]
    likelihoods = np.array([log_likelihood(fit.objective, n, delta) for fit in fits])
    k = np.array([len(fit.parameters) + 1 for fit in fits])  # and the scale of the noise
    with np.errstate(divide="ignore"):
        aicc = np.where(n > k + 1, 2 * k - 2 * likelihoods + 2 * k * (k + 1) / np.maximum(n - k - 1, 0), math.inf)
    lowest = aicc.min()
    odds = np.exp(-(aicc - lowest) / 2) if math.isfinite(lowest) else np.ones(len(fits))
    rivals = [
        Rival(
            fit=fit,
            log_likelihood=float(likelihoods[i]),
            aicc=float(aicc[i]),
            bic=float(k[i] * math.log(n) - 2 * likelihoods[i]),
            weight=float(odds[i] / odds.sum()),
            hold_out=hold_out_if_possible(points, fit._form, share, delta),
        )
        for i, fit in enumerate(fits)
    ]
    return tuple(sorted(rivals, key=lambda rival: rival.aicc))


def hold_out_if_possible(points: Points, form: Form, share: float, delta: float) -> HoldOut | None:
    """`hold_out`, or ``None`` if too few points are left to fit."""
    fitted = points.some(~_largest(points, share))
    n_values = min(np.unique(column).size for column in fitted.x.T) if fitted.loss.size else 0
    if fitted.loss.size <= len(form.parameter_names) or n_values < 2:
        return None
    return _hold_out(points, form, share, delta)


def _hold_out(points: Points, form: Form, share: float, delta: float) -> HoldOut:
    foreseen = _largest(points, share)
    fit = fit_points(points.some(~foreseen), form, delta)
    amounts = points.x[foreseen]
    log_ratio = np.log10(fit(amounts[:, 0] if form.n_resources == 1 else amounts)) - np.log10(points.loss[foreseen])
    size = np.log10(points.x).sum(axis=1)
    return HoldOut(
        n_fitted=fit.n_points,
        n_foreseen=int(foreseen.sum()),
        decades=float(size[foreseen].max() - size[~foreseen].max()),
        error=float(np.median(np.abs(log_ratio))),
        bias=float(np.median(log_ratio)),
        status=fit.status,
    )


def _largest(points: Points, share: float) -> Flags:
    """Whether each point is in the largest ``share``; points at the same amount stay together."""
    if not 0 < share < 1:
        raise InputError("share of the points held out must lie between 0 and 1", share, "give e.g. 0.2")
    size = np.log(points.x).sum(axis=1)
    cut = np.sort(size)[-math.ceil(share * size.size)]
    return np.asarray(size >= cut - 1e-9)
