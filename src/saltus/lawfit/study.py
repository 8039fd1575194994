"""The whole study of a table of losses: points, fit, hold-out, rival forms, and the theory beside the exponents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus.errors import InputError, require_whole
from saltus.lawfit.compare import HoldOut, Rival, compare_points, hold_out_if_possible
from saltus.lawfit.fit import LawFit, fit_points, form_of
from saltus.lawfit.forms import Form
from saltus.lawfit.points import Points, checked_points
from saltus.lawfit.theory_comparison import BesideTheory, beside_theory
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import pandas as pd


QUANTITIES = ("loss", "error_rate", "accuracy")
_MANY_ROWS = 5000  # rows in one resource from which they are averaged
_BINS = 1000  # most points that they are averaged into, at equal distances in log x
_RISING, _FEWEST_RANKED = 0.5, 5  # rank correlation from which losses rise, and fewest points to tell


@dataclass(frozen=True)
class LossStudy:
    """A fit and all that goes with it.

    Attributes:
        fit: the law.
        points: the losses that it was fitted to.
        labels: names of the resources, for axes.
        data_is_computed: whether D is C / (6 N).
        n_blank: rows left out because a value was missing.
        n_zero: rows left out because an amount was 0.
        n_dropped: rows left out as those of highest loss.
        n_averaged: rows that were averaged into fewer points; 0 where each row is a point.
        rising: resources with which the losses rise.
        hold_out: ``None`` where too few points would be left to fit.
        rivals: the forms compared, best first; empty if not asked for.
        theory: one entry for each exponent whose resource is known.
    """

    fit: LawFit
    points: Points
    labels: Sequence[str]
    data_is_computed: bool
    n_blank: int
    n_zero: int
    n_dropped: int
    n_averaged: int
    rising: Sequence[str]
    hold_out: HoldOut | None
    rivals: Sequence[Rival]
    theory: Sequence[BesideTheory]


def study_losses(
    table: pd.DataFrame,
    loss: str,
    x: str | None = None,
    *,
    form: str = "power",
    parameters: str | None = None,
    data: str | None = None,
    compute: str | None = None,
    runs: str | None = None,
    error: str | None = None,
    quantity: str = "loss",
    drop_highest: int = 0,
    delta: float = 1e-3,
    bootstrap: int = 1000,
    level: float = 0.95,
    hold_out: float = 0.2,
    compare: bool = False,
    resource: str | None = None,
    alpha: float | None = None,
    model: Multilinear | None = None,
    seed: int = 0,
    n_blank: int = 0,
    n_zero: int = 0,
) -> LossStudy:
    """Fit a scaling law to a table of losses, test it, compare it, and set the theory beside it.

    Args:
        table: one row a measurement.
        loss: column of the losses, greater than 0.
        x: column of the resource, for forms in one resource.
        form: ``"power"``, ``"power-offset"``, ``"broken"`` or ``"two-resource"``.
        parameters: column of N, for the two-resource form.
        data: column of D, for the two-resource form.
        compute: column of the training FLOP C in the place of D, which is then C / (6 N).
        runs: column that names the run of each row; the bootstrap then draws runs, not rows.
        error: column of standard errors of the losses: residuals count in units of their own (`saltus.fit_law`).
        quantity: kind of the column ``loss``: ``"loss"``, ``"error_rate"``, or ``"accuracy"``, whose law is that of
            1 - accuracy.
        drop_highest: rows of highest loss to leave out.
        delta: residual, in units of log loss, at which Huber's function turns from a square into a line; infinity is
            least squares.
        bootstrap: resamples for the intervals; 0 for none.
        level: probability of the intervals.
        hold_out: share of the points, at the largest amounts, that a fit to the others must foresee.
        compare: whether to fit the other forms too.
        resource: the theory's name of x, to say which alpha its exponent implies: ``"time"``, ``"data"``,
            ``"parameters"`` or ``"compute"``.
        alpha: an alpha whose exponents are wanted too.
        model: a model whose exact loss is looked at in the middle of the data; its alpha is replaced.
        seed: seed of the bootstrap.
        n_blank, n_zero: rows that were left out before, because a value was missing or an amount was 0; noted in the
            result.

    Raises:
        InputError: if a column or an option cannot be used.
    """
    law_form = form_of(form)
    columns = resource_columns(form, x, parameters=parameters, data=data, compute=compute)
    resources = _resources(law_form, resource, wanted=alpha is not None or model is not None)
    n_dropped = require_whole("drop_highest", drop_highest, 0, "give how many rows to leave out")
    beside = [name for name in (runs, error) if name is not None]
    _require_columns(table, [*columns, loss, *beside])
    table = _as_losses(table, loss, quantity)
    kept = table.sort_values(loss, kind="stable").iloc[: max(len(table) - n_dropped, 0)].sort_index()
    of_rows = _points(kept, columns, loss, runs, error, data_is_computed=compute is not None)
    many = of_rows.by_points and law_form.n_resources == 1 and of_rows.loss.size > _MANY_ROWS
    points = of_rows.in_bins(_BINS) if many else of_rows
    labels = columns if compute is None else [columns[0], f"{compute} / (6 {columns[0]})"]
    fit = fit_points(points, law_form, delta, n_bootstrap=bootstrap, level=level, seed=seed)
    return LossStudy(
        fit=fit,
        points=points,
        labels=labels,
        data_is_computed=compute is not None,
        n_blank=n_blank,
        n_zero=n_zero,
        n_dropped=n_dropped,
        n_averaged=of_rows.loss.size if many else 0,
        rising=_rising(points, labels),
        hold_out=hold_out_if_possible(points, law_form, hold_out, delta),
        rivals=compare_points(points, hold_out, delta) if compare else (),
        theory=beside_theory(fit, points, resources, alpha=alpha, model=model),
    )


def resource_columns(
    form: str = "power",
    x: str | None = None,
    *,
    parameters: str | None = None,
    data: str | None = None,
    compute: str | None = None,
) -> list[str]:
    """The columns of a table that a form takes its resources from; C stands in the place of D.

    Raises:
        InputError: if the form needs other resources.
    """
    second = [name for name in (data, compute) if name is not None]
    if form_of(form).n_resources == 1:
        if x is None or parameters is not None or second:
            raise InputError(f"form {form} needs x and no other resource", x, "name the column of x")
        return [x]
    if x is not None or parameters is None or len(second) != 1:
        advice = "name the column of N, and that of D or of the FLOP"
        raise InputError(f"form {form} needs parameters and one of data, compute", second, advice)
    return [parameters, *second]


def _resources(form: Form, resource: str | None, *, wanted: bool) -> dict[str, str]:
    """The theory's resource of each exponent, as far as it is known."""
    if form.n_resources == 2:
        return dict(zip(form.exponents, ("parameters", "data"), strict=True))
    if resource is not None:
        return dict.fromkeys(form.exponents, resource)
    if wanted:
        raise InputError("alpha and a model need resource", None, "say what x is: time, data, parameters, compute")
    return {}


