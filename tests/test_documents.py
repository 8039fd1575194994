"""Every command and every Python example that README and docs show works as written."""

from __future__ import annotations

import csv
import json
import re
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from saltus import MultitaskSparseParity, PowerLaw, SkillRecorder
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies import errata

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    """Fenced blocks of one language, with the name of their document."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), flags=re.S | re.M):
            found.append((document.name, block))
    return found


def commands() -> list[str]:
    lines = (line.strip() for _, block in blocks("sh") for line in block.splitlines())
    return sorted({line.split("  #")[0].strip() for line in lines if line and not line.startswith("#")})


# Targets that train for minutes.
TRAINED = {"all", "fig1", "fig1a", "fig11", "table5", "equivalence", "fig4", "fig12", "architectures", "michaud"}


@pytest.mark.parametrize("command", commands())
def test_command_works(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[0] == "make":  # these set up environments and run this very suite: their recipes must at least exist
        done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    elif words[0] == "saltus":
        if words[1] == "reproduce" and words[2] in TRAINED:
            pytest.skip("tests/reproduce runs it in small")
        if words[1:3] == ["train", "transformer"]:
            pytest.importorskip("torch")
        if words[:3] == ["saltus", "sweep", "run"]:
            (tmp_path / "examples").symlink_to(ROOT / "examples")
            if not {"--dry-run", "--shard"} & set(words):
                pytest.skip("tests/runs/test_faults.py runs it")
        elif words[:2] == ["saltus", "sweep"]:  # they look at a store: here is one, of two of the example's runs
            make_store = ["saltus", "sweep", "run", str(ROOT / "examples/sweep.toml"), "--store", words[3], "--shard"]
            subprocess.run([sys.executable, "-m", *make_store, "9/16"], cwd=tmp_path, check=True)
        done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True)
    elif words[0] == "python":
        done = subprocess.run([sys.executable, *words[1:], "--help"], cwd=ROOT, capture_output=True, text=True)
    else:
        pytest.skip("set-up of the machine, not a command of this project")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("document", "code"), blocks("python"))
def test_python_example_works(document: str, code: str, tmp_path: Path) -> None:
    if re.search('import torch|Network|Perceptron|Transformer|backend="torch"', code):
        pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, f"{document}: {done.stderr}"


def test_callbacks_for_other_trainers_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainers are stood in for: by their names, and by calls as their documentation promises them."""
    torch = pytest.importorskip("torch")
    for name, parts in (("lightning.pytorch", {"Callback": object}), ("transformers", {"TrainerCallback": object})):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**parts))
    task = MultitaskSparseParity(PowerLaw(0.6, 3))
    recorders = [SkillRecorder(task, every=5, n_samples=80) for _ in range(2)]
    spaces: list[dict[str, Any]] = [{}, {}]
    for (_, code), space in zip(blocks("py"), spaces, strict=True):
        exec(code, space)
    lightning, hugging_face = (space["Skills"](recorder) for space, recorder in zip(spaces, recorders, strict=True))
    network = torch.nn.Linear(35, 1)

    class WithLogits(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, inputs: Any) -> Any:
            return SimpleNamespace(logits=network(inputs))

    for step in range(11):
        state = SimpleNamespace(global_step=step)
        lightning.on_train_batch_end(state, network, {}, (), step)
        hugging_face.on_step_end(None, state, None, model=WithLogits(), optimizer=None)
    curves = [recorder.curves() for recorder in recorders]
    assert curves[0].step.values.tolist() == [0, 5, 10]
    assert curves[0].equals(curves[1])


def plain_text(document: str) -> str:
    return " ".join((ROOT / document).read_text().split())


def kept(name: str) -> dict[str, Any]:
    """A kept summary."""
    summary: dict[str, Any] = json.loads((ROOT / "docs/results" / name / "summary.json").read_text())
    return summary


def quoted_table(document: Path, name: str) -> list[str]:
    """Rows of the table between the marks of that name, without its head."""
    block = re.search(rf"<!-- results: {name} -->\n(.*?)<!-- end -->", document.read_text(), re.S)
    assert block is not None
    return block[1].splitlines()[2:]


def test_readme_quotes_the_kept_results() -> None:
    skills = kept("fig1a-quick")["skills"]
    assert quoted_table(ROOT / "README.md", "fig1a-quick") == [
        f"| {s['skill']} | {s['frequency']:.4f} | {s['measured_time']:.0f} | {s['measured_sd']:.0f} "
        f"| {s['forecast_time']:.0f} | {s['log10_ratio']:+.3f} "
        f"| {s['forecast_time_own_first_skill']:.0f} | {s['log10_ratio_own_first_skill']:+.3f} |"
        for s in skills
    ]


