"""Dotted names of nested records: ``data.step`` is the step, where no other column is called so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from saltus.read.roles import kind_of_counter


def without_groups(names: Iterable[str], of_counters_alone: bool = False) -> dict[str, str]:
    """Shorter names of columns whose group counts training, where they stay different from all others.

    Args:
        of_counters_alone: whether to shorten the counters alone, and not what stands beside them.

    Returns:
        For each name its shorter form, or the name itself.
    """
    names = list(names)
    parts = {name: name.rpartition(".") for name in names}
    counting = {group for group, _, last in parts.values() if group and kind_of_counter(last) is not None}
    n_called = Counter(last for _, _, last in parts.values())
    shorter = {}
    for name, (group, _, last) in parts.items():
        is_taken = group in counting and (not of_counters_alone or kind_of_counter(last) is not None)
        is_only = n_called[last] == 1 or (of_counters_alone and last not in names and _first(name, last, names))
        shorter[name] = last if is_taken and is_only else name
    return shorter


def _first(name: str, last: str, names: list[str]) -> bool:
    return next(other for other in names if other.rpartition(".")[2] == last) == name
