"""A store of runs (`saltus.sweep`) read as curves: over steps as it is, or its runs' ends over their sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from saltus.curves.report import Finding, ReadingReport, counted
from saltus.curves.schema import curves_from, plain
from saltus.errors import InputError
from saltus.resource import RESOURCES
from saltus.store.dataset import read_store

if TYPE_CHECKING:
    import xarray as xr

Over = Literal["step", "data", "parameters"]

_SETTING = {name: resource.setting for name, resource in RESOURCES.items() if resource.setting is not None}
_NOT_SETTINGS = ("run", "seed", "key", "status", "frequency", "flow_learning_rate")


def read_store_curves(path: Path, where: str | None, over: Over) -> xr.Dataset:
    """The curves of a store; arguments as in `saltus.read_curves`.

    Raises:
        InputError: if the store has no such run, or its runs do not share their skills or differ in more than seed and
            size.
    """
    if over not in get_args(Over):
        raise InputError(f"over must be one of {', '.join(get_args(Over))}", over, "choose one of them")
    runs = read_store(path, where=where)
    if runs["frequency"].dims != ("skill",) or "target_scale" not in runs.attrs:
        raise InputError("runs must be of one task", str(path), "choose runs with where=, e.g. 'alpha == 0.6'")
    curves, findings = (_over_steps(runs), _mixed(runs)) if over == "step" else _over_sizes(runs, over)
    curves = curves.assign_coords(
        skill_name=("skill", curves["skill"].to_numpy().astype(str)),
        run_name=("run", curves["run"].to_numpy().astype(str)),
    )
    curves.attrs["reading"] = _report(path, curves, over, findings).json
    return curves


def _over_steps(runs: xr.Dataset) -> xr.Dataset:
    return runs.assign_attrs(flow_learning_rate=runs.attrs.get("flow_learning_rate", float("nan")))


def _mixed(runs: xr.Dataset) -> tuple[Finding, ...]:
    names = _varying(runs)
    if not names:
        return ()
    text = f"runs differ in {', '.join(names)}, not only by chance: where= chooses"
    return (Finding("different settings", len(names), text),)


def _over_sizes(runs: xr.Dataset, over: Literal["data", "parameters"]) -> tuple[xr.Dataset, tuple[Finding, ...]]:
    """Each run's last measured strengths at its size; runs of one seed make one curve."""
    setting = _SETTING[over]
    if setting not in runs.coords:
        raise InputError(f"runs over {over} must differ in {setting}", list(_varying(runs)), "sweep over it")
    size = runs[setting].to_numpy().astype(float)
    if not np.isfinite(size).all():
        raise InputError(f"{setting} must be a number in every run", size, "choose runs with where=")
    if others := [name for name in _varying(runs) if name != setting and not _follows(runs[name].to_numpy(), size)]:
        rule = f"runs over {over} must differ in {setting}, what goes with it, and seed"
        raise InputError(rule, others, "choose runs with where=")
    sizes, place = np.unique(size, return_inverse=True)
    seeds, row = np.unique(runs["seed"].to_numpy(), return_inverse=True)

    measured = np.isfinite(runs["strength"].to_numpy()).any(axis=1)
    end = runs.sizes["step"] - 1 - measured[:, ::-1].argmax(axis=1)

    def on_grid(name: str) -> Any:
        grid = np.full((len(seeds), runs.sizes["skill"], len(sizes)), np.nan)
        grid[row, :, place] = runs[name].to_numpy()[np.arange(len(end)), :, end]
        return grid

    curves = curves_from(
        on_grid("strength"),
        sizes,
        over=over,
        strength_error=on_grid("strength_error"),
        skill_loss=on_grid("skill_loss"),
        frequencies=runs["frequency"].to_numpy(),
        runs=seeds,
        target_scale=runs.attrs["target_scale"],
        settings=json.loads(runs.attrs["settings"]),
    )
    bad = int((runs["status"] != "finished").sum())
    text = f"{counted(bad, 'run')} stalled or diverged: kept, as they ended"
    return curves, (Finding("unfinished runs", bad, text),) if bad else ()


def _varying(runs: xr.Dataset) -> list[str]:
    """Settings that differ between runs, the seed aside."""
    return [str(name) for name in runs.coords if runs[name].dims == ("run",) and name not in _NOT_SETTINGS]


def _follows(values: np.ndarray[Any, Any], size: np.ndarray[Any, Any]) -> bool:
    """Whether runs of one size have one value."""
    return all(len(np.unique(values[size == one])) == 1 for one in np.unique(size))


def _report(path: Path, curves: xr.Dataset, over: Over, findings: tuple[Finding, ...]) -> ReadingReport:
    grid = curves[over].to_numpy()
    apart = np.diff(grid) if len(grid) > 1 else np.zeros(1)
    return ReadingReport(
        source=str(path),
        layout="a store of runs",
        resource=over,
        step_column=_SETTING.get(over, over),
        rule="strengths as stored" if over == "step" else "strengths at the end of each run",
        skills=tuple(curves["skill_name"].to_numpy().tolist()),
        runs=tuple(curves["run_name"].to_numpy().tolist()),
        n_measurements=int(np.isfinite(curves["strength"].to_numpy()).sum()),
        first=plain(grid[0]),
        last=plain(grid[-1]),
        spacing=(float(apart.min()), float(np.median(apart)), float(apart.max())),
        findings=findings,
    )
