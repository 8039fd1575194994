"""Runs that teach, as the command line names them: every file is a set of its own, read by the same options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.cli.mix import frequencies_of
from saltus.cli.progress import moment_progress
from saltus.cli.reading import ReadingOptions
from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from saltus.cli.mix import Stated
    from saltus.forecast.teach import Teaching
    from saltus.forecast.time.effective_time import AnySchedule


def read_runs(options: ReadingOptions, paths: Sequence[Path]) -> list[xr.Dataset]:
    """The curves of each path; of all together, where options say how they make one set."""
    if any(one is not None for one in (options.run_from, options.skill_from, options.step_from)):
        return [replace(options, curves=tuple(paths)).read()]
    return [replace(options, curves=(path,)).read() for path in paths]


def taught_by(
    sets: Sequence[xr.Dataset],
    paths: Sequence[Path],
    *,
    alpha: float | None,
    stated: Stated,
    schedule: AnySchedule,
    name: str = "own",
) -> Teaching:
    """The recipe that these curves teach, with progress on stderr.

    Raises:
        InputError: if frequencies are not known, or as `saltus.teach`.
    """
    from saltus.forecast.teach import teaching

    given, *_ = [frequencies_of(curves, alpha, stated) for curves in sets]
    if isinstance(given, str):
        rule = "runs teach by the frequencies of their skills"
        raise InputError(rule, given, "give --alpha, or --frequencies FILE with numbers")
    sizes = sorted({curves.sizes["skill"] for curves in sets})
    if given is not None and len(sizes) > 1:
        raise InputError("runs must have the same skills", sizes, "teach each number of skills by itself")
    labels = [path.stem or str(path) for path in paths] if len(sets) == len(paths) else None
    with moment_progress("testing the recipe,", "runs left out") as progress:
        return teaching(sets, given, name=name, schedule=schedule, progress=progress, labels=labels)
