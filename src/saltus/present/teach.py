"""The report of ``saltus teach``: what the runs taught, in words, then run by run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saltus._version import __version__
from saltus.curves.report import counted
from saltus.forecast.teach import Teaching
from saltus.forecast.time.own_recipe import OWN_STEEPNESS
from saltus.present.report import Report
from saltus.present.table import Column, Table

_COLUMNS = (
    Column("run"),
    Column("n_emerged", "emerged"),
    Column("n_skills", "of"),
    Column("gamma", form=".3f"),
    Column("gamma_error", "± error", form=".3f"),
    Column("steepness", "steepness h", form=".2f"),
    Column("scatter", "scatter, decades", form=".3f"),
    Column("note", value=lambda row: row["note"] or None),
)


def teach_report(found: Teaching, settings: Mapping[str, Any], out: Path | None) -> Report:
    """Answer, table by run, summary and remarks.

    Args:
        found: recipe and lessons.
        settings: options of the command line, by name; they are written down.
        out: file of the recipe; None where none was written.
    """
    return Report(
        title=answer(found),
        table=Table(_COLUMNS, [vars(one) for one in found.lessons]),
        summary={
            "answer": answer(found),
            **found.summary(),
            "settings": settings,
            "version": __version__,
        },
        name="teach",
        remarks=list(_remarks(found, out)),
    )


def answer(found: Teaching) -> str:
    """The outcome in one line."""
    law = found.recipe.laws[0]
    skills = counted(sum(one.n_emerged for one in found.lessons), "skill")
    good = (
        ""
        if math.isnan(found.median_error)
        else f"; forecasts from the first skill alone should be good to about {found.median_error:.2f} decades"
    )
    return (
        f"Times go as frequency^-{law.gamma:.2f} (± {law.scale:.2f} in another run), from "
        f"{counted(found.recipe.n_runs, 'run')}, {skills}{good}"
    )


def _remarks(found: Teaching, out: Path | None) -> Iterator[str]:
    """Lines on steepness, scatter, coverage, and the command to run next."""
    recipe, law = found.recipe, found.recipe.laws[0]
    steep = next((one for one in recipe.laws if one.name == OWN_STEEPNESS), None)
    if steep is not None:
        yield (
            f"weights of the laws: {law.weight:.0%} one exponent for all runs, {steep.weight:.0%} exponent = "
            f"{steep.gamma:.2f} / steepness of the first rise (± {steep.scale:.2f}), "
            f"{1 - law.weight - steep.weight:.0%} the laws that come with the program"
        )
    straggling = (
        f"; a straggler comes {10**law.scatter.delay:.2g} times later on average" if law.scatter.delay > 0 else ""
    )
    yield (
        f"single skills scatter by {law.scatter.spread:.3f} decades, and {law.scatter.spread_per_decade:.3f} more a "
        f"decade of frequency, in quadrature{straggling}"
    )
    few = found.recipe.n_runs < 2
    if few:
        yield "one run cannot tell how runs differ: the spread between runs is the one measured between seeds of others"
    yield _coverage(found)
    if out is not None:
        yield f"next: saltus forecast CURVES --recipe {out}"


def _coverage(found: Teaching) -> str:
    recipe = found.recipe
    covered = recipe.covered(1, scheduled=False)
    if covered is None:
        return "nobody measured how often such forecasts hold: leaving out one run in turn takes five runs or more"
    said = f"{covered.held} of {covered.skills} skills were in the 90 % interval ({covered.share:.0%})"
    if found.own_coverage:
        return f"each run left out in turn and forecast from its first skill by the others: {said}, {covered.runs} runs"
    return f"such forecasts were measured on other runs, each taught by one earlier run: {said}, {covered.runs} runs"
