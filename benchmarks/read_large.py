"""Processor seconds and memory of reading one million rows in each text format, from file to labelled curves.

    python benchmarks/read_large.py --to docs/results/benchmarks/read-large.csv
    python benchmarks/read_large.py json gzip

Each file is made here and read by a process of its own: by `saltus.read_curves`, whose seconds count without those of
`import saltus`, or by the command `saltus read`, whose seconds are those of all it does. Seconds are the processor's,
of user and system together; memory is the most that the process held at any time, what imports take included.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_ROWS = 1_000_000
READ = (
    "import sys, time, saltus; t = time.process_time(); saltus.read_curves(sys.argv[1]); print(time.process_time() - t)"
)
COMMAND = "import sys; from saltus.cli import main; sys.exit(main(['read', sys.argv[1]]))"


@dataclass(frozen=True)
class Grid:
    """Rising curves of some skills and runs, N_ROWS values in all.

    Attributes:
        steps: from 0 on.
        values: strengths with a little noise, one row a step, one column a curve.
    """

    steps: np.ndarray[tuple[int], np.dtype[np.int64]]
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]


def grid(n_curves: int, n_rows: int = N_ROWS) -> Grid:
    n_steps = n_rows // n_curves
    steps, rng = np.arange(n_steps), np.random.default_rng(n_curves)
    half = n_steps * np.linspace(0.2, 0.7, n_curves)
    with np.errstate(over="ignore"):
        risen = 1 / (1 + np.exp((half - steps[:, None]) / (0.04 * n_steps)))
    return Grid(steps, np.clip(risen + rng.normal(0, 0.003, risen.shape), 0, 1))


def tidy(n_skills: int, header: str = "skill,step,strength", end: str = "", mark: str = ",") -> Iterator[str]:
    """Rows of a skill, a step and a value, step by step."""
    made = grid(n_skills)
    yield header.replace(",", mark) + "\n"
    for step, values in zip(made.steps, made.values, strict=True):
        yield "".join(f"{skill}{mark}{step}{mark}{value:.5f}{end}\n" for skill, value in enumerate(values, 1))


def of_runs() -> Iterator[str]:
    """10,000 curves: 100 runs of 100 skills."""
    made = grid(10_000)
    yield "run,skill,step,strength\n"
    for step, values in zip(made.steps, made.values, strict=True):
        yield "".join(f"{i // 100},{i % 100 + 1},{step},{value:.5f}\n" for i, value in enumerate(values))


def shuffled() -> Iterator[str]:
    header, *rows = tidy(10)
    lines = "".join(rows).splitlines(keepends=True)
    yield header
    yield from (lines[i] for i in np.random.default_rng(0).permutation(len(lines)))


def wide() -> Iterator[str]:
    made = grid(3, 3 * N_ROWS)
    yield "step,add_acc,sub_acc,mul_acc\n"
    for step, (a, b, c) in zip(made.steps, made.values.tolist(), strict=True):
        yield f"{step},{a:.4f},{b:.4f},{c:.4f}\n"


def commas() -> Iterator[str]:
    yield "step\ta\n"
    for step, (value,) in zip((made := grid(1)).steps, made.values.tolist(), strict=True):
        yield f"{step}\t{value:.5f}\n".replace(".", ",")


def flat() -> Iterator[str]:
    made = grid(1)
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f'{{"step": {step}, "epoch": {step / 1000}, "loss": {2 - value:.4f}, "add_acc": {value:.5f}}}\n'


def pairs() -> Iterator[str]:
    made = grid(10)
    for step, values in zip(made.steps, made.values, strict=True):
        for i, value in enumerate(values):
            yield f'{{"iteration": {step}, "name": "task{i}_acc", "value": {value:.5f}}}\n'


def nested() -> Iterator[str]:
    made = grid(1)
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f'{{"step": {step}, "eval": {{"add": {{"acc": {value:.5f}, "loss": {2 - value:.4f}}}}}}}\n'


def state() -> Iterator[str]:
    made = grid(1)
    yield '{"best_metric": null, "epoch": 3.0, "log_history": ['
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f'{", " if step else ""}{{"epoch": {step / 1000}, "eval_accuracy": {value:.5f}, "step": {step}}}\n'
    yield f'], "global_step": {N_ROWS}}}\n'


def rows() -> Iterator[str]:
    made = grid(1)
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f'{", " if step else "["}{{"step": {step}, "accuracy": {value:.5f}}}'
    yield "]"


def lists() -> Iterator[str]:
    made = grid(1)
    value = made.values[:, 0].round(5)
    yield json.dumps({"step": made.steps.tolist(), "accuracy": value.tolist(), "loss": (2 - value).tolist()})


def log() -> Iterator[str]:
    made = grid(1)
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f"step {step}/{N_ROWS} | loss {2 - value:.4f} | acc {value:.5f} | 12.3 ms | 4100 tok/s\n"


def metric(n_rows: int) -> Iterator[str]:
    """A metric as MLflow keeps it: time stamp, value and step."""
    made = grid(1, n_rows)
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f"{1_700_000_000_000 + step} {value:.5f} {step}\n"


def seed() -> Iterator[str]:
    made = grid(1, N_ROWS // 100)
    yield "step,accuracy\n"
    for step, (value,) in zip(made.steps, made.values.tolist(), strict=True):
        yield f"{step},{value:.5f}\n"


Files = dict[str, Callable[[], Iterator[str]]]
TASKS = "task,checkpoint,acc,acc_stderr"
FORMS: dict[str, tuple[str, Files]] = {
    "CSV, tidy": ("x.csv", {"x.csv": lambda: tidy(10)}),
    "CSV, tidy, 10,000 curves": ("x.csv", {"x.csv": of_runs}),
    "CSV, tidy, rows in random order": ("x.csv", {"x.csv": shuffled}),
    "CSV, tidy, gzip": ("x.csv.gz", {"x.csv.gz": lambda: tidy(10)}),
    "CSV, wide, 3 skills": ("x.csv", {"x.csv": wide}),
    "CSV, long, with errors": ("x.csv", {"x.csv": lambda: tidy(10, TASKS, ",0.00300")}),
    "TSV, decimal commas": ("x.tsv", {"x.tsv": commas}),
    "JSON lines, flat": ("x.jsonl", {"x.jsonl": flat}),
    "JSON lines, flat, gzip": ("x.jsonl.gz", {"x.jsonl.gz": flat}),
    "JSON lines, name and value": ("x.jsonl", {"x.jsonl": pairs}),
    "JSON lines, nested": ("x.jsonl", {"x.jsonl": nested}),
    "trainer_state.json": ("trainer_state.json", {"trainer_state.json": state}),
    "JSON, list of rows": ("x.json", {"x.json": rows}),
    "JSON, lists under keys": ("x.json", {"x.json": lists}),
    "text log": ("x.log", {"x.log": log}),
    "MLflow, a file of one metric": (
        "mlruns/0/a",
        {"mlruns/0/a/meta.yaml": lambda: iter(["run_id: a\n"]), "mlruns/0/a/metrics/acc": lambda: metric(N_ROWS)},
    ),
    "CSV, 100 files of 10,000 rows": ("runs", {f"runs/seed{i}.csv": seed for i in range(100)}),
}
BY_COMMAND = ("CSV, tidy", "JSON lines, flat", "trainer_state.json")


def make(folder: Path, form: str) -> None:
    for name, lines in FORMS[form][1].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt", 6) if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
            file.writelines(lines())


def measured(code: str, path: Path) -> tuple[float, float]:
    """Processor seconds and MB of a fresh process; seconds are those that it prints as a single line, if it does."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, env=os.environ | threads
    )
    assert process.stdout is not None
    said = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{path} was not read")
    seconds = float(said[0]) if code == READ else usage.ru_utime + usage.ru_stime
    return seconds, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="*", help="only forms with one of these words in their name")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the table there too, as CSV")
    given = parser.parse_args()
    table = []
    for name, (path, _) in FORMS.items():
        if given.words and not any(word.casefold() in name.casefold() for word in given.words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            maker = multiprocessing.Process(target=make, args=(Path(folder), name))
            maker.start()  # not here: a process started later would count our memory as its own
            maker.join()
            ways = {name: READ} | ({f"{name}, by `saltus read`": COMMAND} if name in BY_COMMAND else {})
            for way, code in ways.items():
                seconds, memory = measured(code, Path(folder) / path)
                table.append((way, f"{seconds:.1f}", f"{memory:.0f}"))
                print(f"{way:45} {seconds:5.1f} s {memory:5.0f} MB", flush=True)
    if given.to is not None:
        with given.to.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("one million rows of", "processor s", "MB"), *table])


if __name__ == "__main__":
    main()
