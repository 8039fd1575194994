"""The three ways in which tables hold curves: tidy, wide, and as exported by Weights & Biases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.files import require_numbers
from saltus.read.measurements import QUANTITIES, Codes, Labels, Measurements, Quantity, Selection
from saltus.read.tables import Table
from saltus.resource import RESOURCES, STEP

_COUNTERS = (*RESOURCES, "_step", "global_step", "trainer/global_step")
_BOUNDS = ("__MIN", "__MAX")


def measurements_of(table: Table, selection: Selection) -> Measurements:
    """The measurements in a table: tidy if it has a column ``skill``, or columns of nothing but quantities.

    Raises:
        InputError: if no column counts steps or holds a quantity, or a chosen one is there twice.
    """
    if "tag" in table.names:
        return _by_tag(table, selection)
    step_column = step_column_of(table.names, selection)
    values = [name for name in table.names if name not in (step_column, "run") and not _is_bookkeeping(name)]
    of_one_skill = selection.columns is None and bool(values) and {*values} <= {*QUANTITIES, "strength_error"}
    if "skill" in table.names or of_one_skill:
        return _tidy(table, selection, step_column)
    if all(" - " in name for name in values) and not all(name.endswith(_BOUNDS) for name in values):
        return _weights_and_biases(table, selection, step_column, values)
    return _wide(table, selection, step_column, values)


def _by_tag(table: Table, selection: Selection) -> Measurements:
    columns = table.read(["step", "value"], ["run", "tag"])
    return Measurements(
        layout=table.kind,
        resource="step",
        step_column="step",
        quantity=selection.kind_of_values,
        run=columns.labels["run"],
        skill=columns.labels["tag"],
        position=columns.numbers["step"],
        value=columns.numbers["value"],
        beside={},
        findings=tuple(table.findings),
        settings=table.settings,
    ).choose(selection)


def resource_counted_by(step_column: str) -> str:
    """Name of the resource that such a column counts: data, parameters or else steps."""
    name = step_column.casefold()
    return name if name in RESOURCES else STEP.name


def step_column_of(names: Sequence[str], selection: Selection) -> str:
    """The column of steps: the one that was given, or else the only one with such a name."""
    given = selection.step_column
    if given is not None:
        if given not in names:
            raise InputError("step_column must be a column of the file", given, f"it has {', '.join(names[:4])}")
        return given
    counting = [name for name in names if name.casefold() in _COUNTERS]
    if len(counting) != 1:
        wanted = "curves must have one column of steps, named step, data or parameters"
        raise InputError(wanted, counting or list(names), "name the right one with step_column=")
    return counting[0]


def quantity_among(names: Sequence[str], selection: Selection) -> Quantity:
    """The quantity that was asked for, or else the first that is there."""
    present: list[Quantity] = [name for name in QUANTITIES if name in names]
    if not present or (selection.quantity and selection.quantity not in present):
        wanted = selection.quantity or "strength, loss or accuracy"
        raise InputError(f"curves must be measured in {wanted}", list(names), "name the column so, or say quantity=")
    return selection.quantity or present[0]


def _tidy(table: Table, selection: Selection, step_column: str) -> Measurements:
    names = table.names
    quantity = quantity_among(names, selection)
    further = ("loss", "strength_error", "frequency") if quantity == "strength" else ("frequency",)
    beside = [name for name in further if name in names]
    labels = [name for name in ("skill", "run") if name in names]
    numbers = [step_column, quantity, *beside]
    _require_single(names, [*numbers, *labels])
    columns = table.read(numbers, labels)
    size = len(columns.numbers[quantity])
    skill = columns.labels.get("skill", Labels.all_the_same(size, "1"))
    if "" in skill.names:
        raise InputError("every row must name its skill", "an empty cell", "fill the column skill")
    return Measurements(
        layout=f"tidy {table.kind}",
        resource=resource_counted_by(step_column),
        step_column=step_column,
        quantity=quantity,
        run=columns.labels.get("run", Labels.all_the_same(size)),
        skill=skill,
        position=columns.numbers[step_column],
        value=columns.numbers[quantity],
        beside={name: columns.numbers[name] for name in beside},
        findings=_left_out([name for name in names if name not in (*numbers, *labels)]),
    ).choose(selection)


def _wide(table: Table, selection: Selection, step_column: str, values: Sequence[str]) -> Measurements:
    every = [name for name in table.names if name not in (step_column, "run")]
    skills = selection.choose(values if selection.columns is None else every)
    if not skills:
        raise InputError("a wide table must have one column a skill", list(table.names), "give the columns of skills")
    labels = ["run"] if "run" in table.names else []
    _require_single(table.names, [step_column, *skills, *labels])
    columns = table.read([step_column, *skills], labels)
    position = columns.numbers[step_column]
    run = columns.labels["run"] if labels else Labels.all_the_same(len(position))
    return Measurements(
        layout=f"wide {table.kind}",
        resource=resource_counted_by(step_column),
        step_column=step_column,
        quantity=selection.kind_of_values,
        run=Labels(np.tile(run.codes, len(skills)), run.names),
        skill=Labels(np.repeat(np.arange(len(skills), dtype=np.int32), len(position)), tuple(skills)),
        position=np.tile(position, len(skills)),
        value=np.concatenate([columns.numbers[name] for name in skills]),
        beside={},
        findings=_left_out([name for name in table.names if name not in (step_column, *skills, *labels)]),
    )


def _weights_and_biases(table: Table, selection: Selection, step_column: str, values: Sequence[str]) -> Measurements:
    """Columns ``run - metric``, and for each ``__MIN`` and ``__MAX`` over the steps that the export drew together."""
    of_column = {name: name.rsplit(" - ", 1) for name in values if not name.endswith(_BOUNDS)}
    metrics = selection.choose(list(dict.fromkeys(metric for _, metric in of_column.values())))
    chosen = {name: pair for name, pair in of_column.items() if pair[1] in metrics}
    bounded = [name for name in chosen if all(name + end in table.names for end in _BOUNDS)]
    wanted = [step_column, *chosen, *(name + end for name in bounded for end in _BOUNDS)]
    _require_single(table.names, wanted)
    numbers = table.read(wanted, []).numbers
    position = numbers[step_column]
    require_numbers(len(position) * len(chosen), table.path)
    runs = list(dict.fromkeys(run for run, _ in chosen.values()))
    drawn_together = sum(int((numbers[name + "__MIN"] < numbers[name + "__MAX"]).sum()) for name in bounded)
    text = f"{drawn_together} values stand for several steps each (__MIN differs from __MAX): export without smoothing"
    return Measurements(
        layout=f"Weights & Biases {table.kind}",
        resource=resource_counted_by(step_column),
        step_column=step_column,
        quantity=selection.kind_of_values,
        run=Labels(np.repeat(_codes(chosen.values(), 0, runs), len(position)), tuple(runs)),
        skill=Labels(np.repeat(_codes(chosen.values(), 1, metrics), len(position)), tuple(metrics)),
        position=np.tile(position, len(chosen)),
        value=np.concatenate([numbers[name] for name in chosen]),
        beside={},
        findings=(
            *_left_out([name for name in table.names if name not in wanted]),
            *((Finding("averaged values", drawn_together, text),) if drawn_together else ()),
        ),
    )


def _is_bookkeeping(name: str) -> bool:
    """Whether loggers or pandas added the column: ``_runtime``, ``x - _step``, ``Wall time``, a nameless index."""
    return name.rsplit(" - ", 1)[-1].startswith("_") or name.casefold() in ("", "wall time", *_COUNTERS)


def _require_single(names: Sequence[str], wanted: Sequence[str]) -> None:
    count = Counter(names)
    for name in wanted:
        if count[name] > 1:
            raise InputError("column names must differ", name, "rename one of them (two runs of one name?)")


def _left_out(names: Sequence[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return (Finding("columns left out", len(names), f"{len(names)} of the file were not read: {some}"),)


def _codes(pairs: Iterable[Sequence[str]], place: int, names: Sequence[str]) -> Codes:
    return np.array([names.index(pair[place]) for pair in pairs], dtype=np.int32)
