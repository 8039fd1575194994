"""When skills were measured to emerge, as recipes that forecast it tabulate it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saltus.curves.crossings import emergence_times
from saltus.present.report import cell

if TYPE_CHECKING:
    import xarray as xr

COLUMNS = ("skill", "frequency", "measured", "± sd", "runs")


def measured_skills(curves: xr.Dataset) -> list[dict[str, Any]]:
    """Of each skill the half-strength time, mean and standard deviation over the runs in which it emerged."""
    measured = emergence_times(curves)
    return [
        {
            "skill": k + 1,
            "frequency": float(frequency),
            "measured_time": float(measured.mean[k]),
            "measured_sd": float(measured.sd[k]),
            "n_emerged": int(measured.n_emerged[k]),
        }
        for k, frequency in enumerate(curves["frequency"].to_numpy())
    ]


def measured_cells(skill: dict[str, Any]) -> list[str]:
    """The cells of `COLUMNS`, for one of the `measured_skills`."""
    return [
        str(skill["skill"]),
        f"{skill['frequency']:.4f}",
        cell(skill["measured_time"], ".0f"),
        cell(skill["measured_sd"], ".0f", "–"),
        str(skill["n_emerged"]),
    ]
