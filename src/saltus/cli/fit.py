"""``saltus fit``: a scaling law for anybody's losses, with a status, intervals, rivals, and the theory beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from saltus.cli.output import chosen
from saltus.errors import InputError, require_whole
from saltus.present.terminal import show

if TYPE_CHECKING:
    import pandas as pd

    from saltus.lawfit.points import Points
    from saltus.present.fit import Fitting
    from saltus.theory.multilinear import Multilinear


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Fit a scaling law to a table of losses, one row a measurement.

    Forms: power (A x^-b), power-offset (E + A x^-b), broken (two exponents), two-resource (E + A/N^a + B/D^b). The
    status says whether the numbers can be relied on: converged, at bound, starts disagree or flat.

    Example: saltus fit losses.csv --x tokens --loss loss --form power-offset --out results/fit
    """

    losses: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="LOSSES.csv")]
    """Comma-separated table with one header line."""
    loss: str
    """Column of the losses, greater than 0."""
    x: str | None = None
    """Column of the resource, for forms in one resource."""
    form: str = "power"
    """power, power-offset, broken or two-resource."""
    parameters: str | None = None
    """Column of N, for the two-resource form."""
    data: str | None = None
    """Column of D, for the two-resource form."""
    compute: str | None = None
    """Column of the training FLOP C in the place of D, which is then C / (6 N)."""
    runs: str | None = None
    """Column that names the run of each row; the bootstrap then draws runs, not rows."""
    drop_highest: int = 0
    """Leave out this many rows of highest loss."""
    objective: str = "huber"
    """huber or least-squares: what is summed over the residuals of log loss."""
    delta: float = 1e-3
    """Where Huber's function turns from a square into a line, in units of log loss."""
    bootstrap: int = 1000
    """Resamples for the intervals; 0 for none."""
    level: float = 0.95
    """Level of the intervals."""
    hold_out: float = 0.2
    """Share of the points, at the largest amounts, that a fit to the others must foresee."""
    compare: bool = False
    """Also fit the other forms, and compare."""
    resource: str | None = None
    """What x is in the theory, to say which alpha its exponent implies: time, data, parameters or compute."""
    alpha: float | None = None
    """Also say which exponents this alpha implies."""
    n_skills: float = float("inf")
    """If finite, exponents and alphas are also taken from the exact loss in the middle of the data."""
    target_scale: float = 1.0
    """S of that exact loss."""
    initial_strength: float = 0.01
    """R(0) of that exact loss."""
    learning_rate: float = 1.0
    """Of that exact loss, with the factor 1/2."""
    seed: int = 0
    """Seed of the bootstrap."""
    out: Path | None = None
    """Folder for law.png, law.pdf, points.csv and summary.json; nothing is written without it."""
    json: bool = False
    """Print one JSON object on stdout."""

    def run(self) -> None:
        from saltus.present.fit import fit_report
        from saltus.present.report import prepare_folder, write
        from saltus.settings import describe

        fitting = self._fitting()
        settings = {name: value for name, value in describe(self).items() if name not in ("kind", "json", "out")}
        report = fit_report(fitting, settings | {"losses": str(self.losses)}, draw=self.out is not None)
        paths = [] if self.out is None else write(report, prepare_folder(self.out))
        show(report, paths, as_json=self.json)

    def _fitting(self) -> Fitting:
        """Read, fit, foresee, compare."""
        from saltus.lawfit.compare import compare_points, hold_out_if_possible
        from saltus.lawfit.fit import fit_points, form_of
        from saltus.lawfit.theory_comparison import beside_theory
        from saltus.present.fit import Fitting
        from saltus.read.columns import read_columns

        form = form_of(self.form)
        delta = chosen("objective", self.objective, {"huber": self.delta, "least-squares": math.inf})
        columns = self._columns(form.n_resources)
        model, resource_of = self._model(), self._resource_of(form.exponents)
        n_dropped = require_whole("drop_highest", self.drop_highest, 0, "give how many rows to leave out")
        table, n_blank = read_columns(self.losses, [*columns, self.loss], self.runs)
        points = self._points(
            table.sort_values(self.loss, kind="stable").iloc[: max(len(table) - n_dropped, 0)], columns
        )
        fit = fit_points(points, form, delta, n_bootstrap=self.bootstrap, level=self.level, seed=self.seed)
        return Fitting(
            fit=fit,
            points=points,
            labels=columns if self.compute is None else [columns[0], f"{self.compute} / (6 {columns[0]})"],
            data_is_computed=self.compute is not None,
            n_blank=n_blank,
            n_dropped=n_dropped,
            hold_out=hold_out_if_possible(points, form, self.hold_out, delta),
            rivals=compare_points(points, self.hold_out, delta) if self.compare else (),
            theory=beside_theory(fit, points, resource_of, alpha=self.alpha, model=model),
        )

    def _points(self, table: pd.DataFrame, columns: list[str]) -> Points:
        import numpy as np

        from saltus.lawfit.points import checked_points

        table = table.sort_index()  # the order of the file
        x = table[columns].to_numpy(dtype=float)
        if self.compute is not None:
            with np.errstate(over="ignore"):  # checked below
                x[:, 1] = x[:, 1] / x[:, 0] / 6
        runs = None if self.runs is None else table[self.runs].to_numpy(dtype=str)
        return checked_points(x, table[self.loss].to_numpy(dtype=float), runs, len(columns))

    def _columns(self, n_resources: int) -> list[str]:
        """The columns of the resources; C stands in the place of D."""
        data = [name for name in (self.data, self.compute) if name is not None]
        if n_resources == 1:
            if self.x is None or self.parameters is not None or data:
                raise InputError(f"form {self.form} needs --x and no other resource", self.x, "name the column of x")
            return [self.x]
        if self.x is not None or self.parameters is None or len(data) != 1:
            advice = "name the column of N, and that of D or of the FLOP"
            raise InputError(f"form {self.form} needs --parameters and one of --data, --compute", data, advice)
        return [self.parameters, *data]

    def _resource_of(self, exponents: dict[str, int]) -> dict[str, str]:
        """What each exponent belongs to in the theory, as far as it is known."""
        if self.form == "two-resource":
            return dict(zip(exponents, ("parameters", "data"), strict=True))
        if self.resource is not None:
            return dict.fromkeys(exponents, self.resource)
        if self.alpha is not None or math.isfinite(self.n_skills):
            raise InputError(
                "alpha and n_skills need --resource", None, "say what x is: time, data, parameters, compute"
            )
        return {}

    def _model(self) -> Multilinear | None:
        """The model whose exact loss is looked at, if there is one; its alpha is a placeholder."""
        from saltus.theory.frequencies import PowerLaw
        from saltus.theory.multilinear import Multilinear

        if self.n_skills == math.inf:
            return None
        return Multilinear(
            PowerLaw(1.0, self.n_skills),
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.learning_rate,
        )
