"""Numbers in the names of files and checkpoints: ``1.4b_step1000``, ``checkpoint-500``, ``iter_0001000``."""

from __future__ import annotations

import re

from saltus.read.numbers import SUFFIXES

_NOUNS = {
    "step": "step steps globalstep checkpoint checkpoints ckpt iter iters iteration it update updates",
    "epoch": "epoch ep",
    "tokens": "tokens tok",
    "samples": "samples",
}
_NOUN_OF = {name: noun for noun, names in _NOUNS.items() for name in names.split()}
_PLACE = re.compile(
    rf"(?<![a-z])({'|'.join(sorted(_NOUN_OF, key=len, reverse=True))})[-_=.]?(\d{{1,18}}(?:\.\d{{1,9}})?)([kmbt]?)"
    r"(?![a-z0-9])",
    re.ASCII,
)


def position_in_name(text: str) -> tuple[str, float] | None:
    """The moment of training that a name tells: its noun (``step``, ``epoch``, ``tokens``, ``samples``) and number.

    Checkpoints and iterations are steps. Of several nouns the first in this order counts, and of one noun the last
    place in the name. None if there is none.
    """
    text = text.casefold().replace("global_step", "step").replace("global-step", "step")
    found = {_NOUN_OF[noun]: float(number) * SUFFIXES[factor] for noun, number, factor in _PLACE.findall(text)}
    return next(((noun, found[noun]) for noun in _NOUNS if noun in found), None)
