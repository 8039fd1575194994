"""Files as people bring them, made anew: the layouts and mishaps of real logs with curves that we know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from saltus._types import Floats
from tests.read.helpers import event, record, simple

STEPS = np.arange(0.0, 1801, 50)


def rise(steps: Floats, half: float, width: float) -> Floats:
    """A logistic rise from 0 to 1."""
    return np.exp(-np.logaddexp(0, (half - steps) / width))


def three_skills(seed: int, noise: float = 0.008) -> dict[str, Floats]:
    """Noisy rises at 580, 1180 and 1500 of three skills over `STEPS`."""
    rng = np.random.default_rng(seed)
    return {
        name: rise(STEPS, half, half / 8) + rng.normal(0, noise, len(STEPS))
        for name, half in (("copy", 580), ("reverse", 1180), ("sort", 1500))
    }


def write(path: Path, text: str) -> list[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [path]


def table(columns: Mapping[str, Iterable[object]], between: str = ",") -> str:
    """Columns as text with a header; floats with six digits."""
    rows = zip(*columns.values(), strict=True)
    lines = [between.join(f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row) for row in rows]
    return "\n".join([between.join(columns), *lines]) + "\n"


def wide(folder: Path, columns: Mapping[str, Floats], steps: Floats = STEPS, step: str = "step") -> list[Path]:
    return write(folder / "log.csv", table({step: steps} | dict(columns)))


def events(folder: Path, tag: str, values: Floats, steps: Floats = STEPS) -> Path:
    """An event file of one tag."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "events.out.tfevents.1700000000.host.1.0"
    rows = zip(steps, values, strict=True)
    path.write_bytes(b"".join(record(event(int(step), simple(tag, float(value)))) for step, value in rows))
    return path


def trainer_state(folder: Path) -> list[Path]:
    """A Hugging Face trainer's state: training rows, and two evaluation sets in rows of their own, from step 0."""
    rows: list[dict[str, float]] = []
    for i, step in enumerate(range(0, 3001, 100)):
        if step:
            rows.append({"epoch": i / 10, "learning_rate": 5e-5 * (1 - i / 30), "loss": 6 - i / 10, "step": step})
        for name, floor, half in (("g0", 0.71, 9e9), ("g1", 0.02, 1500)):
            accuracy = floor + (1 - floor) * float(rise(np.array([float(step)]), half, 150.0)[0])
            rows.append(
                {
                    "epoch": i / 10,
                    f"eval_{name}_accuracy": accuracy,
                    f"eval_{name}_loss": 6 - 5 * accuracy,
                    f"eval_{name}_runtime": 5.7,
                    f"eval_{name}_samples_per_second": 70.2,
                    "step": step,
                }
            )
    state = {"best_metric": None, "epoch": 3.0, "global_step": 3000, "is_world_process_zero": True, "log_history": rows}
    return write(folder / "trainer_state.json", json.dumps(state, indent=2))


HARNESS_STEPS = (0, 512, 1000, 3000, 13000, 143000)
HARNESS = {
    "lambada_openai": (0.0, 0.0, 0.02, 0.21, 0.48, 0.62),
    "piqa": (0.522, 0.525, 0.541, 0.62, 0.68, 0.71),
    "sciq": (0.23, 0.21, 0.30, 0.68, 0.81, 0.86),
}


def harness(folder: Path) -> list[Path]:
    """Results of an evaluation harness, one JSON a checkpoint; the step is in the name alone."""
    for i, step in enumerate(HARNESS_STEPS):
        results = {
            task: {"acc": accuracy[i], "acc_stderr": (accuracy[i] * (1 - accuracy[i]) / 1000) ** 0.5}
            for task, accuracy in HARNESS.items()
        }
        versions = dict.fromkeys(HARNESS, 0)
        document = {"results": results, "versions": versions, "config": {"model": "hf-causal", "num_fewshot": 0}}
        write(folder / "evals" / f"small_step{step}.json", json.dumps(document))
    return [folder / "evals"]


def term_frequency(folder: Path) -> list[Path]:
    """Accuracy of arithmetic by how frequent a number is: model, checkpoint, task, accuracy and its error."""
    rows: dict[str, list[object]] = {name: [] for name in ("model", "checkpoint", "task", "fewshot", "acc", "se")}
    for checkpoint in range(13000, 143001, 26000):
        for number in range(4):
            accuracy = float(rise(np.array([checkpoint / 1e3]), 10.0 + 50 * number, 10.0)[0])
            cells = ("lab/model-1b", checkpoint, f"multiplication_{number}", 16, accuracy, 0.05)
            for name, cell in zip(rows, cells, strict=True):
                rows[name].append(cell)
    rows["acc_stderr"] = rows.pop("se")
    return write(folder / "terms.csv", table(rows))


def keras(folder: Path, header: str, rows: Iterable[Sequence[object]]) -> list[Path]:
    lines = [",".join(str(cell) for cell in row) for row in rows]
    return write(folder / "training.csv", "\n".join([header, *lines]) + "\n")


SIZES = np.array([7e7, 1.6e8, 4e8, 1e9, 2.8e9, 1.2e10])
EPOCHS = np.arange(0.0, 40)
TRAIN, VALIDATION = 0.1 + 0.9 * rise(EPOCHS, 18, 2), 0.1 + 0.9 * rise(EPOCHS, 24, 2)


def panel(folder: Path) -> list[Path]:
    """A panel of Weights & Biases: training losses of runs that are no seeds of one another."""
    steps = np.arange(0.0, 2000, 100)
    columns: dict[str, Iterable[object]] = {"Step": [int(step) for step in steps]}
    for i, run in enumerate(("small_char172.9", "small_word173.1", "large_char174.2")):
        loss = (2.0 + i) * (1 + steps) ** -0.1
        for end in ("", "__MIN", "__MAX"):
            columns[f"{run} - train/loss{end}"] = loss
    return write(folder / "wandb_export.csv", table(columns))
