"""The measurements that a law is fitted to, checked once and brought to scaled coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Flags, Floats, Integers
from saltus.errors import InputError
from saltus.lawfit.forms import Form, Scale


@dataclass(frozen=True)
class Points:
    """Losses at amounts of one or more resources.

    Attributes:
        x: amounts, ``(n, n_resources)``.
        loss: ``(n,)``.
        run: for each point the number of its run, ``(n,)``; the points of a run are resampled together.
        n_runs: number of runs.
        by_points: whether every point is a run of its own.
        error: standard error of each log loss, ``(n,)``; None where they are not known.
    """

    x: Floats
    loss: Floats
    run: Integers
    n_runs: int
    by_points: bool
    error: Floats | None = None

    @property
    def scale(self) -> Scale:
        log_x = np.log(self.x)
        return Scale(log_x.min(axis=0), np.ptp(log_x, axis=0), float(np.log(self.loss).mean()))

    def scaled(self, scale: Scale) -> tuple[Floats, Floats]:
        """z ``(n, n_resources)`` and y ``(n,)`` of `saltus.lawfit.forms`."""
        return scaled_resources(self.x, scale), np.log(self.loss) - scale.log_loss

    def some(self, chosen: Flags) -> Points:
        """The chosen points, with their runs."""
        names, run = np.unique(self.run[chosen], return_inverse=True)
        error = None if self.error is None else self.error[chosen]
        return Points(self.x[chosen], self.loss[chosen], run, len(names), self.by_points, error)

    @property
    def sharpness(self) -> Floats:
        """Factor of each residual, 1 at the median error: residuals count in units of their errors."""
        return np.ones(1) if self.error is None else np.asarray(np.median(self.error) / self.error)

    def in_blocks(self, length: int) -> Points:
        """The points with runs of ``length`` neighbours in x (one resource), the last ones somewhat longer."""
        n_blocks = len(self.loss) // length
        run = np.empty(len(self.loss), dtype=np.int64)
        run[np.argsort(self.x[:, 0], kind="stable")] = np.minimum(np.arange(len(self.loss)) // length, n_blocks - 1)
        return replace(self, run=run, n_runs=n_blocks, by_points=False)

    def in_bins(self, count: int) -> Points:
        """Geometric means in ``count`` equal parts of log x (one resource, without runs); empty parts are left out."""
        log_x = np.log(self.x[:, 0])
        edges = np.linspace(log_x.min(), log_x.max(), count + 1)[1:-1]
        part = np.unique(np.searchsorted(edges, log_x, side="right"), return_inverse=True)[1]
        n = np.bincount(part)
        x, loss = (np.exp(np.bincount(part, values) / n) for values in (log_x, np.log(self.loss)))
        error = None if self.error is None else np.sqrt(np.bincount(part, self.error**2)) / n
        return Points(x[:, None], loss, np.arange(len(n)), len(n), by_points=True, error=error)


def scaled_resources(x: Floats, scale: Scale) -> Floats:
    return np.asarray((np.log(x) - scale.origin) / scale.width)


def checked_points(
    x: ArrayLike, loss: ArrayLike, runs: ArrayLike | None, n_resources: int, errors: ArrayLike | None = None
) -> Points:
    """Measurements as arrays; ``errors`` are standard errors of the losses, in their unit.

    Raises:
        InputError: if shapes do not match, or an amount or a loss is not a finite number above zero.
    """
    amounts, losses = _numbers("x", x), _numbers("loss", loss)
    if amounts.ndim == 1:
        amounts = amounts[:, None]
    if losses.ndim != 1 or amounts.shape != (losses.size, n_resources):
        wanted = "(n,)" if n_resources == 1 else f"(n, {n_resources})"
        shapes = f"{np.shape(x)} and {np.shape(loss)}"
        raise InputError(f"x and loss must have shapes {wanted} and (n,)", shapes, "give one loss for each x")
    for name, values in (("x", amounts), ("loss", losses)):
        wrong = values[~(np.isfinite(values) & (values > 0))]
        if wrong.size:
            raise InputError(f"every {name} must be a finite number greater than 0", wrong[0], "leave such points out")
    error = None if errors is None else _relative(errors, losses)
    if runs is None:
        return Points(amounts, losses, np.arange(losses.size), losses.size, True, error)
    labels = np.asarray(runs)
    if labels.shape != losses.shape:
        raise InputError("runs must have one label for each loss", labels.shape, "give as many as there are losses")
    names, run = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise InputError("a bootstrap over runs needs at least 2 runs", len(names), "leave runs out to resample points")
    return Points(amounts, losses, run, len(names), False, error)


def _relative(errors: ArrayLike, losses: Floats) -> Floats:
    found = _numbers("errors", errors)
    if found.shape != losses.shape:
        raise InputError("errors must be one for each loss", found.shape, "give as many as there are losses")
    wrong = found[~(np.isfinite(found) & (found > 0))]
    if wrong.size:
        raise InputError("every error must be a finite number greater than 0", wrong[0], "leave such points out")
    return np.asarray(found / losses)


def require_enough(points: Points, form: Form) -> None:
    """`InputError` unless there are more points than parameters and every resource varies."""
    n, p = points.loss.size, len(form.parameter_names)
    if n <= p:
        advice = "measure more points or choose a form with fewer parameters"
        raise InputError(f"form {form.name} has {p} parameters and needs at least {p + 1} points", n, advice)
    constant = points.x[0, np.ptp(np.log(points.x), axis=0) == 0]
    if constant.size:
        raise InputError("every resource must take at least two values", constant[0], "measure at another amount of it")


def _numbers(name: str, values: ArrayLike) -> Floats:
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers", values, "give a list or array of numbers") from error
