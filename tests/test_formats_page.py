"""Every example on the pages of formats and of a first log is written, read and forecast as it is shown there."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from saltus.cli import main
from tests.read.helpers import event, record, simple

DOCS = Path(__file__).parents[1] / "docs"
_FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```", re.S | re.M)
_CODE = re.compile(r"^```python3\n(.*?)^```", re.S | re.M)
_SHOWN = re.compile(r"^```text\n\$ (saltus [^\n]*)\n(.*?)^```", re.S | re.M)


class EventWriter:
    """Stand-in for TensorBoard's writer, which is no dependency."""

    def __init__(self, folder: str) -> None:
        Path(folder).mkdir(parents=True)
        self.path = Path(folder, "events.out.tfevents.1700000000.host.1.0")

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        with self.path.open("ab") as file:
            file.write(record(event(step, simple(tag, value))))

    def close(self) -> None:
        """Nothing is open between values."""


def sections(page: str) -> dict[str, str]:
    """The part below each heading that shows what a command prints."""
    parts = re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.M)[1:]
    return {part.partition("\n")[0]: part for part in parts if _SHOWN.search(part)}


def example_files(section: str, folder: Path) -> None:
    """Write the files that a section shows, or run the code that makes them in the present folder."""
    for name, content in _FILE.findall(section):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for code in _CODE.findall(section):
        exec(code, {})


def shown_by(command: str) -> list[str]:
    """Lines that a command prints."""
    stream: Any = io.StringIO()
    with contextlib.redirect_stdout(stream):
        assert main(shlex.split(command)[1:]) == 0
    return [line.rstrip() for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("heading", sections("formats.md"))
def test_a_format_is_read_as_shown(heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if heading == "Parquet":
        pytest.importorskip("pyarrow")
    section = sections("formats.md")[heading]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=EventWriter))
    example_files(section, tmp_path)
    for command, shown in _SHOWN.findall(section):
        assert_shown(shown, shown_by(command))


def test_a_first_log_is_read_and_forecast_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "your-log.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    example_files(page, tmp_path)
    found = _SHOWN.findall(page)
    assert found
    for command, shown in found:
        assert_shown(shown, shown_by(command))


def assert_shown(expected: str, printed: list[str]) -> None:
    """The lines as printed, in their order; ``...`` stands for lines that are not shown."""
    lines = expected.splitlines()
    pattern = "".join(r"(?:.*\n)+?" if line == "..." else re.escape(line) + r"\n" for line in lines)
    text = "\n".join(printed) + "\n"
    assert re.fullmatch(pattern, text), text


def test_every_format_of_the_table_has_an_example() -> None:
    table = (DOCS / "formats.md").read_text(encoding="utf-8").partition("\n## ")[0]
    anchors = re.findall(r"^\| \[[^]]+\]\(#([^)]+)\)", table, flags=re.M)
    assert anchors == [heading.lower().replace(" ", "-") for heading in sections("formats.md")]
