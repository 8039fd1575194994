"""A panel of Weights & Biases, exported: columns ``run - metric``, with or without ``__MIN`` and ``__MAX``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.read.choice import Choice, quantity_by_name
from saltus.read.files import require_numbers
from saltus.read.frames import Frame, left_out, require_single
from saltus.read.measurements import Codes, Labels, Measurements
from saltus.read.roles import is_bookkeeping, resource_counted_by
from saltus.read.settle import settle
from saltus.read.tables import Columns

_BOUNDS = ("__MIN", "__MAX")


def is_panel(frame: Frame) -> bool:
    """Whether all columns but the steps and the loggers' own are of the form ``run - metric``."""
    values = [name for name in frame.table.names if name != frame.steps.name and not is_bookkeeping(name)]
    return bool(values) and all(" - " in name for name in values) and not all(map(_is_bound, values))


def read_panel(frame: Frame) -> Measurements:
    """The measurements of a panel; bounds tell which values stand for several steps that the export drew together.

    Raises:
        InputError: if a column is there twice, or a cell is no number.
    """
    table, step_column = frame.table, frame.steps.name
    values = [name for name in table.names if name != step_column and not is_bookkeeping(name) and not _is_bound(name)]
    of_column = {name: name.rsplit(" - ", 1) for name in values if table.holds_numbers(name)}
    read: list[Columns] = []

    def values_of(choice: Choice) -> dict[str, Floats]:
        chosen = {name: metric for name, (_, metric) in of_column.items() if metric in choice.values}
        bounded = [name for name in chosen if all(name + end in table.names for end in _BOUNDS)]
        wanted = [step_column, *chosen, *(name + end for name in bounded for end in _BOUNDS)]
        require_single(table.names, wanted)
        read.append(table.read(wanted, []))
        numbers = read[-1].numbers
        return {
            metric: np.concatenate([numbers[name] for name in chosen if chosen[name] == metric])
            for metric in choice.values
        }

    choice = settle(list(dict.fromkeys(metric for _, metric in of_column.values())), frame.selection, values_of)
    metrics, numbers = list(choice.values), read[-1].numbers
    chosen = {name: pair for name, pair in of_column.items() if pair[1] in metrics}
    bounded = [name for name in chosen if name + _BOUNDS[0] in numbers]
    position = numbers[step_column]
    require_numbers(len(position) * len(chosen), table.path)
    runs = list(dict.fromkeys(run for run, _ in chosen.values()))
    findings = [*frame.steps.findings, *read[-1].findings, *left_out(table.names, numbers)]
    drawn_together = sum(int((numbers[name + "__MIN"] < numbers[name + "__MAX"]).sum()) for name in bounded)
    if drawn_together:
        text = f"{drawn_together} values stand for several steps each (__MIN differs from __MAX): "
        findings.append(Finding("averaged values", drawn_together, text + "export without smoothing"))
    findings += [*configurations(runs), *quantity_by_name(choice)]
    return Measurements(
        layout=f"Weights & Biases {table.kind}",
        resource=resource_counted_by(step_column),
        step_column=step_column,
        quantity=choice.quantity,
        run=Labels(np.repeat(_codes(chosen.values(), 0, runs), len(position)), tuple(runs)),
        skill=Labels(np.repeat(_codes(chosen.values(), 1, metrics), len(position)), tuple(metrics)),
        position=np.tile(position, len(chosen)),
        value=np.concatenate([np.empty(0), *(numbers[name] for name in chosen)]),
        beside={},
        findings=(*table.findings, *findings, *choice.findings),
        settings=table.settings,
    )


def configurations(runs: Sequence[str]) -> list[Finding]:
    """A remark on runs whose names differ by more than a number: they may differ in more than their seed."""
    stems = list(dict.fromkeys(re.sub(r"[\d.]+|seed", "", run.casefold()) for run in runs))
    if len(stems) < 2:
        return []
    text = f"the names of {len(runs)} runs differ by more than a number ({some(runs)}): one configuration, or several?"
    return [Finding("different configurations", len(stems), text)]


def _is_bound(name: str) -> bool:
    return name.endswith(_BOUNDS)


def _codes(pairs: Iterable[Sequence[str]], place: int, names: Sequence[str]) -> Codes:
    return np.array([names.index(pair[place]) for pair in pairs], dtype=np.int32)
