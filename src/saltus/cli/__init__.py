"""The command line: one file a command, each a frozen dataclass whose fields are its options.

Exit status: 0 done; 2 the input was wrong, one line on stderr and nothing written; 1 anything else.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Protocol, TextIO, Union

from saltus.cli.console import readable_anywhere
from saltus.cli.fit import Fit
from saltus.cli.forecast import Forecast
from saltus.cli.law import Law
from saltus.cli.loss import Loss
from saltus.cli.optimal import Optimal
from saltus.cli.plan import Plan
from saltus.cli.read import Read
from saltus.cli.reproduce import Reproduce
from saltus.cli.sweep import Sweep
from saltus.cli.teach import Teach
from saltus.cli.train import Train
from saltus.errors import InputError, StoppedError


class Command(Protocol):
    """A parsed command line."""

    def run(self) -> int | None:
        """Do what the command says; results go to stdout, progress to stderr. Returns an exit status other than 0."""


_DESCRIPTION = """Simulate, verify and forecast emergence: the sudden appearance of skills while a network trains.

Example: saltus reproduce fig1a --preset quick --out results/fig1a"""

COMMANDS: dict[str, Any] = {
    "loss": Loss,
    "law": Law,
    "optimal": Optimal,
    "read": Read,
    "forecast": Forecast,
    "teach": Teach,
    "plan": Plan,
    "reproduce": Reproduce,
    "train": Train,
    "sweep": Sweep,
    "fit": Fit,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    readable_anywhere()
    command = _parse(sys.argv[1:] if arguments is None else list(arguments))
    with warnings.catch_warnings():
        warnings.showwarning = partial(_show_warning, command)
        try:
            return command.run() or 0
        except InputError as error:
            return _refuse(error, command)
        except KeyboardInterrupt as interrupt:
            return _fail(str(interrupt) or "interrupted; nothing was written", 1)
        except StoppedError as error:
            return _fail(str(error), 1)
        except BrokenPipeError:
            # The reader of our output has gone; without this, Python would complain at exit that it cannot flush.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            return _fail(str(error), 1)


def _parse(arguments: list[str]) -> Command:
    import tyro

    if arguments in (["--version"], ["-V"]):
        from saltus._version import __version__  # reads the installed package, which help can do without

        print(f"saltus {__version__}")
        raise SystemExit(0)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            command: Command = tyro.cli(
                _any_command(),
                prog="saltus",
                description=_DESCRIPTION,
                args=arguments,
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise SystemExit(_fail(_one_line(complaint.getvalue()), 2)) from None
    return command


def _any_command() -> Any:
    """The type of which every command is one choice."""
    from tyro.conf import arg, subcommand

    choices = [Annotated[Any, subcommand(name=name, constructor=command)] for name, command in COMMANDS.items()]
    # Without a help text of ours, the parser looks for one in the source of the typing module: 40 ms.
    return Annotated[Union[*choices], arg(help="COMMAND --help shows its options and an example")]


def _one_line(boxed: str) -> str:
    """The parser's framed message as a single line."""
    lines = (line.strip("│╭╮╰╯─ \n") for line in boxed.splitlines())
    return " ".join(line for line in lines if line)


def _refuse(error: InputError, command: Command) -> int:
    """Say on stderr what was read before the error, if anything, and the error in one line."""
    from saltus.cli.language import arguments_of, in_shell, spoken

    options = arguments_of(command)
    for note in getattr(error, "__notes__", ()):
        print(spoken(note, options), file=sys.stderr)
    return _fail(in_shell(error, options), 2)


def _fail(message: str, status: int) -> int:
    print(f"saltus: {message}", file=sys.stderr)
    return status


def _show_warning(
    command: Command,
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    from saltus.cli.language import arguments_of, spoken

    print(f"saltus: warning: {spoken(str(message), arguments_of(command))}", file=sys.stderr)
