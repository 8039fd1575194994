"""Damaged files and odd requests: each must be read, or refused in one line, within bounds on memory and time.

    python benchmarks/fuzz_readers.py --count 100000 --seed 1 --processes 2

Valid samples of each format are made here, by no code of the readers, and then damaged: bytes are flipped, inserted,
deleted, cut off or spliced in from another sample, numbers become extreme, keys double, lines repeat or change places;
checksums of event files and archives are made right again in most cases, so that the parsers behind them are reached.
A quarter of the cases are whole files read with options at random, a sixth are sets of several samples; a fifth of the
curves are forecast, and some cases go through the commands.
Each case is found again by its number: ``--seed 1 --only 4711`` shows its outcome, ``--keep FOLDER`` its files.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import math
import multiprocessing
import random
import re
import resource
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 20  # longest time of a case, of the processor; 0 for any
MEMORY = 6 * 2**30  # most address space of a process, bytes
LARGEST = 2**20  # most bytes of a damaged file
N_STEPS = 12
STEPS = [50 * i for i in range(N_STEPS)]
Files = dict[str, bytes]
Randomness = random.Random


@dataclass(frozen=True)
class Sample:
    """A valid file or folder.

    Attributes:
        files: contents by path within a folder.
        path: what a user would name, "" for the folder itself.
    """

    files: Files
    path: str


def rising(step: float, skill: int, run: int = 0) -> float:
    """R/S of a skill."""
    return round(1 / (1 + math.exp(6 - step / (40 + 30 * skill + run))), 5)


# ---------------------------------------------------------------------------------------------- samples


def text_samples() -> Iterator[tuple[str, Sample]]:
    tidy = "run,skill,step,strength,frequency\n" + "".join(
        f"{run},{skill},{step},{rising(step, skill, run)},{0.5 / skill}\n"
        for run in range(2)
        for skill in (1, 2, 3)
        for step in STEPS
    )
    wide = "_step,_runtime,eval/a_acc,eval/b_acc,note\n" + "".join(
        f"{step},{step / 7:.2f},{rising(step, 1)},{rising(step, 2)},n{step}\n" for step in STEPS
    )
    long = "task,model,checkpoint,acc,acc_stderr\n" + "".join(
        f"{task},70M,{step},{rising(step, skill)},0.01\n"
        for skill, task in enumerate(("lambada", "piqa"), 1)
        for step in STEPS
    )
    panel = '"Step","r1 - eval/a","r1 - eval/a__MIN","r1 - eval/a__MAX","r2 - eval/a"\n' + "".join(
        f'"{s}","{rising(s, 1)}","{rising(s, 1)}","{rising(s, 1)}",""\n' for s in STEPS
    )
    keras = "epoch,accuracy,loss,val_accuracy,val_loss\n" + "".join(
        f"{i},{rising(s, 1)},{2.3 - 2 * rising(s, 1):.4f},NA,{2.4 - 2 * rising(s, 2):.4f}\n"
        for i, s in enumerate(STEPS)
    )
    euro = "step;a;b\n" + "".join(f"{s};{rising(s, 1):.3f};{rising(s, 2):.3f}\n".replace(".", ",") for s in STEPS)
    for name, text in {"tidy": tidy, "wide": wide, "long": long, "panel": panel, "keras": keras, "euro": euro}.items():
        yield f"csv {name}", Sample({"x.csv": text.encode()}, "x.csv")
    yield "csv comment", Sample({"x.csv": b"# made by hand\n" + wide.encode("utf-8-sig")}, "x.csv")
    yield "tsv", Sample({"x.tsv": tidy.replace(",", "\t").encode()}, "x.tsv")
    yield "csv gzip", Sample({"x.csv.gz": gzip.compress(wide.encode(), mtime=0)}, "x.csv.gz")
    one = "Wall time,Step,Value\n" + "".join(f"1.7e9,{s},{rising(s, 1)}\n" for s in STEPS)
    yield "csv set", Sample({f"seed{i}/metrics.csv": wide.encode() for i in range(2)}, "")
    yield "csv of tags", Sample({f"run-{tag}.csv": one.encode() for tag in "ab"}, "")
    log = "".join(f"s:{s} tel:{2 - rising(s, 1):.4f} acc:{rising(s, 2)}\n" for s in STEPS)
    yield "log", Sample({"main.log": log.encode()}, "main.log")
    nano = "".join(f"step:{s}/600 val_loss:{3 - 2 * rising(s, 1):.4f} train_time:{s}ms\n" for s in STEPS)
    yield "log equals", Sample({"x.txt": nano.replace(":", "=").encode()}, "x.txt")
    fairseq = "".join(
        f"2024-01-01 | INFO | train | {json.dumps({'epoch': s, 'train_loss': str(3 - rising(s, 1))})}\n" for s in STEPS
    )
    yield "log fairseq", Sample({"train.log": fairseq.encode()}, "train.log")


def json_samples() -> Iterator[tuple[str, Sample]]:
    rows = [{"step": s, "eval": {"a": rising(s, 1), "b": rising(s, 2)}, "note": "x", "list": [1, 2]} for s in STEPS]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    yield "jsonl", Sample({"metrics.jsonl": lines}, "metrics.jsonl")
    yield "jsonl gzip", Sample({"metrics.jsonl.gz": gzip.compress(lines, mtime=0)}, "metrics.jsonl.gz")
    pairs = [{"iteration": s, "name": name, "value": rising(s, k)} for s in STEPS for k, name in enumerate("ab", 1)]
    yield "jsonl pairs", Sample({"x.jsonl": "\n".join(map(json.dumps, pairs)).encode()}, "x.jsonl")
    logged = [{"step": s, "epoch": s / 100, "loss": 2 - rising(s, 1), "learning_rate": 1e-3} for s in STEPS]
    logged += [
        {"step": s, "epoch": s / 100, f"eval_{g}_accuracy": rising(s, k)} for s in STEPS for k, g in enumerate("gh", 1)
    ]
    state = json.dumps({"global_step": STEPS[-1], "best_metric": None, "log_history": logged}).encode()
    yield "trainer", Sample({"trainer_state.json": state}, "trainer_state.json")
    settings = {"args.json": json.dumps({"optim": "adamw_torch", "learning_rate": 1e-3}).encode()}
    yield "checkpoints", Sample({f"checkpoint-{s}/trainer_state.json": state for s in STEPS[:2]} | settings, "")
    history = {"loss": [2 - rising(s, 1) for s in STEPS], "val_accuracy": [rising(s, 2) for s in STEPS]}
    yield "history", Sample({"history.json": json.dumps(history).encode()}, "history.json")
    yield "history key", Sample({"x.json": json.dumps({"config": {"lr": 1}, "history": rows}).encode()}, "x.json")
    yield "history list", Sample({"x.json": json.dumps(rows, indent=1).encode()}, "x.json")
    board = json.dumps([[1.7e9 + s, s, rising(s, 1)] for s in STEPS]).encode()
    yield "tensorboard json", Sample({"run_a.json": board}, "run_a.json")

    def harness(step: int) -> bytes:
        tasks = {t: {"acc": rising(step, k), "acc_stderr": 0.01} for k, t in enumerate(("lambada", "piqa"), 1)}
        config = {"model_args": f"revision=step{step}", "num_fewshot": 0}
        return json.dumps({"results": tasks, "versions": {"piqa": 0}, "config": config}).encode()

    yield "harness", Sample({f"m_step{s}.json": harness(s) for s in STEPS}, "")
    yield "harness one", Sample({"results.json": harness(100)}, "results.json")


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC = _crc_table()


def record(data: bytes) -> bytes:
    """A record of an event file."""

    def masked(part: bytes) -> bytes:
        crc = 0xFFFFFFFF
        for byte in part:
            crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
        crc ^= 0xFFFFFFFF
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    header = struct.pack("<Q", len(data))
    return header + masked(header) + data + masked(data)


def event(step: int, tag: str, value: float, tensor: bool = False) -> bytes:
    number = struct.pack("<f", value)
    held = b"\x42" + varint(8) + b"\x08\x01\x22\x04" + number if tensor else b"\x15" + number
    scalar = b"\x0a" + varint(len(tag)) + tag.encode() + held
    summary = b"\x0a" + varint(len(scalar)) + scalar
    return b"\x09" + struct.pack("<d", 1.7e9) + b"\x10" + varint(step) + b"\x2a" + varint(len(summary)) + summary


def event_records(tensor: bool = False) -> list[bytes]:
    version = b"\x09" + struct.pack("<d", 1.7e9) + b"\x1a\rbrain.Event:2"
    return [version] + [event(s, tag, rising(s, k), tensor) for s in STEPS for k, tag in enumerate(("a", "b/acc"), 1)]


def binary_samples() -> Iterator[tuple[str, Sample]]:
    name = "events.out.tfevents.1700000000.host.1.0"
    whole = b"".join(map(record, event_records()))
    yield "events", Sample({name: whole}, name)
    yield "events tensor", Sample({name: b"".join(map(record, event_records(True)))}, name)
    yield "events folders", Sample({f"{part}/{name}": whole for part in ("train", "validation")}, "")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    yield "events pointer", Sample({name: pointer}, name)
    grid = np.array([[rising(s, k) for s in STEPS] for k in (1, 2)])
    for kind, save in (("npz", np.savez), ("npz packed", np.savez_compressed)):
        held = io.BytesIO()
        save(held, step=np.array(STEPS), strength=grid, skill=np.array(["a", "b"]))
        yield kind, Sample({"x.npz": held.getvalue()}, "x.npz")
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return
    columns = {"step": STEPS, "a": grid[0], "b": grid[1], "name": ["x"] * N_STEPS}
    for packing in ("none", "gzip"):
        held = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(columns), held, compression=packing)
        yield f"parquet {packing}", Sample({"x.parquet": held.getvalue()}, "x.parquet")


def folder_samples() -> Iterator[tuple[str, Sample]]:
    metrics = "epoch,step,train_loss,val_acc\n" + "".join(
        f"{i},{s},,{rising(s, 1)}\n{i},{s},{2 - rising(s, 2):.4f},\n" for i, s in enumerate(STEPS)
    )
    yaml = b"batch_size: 32\nlr: 0.001\noptimizer: adamw\nnested:\n  depth: 3\n"
    yield "lightning", Sample({"version_0/metrics.csv": metrics.encode(), "version_0/hparams.yaml": yaml}, "version_0")
    yield "lightning csv", Sample({"metrics.csv": metrics.encode(), "hparams.yaml": yaml}, "metrics.csv")
    run = {"meta.yaml": b"run_name: first\nrun_id: abc\nstatus: 3\n", "params/optimizer": b"adam"}
    for k, metric in enumerate(("acc", "loss"), 1):
        run[f"metrics/{metric}"] = "".join(f"170000{s:04d} {rising(s, k)} {s}\n" for s in STEPS).encode()
    mlflow = {"mlruns/0/meta.yaml": b"experiment_id: '0'\nname: Default\n"}
    mlflow |= {f"mlruns/0/run{i}/{path}": content for i in range(2) for path, content in run.items()}
    yield "mlflow", Sample(mlflow, "mlruns")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        with sqlite3.connect(path) as store:
            store.execute("create table experiments (experiment_id integer primary key, name text)")
            store.execute(
                "create table runs "
                "(run_uuid text primary key, name text, status text, lifecycle_stage text, experiment_id integer)"
            )
            store.execute(
                "create table metrics "
                "(key text, value double, timestamp bigint, run_uuid text, step bigint, is_nan boolean)"
            )
            store.execute("create table params (key text, value text, run_uuid text)")
            store.execute("insert into experiments values (0, 'Default')")
            store.execute("insert into runs values ('abc', 'first', 'FINISHED', 'active', 0)")
            store.execute("insert into params values ('optimizer', 'adam', 'abc')")
            rows = [("acc", rising(s, 1), 1700000000000 + s, "abc", s, 0) for s in STEPS]
            store.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", rows)
        store.close()
        yield "mlflow sqlite", Sample({"mlflow.db": path.read_bytes()}, "mlflow.db")
        path = Path(folder) / "project.db"
        with sqlite3.connect(path) as store:
            store.execute(
                "create table metrics "
                "(id integer primary key, timestamp text, run_name text, step integer, metrics text)"
            )
            logged = [(f"t{s}", "first", s, json.dumps({"acc": rising(s, 1), "loss": 2 - rising(s, 2)})) for s in STEPS]
            store.executemany("insert into metrics (timestamp, run_name, step, metrics) values (?, ?, ?, ?)", logged)
        store.close()
        yield "trackio", Sample({"project.db": path.read_bytes()}, "project.db")


def samples() -> dict[str, Sample]:
    return dict([*text_samples(), *json_samples(), *binary_samples(), *folder_samples()])


# ---------------------------------------------------------------------------------------------- damage

EXTREME = [
    b"1e309", b"-1e309", b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"1_000", b"1,5", b"1.234,5", b"1'000",
    b"9" * 400, b"9" * 5000, b"0x10", b"1e-320", b"-0", b"9007199254740993", b"18446744073709551616", b"-1", b"0",
    b"0.5", b"1e5", b"70M", b"1.4B", b"45%", b"0.5 \xc2\xb1 0.1", b"\xd9\xa3", b"true", b"null", b'""',
    b"1e99999999",
]  # fmt: skip
ODD = [
    b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n", b"\r", b"\n\n\n", b'"', b"'", b"{}", b"[]", b"[" * 3000,
    b'{"a":' * 2000, b"}", b"\x1b[31m", b"%s", b"../../x", b"\\u0000", b"\\ud800", b" - ", b"__MIN", b"step",
    b"skill", b"run", b"strength", b"loss", b"accuracy", b"data", b"epoch", b"value", b"metric", b",", b";", b"\t",
    b"#", b":", b"=", b"\xc3\xa9", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"- ",
    b"!!python/object:os.system", b"*a", b"&a", *EXTREME,
]  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
KEY = re.compile(rb'"(\w+)": ?("[^"]*"|[-\d.]+)')


def damaged(data: bytes, other: bytes, rng: Randomness) -> bytes:
    """The data with one to eight faults."""
    is_text = data.isascii() and b"\0" not in data and rng.random() < 0.8  # bytes that are no text end most parsers
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        data = rng.choice(IN_TEXT if is_text else FAULTS)(data, other, rng)[:LARGEST]
    return data


def _flip(data: bytes, _: bytes, rng: Randomness) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _byte(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.choice([0, 1, 10, 34, 127, 128, 255, rng.randrange(256)])]) + data[at + 1 :]


def _part(data: bytes, rng: Randomness) -> tuple[int, int]:
    at = rng.randrange(len(data) + 1)
    return at, min(len(data), at + rng.choice([0, 1, 2, 4, 8, 64, 500]))


def _delete(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at, end = _part(data, rng)
    return data[:at] + data[end:]


def _repeat(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at, end = _part(data, rng)
    return data[:at] + data[at:end] * rng.choice([1, 2, 50]) + data[at:]


def _odd(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at, end = _part(data, rng)
    return data[:at] + rng.choice(ODD) + data[rng.choice([at, end]) :]


def _cut(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.8 else data[at:]


def _splice(data: bytes, other: bytes, rng: Randomness) -> bytes:
    at, (start, end) = rng.randrange(len(data) + 1), _part(other, rng)
    return data[:at] + (other[start:end] if rng.random() < 0.5 else other[start:]) + data[at:]


def _integer(data: bytes, _: bytes, rng: Randomness) -> bytes:
    at = rng.randrange(len(data) + 1)
    packed = struct.pack(rng.choice(["<q", ">q", "<i", ">i"]), rng.choice([0, -1, 2**31 - 1, -(2**31), 2**20, 255]))
    return data[:at] + packed + data[at + len(packed) :]


def _number(data: bytes, _: bytes, rng: Randomness) -> bytes:
    found = list(NUMBER.finditer(data[:20_000]))
    if not found:
        return data
    extreme = rng.choice(EXTREME)
    if rng.random() < 0.1:  # all of them
        return NUMBER.sub(lambda _: extreme if rng.random() < 0.5 else _[0], data)
    place = rng.choice(found)
    return data[: place.start()] + extreme + data[place.end() :]


def _double_key(data: bytes, _: bytes, rng: Randomness) -> bytes:
    found = list(KEY.finditer(data[:20_000]))
    if not found:
        return data
    place, value = rng.choice(found), rng.choice([b"1", b"null", b'"x"', b"[1]", b'{"a": 2}', rng.choice(EXTREME)])
    return data[: place.start()] + b'"' + place[1] + b'": ' + value + b", " + data[place.start() :]


def _lines(data: bytes, _: bytes, rng: Randomness) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return data
    at, kind = rng.randrange(len(lines)), rng.randrange(4)
    if kind == 0:
        lines.insert(rng.randrange(len(lines)), lines[at])
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        rng.shuffle(lines)
    else:
        lines[at : at + 1] = [lines[at]] * rng.choice([2, 100])
    return b"".join(lines)


def _cells(data: bytes, _: bytes, rng: Randomness) -> bytes:
    cells = data.split(b",")
    if len(cells) < 3:
        return data
    one, other = rng.randrange(len(cells)), rng.randrange(len(cells))
    cells[one], cells[other] = rng.choice(ODD), cells[one]
    return b",".join(cells)


IN_TEXT: list[Callable[[bytes, bytes, Randomness], bytes]] = [
    _delete, _repeat, _odd, _cut, _splice, _number, _number, _number, _double_key, _lines, _lines, _cells
]  # fmt: skip
FAULTS = [*IN_TEXT, _flip, _flip, _byte, _integer, _integer, _odd]


def with_right_sums(name: str, data: bytes, other: bytes, rng: Randomness) -> bytes:
    """Damage within the records of an event file, the members of an archive or a packed text, whose sums fit again."""
    if "tfevents" in name and data[:1] != b"v":
        records, at = [], 0
        while at + 12 <= len(data):
            (length,) = struct.unpack("<Q", data[at : at + 8])
            records.append(data[at + 12 : at + 12 + length])
            at += 16 + length
        which = rng.randrange(len(records))
        records[which] = damaged(records[which], records[-1], rng)
        return b"".join(map(record, records))
    if name.endswith(".npz"):
        held = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w", rng.choice([0, 8])) as new:
            chosen = rng.choice(old.namelist())
            for member in old.namelist():
                body = old.read(member)
                new.writestr(member, damaged(body, other, rng) if member == chosen else body)
        return held.getvalue()
    if name.endswith(".gz"):
        return gzip.compress(damaged(gzip.decompress(data), other, rng), compresslevel=1, mtime=0)
    return damaged(data, other, rng)


# ---------------------------------------------------------------------------------------------- cases

OPTIONS: list[dict[str, Any]] = [
    *({} for _ in range(10)), {"quantity": "loss"}, {"quantity": "accuracy"}, {"skip": 2}, {"columns": "*"},
    {"columns": "*acc*"}, {"step_column": "step"}, {"step_column": "epoch"}, {"order": "emergence"},
    {"quantity": "accuracy", "chance": 0.25},
]  # fmt: skip
NAMES = [
    "step", "_step", "epoch", "checkpoint", "iteration", "run", "model", "task", "skill", "name", "tag", "folder",
    "note", "value", "metric", "a", "b", "acc", "acc_stderr", "loss", "val_loss", "strength", "frequency", "none", "",
]  # fmt: skip
PATTERNS = ["*", "*acc*", "*a", "a", "b", "eval*", "1", "[12]", "lambada", "*loss", "none", "", "[", "*/*", "r1 - *"]
PLACES = [
    "path", "folder", "name", "none", "other", "seed{run}/*", "{run}.csv", "*/{skill}.csv", "*_step{step}.json",
    "{run}", "*{step}*", "{run}{run}", "{", "", "*", "{run}/{skill}",
]  # fmt: skip
AMOUNTS = [0, 0.1, 0.25, 0.5, 0.9, 1, 2, 8, 100, -1, 1e-300, 1e300, math.nan, math.inf]


def _per_skill(rng: Randomness) -> Any:
    amounts = {rng.choice(PATTERNS): rng.choice(AMOUNTS) for _ in range(rng.randrange(3))}
    return rng.choice(AMOUNTS) if rng.random() < 0.6 else amounts


def _patterns(rng: Randomness) -> Any:
    return rng.choice(PATTERNS) if rng.random() < 0.6 else [rng.choice(PATTERNS) for _ in range(rng.randrange(4))]


def _offsets(rng: Randomness) -> Any:
    return rng.choice(AMOUNTS) if rng.random() < 0.5 else [rng.choice(AMOUNTS) for _ in range(rng.randrange(4))]


ANY: dict[str, Callable[[Randomness], Any]] = {
    "columns": _patterns,
    **{name: lambda rng: rng.choice(NAMES) for name in ("step_column", "skill", "run", "value", "error", "n")},
    **{name: lambda rng: rng.choice(PLACES) for name in ("run_from", "skill_from", "step_from")},
    **dict.fromkeys(("initial_loss", "chance", "ceiling", "tokens_per_answer"), _per_skill),
    "quantity": lambda rng: rng.choice(
        ["strength", "loss", "accuracy", "error_rate", "log_likelihood", "bits", "other"]
    ),
    "order": lambda rng: rng.choice(["file", "frequency", "emergence", "other"]),
    "skip": lambda rng: rng.choice([0, 1, 2, 5, 11, 12, 10**6, -1]),
    "step_offset": _offsets,
    "where": lambda rng: rng.choice(["alpha == 0.6", ""]),
    "over": lambda rng: rng.choice(["step", "data", "parameters"]),
}
RARE = ("where", "over", "step_offset", "run_from", "skill_from", "step_from")


def any_options(rng: Randomness) -> dict[str, Any]:
    """One to four options of `saltus.read_curves`, some of them nonsense."""
    names = [name for name in ANY if name not in RARE or rng.random() < 0.3]
    return {name: ANY[name](rng) for name in rng.sample(names, rng.choice([1, 1, 2, 2, 3, 4]))}


class TooSlowError(Exception):
    """A case beyond `SECONDS`."""


def _alarm(*_: object) -> None:
    raise TooSlowError(f"beyond {SECONDS} s")


def one_case(number: int, seed: int, folder: Path, all_samples: dict[str, Sample]) -> tuple[str, str]:
    """The name of the sample, and the outcome: "read", "refused", or a fault in words."""
    rng = random.Random(f"{seed}:{number}")
    names = [rng.choice(list(all_samples))]
    kind = rng.random()
    if kind < 0.15:  # a set of several
        names += [rng.choice(list(all_samples)) for _ in range(rng.choice([1, 1, 2]))]
    is_whole = kind > 0.75
    parts = [all_samples[name] for name in names]
    other = rng.choice(list(rng.choice(list(all_samples.values())).files.values()))
    root = folder / "case"
    shutil.rmtree(root, ignore_errors=True)
    for i, part in enumerate(parts):
        victim = rng.choice(list(part.files)) if not is_whole and rng.random() < 1 / len(parts) else None
        for path, content in part.files.items():
            own = root / (f"part{i}" if len(parts) > 1 else "") / path
            own.parent.mkdir(parents=True, exist_ok=True)
            if path == victim:
                content = (
                    with_right_sums(path, content, other, rng) if rng.random() < 0.6 else damaged(content, other, rng)
                )
            own.write_bytes(content)
    given: Any = root / parts[0].path
    if len(parts) > 1:
        given = rng.choice([root, root / "**" / "*", [root / f"part{i}" / part.path for i, part in enumerate(parts)]])
    options = any_options(rng) if is_whole or rng.random() < 0.1 else rng.choice(OPTIONS)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return names[0] if len(names) == 1 else "several", _outcome(given, options, rng)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _outcome(path: Path | list[Path], options: dict[str, Any], rng: Randomness) -> str:
    import saltus
    from saltus.read.columns import read_columns

    kind = rng.random()
    try:
        if kind < 0.05 and isinstance(path, Path):
            read_columns(path, [rng.choice(["step", "epoch", "tokens"])], [rng.choice(["loss", "a", "acc", "eval.a"])])
            return "read"
        if kind > 0.97:
            return _by_command(path, options, rng)
        curves = saltus.read_curves(path, **options)
        lines = saltus.reading_report(curves).lines
        if any("\n" in line for line in lines):
            return "a report with a line break"
        if kind < 0.25:
            _forecast(curves, rng)
    except saltus.InputError as error:
        return "refused" if len(str(error).splitlines()) == 1 else f"an error of several lines: {str(error)[:200]!r}"
    except TooSlowError as error:
        return f"slow: {error}: {_place(error)}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}: {_place(error)}"
    return "read"


def _forecast(curves: Any, rng: Randomness) -> None:
    import saltus
    from saltus.forecast.assess import assess

    frequencies: Any = rng.choice(["fitted", saltus.PowerLaw(0.6, curves.sizes["skill"])])
    settings: dict[str, Any] = rng.choice([{}, {}, {"on_skill": 2}, {"until": 300}, {"until": 0}, {"threshold": 0.9}])
    assess(curves, frequencies, **settings).summary()


def _by_command(path: Path | list[Path], options: dict[str, Any], rng: Randomness) -> str:
    """The outcome of ``saltus read`` or ``saltus forecast`` with these options."""
    from saltus.cli import main

    words = [str(one) for one in (path if isinstance(path, list) else [path])]
    for name, value in options.items():
        pairs = [f"{key}={one}" for key, one in value.items()] if isinstance(value, dict) else value
        for one in pairs if isinstance(pairs, list) else [pairs]:
            words.append(f"--{name.replace('_', '-')}={one}")
    words[:0] = ["read"] if rng.random() < 0.5 else ["forecast", "--frequencies=fitted"]
    said, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaint):
        try:
            status: Any = main(words)
        except SystemExit as end:
            status = end.code
    if "Traceback" in complaint.getvalue() or status not in (0, 2):
        return f"status {status} of {words}: {complaint.getvalue()[-200:]}"
    return "refused" if status else "read"


def _place(error: BaseException) -> str:
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "saltus" in Path(frame.filename).parts]
    return f"{'/'.join(Path(ours[-1].filename).parts[-2:])}:{ours[-1].lineno}" if ours else "outside"


def run(numbers: range, seed: int, only: str | None = None, keep: Path | None = None) -> Counter[tuple[str, str]]:
    """Outcomes of these cases, counted by sample; the first case of each fault is printed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGPROF, _alarm)
    chosen = {name: one for name, one in samples().items() if only is None or only in name}
    found: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in numbers:
            name, outcome = one_case(number, seed, Path(folder), chosen)
            if outcome not in ("read", "refused"):
                if not any(fault == outcome for _, fault in found):
                    print(f"--seed {seed} --only {number} ({name}): {outcome}", flush=True)
                if keep is not None:
                    shutil.copytree(Path(folder) / "case", keep / f"{seed}-{number}", dirs_exist_ok=True)
            found[name, outcome] += 1
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="number of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--samples", help="only samples whose name contains this")
    parser.add_argument("--only", type=int, help="only the case of this number")
    parser.add_argument("--keep", type=Path, help="folder for the files of faults, or of --only")
    given = parser.parse_args()
    started = time.time()
    if given.only is not None:
        found = run(range(given.only, given.only + 1), given.seed, given.samples, given.keep)
    else:
        parts = [range(i, given.count, given.processes) for i in range(given.processes)]
        with multiprocessing.Pool(given.processes) as pool:
            found = sum(pool.starmap(run, [(part, given.seed, given.samples, given.keep) for part in parts]), Counter())
    outcomes: Counter[str] = Counter()
    for (_, outcome), count in found.items():
        outcomes[outcome] += count
    for name in sorted({name for name, _ in found}):
        print(f"{name:18} read {found[name, 'read']:6}  refused {found[name, 'refused']:6}")
    for outcome, count in outcomes.most_common():
        print(f"{count:7} {outcome}")
    print(f"{sum(outcomes.values())} cases in {time.time() - started:.0f} s")
    return 0 if set(outcomes) <= {"read", "refused"} else 1


if __name__ == "__main__":
    sys.exit(main())
