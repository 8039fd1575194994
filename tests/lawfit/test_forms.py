"""The forms and their derivatives, against the formulas as one writes them and mpmath's differentiation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from saltus.lawfit.compare import _RIVALS_OF_TWO
from saltus.lawfit.forms import FORMS, Form, Scale

EVERY_FORM = [*FORMS.values(), *_RIVALS_OF_TWO]
# In scaled coordinates, as a formula of mpmath's.
SCALED: dict[str, Callable[..., Any]] = {
    "power": lambda z, a, b: a - b * z[0],
    "power-offset": lambda z, e, a, b: mpmath.log(mpmath.exp(e) + mpmath.exp(a - b * z[0])),
    "two-resource": lambda z, e, a, p, b, q: mpmath.log(
        mpmath.exp(e) + mpmath.exp(a - p * z[0]) + mpmath.exp(b - q * z[1])
    ),
    "parameters only": lambda z, e, a, p: mpmath.log(mpmath.exp(e) + mpmath.exp(a - p * z[0])),
    "data only": lambda z, e, b, q: mpmath.log(mpmath.exp(e) + mpmath.exp(b - q * z[1])),
    "broken": lambda z, a, b1, b2, z0, w: (
        a - b1 * z[0] - (b2 - b1) * mpmath.exp(w) * mpmath.log(1 + mpmath.exp((z[0] - z0) / mpmath.exp(w)))
    ),
}
# In natural units, as docs/fitting.md prints them.
NATURAL: dict[str, Callable[..., Any]] = {
    "power": lambda x, A, b: A * x[0] ** -b,
    "power-offset": lambda x, E, A, b: E + A * x[0] ** -b,
    "two-resource": lambda x, E, A, a, B, b: E + A * x[0] ** -a + B * x[1] ** -b,
    "parameters only": lambda x, E, A, a: E + A * x[0] ** -a,
    "data only": lambda x, E, B, b: E + B * x[1] ** -b,
    "broken": lambda x, A, b_early, b_late, x_break, width: (
        A * x[0] ** -b_early * (1 + (x[0] / x_break) ** (1 / width)) ** (-(b_late - b_early) * width)
    ),
}


def example(form: Form) -> tuple[np.ndarray, np.ndarray]:
    """Two parameter vectors and four points."""
    rng = np.random.default_rng(len(form.parameter_names))
    theta = rng.normal(size=(2, len(form.parameter_names)))
    if form.name == "broken":
        theta[:, 3:] = [[0.4, -1.5], [0.8, -0.3]]
    return theta, rng.random((4, form.n_resources))


@pytest.mark.parametrize("form", EVERY_FORM, ids=lambda form: form.name)
def test_derivatives_are_those_of_the_formula(form: Form) -> None:
    theta, z = example(form)
    weight = np.random.default_rng(1).normal(size=(2, 4))
    value, jacobian = form.log_loss(theta, z), form.jacobian(theta, z)
    curvature = form.curvature(theta, z, weight)
    p = theta.shape[1]
    with mpmath.workdps(30):
        for m in range(2):
            second = np.zeros((p, p))
            for i, at in enumerate(z):
                law = partial(SCALED[form.name], at)
                # Rounding of a handful of operations on numbers of order 1.
                assert value[m, i] == pytest.approx(float(law(*theta[m])), rel=1e-13, abs=1e-13)
                for j in range(p):
                    order = [int(j == other) for other in range(p)]
                    first = float(mpmath.diff(law, tuple(theta[m]), tuple(order)))
                    assert jacobian[m, i, j] == pytest.approx(first, rel=1e-12, abs=1e-13)
                    for k in range(p):
                        both = [a + int(k == other) for other, a in enumerate(order)]
                        second[j, k] += weight[m, i] * float(mpmath.diff(law, tuple(theta[m]), tuple(both)))
            # 30 digits, of which second differences leave about ten.
            assert curvature[m] == pytest.approx(second, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("form", EVERY_FORM, ids=lambda form: form.name)
def test_natural_parameters_give_the_same_law(form: Form) -> None:
    theta, z = example(form)
    scale = Scale(np.array([3.0, -2.0])[: form.n_resources], np.array([4.0, 9.0])[: form.n_resources], 0.7)
    x = np.exp(scale.origin + z * scale.width)
    for vector, natural, scaled in zip(theta, form.natural(theta, scale), form.log_loss(theta, z), strict=True):
        assert vector.size == len(form.parameter_names)
        plain = [float(mpmath.log(NATURAL[form.name](list(map(mpmath.mpf, at)), *natural))) for at in x]
        assert scaled + scale.log_loss == pytest.approx(plain, rel=1e-12, abs=1e-12)


def test_parameters_beyond_double_precision_are_infinite_and_the_law_is_not() -> None:
    form = FORMS["power"]
    theta = np.array([[0.0, 10.0]])
    natural = form.natural(theta, Scale(np.array([690.0]), np.array([1.0]), 0.0))
    assert natural[0].tolist() == [np.inf, 10.0]
    assert np.isfinite(form.log_loss(theta, np.array([[0.5]]))).all()
