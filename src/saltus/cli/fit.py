"""``saltus fit``: a scaling law for a table of losses, with a status, intervals, rivals, and the theory beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from saltus.cli.options import chosen, settings_of
from saltus.present.terminal import show

if TYPE_CHECKING:
    from saltus.lawfit.study import LossStudy
    from saltus.theory.multilinear import Multilinear


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Fit a scaling law to a table of losses, one row a measurement, in any format that curves are read from.

    Forms: power (A x^-b), power-offset (E + A x^-b), broken (two exponents), two-resource (E + A/N^a + B/D^b). The
    status says whether the numbers can be relied on: converged, at bound, starts disagree or flat.

    Example: saltus fit losses.csv --x tokens --loss loss --form power-offset --out results/fit
    """

    losses: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="LOSSES.csv")]
    """File of a table or of a log; several make one table."""
    loss: str
    """Column of the losses, greater than 0, or of another quantity."""
    quantity: str = "loss"
    """loss, error_rate, or accuracy, whose law is that of 1 - accuracy."""
    error: str | None = None
    """Column of the losses' standard errors: residuals count in units of their own."""
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
    """Column that names the run of each row; the bootstrap then draws runs, not rows. "file": each file is one."""
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
    """S of the model of that exact loss."""
    initial_strength: float = 0.01
    """R(0) of that model."""
    learning_rate: float = 1.0
    """Learning rate of that model, of the loss with the factor 1/2."""
    seed: int = 0
    """Seed of the bootstrap."""
    out: Path | None = None
    """Folder for law.png, law.pdf, points.csv and summary.json; nothing is written without it."""
    json: bool = False
    """Print one JSON object on stdout."""

    def run(self) -> None:
        from saltus.present.fit import fit_report
        from saltus.present.report import prepare_folder, write

        paths = list(map(str, self.losses))
        settings = settings_of(self) | {"losses": paths[0] if len(paths) == 1 else paths}
        report = fit_report(self._fitting(), settings, draw=self.out is not None)
        written = [] if self.out is None else write(report, prepare_folder(self.out))
        show(report, written, as_json=self.json)

    def _fitting(self) -> LossStudy:
        from saltus.lawfit.study import resource_columns, study_losses
        from saltus.read.columns import read_columns

        columns = resource_columns(self.form, self.x, parameters=self.parameters, data=self.data, compute=self.compute)
        errors = [] if self.error is None else [self.error]
        positive, others = ([self.loss, *errors], []) if self.quantity == "loss" else (errors, [self.loss])
        rows = read_columns(self.losses, columns, positive, others=others, label=self.runs)
        return study_losses(
            rows.table,
            self.loss,
            self.x,
            form=self.form,
            parameters=self.parameters,
            data=self.data,
            compute=self.compute,
            runs=self.runs,
            error=self.error,
            quantity=self.quantity,
            drop_highest=self.drop_highest,
            delta=chosen("objective", self.objective, {"huber": self.delta, "least-squares": math.inf}),
            bootstrap=self.bootstrap,
            level=self.level,
            hold_out=self.hold_out,
            compare=self.compare,
            resource=self.resource,
            alpha=self.alpha,
            model=self._model(),
            seed=self.seed,
            n_blank=rows.n_blank,
            n_zero=rows.n_zero,
        )

    def _model(self) -> Multilinear | None:
        """The model of finitely many skills whose exact loss is wanted too, or None; its alpha is a placeholder."""
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
