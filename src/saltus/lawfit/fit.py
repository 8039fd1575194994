"""Fit a law: search the exponents globally, polish all parameters, and say whether the numbers can be relied on.

A start is a point of a grid over the exponents, with the coefficients projected out: they are linear, and relative
least squares has them in closed form. Newton's method then moves all parameters; with the whole second derivative, its
step in the exponents is that of the projected objective, so that their correlation with the coefficients costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Flags, Floats
from saltus.errors import InputError, require_whole
from saltus.lawfit.bootstrap import expanded_interval, resampled
from saltus.lawfit.forms import FORMS, Form, Scale, SumOfPowers
from saltus.lawfit.newton import Minima, descend, minimise
from saltus.lawfit.objective import Objective
from saltus.lawfit.points import Points, checked_points, require_enough, scaled_resources
from saltus.statistics import correlation_time

# Minima whose objectives differ by less, relative, are the same one.
_SAME_OBJECTIVE = 1e-6
_LEAST_DELTA = 1e-8
_MANY_POINTS = 2000  # most points of the first search
_FEWEST_RUNS = 5  # fewer runs, or blocks of neighbours, tell no interval
_FEWEST_IN_A_ROW = 20  # fewest neighbours whose residuals tell a correlation
_BLOCK = 5.0  # length of a block of neighbours, in correlation times
_LEAST_RESIDUAL = 1e-9  # least noise of log L that is assumed, for perfect fits


class Status(Enum):
    """Whether the fitted numbers can be relied on."""

    CONVERGED = "converged"
    """A minimum that several starts agree on and that the data determine."""
    AT_BOUND = "at bound"
    """A parameter wants to leave its range: the data do not show that part of the form, or contradict it."""
    STARTS_DISAGREE = "starts disagree"
    """Fewer than two starts reached the lowest minimum: there may be a lower one."""
    FLAT = "flat"
    """The data leave a parameter, or a combination, undetermined by a factor e or more: read no single value."""


@dataclass(frozen=True)
class LawFit:
    """A fitted law. Call it for the loss at other amounts.

    Attributes:
        form: name of the form; ``equation`` shows where each parameter stands.
        status: whether the numbers can be relied on.
        reason: for the status, in words.
        parameters: by name, in the units of x and loss; ``inf`` where one exceeds double precision.
        intervals: by name, from the bootstrap; empty without one.
        objective: the sum of Huber's function (or half the squares) over the residuals of log loss.
        residual: their root mean square.
        cautions: what to know before an interval, or its absence, is read.
        n_points: number of points.
        n_runs: number of runs; ``n_points`` where points were resampled one by one.
        n_starts: number of starts.
        n_agreeing: number of starts that reached this minimum.
        delta: of Huber's function; ``inf`` for least squares.
        level: of the intervals.
    """

    form: str
    equation: str
    status: Status
    reason: str
    parameters: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    objective: float
    residual: float
    cautions: tuple[str, ...]
    n_points: int
    n_runs: int
    n_starts: int
    n_agreeing: int
    delta: float
    level: float
    _form: Form = field(repr=False)
    _scale: Scale = field(repr=False)
    _theta: Floats = field(repr=False)
    _samples: Floats = field(repr=False)
    _freedom: int = field(repr=False)

    @property
    def exponents(self) -> Mapping[str, int]:
        """Resource of every parameter that is an exponent: 0, or 1 for the second."""
        return self._form.exponents

    def __call__(self, x: ArrayLike) -> float | Floats:
        """Loss at amounts x > 0: ``(...)`` for one resource, ``(..., 2)`` for two; a float for a scalar x."""
        loss = np.exp(self._log_loss(self._theta[None], x)[0])
        return loss if loss.ndim else float(loss)

    def band(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """Bootstrap interval of the law itself (not of a new measurement) at x, lower and upper, shaped like the loss.

        Raises:
            InputError: if the fit was made without a bootstrap.
        """
        if not len(self._samples):
            raise InputError("a band needs a bootstrap", 0, "fit with n_bootstrap, e.g. 1000")
        low, high = np.exp(expanded_interval(self._log_loss(self._samples, x), self.level, self.n_runs, self._freedom))
        return low, high

    def _log_loss(self, theta: Floats, x: ArrayLike) -> Floats:
        amounts = np.asarray(x, dtype=float)
        many = self._form.n_resources > 1
        if many and (amounts.ndim == 0 or amounts.shape[-1] != self._form.n_resources):
            raise InputError(
                f"x must end in an axis of {self._form.n_resources} resources", x, "give one amount of each"
            )
        if not np.all(amounts > 0):
            raise InputError("every x must be greater than 0", x, "a law says nothing about none of it")
        shape = amounts.shape[:-1] if many else amounts.shape
        z = scaled_resources(amounts.reshape(-1, self._form.n_resources), self._scale)
        return (self._form.log_loss(theta, z) + self._scale.log_loss).reshape(len(theta), *shape)


def fit_law(
    x: ArrayLike,
    loss: ArrayLike,
    form: str = "power",
    *,
    delta: float = 1e-3,
    runs: ArrayLike | None = None,
    errors: ArrayLike | None = None,
    n_bootstrap: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> LawFit:
    """Fit a scaling law to measured losses.

    Args:
        x: amounts of the resource in any unit, ``(n,)``; for ``"two-resource"`` N and D (parameters, data), ``(n, 2)``.
        loss: ``(n,)``, greater than 0.
        form: ``"power"`` L = A x^-b, ``"power-offset"`` L = E + A x^-b, ``"broken"`` (two exponents and a smooth turn
            between them) or ``"two-resource"`` L = E + A N^-a + B D^-b.
        delta: residuals of log loss beyond it count linearly, not squared (Huber); at least 1e-8; ``math.inf`` is least
            squares.
        runs: a label for each point, ``(n,)``; points of one run are resampled together. Each point alone by default.
        errors: standard errors of the losses, ``(n,)``: residuals count in units of their own error, and of Huber's
            delta at the median error. Errors of one relative size change nothing.
        n_bootstrap: resamples for the intervals; 0 for none. Points in one resource whose residuals go together, as
            those along one run do, are resampled in blocks. Fewer than five runs or blocks give no intervals.
        level: of the intervals, between 0 and 1.
        seed: of the resampling.

    Raises:
        InputError: if a value is outside its range, or there are not more points than parameters.
    """
    chosen = form_of(form)
    points = checked_points(x, loss, runs, chosen.n_resources, errors)
    return fit_points(points, chosen, delta, n_bootstrap=n_bootstrap, level=level, seed=seed)


def form_of(name: str) -> Form:
    """The form of that name, or `InputError`."""
    if name not in FORMS:
        raise InputError(f"form must be one of {', '.join(FORMS)}", name, "choose one of them")
    return FORMS[name]


def fit_points(
    points: Points, form: Form, delta: float, *, n_bootstrap: int = 0, level: float = 0.95, seed: int = 0
) -> LawFit:
    """`fit_law` for points that are checked and a form that is found."""
    require_whole("n_bootstrap", n_bootstrap, 0, "give the number of resamples, 0 for no intervals")
    require_whole("seed", seed, 0, "give a whole number")
    if not delta >= _LEAST_DELTA:
        raise InputError(f"delta must be at least {_LEAST_DELTA:g}", delta, "give e.g. 1e-3, or inf for least squares")
    if not 0 < level < 1:
        raise InputError("level must lie between 0 and 1", level, "give e.g. 0.95")
    require_enough(points, form)
    scale = points.scale
    z, y = points.scaled(scale)
    objective = Objective(form, z, y, np.ones((1, y.size)), delta, points.sharpness)
    minima = search(objective)
    best = int(np.argmin(minima.value))
    theta, value = minima.theta[best], float(minima.value[best])
    n_agreeing = int(np.sum(minima.converged & (minima.value <= value * (1 + _SAME_OBJECTIVE) + 1e-24 * y.size)))
    status, reason = _verdict(objective, theta, n_agreeing, len(minima.value))
    residual = y - form.log_loss(theta[None], z)[0]
    drawn, cautions = _drawn(points, objective.sharpness * residual) if n_bootstrap else (points, ())
    n_drawn = 0 if drawn is None else n_bootstrap
    samples = resampled(objective, theta, drawn or points, n_drawn, np.random.default_rng(seed))
    n_runs = (drawn or points).n_runs
    freedom = (y.size - theta.size) if n_runs == y.size else n_runs - 1
    names = form.parameter_names
    natural = form.natural(theta[None], scale)[0]
    intervals = {}
    if n_drawn:
        low, high = expanded_interval(form.natural(samples, scale), level, n_runs, freedom)
        intervals = dict(zip(names, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return LawFit(
        form=form.name,
        equation=form.equation,
        status=status,
        reason=reason,
        parameters=dict(zip(names, natural.tolist(), strict=True)),
        intervals=intervals,
        objective=value,
        residual=math.sqrt(np.mean(residual**2)),
        cautions=(*cautions, *_beyond(names, natural)),
        n_points=y.size,
        n_runs=n_runs,
        n_starts=len(minima.value),
        n_agreeing=n_agreeing,
        delta=float(delta),
        level=level,
        _form=form,
        _scale=scale,
        _theta=theta,
        _samples=samples,
        _freedom=freedom,
    )


def _drawn(points: Points, residual: Floats) -> tuple[Points | None, tuple[str, ...]]:
    """The points with the runs that a bootstrap may draw, None where it cannot tell an interval; and why."""
    if not points.by_points:
        if points.n_runs >= _FEWEST_RUNS:
            return points, ()
        return None, (f"no intervals: {points.n_runs} runs are too few to tell how much runs differ",)
    if points.x.shape[1] > 1 or residual.size < _FEWEST_IN_A_ROW:
        return points, ()
    in_order = residual[np.argsort(points.x[:, 0], kind="stable")]
    bound = 5 * float(np.median(np.abs(in_order)))
    time = correlation_time(np.clip(in_order, -bound, bound))
    if time <= 1 + 2 * math.sqrt(22 / residual.size):  # two standard errors of white noise
        return points, ()
    length = math.ceil(_BLOCK * time)
    together = f"neighbouring residuals go together (about {time:.3g} count as one)"
    if residual.size // length < _FEWEST_RUNS:
        return None, (f"no intervals: {together}, too many for a bootstrap of {residual.size} points",)
    blocks = points.in_blocks(length)
    return blocks, (f"{together}: the bootstrap draws {blocks.n_runs} blocks of {length} neighbours",)


def _beyond(names: Sequence[str], natural: Floats) -> tuple[str, ...]:
    """A remark on parameters that no number can hold."""
    infinite = [name for name, value in zip(names, natural.tolist(), strict=True) if math.isinf(value)]
    if not infinite:
        return ()
    return (f"{', '.join(infinite)} is written as inf: beyond 1e308, since the law is steep so far from x = 1",)


def search(objective: Objective) -> Minima:
    """The minimum that each start of the grid leads to."""
    form, n = objective.form, objective.y.size
    bounds = form.bounds(objective.y)
    if n <= _MANY_POINTS:
        return descend(objective, form.starts(objective.z, objective.y), bounds)
    # A subset of the points leads near the minimum of all of them.
    some = np.random.default_rng(0).choice(n, _MANY_POINTS, replace=False)
    sharpness = objective.sharpness if objective.sharpness.size == 1 else objective.sharpness[some]
    fewer = replace(
        objective, z=objective.z[some], y=objective.y[some], weight=objective.weight[:, some], sharpness=sharpness
    )
    near = descend(fewer, form.starts(fewer.z, fewer.y), bounds)
    return minimise(objective, near.theta, bounds, tolerance=1e-13)


def _verdict(objective: Objective, theta: Floats, n_agreeing: int, n_starts: int) -> tuple[Status, str]:
    form = objective.form
    names = np.array(form.parameter_names)
    lower, upper = form.bounds(objective.y)
    for end, bounded in (("lower", theta <= lower), ("upper", theta >= upper)):
        if bounded.any():
            return Status.AT_BOUND, f"{', '.join(names[bounded])} {_ended(form, bounded, end)}"
    if n_agreeing < min(2, n_starts):
        return Status.STARTS_DISAGREE, f"{n_agreeing} of {n_starts} starts came to rest at the lowest point found"
    # The weakest direction of theta, and its standard error for residuals of the size seen.
    residual = objective.sharpness * (objective.y - form.log_loss(theta[None], objective.z)[0])
    noise = max(1.4826 * float(np.median(np.abs(residual))), _LEAST_RESIDUAL)
    _, stiffness, directions = np.linalg.svd(
        objective.sharpness[:, None] * form.jacobian(theta[None], objective.z)[0], full_matrices=False
    )
    if noise >= stiffness[-1]:
        error = noise / stiffness[-1] if stiffness[-1] > 0 else math.inf
        weakest = names[int(np.argmax(np.abs(directions[-1])))]
        return Status.FLAT, f"the noise leaves {weakest} undetermined by a factor e to the {error:.2g}"
    return Status.CONVERGED, f"{n_agreeing} of {n_starts} starts reached this minimum"


def _ended(form: Form, bounded: Flags, end: str) -> str:
    """A parameter's stop at the end of its range, in words."""
    if end == "lower" and isinstance(form, SumOfPowers) and bool(form.inner[bounded].all()):
        return "went to 0 (a millionth of the lowest loss): the losses do not show that term"
    return f"stopped at the {end} end of the range"
