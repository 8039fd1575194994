"""Pairs of name and number in a line of a log: ``step:250/4578 val_loss:3.1``, ``iter 100: loss 2.34, mfu 3%``.

Lines of one log differ in little but their numbers. A line is therefore taken apart into numbers and its *shape*, the
text with a mark in the place of each number; only a shape that is new is searched for pairs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import itemgetter

MARK = "\0"
NUMBER = re.compile(r"([0-9](?<![\w@.].)[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?)")
"""A number without a sign, and no part of a word; split by it, every second part of a line is one."""

_SPLIT = "train|training|valid|validation|val|dev|eval|evaluation|test|testing"
_QUALIFIER = (
    f"{_SPLIT}|learning|grad|gradient|global|total|avg|average|mean|best|current|running|masked|token|top|lm|loss|batch"
)
_PAIR = re.compile(
    rf"""
    (?<![\w./@%\0-])
    ((?:(?:{_QUALIFIER})[ ]){{0,2}}[a-z_][\w./@%-]{{0,99}})   # name
    (?:['"]?\s{{0,9}}([:=])\s{{0,9}}|\s{{1,9}})['"]?[\[(]?\s{{0,9}}  # colon, equals sign or blanks
    ([-+]?)(\0|(?:nan|inf|infinity)\b)                     # number
    (?:\s*(/)\s*\0)?                                       # total, or denominator
    (?:\]?\s*[\[(]\s*(\0)\s*/\s*\0)?                       # part of an epoch: [ 10/5005]
    (%|[a-zµ]{{1,8}}(?:/[a-z]{{1,8}})?)?                    # unit
    (?=$|[\s;|)\]}}'"\[(<]|,(?!\0)|[.:](?!\w|\0))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SECTION = re.compile(
    rf"(?<![\w./@-])({_SPLIT})(?:(?:\s+set)?\s*[\]:|>-]+\s*|\s+loss\s+at\s+)(?=[^\0\s])", re.IGNORECASE
)
_SUMMARY = re.compile(r"\s*\*\s+(?=\w)")
"""Start of the line in which PyTorch's examples tell what an evaluation came to."""
_RUNNING = re.compile(r"\s*(?:test|val|valid|validation|eval)\w*:\s*\[\s*\0/\0\]", re.IGNORECASE)
"""Start of a line in which an evaluation is not over."""
_BARE = re.compile(r"\s*\0[ \t]+([a-z][\w./@-]{0,99})[ \t]+\0\s*", re.IGNORECASE)
"""Lines of build-nanogpt: step, name, value."""
_PROGRESS = re.compile(r"^\s*\0/\0\s*[\[━─]|\0%\|")
_HAS_SPLIT = re.compile(rf"(?:^|[^a-z])(?:{_SPLIT})(?![a-z])", re.IGNORECASE)
_MEASURE = re.compile(
    r"(?:^|[^a-z])(?:(?:\w*(?:loss|acc|accuracy|error|score|reward))|ppl|perplexity|err|f1|bleu|rouge|wer|cer|auc|map|iou"
    r"|em|return|bp[bc]|nll|mse|rmse|mae|r2|precision|recall|success|hella(?:swag)?|top[-_@]?\d|(?:acc|pass|prec)@\d+|lr|mfu)(?![a-z])",
    re.IGNORECASE,
)
_COUNTERS = {
    **dict.fromkeys(("step", "steps", "s"), "step"),
    **dict.fromkeys(("iter", "iters", "it"), "iter"),
    **dict.fromkeys(("iteration", "iterations"), "iteration"),
    **dict.fromkeys(("epoch", "epochs", "ep"), "epoch"),
    **dict.fromkeys(("update", "updates"), "update"),
    **{name: name for name in ("global_step", "num_updates", "tokens", "samples", "checkpoint", "batch", "round")},
}
_SHORT = {
    "trl": "train_loss",
    "tel": "val_loss",
    "hella": "hellaswag_acc",
    "hellaswag": "hellaswag_acc",
    "train": "train_loss",
    "val": "val_loss",
}
"""Names in the logs of llm.c, which counts steps as ``s``, and of build-nanogpt."""
_BATCHES = re.compile(r"\0\s*/\s*\0\s+(?:batches|steps|iterations|iters)\b")
_SPEED = re.compile(r"^(?:eta|v_num|skipped|.*\.py)$|(?:/|_per_)s(?:ec(?:ond)?)?$", re.IGNORECASE)
"""Names of times to go, versions, places in programs, and speeds."""
_PREFIX = re.compile(rf"^(?:(?:{_SPLIT})[ _/])+", re.IGNORECASE)
_SCALE = {"": 1.0, "%": 0.01, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair in lines of one shape: its column, and the places of its numbers among those of the line.

    Attributes:
        name: of the column.
        is_counter: whether it counts steps.
        place: of the number; None where the line says that it is none (nan).
        scale: factor of its unit, and its sign.
        denominator: place of the number that it is divided by.
        total: place of the number that a counter goes up to.
        part: place of the number of steps within an epoch, with that of their total behind it.
    """

    name: str
    is_counter: bool
    place: int | None
    scale: float = 1.0
    denominator: int | None = None
    total: int | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Meaning of all lines of one shape.

    Attributes:
        pairs: at most one for each name.
        left_out: names of those that are times, memory or speeds.
        progress: places of two numbers that are equal when a progress bar is full; the second may be None for 100.
    """

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...] = ()
    progress: tuple[int, int | None] | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """Places of all numbers that matter, at least two."""
        of_pairs = [(pair.place, pair.denominator, pair.total, pair.part) for pair in self.pairs]
        ends = [pair.part + 1 for pair in self.pairs if pair.part is not None]
        wanted = [*(place for places in of_pairs for place in places), *ends, *(self.progress or ())]
        found = tuple(dict.fromkeys(place for place in wanted if place is not None))
        return found if len(found) > 1 else (*found, 0, 0)

    @property
    def is_measured(self) -> bool:
        """Whether there is a pair beside those that count steps."""
        return any(not pair.is_counter for pair in self.pairs)