def test_readme_quotes_the_kept_results_of_fig1() -> None:
    panels = kept("fig1-fast")["panels"]
    rows = []
    for name, symbol, form in (("time", "B²", ".4f"), ("data", "D_c", ".0f"), ("parameters", "N_c", ".2f")):
        panel = panels[name]
        ratios = ("–" if s["log10_ratio"] is None else f"{s['log10_ratio']:+.3f}" for s in panel["skills"])
        constant = f"{panel['constant']:{form}} ± {panel['error']:{form}} | {panel['paper']:{form}}"
        rows.append(f"| {name} | {symbol} | {constant} | {' | '.join(ratios)} |")
    assert quoted_table(ROOT / "README.md", "fig1-fast") == rows


def kept_numbers(table: str, column: str) -> list[float]:
    with (ROOT / "docs/results" / table).open(newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def test_readme_says_what_the_demo_trained_and_how_late_its_skills_came() -> None:
    demo, text = kept("fig1a-quick"), plain_text("README.md")
    words = {5: "five", 8: "eight", 10: "ten"}
    runs, single = words[len(demo["seeds"])], words[len(demo["calibration_seeds"])]
    assert f"mean of {runs} runs; the forecast's constants come from {single} runs with one skill" in text
    latest = min(skill["log10_ratio"] for skill in demo["skills"])
    assert f"later than forecast, by up to {-latest:.2f} decades" in text


def test_readme_says_what_fig1_cost() -> None:
    (cost,) = re.findall(r"^\| fig1-fast, .*\| ([^|]*) \|$", (ROOT / "docs/results/README.md").read_text(), re.M)
    assert f"It took {cost} (" in plain_text("README.md")


def test_forecasting_page_quotes_the_study() -> None:
    study, text = kept("forecast-study"), plain_text("docs/forecasting.md")
    evidence = {form["form"]: form["log_likelihood"] - form["penalty"] for form in study["forms"]["0.5"]}
    assert max(evidence, key=lambda form: evidence[form]) == "exponent"
    assert f"from {study['departure']['n_runs']} training runs" in text
    assert f"log evidence {evidence['exponent'] - evidence['paper']:+.1f} over the model as published" in text
    spreads = [law["spread"] for law in study["departure"]["laws"]]
    assert f"the spread of the departure ({min(spreads):.2f} to {max(spreads):.2f} dex) decides" in text
    names = ("forecast-study", "forecast-study-fresh")
    full, fresh = (statistics.median(kept_numbers(f"{name}/times.csv", "log10_fit_sd")) for name in names)
    assert f"the median standard deviation of the fits is {full:.3f} dex, of the fresh runs {fresh:.3f} dex" in text


def test_departures_page_knows_the_largest_strength() -> None:
    (bound,) = re.findall(r"none of ours is above ([0-9.]+)", plain_text("docs/departures.md"))
    assert max(kept_numbers("fig1-fast/parameters.csv", "strength")) <= float(bound)


def test_coverage_tables_are_what_the_script_writes(tmp_path: Path) -> None:
    made = [sys.executable, str(ROOT / "benchmarks/intervals.py"), str(tmp_path), "--repeats", "3"]
    subprocess.run(made, check=True, capture_output=True)
    kept_tables = sorted((ROOT / "docs/results/coverage").glob("*.csv"))
    assert [path.name for path in kept_tables] == sorted(path.name for path in tmp_path.iterdir())
    for path in kept_tables:
        ours, theirs = (table.read_text().splitlines() for table in (path, tmp_path / path.name))
        assert (ours[0], len(ours)) == (theirs[0], len(theirs))


def test_errata_page_quotes_what_the_command_computes() -> None:
    report = errata.reproduce(errata.PRESETS["paper"], RunOptions())
    assert quoted_table(ROOT / "docs/errata.md", "errata") == [f"| {' | '.join(row)} |" for row in report.table.texts]


def test_forecasting_page_quotes_the_kept_study() -> None:
    rows = []
    for name, runs in (("forecast-study", "held out, 24–63"), ("forecast-study-fresh", "fresh, 1000–1039")):
        summary = kept(name)
        first, last = summary["seeds"]["testing"][0], summary["seeds"]["testing"][-1]
        assert runs.endswith(f" {first}–{last}")
        rows += [
            f"| {runs} | {one['threshold']:g} | {one['n_skills']} | {one['coverage']:.1%} "
            f"| {one['median_error']:.3f} | {one['median_error_paper']:.3f} |"
            for one in summary["scores"]
        ]
    assert quoted_table(ROOT / "docs/forecasting.md", "forecast-study") == rows


def test_forecasting_quotes_the_study_of_schedules() -> None:
    scores, text = kept("forecast-study-schedules")["scores"], plain_text("docs/forecasting.md")
    rows = []
    for kind, by_clock in scores.items():
        one, other = by_clock["schedule"], by_clock["steps"]
        rows.append(
            f"| {kind} | {one['n_runs']} | {one['n_skills']} | {one['coverage']:.1%} ± {one['coverage_error']:.1%} "
            f"| {one['median_error']:.3f} | {other['coverage']:.1%} | {other['median_error']:.3f} |"
        )
    assert quoted_table(ROOT / "docs/forecasting.md", "forecast-study-schedules") == rows
    steps, rate, logged = (scores["all"][clock]["median_error"] for clock in ("steps", "schedule", "logged"))
    assert f"from {steps:.3f} to {rate:.3f} dex" in text
    assert f"do as well ({logged:.3f})" in text


def recipe_rows(study: dict[str, Any]) -> list[str]:
    """Errors by kind of training and number of emerged skills."""
    return [
        f"| {one['family']} | {one['known']} | {one['n_runs']} | {one['n_skills']} | {shown(one['median_error'])} "
        f"| {shown(one['median_error_inverse'])} | {share(one)} | {shown(one['width'], '.2f')} |"
        for one in study["scores"]
    ]


def verdict_rows(study: dict[str, Any]) -> list[str]:
    """Shares that held by verdict."""
    return [f"| {one['verdict']} | {one['n_runs']} | {one['n_skills']} | {share(one)} |" for one in study["verdicts"]]


def measured_rows(study: dict[str, Any]) -> list[str]:
    """Errors by checkpoints and items."""
    return [
        f"| {one['checkpoints']} {one['spacing']} | {one['items'] or 'exact'} | {one['chance'] or 0:g} "
        f"| {one['tokens'] or 1} | {shown(one['median_error_1'])} | {shown(one['coverage_1'], '.0%')} "
        f"| {shown(one['median_error_2'])} | {shown(one['coverage_2'], '.0%')} |"
        for one in study["scores"]
        if one["ceiling"] in (None, 1)
    ]


def share(one: dict[str, Any]) -> str:
    return f"{shown(one['coverage'], '.0%')} ± {shown(one['coverage_error'], '.0%')}"


def shown(number: float | None, form: str = ".3f") -> str:
    """A number of a kept summary, where null is one that is not finite."""
    return "–" if number is None else format(number, form)


STUDIES = (
    ("forecast-study-recipes", "forecast-study-recipes", recipe_rows),
    ("forecast-study-verdicts", "forecast-study-recipes", verdict_rows),
    ("forecast-study-measured", "forecast-study-measured", measured_rows),
)


@pytest.mark.parametrize(("table", "study", "rows"), STUDIES, ids=[name for name, *_ in STUDIES])
def test_forecasting_page_quotes_the_studies_of_recipes(table: str, study: str, rows: Callable[..., list[str]]) -> None:
    assert quoted_table(ROOT / "docs/forecasting.md", table) == rows(kept(study))


def test_readme_quotes_the_study_of_recipes() -> None:
    text = " ".join(plain_text("README.md").split())
    one, two = (
        score for score in kept("forecast-study-recipes")["scores"] if score["family"] == "all" and score["known"] < 3
    )
    assert (one["n_runs"], one["known"], two["known"]) == (40, 1, 2)
    first = f"held {one['coverage']:.0%} of the skills to come once one had emerged, with a median error of"
    assert f"{first} {one['median_error']:.3f} decades".replace("%", " %") in text
    assert f"and {two['coverage']:.0%} and {two['median_error']:.3f} once two had".replace("%", " %") in text


def test_readme_quotes_the_forecast_study() -> None:
    text = plain_text("README.md")
    for name, form in (
        ("forecast-study", "the interval held {:.0%} of the other skills, with a median error of {:.3f} decades"),
        ("forecast-study-fresh", "on 40 fresh ones {:.0%}, and {:.3f}"),
    ):
        scores = kept(name)["scores"]
        (half,) = (score for score in scores if score["threshold"] == 0.5)
        quoted = form.format(half["coverage"], half["median_error"]).replace("%", " %")
        assert half["n_runs"] == 40
        assert quoted in text
