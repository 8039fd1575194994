"""``saltus read``: explain what files are taken for, and what a forecast from them would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from saltus.cli.reading import ReadingOptions
from saltus.present.terminal import show


@dataclass(frozen=True, kw_only=True)
class Read(ReadingOptions):
    """Explain what files are taken for: skills, runs, steps, oddities, and what a forecast would take.

    Nothing is fitted and nothing forecast. The last line is the command to run next.

    Example: saltus read trainer_state.json
    """

    to: Path | None = None
    """Also write the curves as one tidy table, a row a measurement: a file ending in .csv or .parquet."""
    json: bool = False
    """Print one JSON object on stdout."""

    def run(self) -> None:
        from saltus.cli.language import arguments_of, spoken
        from saltus.curves.report import explaining, reading_lines
        from saltus.present.reading import reading_page
        from saltus.present.tidy_file import require_tidy_name, write_tidy

        to = None if self.to is None else require_tidy_name(self.to)
        curves = self.read()
        with explaining(lambda: reading_lines(curves)):
            page = reading_page(curves, ["saltus", "forecast", *self.words()])
        if to is not None:
            write_tidy(curves, to)
        page = replace(page, remarks=[spoken(remark, arguments_of(self)) for remark in page.remarks])
        if not self.json:
            print(page.title)  # not above the table, to whose width it would be wrapped
            page = replace(page, title="")
        show(page, [] if to is None else [to], as_json=self.json)
