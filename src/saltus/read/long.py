"""Long tables: one row a value, with a column that names its skill (or its metric)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.choice import (
    FEWEST_SKILLS,
    SHARES,
    Choice,
    choose,
    errors_by_column,
    losses_preferred,
    losses_too_high,
    quantity_by_name,
)
from saltus.read.frames import Frame, beside_of, left_out, paired_labels, rates_at, rows_of
from saltus.read.loss_kinds import reaches_half
from saltus.read.measurements import Measurements, Quantity, Selection
from saltus.read.metric_names import metric_named
from saltus.read.roles import (
    first_with,
    is_among,
    is_bookkeeping,
    is_generic_value,
    is_learning_rate,
    named_column,
    resource_counted_by,
)
from saltus.read.settle import settle
from saltus.read.vocabulary import METRICS, NUMBERED_SKILLS, SKILLS, VALUES
from saltus.read.wide import candidates_of

_BESIDE: dict[str, tuple[Quantity, ...] | None] = {
    "loss": ("strength", "accuracy"),
    "frequency": None,
    "unexplained_floor": ("strength",),
    "scale_error": ("strength",),
}
"""Columns of numbers of a row's skill or value, and the quantities that they may stand beside; None for any."""


def skill_columns(frame: Frame) -> list[str]:
    """The columns that name the skill of a row: none if the table is not long, two if task and metric are apart."""
    table, selection = frame.table, frame.selection
    if selection.skill is not None:
        return [named_column(table.names, "skill", selection.skill)]
    names = [name for name in dict.fromkeys(table.names) if name not in frame.taken]
    found = first_with(names, SKILLS)
    if "skill" in found:
        return ["skill"]
    if selection.value is None and not any(is_generic_value(name) for name in candidates_of(frame)):
        return []
    labels = [name for name in found if _names_several(frame, name)]
    if not labels:
        return []
    metrics = [name for name in labels[1:] if is_among(name, METRICS)]
    return [labels[0], *metrics[:1]]


