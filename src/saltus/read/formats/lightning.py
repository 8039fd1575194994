"""PyTorch Lightning's folder of a version: ``metrics.csv`` of its `CSVLogger`, and ``hparams.yaml`` beside."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from saltus.read.beside import beside_finding, settings_beside
from saltus.read.formats.csv import CsvTable
from saltus.read.tables import Table

_VERSION = re.compile(r"version_\d+")
_METRICS = "metrics.csv"


def is_version_folder(path: Path) -> bool:
    """Whether a folder holds the metrics of one version."""
    return (path / _METRICS).is_file() and (
        (path / "hparams.yaml").is_file() or _VERSION.fullmatch(path.resolve().name) is not None
    )


def open_version(path: Path) -> Table:
    """The metrics of a version, with the settings in ``hparams.yaml``."""
    told = settings_beside(path)
    return replace(CsvTable.open(path / _METRICS), kind="Lightning CSV", settings=told, findings=beside_finding(told))
