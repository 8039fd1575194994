"""Calibrate the extended models in size: D_c on curves over data, N_c on curves over parameters.

All runs are fitted together, since each size is a training of its own and a run may have one only;
`saltus.forecast.size.fit` says where the standard errors come from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from saltus.curves.report import explained
from saltus.curves.schema import resource_of
from saltus.errors import InputError
from saltus.forecast.base.checks import OnSkill, carried_frequencies, checked_skills, not_risen
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration, SizeCalibration
from saltus.forecast.size.fit import fit_size, points_of
from saltus.forecast.size.forms import equally_frequent
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

C = TypeVar("C", bound=SizeCalibration)
_FEW, _MANY = (
    30.0,
    1e8,
)  # samples of a skill below which sizes are in a larger unit, and the samples that stand for them


@explained
def calibrate_data(
    curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: OnSkill | None = 1
) -> DataCalibration:
    """Fit D_c to strengths over the size of the training set (``Nam et al. 2024, Eq. 17``).

    A skill is observed Binomial(D, P_k) times; the fit is to the strength expected over that number.

    Args:
        curves: labelled curves over ``data``.
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several; None for all that have risen.

    Raises:
        InputError: if the curves run along something else, there is no such skill, or none of them emerged in any run.
    """
    given = carried_frequencies(curves) if frequencies is None else frequencies
    return _calibrate(DataCalibration, curves, given, on_skill)


@explained
def calibrate_parameters(curves: xr.Dataset, on_skill: OnSkill | None = 1) -> ParameterCalibration:
    """Fit N_c to strengths over the number of hidden nodes (``Nam et al. 2024, Eq. 18-21``).

    Only the order of the skills matters, not their frequencies.

    Args:
        curves: labelled curves over ``parameters``.
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several; None for all that have risen.

    Raises:
        InputError: if the curves run along something else, there is no such skill, or none of them emerged in any run.
    """
    return _calibrate(ParameterCalibration, curves, equally_frequent(curves.sizes["skill"]), on_skill)


def _calibrate(kind: type[C], curves: xr.Dataset, frequencies: SkillFrequencies, on_skill: OnSkill | None) -> C:
    if resource_of(curves).name != kind.resource:
        raise InputError(f"curves must run along {kind.resource}", resource_of(curves).name, "use saltus.calibrate")
    asked = every_skill(curves) if on_skill is None else checked_skills(on_skill, curves)
    if not has_risen(curves, asked):
        raise not_risen(curves.sel(skill=list(asked)), "measure more sizes, smaller and larger")
    skills = tuple(skill for skill in asked if has_risen(curves, skill)) if on_skill is None else asked
    unit = _unit(kind, curves, frequencies)
    form, strength, error = points_of(kind, curves, skills, frequencies, unit)
    fit = fit_size(form, strength, error, weigh=bool(curves.attrs.get("measured_errors")))
    return kind(
        constant=fit.constant,
        variance=fit.variance,
        fit_variance=fit.fit_variance,
        degrees=fit.degrees,
        residual=fit.residual,
        misfit=fit.misfit,
        target_scale=float(curves.attrs["target_scale"]),
        skills=skills,
        n_skills=curves.sizes["skill"],
        n_runs=fit.n_runs,
        quantiles=fit.quantiles,
        unit=unit,
    )


def _unit(kind: type[SizeCalibration], curves: xr.Dataset, frequencies: SkillFrequencies) -> float:
    """Samples or nodes in one unit of the sizes: 1 where they can be such numbers, else so many that chance is none."""
    sizes = curves[kind.resource].to_numpy().astype(float)
    sizes = sizes[sizes > 0]
    whole = bool(np.all(sizes == np.round(sizes)))
    most = math.inf if kind is ParameterCalibration else float(sizes.max() * frequencies.pmf(np.array([1]))[0])
    return 1.0 if whole and most >= _FEW else _MANY / float(sizes.min())


def every_skill(curves: xr.Dataset) -> tuple[int, ...]:
    """Numbers of all skills of the curves."""
    return tuple(range(1, curves.sizes["skill"] + 1))


def has_risen(curves: xr.Dataset, on_skill: OnSkill | None = 1) -> bool:
    """Whether the mean over runs of one of the skills passes R/S = 0.5 within the measured sizes; None for any."""
    chosen = curves.sel(skill=list(every_skill(curves) if on_skill is None else checked_skills(on_skill, curves)))
    mean = chosen["strength"].mean("run").to_numpy()
    return bool(np.any((mean < 0.5).any(axis=-1) & (mean >= 0.5).any(axis=-1)))
