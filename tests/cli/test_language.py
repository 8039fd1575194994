"""Messages speak of options on the command line, of arguments in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import saltus
from saltus.cli import _parse, main
from saltus.cli.fit import Fit
from saltus.cli.forecast import Forecast
from saltus.cli.language import arguments_of, in_shell, spoken
from saltus.cli.sweep import SweepRun
from saltus.cli.train import Train
from saltus.errors import InputError

SOURCE = Path(saltus.__file__).parent
ARGUMENT = re.compile(r"(?<![\w&?.])[a-z][a-z_]*=(?!=)")
RAISED_BY: dict[str, tuple[type, ...]] = {
    "read": (Forecast, Fit),
    "curves": (Forecast,),
    "forecast": (Forecast,),
    "lawfit": (Fit,),
    "store": (SweepRun, Forecast),
    "train": (Train,),
}


@pytest.mark.parametrize("room", RAISED_BY)
def test_no_argument_of_python_is_left_in_any_message(room: str) -> None:
    options = {name: option for command in RAISED_BY[room] for name, option in arguments_of(command).items()}
    found = [text for path in sorted((SOURCE / room).rglob("*.py")) for text in texts_of(path) if ARGUMENT.search(text)]
    left = [text for text in found if ARGUMENT.search(spoken(text, options))]
    assert left == []
    assert found or room != "read"


def texts_of(path: Path) -> Iterator[str]:
    """Strings of a module that are no documentation, with a word for each value in them."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "word" for part in node.values)
            yield text.replace("word_from=", "run_from=")  # or skill_from
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (documentation | parts)
        ):
            yield node.value


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("name the right one with step_column=", "name the right one with --step-column"),
        ("say quantity='loss', or chance=0.25.", "say --quantity loss, or --chance 0.25."),
        ("give columns='eval/*', please", "give --columns 'eval/*', please"),
        ("calibrate on_skill 2; give initial_loss", "calibrate --calibrate-on 2; give --initial-loss"),
        ("run=seed makes them runs; run_from= too", "--run seed makes them runs; --run-from too"),
        ("column 'initial_loss' of runs/chance=0.5/x", "column 'initial_loss' of runs/chance=0.5/x"),
        ("the chance is over; my_step_column= stays", "the chance is over; my_step_column= stays"),
    ],
)
def test_arguments_become_options(text: str, shell: str) -> None:
    assert spoken(text, arguments_of(Forecast)) == shell


def test_flags_and_chosen_commands_have_their_options() -> None:
    options = arguments_of(_parse(["sweep", "run", "plan.toml", "--store", "runs"]))
    assert spoken("say extend=True to keep both", options) == "say --extend to keep both"
    assert "spec" not in options


def test_a_rule_is_about_an_option_and_what_was_received_stays() -> None:
    options = arguments_of(Forecast)
    error = InputError("where and over are for stores", "skip=3", "leave them out")
    assert in_shell(error, options) == "--where and --over are for stores; received 'skip=3'; leave them out"
    assert in_shell(InputError("until must be x", 1, "y"), options) == "--until must be x; received 1; y"
    assert in_shell(InputError("curves must be x", 1, "y"), options) == "curves must be x; received 1; y"
    assert in_shell(InputError("frequencies must be x", 1, "y"), options) == "frequencies must be x; received 1; y"
    assert in_shell(error, {}) == str(error)
    two_ways = InputError("x", 1, "use fewer, or disjoint=False")
    assert in_shell(two_ways, options) == "x; received 1; use fewer"


def test_errors_and_reports_on_a_terminal_speak_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.csv").write_text("_step,step,a\n0,0,1\n10,1,2\n")
    assert main(["forecast", "c.csv", "--alpha", "1"]) == 2
    assert "step_column=" not in (told := capsys.readouterr().err)
    assert "--step-column" in told
    with pytest.raises(InputError, match="step_column="):
        saltus.read_curves("c.csv")
