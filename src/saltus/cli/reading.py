"""The options that say how files become curves, shared by every command that reads them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_BY_SKILL = tyro.conf.arg(metavar="NUMBER|NAME=NUMBER")


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """Columns of a table of curves."""

    columns: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Pattern of the columns to read, for example 'eval/*_acc', most frequent skill first."""
    step_column: Annotated[str | None, tyro.conf.arg(aliases=("--step",))] = None
    """Column of steps, if the file does not make it plain."""
    skill: str | None = None
    """Column that names the skill, of a table with one value a row."""
    run_column: Annotated[str | None, tyro.conf.arg(name="run")] = None
    """Column that names the run, or the seed."""
    value: str | None = None
    """Column of values, of a table with one value a row."""
    error: str | None = None
    """Column of the values' standard errors."""
    n: str | None = None
    """Column of the number of items (questions) that a value is a mean of."""


@dataclass(frozen=True, kw_only=True)
class SetOptions:
    """Roles of several files that make one set."""

    run_from: str | None = None
    """Of several files, where the name of each one's run is found: path, folder, name, none, or 'seed{run}/*'."""
    skill_from: str | None = None
    """Of several files, where the name of each one's skill is found: path, folder, name, none, or '{skill}.csv'."""
    step_from: str | None = None
    """Of several files of one moment each, where its step is found: path, name, or '*-{step}.csv'."""


@dataclass(frozen=True, kw_only=True)
class ScaleOptions:
    """Numbers by which measured values become strengths."""

    quantity: str | None = None
    """What the values are: strength, loss, accuracy, error_rate (1 - accuracy), log_likelihood or bits (of an item)."""
    chance: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], _BY_SKILL] = ()
    """Accuracy of guessing, for all skills or by name: --chance lambada=0 --chance piqa=0.5."""
    initial_loss: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], _BY_SKILL] = ()
    """Loss at strength 0, for all skills or by name; by default the flat start of each curve, or its first."""
    ceiling: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], _BY_SKILL] = ()
    """Value at strength 1, for all skills or by name; by default accuracy 1, loss 0."""
    tokens_per_answer: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], _BY_SKILL] = ()
    """Tokens that must all be right for an answer to count, for all skills or by name."""
    loss_kind: Literal["cross_entropy", "squared"] | None = None
    """What the losses measure, if neither names nor settings tell: exp(-loss), or 1 - sqrt(loss), runs as strength."""


@dataclass(frozen=True, kw_only=True)
class ReadingOptions(ScaleOptions, SetOptions, ColumnOptions):
    """Curves, and everything about their files that these do not make plain."""

    curves: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CURVES...", help_behavior_hint="(one or more)")
    ]
    """Files, folders or patterns that make one set: CSV, JSON, logs, event files ... Or a store of saltus sweep."""
    order: Literal["file", "frequency", "emergence"] | None = None
    """Which skill is the first: as the file has them, by a column of frequencies, or as they rise."""
    optimizer: str | None = None
    """Optimiser of the training, such as sgd or adamw, whatever the files say."""
    skip: int = 0
    """Measurements to leave out at the start of every curve."""
    step_offset: tyro.conf.UseAppendAction[tuple[float, ...]] = ()
    """Number to add to the steps after a counter started again; once for each time that it did."""
    where: str | None = None
    """Of a store, take only runs whose settings fulfil this, for example 'width == 1000'."""
    over: Literal["step", "data", "parameters"] = "step"
    """Of a store, what curves run along: step, or data or parameters with one point for each run."""

    def read(self) -> xr.Dataset:
        """The curves.

        Raises:
            InputError: if no file is named, or as `saltus.read_curves`.
        """
        from saltus.read.reading import read_curves

        if not self.curves:
            raise InputError("curves must be named", None, "give a file, a folder or a pattern, e.g. curves.csv")
        return read_curves(
            self.curves,
            columns=self.columns or None,
            step_column=self.step_column,
            skill=self.skill,
            run=self.run_column,
            value=self.value,
            error=self.error,
            n=self.n,
            run_from=self.run_from,
            skill_from=self.skill_from,
            step_from=self.step_from,
            quantity=self.quantity,  # type: ignore[arg-type]  # checked there
            initial_loss=number_by_skill("initial_loss", self.initial_loss),
            chance=number_by_skill("chance", self.chance),
            ceiling=number_by_skill("ceiling", self.ceiling),
            tokens_per_answer=number_by_skill("tokens_per_answer", self.tokens_per_answer),
            loss_kind=self.loss_kind,
            order=self.order,
            optimizer=self.optimizer,
            skip=self.skip,
            step_offset=_one_or_several(self.step_offset),
            where=self.where,
            over=self.over,
        )

    def words(self) -> list[str]:
        """The options that differ from their defaults, and the paths, as words of a shell that ask for this reading."""
        words = [shlex.quote(str(path)) for path in self.curves]
        for entry in fields(ReadingOptions):
            given = getattr(self, entry.name)
            if entry.name == "curves" or given == entry.default:
                continue
            option = "--run" if entry.name == "run_column" else "--" + entry.name.replace("_", "-")
            for value in given if isinstance(given, tuple) else [given]:
                words += [option, shlex.quote(f"{value:.12g}" if isinstance(value, float) else str(value))]
        return words

    def reading_settings(self) -> dict[str, Any]:
        """The options that may be given several times, as plain data: None, the one thing, or all of them."""
        return {
            "curves": _one_or_several([str(path) for path in self.curves]),
            "columns": _one_or_several(self.columns),
            "initial_loss": number_by_skill("initial_loss", self.initial_loss),
            "chance": number_by_skill("chance", self.chance),
            "ceiling": number_by_skill("ceiling", self.ceiling),
            "tokens_per_answer": number_by_skill("tokens_per_answer", self.tokens_per_answer),
            "step_offset": _one_or_several(self.step_offset),
        }


def number_by_skill(name: str, given: Sequence[str]) -> float | dict[str, float] | None:
    """``["0.25"]`` as one number, ``["a=0", "b=0.5"]`` as numbers by skill; None for nothing.

    Raises:
        InputError: if a text is neither, or both kinds are mixed, or a skill is named twice.
    """
    advice = f"give one number for all skills, or {name}= NAME=NUMBER for each"
    numbers: dict[str, float] = {}
    for text in given:
        skill, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError as error:
            raise InputError(f"{name} must be a number, or a skill's name and its number", text, advice) from error
        if skill in numbers or (numbers and "" in {skill, *numbers}):
            raise InputError(f"{name} must be given once for all skills, or once for each", list(given), advice)
        numbers[skill] = value
    return numbers.get("", numbers or None)


def _one_or_several(given: Sequence[Any]) -> Any:
    """None, the one thing that was given, or a list of all."""
    return None if not given else given[0] if len(given) == 1 else list(given)
