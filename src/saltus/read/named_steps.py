"""Steps and sizes that stand in words: ``step1000`` in a column or as a header, ``pythia-70m`` as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saltus.curves.report import Finding, counted, some
from saltus.read.measurements import Selection
from saltus.read.numbers import NumberColumn, is_missing, is_number
from saltus.read.path_parts import number_in, size_in
from saltus.read.positions import position_in_name
from saltus.read.roles import kind_of_counter
from saltus.read.tables import ArrayTable, Columns, Table, TableOver

_FEWEST_HEADERS = 3  # steps in the header that make a table a pivoted one


@dataclass(frozen=True)
class _Derived(TableOver):
    """A table in which one column of numbers is found in the words of another, or of itself."""

    source: str
    name: str
    noun: str
    findings: Sequence[Finding]

    @property
    def names(self) -> Sequence[str]:
        return list(dict.fromkeys([self.name, *self.table.names]))

    def holds_numbers(self, name: str) -> bool:
        return name == self.name or self.table.holds_numbers(name)

    def first_cells(self, name: str) -> Sequence[str]:
        cells = self.table.first_cells(self.source if name == self.name else name)
        return [f"{_number_of(cell, self.noun):g}" for cell in cells] if name == self.name else cells

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; NaN where the words hold no number, such as ``final``."""
        plain = [name for name in numbers if name != self.name]
        found = self.table.read(plain, list(dict.fromkeys([*labels, *([self.source] if self.name in numbers else [])])))
        if self.name not in numbers:
            return found
        words = found.labels[self.source]
        values = np.array([_number_of(word, self.noun) for word in words.names] or [np.nan])
        unread = np.isnan(values)
        said = list(found.findings)
        if n_rows := int(unread[words.codes].sum()) if len(words.names) else 0:
            names = some([word for word, missing in zip(words.names, unread, strict=True) if missing])
            text = f"{counted(n_rows, 'row')} of {names} hold no number in column {self.source!r}, left out"
            said.append(Finding("steps without a number", n_rows, text))
        column = values[words.codes]
        kept = {name: words for name, words in found.labels.items() if name in labels}
        return replace(found, numbers={**found.numbers, self.name: column}, labels=kept, findings=tuple(said))


def with_steps(table: Table, selection: Selection) -> Table:
    """The table with its steps in a column of numbers, where words or headers tell them; else as it is."""
    if selection.step_column is not None:
        column = selection.step_column
        return _in_words(table, column) if column in table.names else table
    counters = [name for name in dict.fromkeys(table.names) if kind_of_counter(name) is not None]
    if any(table.holds_numbers(name) and not _has_words(table, name) for name in counters):
        return table
    for name in counters:
        if (found := _in_words(table, name)) is not table:
            return found
    return table if counters else _of_headers(table) or _of_models(table) or table


def _in_words(table: Table, name: str) -> Table:
    """The table with a column such as ``step1000, step2000, final`` as numbers."""
    if not _has_words(table, name):
        return table
    cells = [cell for cell in table.first_cells(name) if not is_missing(cell)]
    noun = _noun_of(cells)
    n_found = sum(not np.isnan(_number_of(cell, noun)) for cell in cells)
    if 2 * n_found < len(cells) or not n_found:
        return table
    example = next(cell for cell in cells if not is_number(cell))
    number = _number_of(example, noun)
    read = f", {example!r} as {number:g}" if number == number else ""
    said = Finding("steps in words", n_found, f"numbers were read in the words of column {name!r}{read}")
    return _Derived(table, name, name, noun, [*table.findings, said])


def _of_models(table: Table) -> Table | None:
    """The table with a column of steps or parameters, where a column of names tells them of every row."""
    for name in dict.fromkeys(table.names):
        if table.holds_numbers(name):
            continue
        cells = [cell for cell in table.first_cells(name) if not is_missing(cell)]
        steps = [position_in_name(cell) for cell in cells]
        if len({step for step in steps if step}) > 1 and len({step[0] for step in steps if step}) == 1 and all(steps):
            noun = next(step[0] for step in steps if step)
        elif len({size_in(cell) for cell in cells}) > 1 and all(size_in(cell) for cell in cells):
            noun = "parameters"
        else:
            continue
        read = f"{cells[0]!r} as {_number_of(cells[0], noun):g}"
        said = Finding("steps in words", len(cells), f"{noun} were read in the words of column {name!r}, {read}")
        return _Derived(table, name, noun, noun, [*table.findings, said])
    return None


def _of_headers(table: Table) -> Table | None:
    """The long table of one that has a column a step: ``task, step0, step1000, ...``, or plain numbers for them."""
    names = list(dict.fromkeys(table.names))
    texts = [name for name in names if not table.holds_numbers(name)]
    headers = [name for name in names if name not in texts]
    noun = _noun_of(headers)
    steps = {name: _number_of(name, noun) for name in headers}
    if not texts or len(names) != len(table.names) or len(headers) < _FEWEST_HEADERS:
        return None
    if any(np.isnan(step) for step in steps.values()) or len(set(steps.values())) < len(steps):
        return None
    columns = table.read(headers, texts)
    n_rows = len(columns.numbers[headers[0]])
    of_text = {
        name or "skill": replace(columns.labels[name], codes=np.tile(columns.labels[name].codes, len(headers)))
        for name in texts
    }
    if len(of_text) == 1:
        of_text = {"skill": next(iter(of_text.values()))}
    column = noun or "step"
    text = f"{len(headers)} columns each hold one value of {column} ({some(headers)}), and rows are skills"
    return ArrayTable(
        table.path,
        {
            **of_text,
            column: np.repeat(np.array([*steps.values()]), n_rows),
            "value": np.concatenate([columns.numbers[name] for name in headers]),
        },
        table.kind,
        table.settings,
        [*table.findings, *columns.findings, Finding("steps in the header", len(headers), text)],
    )


def _has_words(table: Table, name: str) -> bool:
    """Whether a column has cells that are no numbers; of sizes such as ``70M`` none are words."""
    return any(not is_number(cell) and not is_missing(cell) for cell in table.first_cells(name))


def _noun_of(words: Sequence[str]) -> str:
    """The noun that stands beside the numbers in most of the words; "parameters" for sizes, "" where there is none."""
    found = [place[0] for place in map(position_in_name, words) if place]
    if found:
        return max(set(found), key=found.count)
    sizes = [word for word in words if size_in(word) and not is_number(word)]
    return "parameters" if 2 * len(sizes) > len(words) else ""


def _number_of(word: str, noun: str) -> float:
    """The number in a word that is plain, stands beside the noun, or is the only one; NaN if there is none."""
    if is_number(word):
        column = NumberColumn("", "")
        column.add([word])
        return float(column.whole()[0])
    if noun == "parameters":
        return size_in(word) or float("nan")
    place = position_in_name(word)
    if place is not None:
        return place[1] if place[0] == noun else float("nan")
    number = None if noun else number_in(word)
    return float("nan") if number is None else number