def shape_of(text: str) -> Shape:
    """The pairs in a shape."""
    if bare := _BARE.fullmatch(text):
        name = _SHORT.get(bare[1].casefold(), bare[1])
        return Shape((Pair("step", True, 0), Pair(name, False, 1)))
    if _RUNNING.match(text):
        return Shape(())
    sections = [(match.end(), match[1].lower()) for match in _SECTION.finditer(text)]
    if summary := _SUMMARY.match(text):
        sections = [(summary.end(), "test"), *sections]
    pairs: dict[str, Pair] = {}
    left_out: list[str] = []
    for match in _PAIR.finditer(text):
        name, between, sign, number, slash, part, unit = match.groups()
        behind = text.count(MARK, 0, match.start(4))  # the place of the first number in the pair
        place = behind if number == MARK else None
        second = behind + (place is not None)
        scale = _SCALE.get(unit or "", 0.0) * (-1 if sign == "-" else 1)
        counter = _counter(name)
        is_epoch = part is not None and (counter == "epoch" or _PREFIX.fullmatch(f"{name}/") is not None)
        if not between and counter is None and not _MEASURE.search(name) and not is_epoch:
            continue
        if is_epoch:
            pairs["epoch"] = Pair("epoch", True, place, part=second + bool(slash))
        elif not scale or _SPEED.search(name):
            left_out.append(name)
        elif counter is not None:
            # The first of a line counts: Megatron ends its lines with "number of skipped iterations: 0".
            pairs.setdefault(counter, Pair(counter, True, place, scale, total=second if slash else None))
        else:
            before = bisect_right(sections, match.start(), key=itemgetter(0))
            section = sections[before - 1][1] if before else ""
            name = _SHORT.get(name.casefold(), name).replace(" ", "_")
            name = f"{section}/{name}" if section and not _HAS_SPLIT.search(name) else name
            pairs.setdefault(name, Pair(name, False, place, scale, second if slash else None))
    if batches := _BATCHES.search(text):
        part = text.count(MARK, 0, batches.start())
        if "epoch" in pairs and pairs["epoch"].part is None:
            pairs["epoch"] = replace(pairs["epoch"], total=None, part=part)
    found = tuple(pairs.values())
    if not any(pair.is_counter for pair in found):  # whatever a program says of itself is no measurement
        found = tuple(pair for pair in found if _MEASURE.search(pair.name))
    return Shape(found, tuple(left_out), _progress(text))


def _counter(name: str) -> str | None:
    """Common name of a counter of steps, whatever part of the data it is named for."""
    plain = name.casefold().replace(" ", "_")
    return _COUNTERS.get(plain) or _COUNTERS.get(_PREFIX.sub("", plain))


def _progress(text: str) -> tuple[int, int | None] | None:
    match = _PROGRESS.search(text)
    if match is None or "{" in text[match.end() :]:  # a dictionary printed behind a bar
        return None
    place = text.count(MARK, 0, match.start())
    return (place, None) if match[0].endswith("%|") else (place, place + 1)
