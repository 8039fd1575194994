"""Curves as one tidy table, and their total loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def tidy_table(curves: xr.Dataset) -> pd.DataFrame:
    """One row a measurement: run, skill, step, strength (R/S), loss (of that skill); unmeasured entries left out."""
    dims = list(curves["strength"].dims)
    table = curves[["strength", "skill_loss"]].to_dataframe(dim_order=dims).reset_index()
    table = table.rename(columns={"skill_loss": "loss"})
    return table[[*dims, "strength", "loss"]].dropna(how="all", subset=["strength", "loss"], ignore_index=True)


def total_loss(curves: xr.Dataset) -> xr.DataArray:
    """Expected loss L = sum_k P_s(k) L_k (``Nam et al. 2024, Eq. 6``), over run and step."""
    return (curves["skill_loss"] * curves["frequency"]).sum("skill", skipna=False)
