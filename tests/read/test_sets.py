"""Several files as one set: each arrangement of files is taken for what it is, in whatever order they are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError, read_curves, reading_report
from saltus.read.sets import tables_of
from saltus.read.shared_settings import shared_settings
from saltus.read.sources import find_sources
from tests.helpers import shared_data

STEPS = range(0, 60, 10)


def csv(columns: Sequence[str], steps: Iterable[float] = STEPS, shift: float = 0.0, counter: str = "step") -> str:
    """Rising curves, one a column, each a little above the one before it."""
    lines = [",".join([counter, *columns])]
    for step in steps:
        cells = [f"{step / (step + 40 + 10 * k) + shift:.4f}" for k in range(len(columns))]
        lines.append(",".join([f"{step:g}", *cells]))
    return "\n".join(lines) + "\n"


def download(steps: Iterable[float] = STEPS, shift: float = 0.0) -> str:
    rows = [f"1.7e9,{step},{step / (step + 40) + shift:.4f}" for step in steps]
    return "\n".join(["Wall time,Step,Value", *rows]) + "\n"


def results(value: float) -> str:
    """Scores of two tasks at no step."""
    return f"task,acc,acc_stderr\nadd,{value},0.01\nsort,{value / 2},0.01\n"


def scores(value: float) -> str:
    return f"acc_add,acc_sort\n{value},{value / 2}\n"


@dataclass(frozen=True)
class Set:
    """Files by path, and what they are."""

    files: Mapping[str, str]
    runs: Sequence[str] = ("0",)
    skills: Sequence[str] = ("copy", "sort")
    positions: Sequence[float] = tuple(STEPS)
    resource: str = "step"
    findings: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


BOTH = csv(["copy", "sort"])
OTHER = csv(["copy", "sort"], shift=0.01)
FIRST, SECOND = csv(["copy", "sort"], range(0, 30, 10)), csv(["copy", "sort"], range(30, 60, 10))
TAGS = {"run-a-tag-acc_copy.csv": download(), "run-a-tag-acc_sort.csv": download(shift=0.02)}
ACC = ("acc_copy", "acc_sort")

SETS = {
    "seeds in names": Set({"seed0.csv": BOTH, "seed1.csv": OTHER}, ["0", "1"], findings=["files of runs"]),
    "seeds in folders": Set({"seed_3/m.csv": BOTH, "seed_11/m.csv": OTHER}, ["3", "11"], findings=["files of runs"]),
    "versions": Set(
        {"version_0/metrics.csv": BOTH, "version_1/metrics.csv": OTHER}, ["0", "1"], findings=["files of runs"]
    ),
    "dates": Set(
        {"2024-01-05_10-11-12/log.csv": BOTH, "2024-01-06_09-30-00/log.csv": OTHER},
        ["2024-01-05_10-11-12", "2024-01-06_09-30-00"],
        findings=["files of runs"],
    ),
    "bare numbers": Set({"1.csv": BOTH, "2.csv": OTHER}, ["1", "2"], findings=["files of runs"]),
    "named runs of several skills": Set(
        {"fox.csv": BOTH, "owl.csv": OTHER}, ["fox", "owl"], findings=["files of runs"]
    ),
    "the first without a number": Set(
        {"metrics.csv": BOTH, "metrics_1.csv": OTHER}, ["0", "1"], findings=["files of runs"]
    ),
    "settings": Set(
        {"lr0.1.csv": BOTH, "lr0.01.csv": OTHER}, ["0.01", "0.1"], findings=["different settings", "files of runs"]
    ),
    "optimizers": Set(
        {"adam/log.csv": BOTH, "sgd/log.csv": OTHER},
        ["adam", "sgd"],
        findings=["different settings", "files of runs"],
    ),
    "downloads of tags": Set(TAGS, skills=ACC, findings=["files of skills"]),
    "downloads of tags and runs": Set(
        {**TAGS, **{name.replace("run-a", "run-b"): text for name, text in TAGS.items()}},
        ["a", "b"],
        ACC,
        findings=["files of runs", "files of skills"],
    ),
    "downloads of splits": Set(
        {f"run-{split}-tag-accuracy.csv": download(shift=i / 50) for i, split in enumerate(("train", "validation"))},
        skills=["validation/Value"],
        findings=["files of splits"],
    ),
    "one download": Set({"run-a-tag-acc_copy.csv": download()}, skills=["acc_copy"]),
    "named skills of nameless values": Set(
        {"copy.csv": csv(["accuracy"]), "sort.csv": csv(["accuracy"], shift=0.02)}, findings=["files of skills"]
    ),
    "skills by seeds": Set(
        {f"{skill}_s{seed}.csv": csv(["value"], shift=seed / 50) for skill in ("copy", "sort") for seed in (0, 1)},
        ["0", "1"],
        findings=["files of runs", "files of skills"],
    ),
    "skills in folders of seeds": Set(
        {f"seed{seed}/{skill}.csv": csv(["value"], shift=seed / 50) for skill in ("copy", "sort") for seed in (0, 1)},
        ["0", "1"],
        findings=["files of runs", "files of skills"],
    ),
    "other skills": Set({"a.csv": csv(["copy"]), "b.csv": csv(["sort"])}, findings=["files of one run"]),
    "metrics": Set(
        {"metrics/loss.csv": csv(["loss"]), "metrics/acc.csv": csv(["acc"])},
        skills=["acc"],
        findings=["files of one run", "several quantities"],
    ),
    "splits": Set(
        {"train/metrics.csv": csv(["acc"], shift=0.05), "val/metrics.csv": csv(["acc"])},
        skills=["val/acc"],
        findings=["files of splits", "training split"],
    ),
    "splits of seeds": Set(
        {
            f"s{seed}/{split}.csv": csv(["acc_copy", "acc_sort"], shift=seed / 50)
            for seed in (0, 1)
            for split in ("train", "test")
        },
        ["0", "1"],
        ["test/acc_copy", "test/acc_sort"],
        findings=["files of splits", "files of runs", "training split"],
    ),
    "a run that goes on": Set({"log.0.csv": FIRST, "log.1.csv": SECOND}, findings=["files of one run"]),
    "a run that goes on in another folder": Set(
        {"version_9/m.csv": FIRST, "version_10/m.csv": SECOND}, findings=["files of one run"]
    ),
    "a run that went back to its second half": Set(
        {"log.0.csv": BOTH, "log.1.csv": csv(["copy", "sort"], range(30, 90, 10))},
        positions=range(0, 90, 10),
        findings=["files of one run", "rewound steps"],
    ),
    "runs of which one was first measured early on": Set(
        {"log.0.csv": BOTH, "log.1.csv": csv(["copy", "sort"], range(20, 80, 10))},
        ["0", "1"],
        positions=range(0, 80, 10),
        findings=["files of runs", "different grids"],
    ),
    "a run that ends within another": Set(
        {"log.0.csv": BOTH, "log.1.csv": csv(["copy", "sort"], range(30, 60, 10))},
        ["0", "1"],
        findings=["files of runs", "different grids"],
    ),
    "seeds with other steps": Set(
        {"seed0.csv": FIRST, "seed1.csv": SECOND}, ["0", "1"], findings=["files of runs", "different grids"]
    ),
    "moments in names": Set(
        {f"model_step{step}.csv": scores(0.1 * step) for step in range(1, 6)},
        skills=["acc_add", "acc_sort"],
        positions=range(1, 6),
        findings=["positions by file name"],
    ),
    "moments in folders": Set(
        {f"checkpoint-{step}/eval.csv": scores(0.001 * step) for step in (100, 200, 500)},
        skills=["acc_add", "acc_sort"],
        positions=(100, 200, 500),
        findings=["positions by file name"],
    ),
    "long tables of moments": Set(
        {f"ckpt{step}k.csv": results(0.1 * step) for step in range(1, 6)},
        skills=["add", "sort"],
        positions=[1000 * step for step in range(1, 6)],
        findings=["positions by file name"],
    ),
    "moments of seeds": Set(
        {f"seed{seed}/step{step}.csv": scores(0.1 * step) for seed in (1, 2) for step in (1, 2, 4)},
        ["1", "2"],
        ["acc_add", "acc_sort"],
        (1, 2, 4),
        findings=["files of runs", "positions by file name"],
    ),
    "epochs in names": Set(
        {f"eval_epoch_{epoch}.csv": scores(0.1 * epoch) for epoch in (1, 2, 3)},
        skills=["acc_add", "acc_sort"],
        positions=(1, 2, 3),
        findings=["positions by file name"],
    ),
    "shots": Set(
        {f"{shots}shot/step{step}.csv": scores(0.1 * step) for shots in (0, 5) for step in (1, 2, 4)},
        ["0", "5"],
        ["acc_add", "acc_sort"],
        (1, 2, 4),
        findings=["different settings", "files of runs", "positions by file name"],
    ),
    "runs of a nameless value": Set(
        {f"run{name}/m.csv": csv(["acc"], shift=shift) for name, shift in (("a", 0), ("b", 0.1))},
        ["runa", "runb"],
        ["acc"],
        findings=["files of runs"],
    ),
    "one row a file": Set(
        {f"{name}.csv": csv(["copy", "sort"], [step]) for step, name in ((5, "x"), (9, "y"), (30, "z"))},
        positions=(5, 9, 30),
        findings=["files of one run"],
    ),
    "sizes": Set(
        {f"{size}.csv": scores(value) for size, value in (("70m", 0.1), ("410M", 0.3), ("1.4b", 0.6))},
        skills=["acc_add", "acc_sort"],
        positions=(70e6, 410e6, 1.4e9),
        resource="parameters",
        findings=["positions by file name"],
    ),
    "sizes at one moment": Set(
        {f"{size}_step90.csv": csv(["copy"], [90], shift) for size, shift in (("70m", 0), ("410m", 0.1), ("1b", 0.2))},
        skills=["copy"],
        positions=(70e6, 410e6, 1e9),
        resource="parameters",
        findings=["positions by file name"],
    ),
    "models by the user's will": Set(
        {"70m.csv": BOTH, "410m.csv": OTHER}, ["70m", "410m"], options={"run_from": "path"}
    ),
    "a template of runs": Set({"a1/x.csv": BOTH, "a2/x.csv": OTHER}, ["1", "2"], options={"run_from": "a{run}/*.csv"}),
    "a star for runs": Set({"a1/x.csv": BOTH, "a2/x.csv": OTHER}, ["1", "2"], options={"run_from": "a*/x.csv"}),
    "folders as runs": Set(
        {"p/copy.csv": csv(["value"]), "q/copy.csv": csv(["value"], shift=0.1)},
        ["p", "q"],
        ["value"],
        options={"run_from": "folder"},
    ),
    "names as skills": Set(
        {"seed1.csv": csv(["value"]), "seed2.csv": csv(["value"], shift=0.1)},
        skills=["seed1", "seed2"],
        options={"skill_from": "name"},
    ),
    "steps by template": Set(
        {f"m-{step}.csv": scores(step / 10) for step in (1, 2, 5)},
        skills=["acc_add", "acc_sort"],
        positions=(1, 2, 5),
        findings=["positions by file name"],
        options={"step_from": "m-{step}.csv"},
    ),
    "patterns that fit in one file each": Set(
        {"a.csv": csv(["copy", "x"]), "b.csv": csv(["sort", "y"])},
        skills=["sort", "copy"],
        options={"columns": ["sort", "cop*"]},
    ),
    "patterns of names in paths": Set(TAGS, skills=["acc_sort", "acc_copy"], options={"columns": ["*_sort", "*_copy"]}),
}


def written(folder: Path, files: Mapping[str, str]) -> list[Path]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


@pytest.mark.parametrize("name", SETS)
def test_files_are_taken_for_what_they_are(name: str, tmp_path: Path) -> None:
    case = SETS[name]
    paths = written(tmp_path, case.files)
    curves = read_curves(paths, **case.options)
    report = reading_report(curves)
    assert curves["run_name"].to_numpy().tolist() == list(case.runs), report.lines
    assert curves["skill_name"].to_numpy().tolist() == list(case.skills), report.lines
    np.testing.assert_allclose(curves[case.resource], np.array(case.positions, dtype=float))
    kinds = {finding.kind for finding in report.findings}
    assert set(case.findings) <= kinds, report.lines
    if len(paths) > 1:
        assert report.layout.startswith(f"{len(paths)} files: ")
    for named in ([tmp_path], paths[::-1]):
        again = read_curves(named, **case.options)
        assert again.drop_attrs(deep=False).identical(curves.drop_attrs(deep=False)), named


REFUSED: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "models among other words": ({"1b-bf16.csv": BOTH, "2b-bf16.csv": OTHER}, {}, "must be of one model"),
    "models that were measured at other moments": (
        {f"{size}_step{step}.csv": scores(0.1) for size, step in (("70m", 1), ("1b", 2), ("3b", 2))},
        {},
        "must be of one model",
    ),
    "models": ({"70m.csv": BOTH, "410m.csv": OTHER}, {}, "must be of one model"),
    "models at several moments": (
        {f"{size}_step{step}.csv": scores(0.1 * step) for size in ("70m", "1b") for step in (1, 2)},
        {},
        "must be of one model",
    ),
    "widths": ({"width32.csv": BOTH, "width64.csv": OTHER}, {}, "must be of one model"),
    "counters": ({"seed0.csv": BOTH, "seed1.csv": csv(["copy"], counter="data")}, {}, "must count the same steps"),
    "a template that fits no path": ({"a.csv": BOTH, "b.csv": OTHER}, {"run_from": "seed{run}"}, "run_from says"),
    "a template without a place": ({"a.csv": BOTH, "b.csv": OTHER}, {"run_from": "seed"}, "must be path, folder"),
    "a template with two places": ({"a.csv": BOTH, "b.csv": OTHER}, {"run_from": "*/*"}, "must be path, folder"),
    "steps that are none": ({"a.csv": BOTH, "b.csv": OTHER}, {"step_from": "name"}, "step_from must lead to"),
    "columns that no file has": ({"a.csv": BOTH, "b.csv": OTHER}, {"columns": "nix"}, "columns must match names"),
    "a broken file among those named": ({"a.csv": BOTH, "b.csv": "words\nand more\n"}, {}, "b.csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_make_no_set_are_refused(name: str, tmp_path: Path) -> None:
    files, options, said = REFUSED[name]
    paths = written(tmp_path, files)
    for named in (paths, paths[::-1]):
        with pytest.raises(InputError, match=said) as caught:
            read_curves(named, **options)
        assert "\n" not in str(caught.value)


def test_what_is_left_out_of_a_folder_is_said(tmp_path: Path) -> None:
    written(tmp_path, {"seed0.csv": BOTH, "seed1.csv": OTHER, "notes.txt": "no table\nat all\n", ".hidden.csv": BOTH})
    np.savez(tmp_path / "old.npz", step=np.arange(3.0), copy=np.arange(3.0))
    report = reading_report(read_curves(tmp_path))
    assert report.runs == ("0", "1")
    said = [finding.text for finding in report.findings if finding.kind == "files left out"]
    assert len(said) == 2
    assert "old.npz" in said[0]
    assert "notes.txt" in said[1]


def test_settings_that_files_share_are_kept() -> None:
    shared, said = shared_settings(
        [{"optimizer": "adam", "lr": 1, "seed": 1}, {"optimizer": "adam", "lr": 2, "seed": 2}], "file"
    )
    assert shared == {"optimizer": "adam"}
    assert [finding.kind for finding in said] == ["different settings"]
    assert "differ in lr," in said[0].text


def test_tables_are_given_with_what_their_paths_tell(tmp_path: Path) -> None:
    written(tmp_path, {f"d={d}_l=2.csv": "params,loss\n10,2.5\n20,2.25\n" for d in (96, 128)})
    first, second = tables_of(find_sources(tmp_path), ["file", "d", "loss"])
    assert list(first.names) == ["file", "d", "params", "loss"]
    columns = second.read(["d", "loss"], ["file"])
    assert columns.numbers["d"].tolist() == [128, 128]
    assert columns.labels["file"].names == (str(tmp_path / "d=128_l=2.csv"),)
    assert first.read(["d"], []).numbers["d"].tolist() == [96, 96]
    assert [first.holds_numbers(name) for name in ("d", "file")] == [True, False]


names = st.lists(
    st.text("ab01_-./=", min_size=1, max_size=6).filter(lambda text: not {"", ".", ".."} & set(text.split("/"))),
    min_size=1,
    max_size=5,
    unique=True,
)


@settings(max_examples=25, deadline=None)
@given(names, st.randoms())
def test_every_file_counts_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, files: list[str], random: Any
) -> None:
    folder = tmp_path_factory.mktemp("set")
    paths = written(folder, {f"x{i}/{name}.csv": csv(["copy", "sort"], shift=i / 100) for i, name in enumerate(files)})
    curves = read_curves(paths)
    assert curves.sizes["run"] == len(files)
    assert int(curves["strength"].notnull().sum()) == 12 * len(files)
    random.shuffle(paths)
    assert read_curves(paths).drop_attrs(deep=False).identical(curves.drop_attrs(deep=False))


@pytest.mark.parametrize(
    ("case", "runs", "skills"),
    [("seeds/separate-files", 2, ["copy", "reverse", "sort"]), ("tb-download", 1, ["acc_copy", "acc_sort"])],
)
def test_sets_that_people_have(case: str, runs: int, skills: list[str]) -> None:
    curves = read_curves(shared_data(f"field/{case}"))
    assert curves.sizes["run"] == runs
    assert curves["skill_name"].to_numpy().tolist() == skills
