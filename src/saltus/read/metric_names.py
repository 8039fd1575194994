"""Names of metrics taken apart: ``eval/add_acc`` is the accuracy, on held-out data, of the skill "add".

A name is a row of words, parted by ``/ _ . - : ,`` and blanks or by the case of letters. Words of a measure, of a split
and of a statistic are known; the others name the skill.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from saltus.read.measurements import Quantity

Split = Literal["validation", "test", "held-out", "train"]
Statistic = Literal["value", "error", "other"]
Measure = tuple[str, ...]

_MEASURES: dict[Quantity | Literal["perplexity"], tuple[str, ...]] = {
    "strength": ("strength",),
    "accuracy": (
        "accuracy, acc, accuracies, accs",
        "exact match, em",
        "acc norm, len norm",
        "pass at 1, pass 1, success rate, solve rate",
        "top 1, prec 1",
        "top 5, prec 5",
        "f1",
        "rouge, rouge l, rouge lsum",
        "bleu",
        "map, ap, average precision, mean average precision",
        "dice, dice coef, dice score",
        "iou, miou, m iou, mean iou",
        "auc, auroc, roc auc",
    ),
    "error_rate": ("error rate, err rate, classification error, top 1 error", "word error rate, wer", "cer"),
    "log_likelihood": ("log likelihood, loglikelihood, log prob, logprob, logp",),
    "loss": (
        "loss, losses",
        "cross entropy loss, cross entropy, crossentropy, xent, ce, ce loss",
        "nll, nll loss",
        "mse, mse loss",
    ),
    "bits": ("bits per byte, bpb", "bits per character, bpc", "bits per token"),
    "perplexity": ("perplexity, ppl",),
}
"""Measures of each quantity, the plainest first; words for the same measure on one line."""
_OF_WORDS: dict[tuple[str, ...], tuple[Quantity | Literal["perplexity"], int]] = {
    tuple(words.split()): (quantity, rank)
    for quantity, measures in _MEASURES.items()
    for rank, synonyms in enumerate(measures)
    for words in synonyms.split(",")
}
_ERROR_RATES = tuple(words.strip() for synonyms in _MEASURES["error_rate"] for words in synonyms.split(","))
_LONGEST = max(map(len, _OF_WORDS))
_NEEDS_COMPANY = {
    "f1",
    "em",
    "ce",
    "cer",
    "top 1",
    "rouge",
    "bleu",
    "map",
    "ap",
    "auc",
}  # alone they may as well be names of skills
_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("eval", "evaluation", "heldout"), "held-out"),
    **dict.fromkeys(("train", "training", "trn"), "train"),
}
_ERRORS = ("stderr", "stderror", "se", "sem", "std err", "std error", "standard error")
_OTHER = {"std", "stdev", "var", "variance", "min", "max", "median", "lo", "hi", "low", "high", "lower", "upper", "ci"}
_FILLERS = {"none", "mean", "avg", "average", "epoch", "step", "batch", "metrics", "metric", "score", "value"}


@dataclass(frozen=True)
class Metric:
    """A metric by its name.

    Attributes:
        skill: the words that are left, in lower case.
        split: the data that it was measured on, None if the name does not say.
        quantity: kind of the values, None if the name does not say.
        rank: place of the measure among those of its quantity, the plainest first.
        statistic: whether it is the value itself, its standard error, or another statistic of it.
    """

    skill: tuple[str, ...]
    split: Split | None
    quantity: Quantity | Literal["perplexity"] | None
    rank: int
    statistic: Statistic

    @property
    def held_out(self) -> bool:
        """Whether the name says that the data were not trained on."""
        return self.split not in (None, "train")


@lru_cache(maxsize=20_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    parts = re.findall(r"[^\W_]+", re.sub(r"([a-z\d])([A-Z][a-z])", r"\1_\2", name))
    return tuple(part.casefold() for part in parts)


def split_named(name: str) -> Split | None:
    """The split that a label names as a whole, e.g. "valid"; None if it names something else."""
    words = words_of(name.replace("held-out", "heldout").replace("held_out", "heldout"))
    known = {_SPLITS[word] for word in words if word in _SPLITS}
    return known.pop() if len(known) == 1 and len(words) <= 2 else None


@lru_cache(maxsize=20_000)
def metric_named(name: str) -> Metric:
    """The metric of that name; one of an unknown quantity, if no word is known."""
    words = list(words_of(name.replace("held-out", "heldout").replace("held_out", "heldout")))
    words = [piece for word in words for piece in _digits_apart(word)]
    statistic = _take_statistic(words)
    quantity, rank = _take_measure(words)
    if quantity is None:
        quantity, rank = _error_of_a_classifier(words, statistic)
    split = _take_split(words)
    if quantity is None:
        return Metric(tuple(words), split, None, 0, statistic)
    return Metric(tuple(word for word in words if word not in _FILLERS), split, quantity, rank, statistic)


def _digits_apart(word: str) -> tuple[str, ...]:
    """``acc3`` as the accuracy of skill 3, ``AP50`` and ``APs`` alike, ``rouge1`` as rouge; any other word as it is."""
    match = re.fullmatch(r"(acc|accuracy|loss|top|prec|m?ap)(\d+)|(ap)([sml])", word)
    if match:
        return (match[1], match[2]) if match[1] else (match[3], match[4])
    return ("rouge",) if re.fullmatch(r"rouge(\d|l|lsum)", word) else (word,)


def _take_statistic(words: list[str]) -> Statistic:
    """Remove the words of a statistic at the end, behind "none" or a filter too as harnesses write it."""
    place = int(bool(words) and words[0] in _SPLITS)
    if words[place : place + 1] == ["best"] and _measure_in(words[place + 1 :]) is not None:
        del words[place]  # the best so far, of a value that stands beside it
        return "other"
    if "stderr" in words[1:]:
        words.remove("stderr")
        return "error"
    end = len(words) - (len(words) > 1 and words[-1] == "none")
    for size in (2, 1):
        if " ".join(words[max(end - size, 0) : end]) in _ERRORS and end >= size:
            del words[end - size : end]
            return "error"
    ends = " ".join(words[max(end - 3, 0) : end])
    if end > 1 and words[end - 1] == "error" and not ends.endswith(_ERROR_RATES) and _measure_in(words[: end - 1]):
        del words[end - 1]
        return "error"
    if end > 1 and words[end - 1] in _OTHER and _measure_in(words[: end - 1]) is not None:
        del words[end - 1]
        return "other"
    return "value"


def _take_measure(words: list[str]) -> tuple[Quantity | Literal["perplexity"] | None, int]:
    found = _measure_in(words)
    if found is None:
        return None, 0
    start, size = found
    quantity, rank = _OF_WORDS[tuple(words[start : start + size])]
    del words[start : start + size]
    words[:] = [word for word in words if _OF_WORDS.get((word,), (None, 0))[0] != quantity]  # top_1_acc says it twice
    return quantity, rank


def _measure_in(words: Sequence[str]) -> tuple[int, int] | None:
    """Place and length of the longest measure in the words, of equals the last; None if there is none."""
    for size in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - size, -1, -1):
            measure = tuple(words[start : start + size])
            alone = size == len(words) and " ".join(measure) in _NEEDS_COMPANY
            if measure in _OF_WORDS and not alone:
                return start, size
    return None


def _error_of_a_classifier(words: list[str], statistic: Statistic) -> tuple[Quantity | None, int]:
    """``val_error`` and its like: an error with nothing but a split beside it is a share of wrong answers."""
    if statistic == "value" and len(words) == 2 and words[1] in ("error", "err") and words[0] in _SPLITS:
        del words[1]
        return "error_rate", 0
    return None, 0


def _take_split(words: list[str]) -> Split | None:
    """Remove all words of splits; the narrowest of them counts."""
    found = [_SPLITS[word] for word in words if word in _SPLITS]
    words[:] = [word for word in words if word not in _SPLITS]
    narrow = [split for split in found if split != "held-out"]
    return narrow[-1] if narrow else found[-1] if found else None
