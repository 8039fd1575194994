"""Files of any training as labelled curves: their columns' roles, order, conversion to strength, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saltus.curves.report import explaining
from saltus.errors import InputError, require_whole
from saltus.read.convert import to_strength
from saltus.read.formats.stores import Over, read_store_curves
from saltus.read.frequency_column import stated_frequencies
from saltus.read.grid import as_curves, report_on
from saltus.read.loss_kinds import LossKind
from saltus.read.measurements import QUANTITIES, Quantity, Selection
from saltus.read.numbering import numbered
from saltus.read.oddities import oddities
from saltus.read.order import in_order
from saltus.read.scale import PerSkill, Scale
from saltus.read.sets import Grouping, read_set
from saltus.read.skill_order import SkillOrder, ranked
from saltus.read.so_far import so_far
from saltus.read.sources import AnyPath, find_sources
from saltus.store.store import is_store

if TYPE_CHECKING:
    import xarray as xr


def read_curves(
    path: AnyPath | Sequence[AnyPath],
    *,
    columns: str | Sequence[str] | None = None,
    step_column: str | None = None,
    skill: str | None = None,
    run: str | None = None,
    value: str | None = None,
    error: str | None = None,
    n: str | None = None,
    run_from: str | None = None,
    skill_from: str | None = None,
    step_from: str | None = None,
    quantity: Quantity | None = None,
    initial_loss: PerSkill | None = None,
    chance: PerSkill | None = None,
    ceiling: PerSkill | None = None,
    tokens_per_answer: PerSkill | None = None,
    loss_kind: LossKind | None = None,
    order: SkillOrder | None = None,
    optimizer: str | None = None,
    skip: int = 0,
    step_offset: float | Sequence[float] | None = None,
    where: str | None = None,
    over: Over = "step",
) -> xr.Dataset:
    """Learning curves from the logs of any training: tables, JSON, text, event files, stores of trackers, our own.

    The recognised layout, the rule of conversion, every guess and every irregularity are in the curves' report: see
    `reading_report`. Values are strengths R/S, so ``target_scale`` is 1. ``frequency`` is NaN unless a column of a
    tidy table gives it; ``flow_learning_rate`` and other numbers that the files do not tell are NaN. The names of
    skills and runs are the coordinates ``skill_name`` and ``run_name``.

    A store of runs (`saltus.sweep`) says all of this itself: it takes ``where`` and ``over``, and no other argument.

    A number of each skill (``initial_loss``, ``chance``, ``ceiling``, ``tokens_per_answer``) is one for all, or a
    mapping of names or patterns, for some skills or all: a whole name counts before any pattern, and of patterns the
    first that fits.

    Args:
        path: a file or folder of any format that the page of formats shows, or a store of runs; or several files,
            folders or patterns (``"runs/seed*/metrics.csv"``) that make one set.
        columns: pattern or patterns (``"eval/*_acc"``) of the columns, tags or skills to read, in the order in which
            the skills count: the most frequent first. By default all that hold values of skills, and of several
            measures of one skill the held-out one before that of the training split. Losses of two or more skills go
            before accuracies of the same ones, if a loss has come down to half strength; else accuracies do.
        step_column: the column of steps, epochs, tokens, sizes ... By default the one of such a name; of several,
            updates before tokens, tokens before epochs.
        skill: of a table with one value a row, the column that names the skill. By default the one of such a name
            (``skill``, ``task``, ``metric`` ...).
        run: the column that names the run, or the seed. By default those of such a name (``run``, ``seed`` ...) that
            part the rows; all rows are one run if there are none.
        value: the column of values, where skills have rows and not columns, or there is one skill. By default the one
            named after a quantity, or ``value`` and the like.
        error: the column of the values' standard errors, in their unit. By default the one named after the values,
            with ``_stderr`` or the like.
        n: the column of the number of items (questions) that a value is a mean of; accuracies without a standard error
            then have a binomial one. By default the one of such a name (``n``, ``num_examples`` ...).
        run_from: of several files, where the name of a file's run is found: ``"path"`` (what differs in the paths),
            ``"folder"``, ``"name"`` (of the file), ``"none"`` (all are one run), or a template of the path, as
            ``"seed{run}/*.csv"``. By default contents and paths tell.
        skill_from: likewise the name of a file's skill.
        step_from: likewise the step of a file that holds one moment, as ``"model-{step}.csv"``.
        quantity: kind of the values: ``"strength"`` (the default for files whose names do not say it), ``"loss"``,
            ``"bits"`` (a loss in any unit), ``"log_likelihood"`` (negative), ``"accuracy"`` or ``"error_rate"``
            (1 - accuracy, or of words). Accuracies and error rates may be in percent: that is recognised.
        initial_loss: of losses, bits and log-likelihoods, the loss at strength 0, above 0. By default the level at
            which a curve starts, if it starts flat, else the first one kept of each curve.
        chance: of accuracies and error rates, the accuracy of guessing, at least 0 and below 1. By default the level
            at which a curve starts, if it starts flat, else 0. With ``tokens_per_answer`` above 1 it is the accuracy
            of one guessed token, not of a guessed answer, and 0 by default.
        ceiling: the value at strength 1. Of accuracies and error rates the accuracy, above ``chance`` and at most 1
            (the default), like it of one token; of losses the loss, at least 0 (the default) and below the initial one.
        tokens_per_answer: of accuracies and error rates, the number t of tokens that must all be right for an answer
            to count, at least 1 (the default): accuracy^(1/t) then takes the place of accuracy.
        loss_kind: of losses, ``"cross_entropy"``, so that exp(-loss) runs as the strength does, or ``"squared"``. By
            default as the names of columns, a setting ``loss`` beside the log, or else the losses' start tell.
        order: which skill is the first: ``"file"``, as the files have them; ``"frequency"``, by a column of that name;
            ``"emergence"``, as they pass half. By default as ``columns`` says, or else by frequencies in the file if
            skills have names, or else as the files have them.
        optimizer: of the training, such as "sgd" or "adamw", whatever the files say: forecasts depend on it.
        skip: how many measurements to leave out at the start of each curve.
        step_offset: number to add to the steps from where a counter started again on, or one for each time that it
            did; later ones add to the earlier. By default such files are refused.
        where: of a store, take only runs whose settings fulfil this condition, e.g. ``"alpha == 0.6"``.
        over: of a store, the resource that the curves run along: ``"step"``, or with one point for each run, where it
            ended, ``"data"`` (the runs differ in ``n_data``) or ``"parameters"`` (in ``width``).

    Returns:
        Labelled curves (`saltus.curves`) over run, skill and step; or over data or parameters, if the files count
        those.

    Raises:
        InputError: if a file is missing, damaged, too large, or has no recognised layout; if files do not belong
            together, rows of one step disagree by more than noise, or a counter starts again; or if an argument does
            not fit them.
    """
    skip = require_whole("skip", skip, 0, "give how many measurements to leave out")
    if quantity is not None and quantity not in QUANTITIES:
        raise InputError(f"quantity must be one of {', '.join(QUANTITIES)}", quantity, "choose one of them")
    patterns = (columns,) if isinstance(columns, str) else None if columns is None else tuple(columns)
    settings = {
        "columns": patterns,
        "step_column": step_column,
        "skill": skill,
        "run": run,
        "value": value,
        "error": error,
        "n": n,
        "run_from": run_from,
        "skill_from": skill_from,
        "step_from": step_from,
        "quantity": quantity,
        "initial_loss": initial_loss,
        "chance": chance,
        "ceiling": ceiling,
        "tokens_per_answer": tokens_per_answer,
        "loss_kind": loss_kind,
        "order": order,
        "skip": skip or None,
        "step_offset": step_offset,
    }
    training = {} if optimizer is None else {"optimizer": optimizer}
    sources = find_sources(path)
    if len(sources) == 1 and is_store(sources[0]):
        if named := [name for name, given in (settings | training).items() if given is not None]:
            raise InputError("a store of runs says itself what it holds", ", ".join(named), "leave them out")
        return read_store_curves(sources[0], where, over)
    source = sources.text
    if where is not None or over != "step":
        raise InputError("where and over are for stores of runs", source, "leave them out")
    selection = Selection(patterns, step_column, quantity, skill, run, value, error, n)
    found = numbered(
        read_set(sources, selection, Grouping(run_from, skill_from, step_from)), keep_order=patterns is not None
    )
    with explaining(lambda: so_far(source, found)):
        measurements, findings = in_order(found, skip, step_offset)
        scale = Scale(initial_loss, chance, ceiling, tokens_per_answer, loss_kind)
        measurements, ranking = ranked(measurements, order, patterns, lambda one: to_strength(one, scale).value)
        strengths = to_strength(measurements, scale)
        frequencies, given = stated_frequencies(measurements)
        odd = oddities(strengths.measurements, strengths.value)
        report = report_on(source, measurements, strengths, [*findings, *ranking, *strengths.findings, *given, *odd])
        return as_curves(
            strengths.measurements,
            strengths,
            frequencies,
            report,
            {name: _plain(given) for name, given in settings.items()} | training,
        )


def _plain(given: Any) -> Any:
    return {name: float(number) for name, number in given.items()} if isinstance(given, Mapping) else given