def _require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise InputError(f"the table must have the column {name!r}", list(table.columns), "name one of its columns")


def _as_losses(table: pd.DataFrame, loss: str, quantity: str) -> pd.DataFrame:
    """The table with losses that fall to 0, for a column of that kind."""
    if quantity not in QUANTITIES:
        raise InputError(f"quantity must be one of {', '.join(QUANTITIES)}", quantity, "choose one of them")
    if quantity == "loss":
        return table
    try:
        share = table[loss].to_numpy(dtype=float)
    except ValueError as error:
        raise InputError(f"column {loss!r} must hold numbers", loss, str(error)) from error
    wrong = share[~((share >= 0) & (share <= 1))]
    if wrong.size:
        raise InputError(f"every {quantity.replace('_', ' ')} must lie between 0 and 1", wrong[0], "divide percentages")
    return table.assign(**{loss: 1 - share}) if quantity == "accuracy" else table


def _rising(points: Points, labels: Sequence[str]) -> tuple[str, ...]:
    """Resources with which the losses rise: rank correlations above a half."""
    if points.loss.size < _FEWEST_RANKED:
        return ()
    rank = np.argsort(np.argsort(points.loss))
    ranks = [np.argsort(np.argsort(amounts)) for amounts in points.x.T]
    return tuple(
        label for label, of_x in zip(labels, ranks, strict=True) if float(np.corrcoef(of_x, rank)[0, 1]) > _RISING
    )


def _points(
    table: pd.DataFrame, columns: list[str], loss: str, runs: str | None, error: str | None, *, data_is_computed: bool
) -> Points:
    """The rows as points, in the order of the table."""
    try:
        amounts = np.array(table[columns], dtype=float)
    except ValueError as error:
        raise InputError("columns of resources must hold numbers", columns, str(error)) from error
    if data_is_computed:
        with np.errstate(all="ignore"):  # checked below
            amounts[:, 1] = amounts[:, 1] / amounts[:, 0] / 6
    names = None if runs is None else table[runs].to_numpy(dtype=str)
    errors = None if error is None else table[error].to_numpy()
    return checked_points(amounts, table[loss].to_numpy(), names, len(columns), errors)
