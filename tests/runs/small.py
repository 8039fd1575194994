"""Small runs that the tests of sweeps share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from saltus import Job, MLPTraining, MultitaskSparseParity, PowerLaw

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=12, n_relevant=2, target_scale=3.0)
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "sweep.toml"

SMALL = """
seeds = 2
[task]
n_bits = 12
n_relevant = 2
target_scale = 3.0
frequencies = { alpha = 0.6, n_skills = 2 }
[training]
steps = 60
learning_rate = 0.02
init_std = 0.1
width = 20
batch_size = 50
strength_samples = 16
[[axes]]
training.width = [20, 40, 60]
"""

NETWORKS = """
[task]
n_bits = 6
n_relevant = 2
target_scale = 1.0
frequencies = { alpha = 0.9, n_skills = 2 }
[training]
steps = 40
learning_rate = 0.01
batch_size = 32
strength_samples = 16
network = { kind = "Transformer", heads = 2 }
[[axes]]
training.network.embedding = [8, 16]
[[axes]]
training.optimizer = ["sgd", "adam"]
training.momentum = [0.9, 0]
"""


def training(**changes: Any) -> MLPTraining:
    settings: dict[str, Any] = {"learning_rate": 0.02, "init_std": 0.1, "width": 20, "batch_size": 50}
    return MLPTraining(**({"steps": 60, "strength_samples": 16} | settings | changes))


def jobs(count: int, **changes: Any) -> list[Job]:
    return [Job(TASK, training(**changes), seed) for seed in range(count)]


def equal(left: xr.Dataset, right: xr.Dataset) -> bool:
    """Bit for bit, labels included."""
    return left.identical(right) and all(
        left[name].to_numpy().tobytes() == right[name].to_numpy().tobytes() for name in left
    )


def saltus(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=300, env={**os.environ, **environment}
    )


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "saltus", *map(str, arguments)]


def run_files(store: Path) -> dict[str, tuple[int, int]]:
    """Every stored run with what would change if it were written again."""
    return {
        path.name: ((stat := path.stat()).st_ino, stat.st_mtime_ns)
        for path in store.glob("??/*.npz")
        if len(path.stem) == 64
    }


def strengths(curves: xr.Dataset) -> np.ndarray:
    return curves["strength"].to_numpy()
