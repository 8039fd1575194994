"""The offline log of Weights & Biases (``run-*.wandb``), a format of their own: refused with the way to export it."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from saltus.errors import InputError


def refuse_wandb(path: Path) -> NoReturn:
    """Raise `InputError` that says how to export the run."""
    rule = "curves must be exported from Weights & Biases"
    advice = "wandb sync it, then wandb.Api().run(path).history().to_csv('run.csv')"
    raise InputError(rule, path.name, advice)
