"""Fig. 2, 3, 7, Table 2 and the errata: their numbers against computations of their own."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from saltus.present.report import write
from saltus.reproduce.paper import fig2, fig3, fig7, table2
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies import errata


def outcome(recipe: Any, out: Path) -> dict[str, Any]:
    """Run a recipe at the paper's settings and read back what it wrote."""
    report = recipe.reproduce(recipe.PRESETS["paper"], RunOptions())
    assert len(report.table.texts) == len(report.summary["agreement"])
    assert all(len(row) == len(report.table.headings) for row in report.table.texts)
    write(report, out)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    assert summary["version"]
    assert summary["settings"]["kind"] == "Settings"
    return summary


def frequencies(alpha: float, n_skills: int) -> np.ndarray:
    weight = np.arange(1.0, n_skills + 1) ** -(alpha + 1)
    return np.asarray(weight / weight.sum())


def test_fig2_agrees_with_plain_sums_and_trained_models(tmp_path: Path) -> None:
    rows = outcome(fig2, tmp_path)["agreement"]
    assert [(row["resource"], row["alpha"]) for row in rows] == [
        (resource, alpha) for resource in ("time", "data", "parameters") for alpha in (0.3, 0.6, 0.9)
    ]
    for row in rows:
        p = frequencies(row["alpha"], 100_000)
        x = row["amount"]
        by_hand = {
            "time": lambda p=p, x=x: float((p * (1 - 1 / (1 + 99 * np.exp(-2 * p * x))) ** 2).sum() / 2),
            "data": lambda p=p, x=x: float((p * (1 - p) ** x).sum() * 0.99**2 / 2),
            "parameters": lambda p=p, x=x: float(p[int(x) :].sum() / 2),
        }[row["resource"]]()
        assert row["exact_loss"] == pytest.approx(by_hand, rel=1e-10)
        last = row["trained"][-1]
        # Fresh samples are a training set 256 T large, which costs the loss no more than a percent.
        assert last["expected_loss"] == pytest.approx(row["exact_loss"], rel=0.01)
        deviation, unit = row["largest_deviation"].split(maxsplit=1)
        # Six points: the largest of six normal deviates stays below 4 but once in 2,600.
        assert float(deviation) < (4.0 if unit == "standard errors" else 1e-12)
    table = pd.read_csv(tmp_path / "losses.csv")
    assert set(table["kind"]) == {"exact", "law", "trained"}
    # A law is a straight line of the stated slope.
    line = table[(table["panel"] == "time") & (table["family"] == "α = 0.6") & (table["kind"] == "law")]
    slope = np.diff(np.log(line["loss"])) / np.diff(np.log(line["x"]))
    np.testing.assert_allclose(slope, -0.375, rtol=1e-5)


def test_fig3_optimum_is_the_lower_edge_of_all_sizes(tmp_path: Path) -> None:
    rows = outcome(fig3, tmp_path)["agreement"]
    p = frequencies(0.6, 50_000)
    for row in (row for row in rows if row["alpha"] == 0.6):

        def loss(n: int, c: float = row["compute"]) -> float:
            learned = 5 / (1 + 499 * np.exp(-10 * p[:n] * c / n))
            return float((p[:n] * (5 - learned) ** 2).sum() / 2 + p[n:].sum() * 12.5)

        n = row["optimal_n"]
        assert row["optimal_loss"] == pytest.approx(loss(n), rel=1e-10)
        assert all(row["optimal_loss"] <= loss(m) * (1 + 1e-12) for m in (n - 1, n + 1, row["best_listed_n"]))
    table = pd.read_csv(tmp_path / "losses.csv")
    for _, panel in table.groupby("panel"):
        lowest = panel[panel["kind"] == "fixed N"].groupby("x")["loss"].min()
        best = panel[panel["kind"] == "optimal N"]
        bound = np.interp(np.log(best["x"]), np.log(lowest.index), np.log(lowest))
        # Between the table's points the lower edge is a straight line to within a percent.
        assert np.all(np.log(best["loss"]) <= bound + 0.01)


def test_fig7_the_correction_brings_the_law_to_the_loss(tmp_path: Path) -> None:
    rows = outcome(fig7, tmp_path)["agreement"]
    for row in rows:
        plain, corrected = (abs(math.log(row[name])) for name in ("law_over_exact", "corrected_law_over_exact"))
        assert corrected < plain
        assert corrected < 0.04
    # The smaller alpha, the more the plain law misses.
    late = [row["law_over_exact"] for row in rows if row["time"] == 1e4]
    assert all(later < earlier for earlier, later in pairwise(late))


def test_table2_laws_are_close_where_they_hold_and_far_where_they_do_not(tmp_path: Path) -> None:
    rows = outcome(table2, tmp_path)["agreement"]
    assert {row["resource"] for row in rows if row["holds"]} == {"time", "data", "parameters", "compute"}
    for row in rows:
        assert row["holds"] == (row["failing"] == [])
        if row["holds"]:
            assert abs(row["law_over_exact"] - 1) < 0.05
    broken = [row for row in rows if not row["holds"] and row["time"] != 2]
    assert all(abs(row["law_over_exact"] - 1) > 0.1 for row in broken)


def test_errata_show_printed_and_computed_numbers(tmp_path: Path) -> None:
    entries = outcome(errata, tmp_path)["agreement"]
    for entry in entries:
        assert entry["ratio"] == pytest.approx(entry["computed"] / entry["printed"])
    by_where: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_where.setdefault(entry["where"], []).append(entry)
    assert len(by_where) == 7
    for entry, alpha in zip(by_where["Eq. 327"], (0.3, 0.6, 0.9), strict=True):
        assert entry["computed"] == pytest.approx(float(1 / (2 * alpha * mpmath.zeta(alpha + 1))), rel=1e-12)
    # The pasted constants of T hold at S = 1 to the three digits printed, and only there.
    at_1, at_5 = by_where["plot scripts"][:3], by_where["plot scripts"][3:]
    assert all(abs(entry["computed"] - entry["printed"]) < 0.005 for entry in at_1)
    assert all(entry["ratio"] > 1.1 for entry in at_5)
    # Cor. 5 at S = 5, r = 0.01 by brute force over whole N at C = 1e8 and alpha = 0.9, where the sum has converged.
    k = np.arange(1.0, 4001)
    p = k**-1.9 / float(mpmath.zeta(1.9))
    losses = [
        (p[:n] * expit(math.log(499) - 10 * p[:n] * 1e8 / n) ** 2).sum() + 1 - p[:n].sum() for n in range(400, 900)
    ]
    drawn = next(entry for entry in by_where["Fig. 3"] if "0.9" in entry["quantity"])
    exponent = 0.9 / 2.9
    assert drawn["computed"] == pytest.approx(min(losses) * 1e8**exponent, rel=2e-3)
    bits, values = by_where["data generator"]
    assert bits["computed"] == pytest.approx(sum(bin(byte).count("1") for byte in range(255)) / (255 * 8))
    assert (values["printed"], values["computed"]) == (256, 255)
