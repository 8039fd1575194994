"""The report of ``saltus fit``: table, JSON, figure, and remarks to be read beside the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.lawfit.compare import HoldOut, Rival
from saltus.lawfit.fit import LawFit
from saltus.lawfit.study import LossStudy
from saltus.lawfit.theory_comparison import BesideTheory
from saltus.present.report import Report
from saltus.present.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

_CONVENTION = "D = C / (6 N), the Chinchilla convention"


def fit_report(fitting: LossStudy, settings: Mapping[str, Any], *, draw: bool) -> Report:
    """Table, summary, remarks, and with ``draw`` the figure and the points."""
    fit = fitting.fit
    figures = {}
    if draw:
        from saltus.figures.lawfit import Fitted, law_figure

        note = f"saltus {__version__}: {fit.n_points} points, {_estimator(fit)}"
        if fit.intervals:
            note += f"; bands: {fit.level:.0%} of {settings['bootstrap']} resamples, seed {settings['seed']}"
        figures["law"] = law_figure(Fitted(fit, fitting.points.x, fitting.points.loss, fitting.labels), note)
    return Report(
        title=f"{fit.form}: {fit.status.value}, rms {fit.residual:.2g}",
        table=_table(fit),
        summary=_summary(fitting, settings),
        figures=figures,
        tables={"points": _points_table(fitting)} if draw else {},
        remarks=list(_remarks(fitting)),
    )


def _table(fit: LawFit) -> Table:
    columns = [Column("parameter"), Column("value", form=".6g")]
    if fit.intervals:
        columns.append(Column("interval_from", f"{fit.level:.0%} from", form=".6g"))
        columns.append(Column("interval_to", "to", form=".6g"))
    rows = []
    for name, value in fit.parameters.items():
        low, high = fit.intervals.get(name, (None, None))
        rows.append({"parameter": name, "value": value, "interval_from": low, "interval_to": high})
    return Table(columns, rows)


def _estimator(fit: LawFit) -> str:
    return "least squares of log loss" if np.isinf(fit.delta) else f"Huber's function of log loss, delta {fit.delta:g}"


def _summary(fitting: LossStudy, settings: Mapping[str, Any]) -> dict[str, Any]:
    fit = fitting.fit
    return {
        "status": fit.status.value,
        "reason": fit.reason,
        "parameters": dict(fit.parameters),
        "objective": fit.objective,
        "residual": fit.residual,
        "cautions": list(fit.cautions),
        "intervals": {name: list(ends) for name, ends in fit.intervals.items()},
        "form": fit.form,
        "equation": fit.equation,
        "data": _CONVENTION if fitting.data_is_computed else None,
        "n_points": fit.n_points,
        "n_runs": fit.n_runs,
        "n_blank": fitting.n_blank,
        "n_zero": fitting.n_zero,
        "n_averaged": fitting.n_averaged,
        "rising": list(fitting.rising),
        "n_dropped": fitting.n_dropped,
        "n_starts": fit.n_starts,
        "n_agreeing": fit.n_agreeing,
        "hold_out": None if fitting.hold_out is None else _plain(fitting.hold_out),
        "comparison": [_rival(rival) for rival in fitting.rivals],
        "theory": [_plain(row) for row in fitting.theory],
        "settings": dict(settings),
        "version": __version__,
    }


def _plain(outcome: HoldOut | BesideTheory) -> dict[str, Any]:
    plain = asdict(outcome)
    if isinstance(outcome, HoldOut):
        plain["status"] = outcome.status.value
    return plain


def _rival(rival: Rival) -> dict[str, Any]:
    return {
        "form": rival.fit.form,
        "status": rival.fit.status.value,
        "parameters": dict(rival.fit.parameters),
        "objective": rival.fit.objective,
        "log_likelihood": rival.log_likelihood,
        "aicc": rival.aicc,
        "bic": rival.bic,
        "weight": rival.weight,
        "hold_out": None if rival.hold_out is None else _plain(rival.hold_out),
    }


def _remarks(fitting: LossStudy) -> Iterator[str]:
    fit = fitting.fit
    yield f"{fit.equation}; {fit.reason}; rms residual of log loss {fit.residual:.3g}"
    unit = "points" if fit.n_runs == fit.n_points else f"points of {fit.n_runs} runs"
    yield f"{fit.n_points} {unit}; objective {fit.objective:.12g}, the sum of {_estimator(fit)}"
    if fitting.data_is_computed:
        yield _CONVENTION
    left_out = [
        f"{count} {rows}"
        for count, rows in (
            (fitting.n_blank, "rows without a value"),
            (fitting.n_zero, "rows where an amount is 0"),
            (fitting.n_dropped, "rows of highest loss"),
        )
        if count
    ]
    if left_out:
        yield "left out: " + ", ".join(left_out)
    if fitting.n_averaged:
        yield f"{fitting.n_averaged:,} rows averaged in equal parts of log x: {fit.n_points} points"
    if fitting.rising:
        risen = " and ".join(fitting.rising)
        yield f"the losses rise with {risen}: are they scores? Fit 1 - score, with quantity accuracy"
    yield from fit.cautions
    if fitting.hold_out is None:
        yield "hold-out: too few points"
    else:
        yield "hold-out: " + _foresight(fitting.hold_out)
    best = fitting.rivals[0].aicc if fitting.rivals else 0.0
    for rival in fitting.rivals:
        foresight = "too few points to hold out" if rival.hold_out is None else _foresight(rival.hold_out)
        yield (
            f"rival {rival.fit.form}: AICc {rival.aicc - best:+.1f}, weight {rival.weight:.3f}, "
            f"{rival.fit.status.value}; {foresight}"
        )
    for row in fitting.theory:
        yield from _theory(row)


def _foresight(held: HoldOut) -> str:
    return (
        f"{held.n_foreseen} largest points, {held.decades:.2f} decades beyond the {held.n_fitted} fitted, "
        f"foreseen to {held.error:.4f} dex (bias {held.bias:+.4f}; {held.status.value})"
    )


def _theory(row: BesideTheory) -> Iterator[str]:
    interval = "" if row.alpha_interval is None else " ({:.3g} to {:.3g})".format(*row.alpha_interval)
    measured = f"{row.parameter} = {row.exponent:.4g} in {row.resource}"
    yield f"theory: {measured} implies alpha = {_alphas(row.alphas)}{interval}"
    if np.isfinite(row.at):
        yield f"  with finitely many skills, at {row.at:.3g}: alpha = {_alphas(row.alphas_at)}"
    if np.isfinite(row.exponent_of_alpha):
        there = f", {row.exponent_of_alpha_at:.4g} at {row.at:.3g}" if np.isfinite(row.at) else ""
        yield f"  the alpha given implies {row.exponent_of_alpha:.4g}{there}"


def _alphas(alphas: Sequence[float]) -> str:
    return " or ".join(f"{alpha:.4g}" for alpha in alphas) or "none"


def _points_table(fitting: LossStudy) -> pd.DataFrame:
    import pandas as pd

    x, loss = fitting.points.x, fitting.points.loss
    names = ["x"] if x.shape[1] == 1 else ["n_parameters", "data"]
    law = np.asarray(fitting.fit(x[:, 0] if x.shape[1] == 1 else x))
    return pd.DataFrame(
        {**dict(zip(names, x.T, strict=True)), "loss": loss, "law": law, "log_residual": np.log(loss / law)}
    )
