"""What people bring, and what a person would say of it.

A case is a file of our own making, and where there is one, the real file beside it: both must be read alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.field.lookalikes import (
    EPOCHS,
    SIZES,
    STEPS,
    TRAIN,
    VALIDATION,
    events,
    harness,
    keras,
    panel,
    rise,
    table,
    term_frequency,
    three_skills,
    trainer_state,
    wide,
    write,
)


@dataclass(frozen=True)
class Case:
    """One kind of file, and the right answer.

    Attributes:
        make: writes the look-alike into a folder, and returns the paths that a user would name.
        real: the same thing in the folder of real files, if it is there: names below it.
        options: arguments of `read_curves`.
        skills: parts of the skills' names, skill 1 first; None leaves them open.
        runs: number of runs.
        words: said by the report, each in some line.
        refused: said by the one line of refusal; empty where the file is read.
        rises: steps at which skills of the look-alike pass half, within a tenth; None: already up, NaN: not yet.
    """

    make: Callable[[Path], list[Path]]
    real: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    skills: tuple[str, ...] | None = None
    runs: int = 1
    words: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    rises: tuple[float | None, ...] | None = None


def _seeds(folder: Path, blocks: bool) -> list[Path]:
    rows = [
        (seed, int(step), *(float(curve[i]) for curve in three_skills(seed).values()))
        for seed in range(5)
        for i, step in enumerate(STEPS)
    ]
    rows = rows if blocks else sorted(rows, key=lambda row: row[1])
    names = ("seed", "step", "acc_copy", "acc_reverse", "acc_sort")
    return write(folder / "seeds.csv", table(dict(zip(names, zip(*rows, strict=True), strict=True))))


def _resumed(folder: Path, at: int) -> list[Path]:
    """The counter starts again at 0 after step ``at``, and the values go on."""
    steps = np.where(at >= STEPS, STEPS, STEPS - at - 50)
    return wide(folder, three_skills(0), steps)


def _separate_files(folder: Path) -> list[Path]:
    return [path for seed in range(3) for path in wide(folder / f"seed{seed}", three_skills(seed))]


def _tags(folder: Path) -> list[Path]:
    return [
        path
        for tag, half in (("acc_copy", 580.0), ("acc_sort", 1180.0))
        for path in write(
            folder / f"run-exp1-tag-{tag}.csv",
            table({"Wall time": 1.7e9 + STEPS, "Step": [int(s) for s in STEPS], "Value": rise(STEPS, half, half / 8)}),
        )
    ]


def _tags_as_json(folder: Path) -> list[Path]:
    return [
        path
        for tag, half in (("acc_copy", 580.0), ("acc_sort", 1180.0))
        for path in write(
            folder / f"run-exp1-tag-{tag}.json",
            json.dumps([[1.7e9, step, value] for step, value in zip(STEPS, rise(STEPS, half, half / 8), strict=True)]),
        )
    ]


def _train_validation_events(folder: Path) -> list[Path]:
    for split, half in (("train", 600.0), ("validation", 1000.0)):
        events(folder / "logs" / split, "epoch_accuracy", rise(STEPS, half, half / 8))
    return [folder / "logs"]


def _added_scalars(folder: Path) -> list[Path]:
    for name, values in three_skills(0).items():
        events(folder / "logs" / f"acc_{name}", "acc", values)
    return [folder / "logs"]


def _single_epoch(folder: Path) -> list[Path]:
    for split in ("train", "validation"):
        events(folder / "logs" / split, "epoch_accuracy", np.array([0.5]), np.array([0.0]))
    return [folder / "logs"]


def _torn_events(folder: Path) -> list[Path]:
    path = events(folder, "acc", rise(STEPS, 580, 70))
    path.write_bytes(path.read_bytes()[:-20])
    return [path]


def _json_lines(folder: Path) -> list[Path]:
    rows = [
        {"iteration": int(step), "lr": 3e-4, "total_loss": 8 - step / 300, "acc/copy": copy, "acc/sort": sort}
        for step, copy, sort in zip(STEPS, rise(STEPS, 580, 70), rise(STEPS, 1180, 140), strict=True)
    ]
    return write(folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _pairs(folder: Path) -> list[Path]:
    rows = [
        {"name": name, "data": {"epoch": step / 1000, "step": int(step), "value": value, "timestamp": "2024-01-01"}}
        for step, copy, sort in zip(STEPS, rise(STEPS, 580, 70), rise(STEPS, 1180, 140), strict=True)
        for name, value in (("acc_copy", copy), ("acc_sort", sort))
    ]
    return write(folder / "training_logs.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _fairseq(folder: Path) -> list[Path]:
    lines = []
    for i, step in enumerate(range(100, 2001, 100)):
        seen = {"epoch": 1, "loss": f"{8 * (1 + i) ** -0.5:.3f}", "num_updates": str(step), "lr": "0.0003"}
        lines.append(f"2024-01-01 00:00:{i:02d} | INFO | train_inner | {json.dumps(seen)}\n")
    return write(folder / "fairseq.log", "".join(lines))


def _grokking(folder: Path) -> list[Path]:
    steps = np.arange(100.0, 2001, 100)
    rows = [
        {"step": int(step), "train_loss": 3.5, "test_loss": 5.0, "train_acc": train, "test_acc": test, "norm": 30.0}
        for step, train, test in zip(steps, rise(steps, 500, 60), rise(steps, 1175, 60), strict=True)
    ]
    return write(folder / "results.json", json.dumps({"config": {"prime": 59, "seed": 0}, "history": rows}))


def _scores_by_size(folder: Path) -> list[Path]:
    """Scores of families of models, most of a size that others have too: no two of them are one curve."""
    rows: dict[str, list[object]] = {name: [] for name in ("model", "family", "size", "tokens", "arc", "mmlu")}
    for i, family in enumerate(("bloom", "gemma", "olmo", "qwen")):
        for size in (0.5, 1.0, 2.0, 7.0):
            score = 0.25 + 0.05 * i + 0.03 * size + 0.02 * ((7 * i + size) % 3)
            cells = (f"{family}-{size:g}b", family, size, 1.5, score, 0.9 * score)
            for name, cell in zip(rows, cells, strict=True):
                rows[name].append(cell)
    return write(folder / "scores.csv", table(rows))


def _text_log(folder: Path) -> list[Path]:
    lines = []
    for step in range(3001):
        loss = 3 + 8 * (1 + step / 50) ** -0.5
        if step % 250 == 0:
            lines.append(f"s:{step} tel:{loss:.4f}\n")
        lines.append(f"s:{step} trl:{loss:.4f} lr:0.000300 norm:1.37\n")
    return write(folder / "main.log", "".join(lines))


def _number_format(name: str, text: str) -> Callable[[Path], list[Path]]:
    return lambda folder: write(folder / name, text)


_CURVES = (
    ("0", 0.01, 0.01),
    ("1", 0.04, 0.01),
    ("2", 0.2, 0.03),
    ("3", 0.7, 0.06),
    ("4", 0.96, 0.15),
    ("5", 0.99, 0.6),
)


def _cells(header: str, form: Callable[[str, float, float], str]) -> str:
    return "\n".join([header, *(form(*row) for row in _CURVES)]) + "\n"


CASES: dict[str, Case] = {
    "Hugging Face trainer state": Case(
        trainer_state,
        ("hf-groups/trainer_state.json",),
        skills=None,
        words=("Hugging Face", "accuracy", "learning rate"),
        rises=(None, 1500.0),
    ),
    "harness results, a JSON a checkpoint": Case(
        harness,
        ("pythia-evals/1.4b-json",),
        options={"chance": {"piqa": 0.5, "lambada_openai": 0.0, "sciq": 0.25}, "columns": ["lambada*", "piqa", "sciq"]},
        skills=("lambada_openai", "piqa", "sciq"),
        words=("accuracy", "6 files"),
    ),
    "long harness table": Case(
        lambda folder: write(
            folder / "long.csv",
            "step,task,acc,acc_stderr\n"
            + "".join(
                f"{step},{task},{0.1 + 0.8 * float(rise(np.array([step + 0.0]), half, 100)[0]):.4f},0.01\n"
                for task, half in (("arc_easy", 800.0), ("sciq", 400.0))
                for step in range(0, 1500, 100)
            ),
        ),
        ("pythia-evals/pythia-1.4b-long.csv",),
        words=("accuracy", "chance", "alphabet"),
        rises=(800.0, 400.0),
    ),
    "accuracy by term frequency": Case(
        term_frequency,
        ("pythia-terms/term_frequency_16shot_multiplication-1.3b.csv",),
        words=("checkpoint", "task"),
        rises=(None, 60e3, 110e3, np.nan),
    ),
    "seeds one after the other": Case(
        lambda folder: _seeds(folder, blocks=True),
        ("seeds/seeds-blocks.csv",),
        runs=5,
        words=("seed",),
        rises=(580.0, 1180.0, 1500.0),
    ),
    "seeds interleaved": Case(
        lambda folder: _seeds(folder, blocks=False),
        ("seeds/seeds-inter.csv",),
        runs=5,
        words=("seed",),
        rises=(580.0, 1180.0, 1500.0),
    ),
    "a file a seed": Case(
        _separate_files,
        ("seeds/separate-files/seed0.csv", "seeds/separate-files/seed1.csv"),
        runs=3,
        skills=("copy", "reverse", "sort"),
        words=(" files: each a run", "seed"),
        rises=(580.0, 1180.0, 1500.0),
    ),
    "a file a tag": Case(
        _tags,
        ("tb-download/run-exp1-tag-acc_copy.csv", "tb-download/run-exp1-tag-acc_sort.csv"),
        skills=("acc_copy", "acc_sort"),
        words=("2 files",),
        rises=(580.0, 1180.0),
    ),
    "a file a tag, as JSON": Case(
        _tags_as_json,
        ("tb-download/run-exp1-tag-acc_copy.json", "tb-download/run-exp1-tag-acc_sort.json"),
        skills=("acc_copy", "acc_sort"),
        words=("2 files",),
        rises=(580.0, 1180.0),
    ),
    "training and validation events": Case(
        _train_validation_events,
        ("tb-train-validation",),
        words=("validation", "train"),
        rises=(1000.0,),
    ),
    "events of a single epoch": Case(
        _single_epoch,
        ("keras-events",),
        refused=("at least two measurements", "measure more often"),
    ),
    "added scalars": Case(_added_scalars, ("tb-add-scalars",), words=("acc_",), rises=(580.0, 1180.0, 1500.0)),
    "torn events": Case(_torn_events, ("tb-truncated",), words=("ends within a record",), rises=(580.0,)),
    "a pointer of Git LFS": Case(
        lambda folder: write(
            folder / "runs" / "events.out.tfevents.17.host.1.0",
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 8571\n",
        ),
        ("lfs-pointer/runs",),
        refused=("Git LFS", "git lfs pull"),
    ),
    "Keras, training and validation": Case(
        lambda folder: keras(
            folder,
            "epoch,accuracy,loss,val_accuracy,val_loss",
            [(int(e), a, 2 * (1 - a), v, 2 * (1 - v)) for e, a, v in zip(EPOCHS, TRAIN, VALIDATION, strict=True)],
        ),
        ("keras-csv/keras-val.csv",),
        words=("epoch", "accuracy", "train"),
        rises=(24.0,),
    ),
    "Keras, training alone": Case(
        lambda folder: keras(
            folder, "epoch,accuracy,loss", [(int(e), a, 2 * (1 - a)) for e, a in zip(EPOCHS, TRAIN, strict=True)]
        ),
        ("keras-csv/keras-noval.csv",),
        words=("epoch", "accuracy"),
        rises=(18.0,),
    ),
    "Keras, validation without numbers": Case(
        lambda folder: keras(
            folder,
            "epoch,accuracy,loss,val_accuracy,val_loss",
            [(int(e), a, 2 * (1 - a), "NA", "NA") for e, a in zip(EPOCHS, TRAIN, strict=True)],
        ),
        ("keras-csv/keras-nanval.csv",),
        words=("epoch", "accuracy"),
        rises=(18.0,),
    ),
    "percentages": Case(
        lambda folder: keras(
            folder,
            "epoch,acc_copy,acc_rev",
            [
                (int(e), a, b)
                for e, a, b in zip(EPOCHS, 100 * rise(EPOCHS, 18, 2), 100 * rise(EPOCHS, 24, 2), strict=True)
            ],
        ),
        ("keras-csv/keras-pct.csv",),
        skills=("copy", "rev"),
        words=("percent",),
        rises=(18.0, 24.0),
    ),
    "JSON lines": Case(
        _json_lines,
        ("jsonl/metrics.jsonl",),
        skills=("copy", "sort"),
        words=("iteration", "JSON lines"),
        rises=(580.0, 1180.0),
    ),
    "JSON lines of name and value": Case(
        _pairs, ("jsonl/training_logs.jsonl",), skills=("acc_copy", "acc_sort"), rises=(580.0, 1180.0)
    ),
    "fairseq's log": Case(_fairseq, ("jsonl/fairseq.log",), words=("loss", "num_updates")),
    "a history under a key": Case(
        _grokking, ("grokking/results.json",), words=("test", "train", "accuracy"), rises=(1175.0,)
    ),
    "the counter starts again": Case(
        lambda folder: _resumed(folder, 1200),
        ("resume-counter/res-counter0.csv",),
        refused=("step_offset", "1250"),
    ),
    "the counter starts again, early": Case(
        lambda folder: _resumed(folder, 400),
        ("resume-counter/res-counter0-early.csv",),
        refused=("step_offset", "450"),
    ),
    "the counter starts again and again": Case(
        lambda folder: wide(folder, three_skills(0), STEPS % 450),
        ("resume-counter/res-segments.csv",),
        refused=("step_offset",),
    ),
    "the counter starts again, mended": Case(
        lambda folder: _resumed(folder, 1200),
        ("resume-counter/res-counter0.csv",),
        options={"step_offset": 1250},
        skills=("copy", "reverse", "sort"),
        rises=(580.0, 1180.0, 1500.0),
    ),
    "a comment above the header": Case(
        _number_format("c.csv", "# run 12, lr 3e-4\n" + _cells("step,acc_copy,acc_rev", "{},{},{}".format)),
        ("number-formats/comment.csv",),
        skills=("copy", "rev"),
    ),
    "decimal commas": Case(
        _number_format("e.csv", _cells("step;acc_copy;acc_rev", "{};{};{}".format).replace(".", ",")),
        ("number-formats/euro.csv",),
        skills=("copy", "rev"),
    ),
    "half epochs": Case(
        _number_format("f.csv", _cells("epoch,acc_copy,acc_rev", "{}.5,{},{}".format)),
        ("number-formats/fepoch.csv",),
        skills=("copy", "rev"),
        words=("epoch",),
    ),
    "iterations": Case(
        _number_format("i.csv", _cells("iter,acc_copy,acc_rev", "{}00,{},{}".format)),
        ("number-formats/iter.csv",),
        skills=("copy", "rev"),
        words=("iter",),
    ),
    "a melted table": Case(
        _number_format(
            "m.csv",
            "step,metric,value\n"
            + "".join(f"{step}00,copy,{a}\n" for step, a, _ in _CURVES)
            + "".join(f"{step}00,rev,{b}\n" for step, _, b in _CURVES),
        ),
        ("number-formats/melted.csv",),
        skills=("copy", "rev"),
    ),
    "a column of notes": Case(
        _number_format("n.csv", _cells("step,acc_copy,acc_rev,note", "{}00,{},{},init".format)),
        ("number-formats/note.csv",),
        skills=("copy", "rev"),
        words=("note",),
    ),
    "signs of percent": Case(
        _number_format("p.csv", _cells("step,acc_copy,acc_rev", lambda s, a, b: f"{s}00,{100 * a:g}%,{100 * b:g}%")),
        ("number-formats/pctsign.csv",),
        skills=("copy", "rev"),
        words=("percent",),
    ),
    "iterations and tokens": Case(
        _number_format("t.csv", _cells("iteration,tokens,acc_copy,acc_rev", lambda s, a, b: f"{s}00,{s}e5,{a},{b}")),
        ("number-formats/tokens.csv",),
        skills=("copy", "rev"),
        words=("iteration", "tokens"),
    ),
    "errors in cells": Case(
        _number_format("pm.csv", _cells("step,acc_copy,acc_rev", lambda s, a, b: f"{s}00,{a} ± 0.02,{b} ± 0.01")),
        ("number-formats/pm.csv",),
        skills=("copy", "rev"),
        words=("standard error",),
    ),
    "losses by size and data, with suffixes": Case(
        _number_format("u.csv", "model,N,D,loss\na,70M,2.1B,3.4\nb,160M,2.1B,3.1\nc,1.0B,8B,2.5\nd,6.9B,140B,2.1\n"),
        ("number-formats/units.csv",),
        skills=("loss",),
        words=("suffix", "column 'N'"),
    ),
    "scores by size": Case(
        lambda folder: wide(
            folder,
            {"arc_easy": rise(np.log10(SIZES), 8.8, 0.3), "wsc": np.full(len(SIZES), 0.37)},
            SIZES,
            step="parameters",
        ),
        ("pythia-sizes/pythia-sizes.csv",),
        words=("parameters", "never change"),
    ),
    "a grid of losses by data set": Case(
        lambda folder: write(
            folder / "grid.csv",
            "name,dataset,params,tokens,loss,lo,hi\n"
            + "".join(
                f"{data}-{tokens},{data},{tokens // 20},{tokens},{4 - i / 9 - 0.2 * j},3,4\n"
                for j, data in enumerate(("c4", "rpj"))
                for i, tokens in enumerate((20_000_000, 80_000_000, 400_000_000, 2_000_000_000))
            ),
        ),
        ("gadre-grid/gadre-all.csv",),
        words=("tokens", "dataset", "loss"),
    ),
    "a text log": Case(_text_log, ("text-log/main.log",), skills=("val_loss",), words=("text log", "train_loss")),
    "a panel of different runs": Case(
        panel, ("wandb-panel/wandb_export.csv",), words=("configuration", "loss"), runs=3
    ),
    "a run that diverged": Case(
        lambda folder: wide(
            folder,
            {
                "copy": np.where(STEPS > 1050, np.nan, rise(STEPS, 400, 50)),
                "rev": np.where(STEPS > 1050, np.nan, rise(STEPS, 800, 100)),
            },
        ),
        ("diverged/diverged.csv",),
        skills=("copy", "rev"),
        words=("ended", "1050"),
        rises=(400.0, 800.0),
    ),
    "exact match of longer answers": Case(
        lambda folder: wide(
            folder,
            {f"em_{t}tok": rise(STEPS, half, half / 8) ** t for t, half in ((1, 580.0), (4, 980.0), (8, 1280.0))},
        ),
        ("exact-match/syn-exact.csv",),
        options={"quantity": "accuracy", "tokens_per_answer": {"em_1tok": 1, "em_4tok": 4, "em_8tok": 8}},
        skills=("em_1tok", "em_4tok", "em_8tok"),
        words=("tokens",),
        rises=(580.0, 980.0, 1280.0),
    ),
    "an unlearned skill": Case(
        lambda folder: wide(
            folder, {"task0": rise(STEPS, 580, 70), "task1": rise(STEPS, 900, 90) * (1 - rise(STEPS, 1400, 50))}
        ),
        ("noisy-evals/syn-forget.csv",),
        rises=(580.0, 900.0),
    ),
    "a rise between two checkpoints": Case(
        lambda folder: wide(
            folder,
            {"a": np.array([0.0, 0.97, 0.98, 0.99, 0.99, 0.99]), "b": np.array([0.0, 0.02, 0.05, 0.2, 0.6, 0.8])},
            np.arange(0.0, 501, 100),
        ),
        ("sparse-checkpoints/rise-between-two-checkpoints.csv",),
        skills=("a", "b"),
    ),
    "an outlier before the rise": Case(
        lambda folder: wide(folder, {"task": np.where(EPOCHS == 6, 0.27, rise(EPOCHS, 17, 0.5))}, EPOCHS),
        ("sigmoid-outlier/sigmoid-outlier.csv",),
        skills=("task",),
        rises=(17.0,),
    ),
    "scores of many models by size": Case(
        _scores_by_size,
        ("sloth/df_full.csv",),
        refused=("must agree", "family", "run="),
    ),
    "above half at step 0": Case(
        lambda folder: wide(
            folder,
            {"a": np.array([0.6, 0.7, 0.8, 0.9, 0.95]), "b": np.array([0.1, 0.2, 0.5, 0.8, 0.9])},
            np.arange(0.0, 401, 100),
        ),
        ("hf-groups/minimal-above-half-at-step-0.csv",),
        skills=("a", "b"),
        rises=(None, 200.0),
    ),
}
