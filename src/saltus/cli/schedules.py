"""The option that says how a learning rate changed: a schedule by its text, a table of rates, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from saltus.theory.schedules import RateTable, Schedule


def schedule_of(given: str | None) -> Schedule | RateTable | Literal["logged", "none"]:
    """The schedule that the option names; the one of the log where it is left out.

    Raises:
        InputError: if it is neither the text of a schedule nor a table of rates.
    """
    if given is None:
        return "logged"
    if given == "none":
        return "none"
    from saltus.read.rates import read_rates
    from saltus.theory.schedules import is_schedule, read_schedule

    return read_rates(Path(given)) if Path(given).exists() and not is_schedule(given) else read_schedule(given)
