"""Messages of the library in the words of the shell: ``step_column=`` is an argument there, ``--step-column`` here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from saltus.errors import InputError, shown

_OTHERWISE_NAMED: dict[str, tuple[str, ...]] = {
    "calibrate_on": ("on_skill",),
    "run_column": ("run",),
    "n_skills": ("model",),
    "x": ("step_column", "columns"),
    "loss": ("value",),
    "runs": ("run", "run_from"),
    "parameters": ("n_parameters",),
    "bootstrap": ("n_bootstrap",),
}
"""Fields of commands whose arguments in Python have other names."""
_NOUNS = {"frequencies", "data", "parameters", "time"}
"""Options that are also words of sentences: only with an equals sign they are meant."""
_NOT_HERE = re.compile(r",? or [a-z_]+=[\w.]+$")
"""Last way out of an advice, by an argument that no option of the command stands for."""
_VALUE = r"""('[^']*'|"[^"]*"|[\w+-]+(?:\.\w+)*)?"""


def arguments_of(command: Any) -> dict[str, str]:
    """The option of the shell for each argument of Python that a parsed command, or its class, stands for."""
    options: dict[str, str] = {}
    for entry in fields(command):
        inner = getattr(command, entry.name, None)
        if is_dataclass(inner):  # the command chosen of several
            options |= arguments_of(inner)
        elif "Positional" not in str(entry.type):
            option = "--" + entry.name.removesuffix("_column" if entry.name == "run_column" else "").replace("_", "-")
            options |= dict.fromkeys((entry.name, *_OTHERWISE_NAMED.get(entry.name, ())), option)
    return options


def in_shell(error: InputError, options: Mapping[str, str]) -> str:
    """An error's line with the options of a command in the place of arguments; the received value stays as it is."""
    rule = _at_the_start(spoken(error.rule, options), options)
    advice = _NOT_HERE.sub("", spoken(error.advice, options)) if options else error.advice
    return f"{rule}; received {shown(error.received)}; {advice}"


def spoken(text: str, options: Mapping[str, str]) -> str:
    """A text with ``name=value``, ``name=`` and names with an underscore as options; words in quotes stay."""
    if not options:
        return text
    given = re.compile(rf"(?<![\w'\"./-])({'|'.join(options)})={_VALUE}")
    text = given.sub(lambda found: _option(options[found[1]], found[2]), text)
    several = [name for name in options if "_" in name]
    if not several:
        return text
    bare = re.compile(rf"(?<![\w'\"./=-])({'|'.join(several)})(?![\w'\"/=]|\.\w)")
    return bare.sub(lambda found: options[found[1]], text)


def _option(option: str, value: str | None) -> str:
    if value is None or value == "True":
        return option
    plain = value.strip("'\"")
    needs_none = re.fullmatch(r"[\w.+-]+", plain)
    return f"{option} {plain if needs_none else value}"


def _at_the_start(rule: str, options: Mapping[str, str]) -> str:
    """A rule with options in the place of the arguments that are its subject: ``until must ...``."""
    name = f"({'|'.join(re.escape(one) for one in options if one not in _NOUNS)})"
    subject = re.match(rf"{name}( and {name})? (must|is|are|belongs?)\b", rule) if options else None
    if subject is None:
        return rule
    first, second = options[subject[1]], subject[3]
    also = "" if second is None else f" and {options[second]}"
    return first + also + rule[subject.start(4) - 1 :]