def _names_several(frame: Frame, name: str) -> bool:
    """Whether a column holds names, some of them again and again, or one name alone; at one moment each may be once."""
    if frame.table.holds_numbers(name) and not is_among(name, NUMBERED_SKILLS):
        return False
    cells = frame.table.first_cells(name)
    of_one_moment = len(set(frame.table.first_cells(frame.steps.name))) == 1
    return 0 < len(set(cells)) <= (len(cells) if of_one_moment else max(1, len(cells) // 2))


def read_long(frame: Frame, skills: Sequence[str]) -> Measurements:
    """The measurements in rows of a table.

    Raises:
        InputError: if there is no column of values, a row has no skill, or a cell is no number.
    """
    table = frame.table
    candidates = [name for name in candidates_of(frame) if name not in skills]
    value, quantity = _value_of(frame, candidates)
    instead, preferred = _loss_instead(frame, candidates, value, quantity, skills)
    if instead is not None:
        value, quantity = instead, "loss"
    error = _error_of(frame, value, quantity)
    beside = {
        role: role
        for role, quantities in _BESIDE.items()
        if role in table.names and role != value and (quantities is None or quantity in quantities)
    }
    rows = rows_of(frame, [value, *([error] if error else []), *beside.values()], skills)
    columns = rows.columns
    labels = [columns.labels[name] for name in skills]
    skill = paired_labels(labels, "/") if len(labels) > 1 else labels[0]
    if "" in skill.names:
        raise InputError("every row must name its skill", "an empty cell", f"fill the column {skills[0]}")
    axis = _axis_of(frame) if quantity == "strength" else ""
    errors = columns.numbers[error] if error else columns.errors.get(value)
    numbers = beside_of(frame, rows) | {role: columns.numbers[name] for role, name in beside.items()}
    if errors is not None:
        numbers["strength_error" if error == "strength_error" else "value_error"] = errors
    read = {*rows.used, *skills, value, *([error] if error else []), *beside.values(), *(["axis"] if axis else [])}
    if skills == ["tag"]:
        read.add("folder")  # its names are those of run and tag
    said = [*preferred]
    said += [] if skills in (["skill"], ["tag"]) else [_skills_said(skills, len(skill.names))]
    if quantity is not None and frame.selection.quantity is None:
        said += quantity_by_name(Choice((value,), quantity, True, {}, {}, ()))
    if error and frame.selection.error is None and error not in ("strength_error", "strength_stderr"):
        said += errors_by_column([error])
    measurements = Measurements(
        layout=table.kind if skills == ["tag"] and table.kind != "CSV" else f"tidy {table.kind}",
        resource=resource_counted_by(frame.steps.name),
        step_column=frame.steps.name,
        quantity=quantity or frame.selection.kind_of_values,
        run=rows.run,
        skill=skill,
        position=rows.position,
        value=columns.numbers[value],
        beside=numbers,
        findings=(*table.findings, *rows.findings, *left_out(table.names, read), *said),
        settings={**table.settings, **rows.settings},
        further=dict(rows.further),
        axis=axis,
        value_column=value,
    )
    if quantity is None:
        return by_metric(measurements, frame.selection)
    return measurements.choose(frame.selection)


def _axis_of(frame: Frame) -> str:
    """The name of steps in an earlier log, as a table of strengths tells it; empty where it does not."""
    cells = {*frame.table.first_cells("axis")} - {""} if "axis" in frame.table.names else set()
    return cells.pop() if len(cells) == 1 else ""


def _skills_said(skills: Sequence[str], count: int) -> Finding:
    text = f"skills are named by column {' and '.join(map(repr, skills))}: skill= chooses another"
    return Finding("skills by column", count, text)


def _value_of(frame: Frame, candidates: Sequence[str]) -> tuple[str, Quantity | None]:
    """The column of values, and its quantity if its name or the user tells it."""
    table, selection = frame.table, frame.selection
    given = selection.quantity
    if selection.value is not None:
        value = named_column(table.names, "value", selection.value)
        named = metric_named(value).quantity
        return value, given or (None if named == "perplexity" else named)
    named_ones = [name for name in candidates if is_generic_value(name) and not is_among(name, VALUES)]
    of_kind = [name for name in named_ones if given in (None, metric_named(name).quantity)]
    if of_kind:
        choice = choose(of_kind, Selection(quantity=given))
        return choice.values[0], choice.quantity
    generic = first_with(candidates, VALUES)
    if generic:
        return generic[0], None
    if len(candidates) == 1 and not named_ones and table.names.count("skill") == 0:
        return candidates[0], given
    wanted = given or "strength, loss or accuracy"
    advice = "name the column so, or say quantity= or value="
    raise InputError(f"curves must be measured in {wanted}", list(table.names), advice)


def _loss_instead(
    frame: Frame, candidates: Sequence[str], value: str, quantity: Quantity | None, skills: Sequence[str]
) -> tuple[str | None, tuple[Finding, ...]]:
    """A column of losses that is read in place of one of accuracies, and the remark that says why."""
    selection, chosen = frame.selection, metric_named(value)
    if quantity not in SHARES or selection.quantity is not None or selection.value is not None:
        return None, ()
    losses = [
        name
        for name in candidates
        if (metric := metric_named(name)).quantity == "loss" and metric.statistic == "value"
        if (metric.skill, metric.split) == (chosen.skill, chosen.split)
    ]
    n_skills = len({*zip(*(frame.table.first_cells(name) for name in skills), strict=True)})
    if not losses or n_skills < FEWEST_SKILLS:
        return None, ()
    if not reaches_half(frame.table.read(losses[:1], []).numbers[losses[0]], "loss", losses[0]):
        return None, (losses_too_high(losses[:1]),)
    return losses[0], (losses_preferred(n_skills),)


def _error_of(frame: Frame, value: str, quantity: Quantity | None) -> str | None:
    """The column of the values' standard errors: of the same name, or the only one that says no more."""
    table, selection = frame.table, frame.selection
    if selection.error is not None:
        return named_column(table.names, "error", selection.error)
    of_value = metric_named(value)
    found = [
        name
        for name in dict.fromkeys(table.names)
        if name != value and name not in frame.taken and table.holds_numbers(name)
        if (metric := metric_named(name)).statistic == "error" or metric.skill in (("error",), ("value", "error"))
        if metric.quantity in (None, quantity) and (metric.quantity is None or metric.rank == of_value.rank)
    ]
    exact = [name for name in found if metric_named(name).quantity is not None]
    return exact[0] if exact else found[0] if len(found) == 1 else None


def by_metric(measurements: Measurements, selection: Selection) -> Measurements:
    """Only the rows whose label names a metric to read, with the rows of its errors and losses beside."""
    names = measurements.skill.names
    candidates = [name for name in names if not is_bookkeeping(name)] or list(names)
    known = any(metric_named(name).quantity is not None or metric_named(name).split is not None for name in names)
    if not known and len(candidates) == len(names):
        return measurements.choose(selection)

    def values_of(choice: Choice) -> dict[str, Floats]:
        return {name: measurements.value[measurements.skill.codes == names.index(name)] for name in choice.values}

    choice = settle(candidates, selection, values_of, names)
    chosen = measurements.choose(replace(selection, columns=tuple(choice.values)))
    beside = dict(chosen.beside)
    for role, companions in (("value_error", choice.errors), ("loss", choice.losses)):
        if companions and role not in beside:
            beside[role] = _beside(measurements, chosen, companions)
    said = [*measurements.findings, *quantity_by_name(choice), *errors_by_column(choice.errors.values())]
    said += choice.findings
    rate = next((name for name in names if is_learning_rate(name) and name not in choice.values), None)
    if rate is not None and "learning_rate" not in beside:
        rows = measurements.take(measurements.skill.codes == names.index(rate))
        beside["learning_rate"] = rates_at(chosen.position, chosen.run, rows.position, rows.run, rows.value)
        said.append(Finding("learning rate", len(rows.value), f"{rate!r} tells it, at the step of each value"))
    return replace(chosen, quantity=choice.quantity, beside=beside, findings=tuple(said))


def _beside(every: Measurements, chosen: Measurements, companions: Mapping[str, str]) -> Floats:
    """For each chosen entry the value of its companion at the same run and step; NaN where there is none."""
    steps, place = np.unique(np.concatenate([every.position, chosen.position]), return_inverse=True)
    there, here = np.split(place, [len(every.position)])
    key = every.run.codes.astype(np.int64) * len(steps) + there
    wanted = chosen.run.codes.astype(np.int64) * len(steps) + here
    found = np.full(len(chosen.value), np.nan)
    for value, companion in companions.items():
        own = np.flatnonzero(every.skill.codes == every.skill.names.index(companion))
        mine = np.flatnonzero(chosen.skill.codes == chosen.skill.names.index(value))
        if own.size:
            own = own[np.argsort(key[own], kind="stable")]
            nearest = own[np.minimum(np.searchsorted(key[own], wanted[mine]), own.size - 1)]
            found[mine] = np.where(key[nearest] == wanted[mine], every.value[nearest], np.nan)
    return found
