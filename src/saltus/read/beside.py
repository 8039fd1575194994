"""Settings of a training, as files beside a log tell them: the optimiser, rate, schedule, batch size, loss and seed.

Only JSON and flat text (``key: value``) are read, and never a pickle such as ``training_args.bin``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding

_FILES = (
    "args.json",
    "training_args.json",
    "train_args.json",
    "hparams.json",
    "params.json",
    "hparams.yaml",
    "hparams.yml",
    "args.yaml",
    "training_args.yaml",
    "config.yaml",
    "config.yml",
    "config.json",
    ".hydra/config.yaml",
)
_MAX_BYTES = 2**20  # size of a file beside
_MAX_TEXT = 100  # characters of a setting
_GROUPS = {"optimizer": ("optimizer", "optim"), "schedule": ("scheduler", "lr_scheduler")}
_NAMES = {
    "optimizer": "optimizer optim optimiser optimizer_name optimizer_type opt *.name *.type *._target_ *.class_path",
    "learning_rate": "learning_rate lr max_lr peak_lr optimizer.lr optimizer.learning_rate optim.lr",
    "schedule": "lr_scheduler_type lr_scheduler lr_schedule scheduler schedule *.name *.type *._target_ *.class_path",
    "warmup_steps": "warmup_steps num_warmup_steps warmup_iters warmup scheduler.t_warmup",
    "warmup_ratio": "warmup_ratio",
    "batch_size": "global_train_batch_size global_batch_size train_batch_size batch_size per_device_train_batch_size",
    "loss": "loss loss_fn loss_function loss_type criterion objective",
    "seed": "seed random_seed",
}
"""Names of a setting in files; a star stands for the names of its group."""
# A name that holds another stands before it.
_OPTIMIZERS = (
    *("adamw", "adamax", "nadam", "radam", "adam", "adafactor", "adagrad", "adadelta", "rmsprop", "novograd"),
    *("lamb", "lars", "lion", "sophia", "shampoo", "soap", "muon", "sgd"),
)
_LINE = re.compile(r"( *)([A-Za-z_][\w./-]{0,99}) *:(?:\s+(.*?))?\s*$", re.ASCII)


def settings_beside(path: Path) -> dict[str, Any]:
    """Settings told by files in the folder of a log, or in the folder itself, and of a checkpoint in the one above.

    Returns:
        ``optimizer`` (in small letters, e.g. "adamw"), ``learning_rate``, ``schedule``, ``warmup_steps``,
        ``warmup_ratio``, ``batch_size``, ``loss`` and ``seed``, as far as they are told. A file that cannot be
        read tells nothing.
    """
    folder = path if path.is_dir() else path.parent
    folders = [folder, folder.parent] if folder.name.startswith(("checkpoint", "version_")) else [folder]
    told: dict[str, Any] = {}
    for place in folders:
        for name in _FILES:
            told = settings_in(_flat_content(place / name)) | told
    return told


def settings_in(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among entries with dotted names, under their plain names."""
    known = {name.casefold(): value for name, value in flat.items()}
    found: dict[str, Any] = {}
    for setting, names in _NAMES.items():
        groups = _GROUPS.get(setting, ())
        single = [name.replace("*", group) for name in names.split() for group in (groups if "*" in name else ("",))]
        for value in (known[name] for name in single if name in known):
            if (plain := _plain(setting, value)) is not None:
                found[setting] = plain
                break
    return found


def beside_finding(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The remark that settings were taken from files beside the log."""
    if not settings:
        return ()
    text = "told by files beside: " + ", ".join(f"{name} {value}" for name, value in settings.items())
    return (Finding("settings beside", len(settings), text),)


def _plain(setting: str, value: Any) -> Any:
    if setting in ("optimizer", "schedule", "loss"):
        if not isinstance(value, str) or not value.strip() or len(value) > _MAX_TEXT:
            return None
        text = value.strip().casefold()
        text = text if ":" in text else text.rpartition(".")[2]  # a schedule with its numbers is no dotted name
        return next((name for name in _OPTIMIZERS if name in text), text) if setting == "optimizer" else text
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        return None
    return value


def _flat_content(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return {}
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix != ".json":
            return dict(_flat_lines(text))
        content = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return dict(_flat(content)) if isinstance(content, dict) else {}


def _flat(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Entries of two levels with dotted names: settings lie no deeper."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", entry) for inner, entry in value.items())
        else:
            yield key, value


def _flat_lines(text: str) -> Iterator[tuple[str, Any]]:
    """Entries of ``key: value`` lines, the deeper ones with dotted names; all else in the text is passed over."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if not (match := _LINE.match(line)):
            continue
        indent, key, value = len(match[1]), match[2], match[3] or ""
        above = [(depth, name) for depth, name in above if depth < indent][:8]
        value = value.partition(" #")[0].strip().strip("'\"")
        if value and not value.startswith(("!", "&", "*", "[", "{", "|", ">")):
            yield ".".join([*(name for _, name in above), key]), number_or_text(value)
        else:
            above.append((indent, key))


def number_or_text(text: str) -> Any:
    """The number, or the text, that a cell or an entry of a text file holds; None for the words of no number."""
    if text.casefold() in ("null", "none", "~", "true", "false"):
        return None
    try:
        return int(text) if re.fullmatch(r"[-+]?\d{1,15}", text, re.ASCII) else float(text)
    except ValueError:
        return text
