"""``saltus teach``: a recipe of one's own runs, by which further runs are forecast from their first skill on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from saltus.cli.mix import stated_frequencies
from saltus.cli.options import settings_of
from saltus.cli.reading import ReadingOptions
from saltus.cli.schedules import schedule_of
from saltus.errors import InputError
from saltus.present.terminal import show


@dataclass(frozen=True, kw_only=True)
class Teach(ReadingOptions):
    """Teach a recipe by earlier runs of one training: how times go with frequency, and how they scatter.

    Every file is a run, or several, such as seeds; one is enough. saltus forecast --recipe uses the result. From five
    runs on it also says how often forecasts held for a run that was left out.

    Example: saltus teach seed0.csv seed1.csv --alpha 0.6 --out recipe.json
    """

    alpha: float | None = None
    """Skill frequencies fall as k^-(alpha+1)."""
    frequencies: Path | None = None
    """File of frequencies or counts instead, one number a skill, most frequent first."""
    schedule: str | None = None
    """How the learning rate changed, as for saltus forecast. By default as the curves tell."""
    name: str = "own"
    """Name of the recipe, by which verdicts call it."""
    out: Path | None = None
    """File of the recipe, such as recipe.json; by default nothing is written."""
    json: bool = False
    """Print one JSON object on stdout instead of the table."""

    def run(self) -> None:
        from saltus.cli.own_runs import read_runs, taught_by
        from saltus.curves.report import explaining, reading_lines
        from saltus.forecast.time.recipes import save_recipe
        from saltus.present.teach import teach_report

        if not self.curves:
            raise InputError("runs must be named", None, "give a file, a folder or a pattern, e.g. seed*.csv")
        out = None if self.out is None else require_json_name(self.out)
        stated, schedule = stated_frequencies(self.alpha, self.frequencies), schedule_of(self.schedule)
        sets = read_runs(self, self.curves)
        with explaining(lambda: reading_lines(sets[0])):
            found = taught_by(sets, self.curves, alpha=self.alpha, stated=stated, schedule=schedule, name=self.name)
        if out is not None:
            save_recipe(found.recipe, out)
        report = teach_report(found, settings_of(self) | self.reading_settings(), out)
        show(report, [] if out is None else [out], as_json=self.json)


def require_json_name(path: Path) -> Path:
    """The path of a JSON file that can be written.

    Raises:
        InputError: if its name ends otherwise, or its folder is not there.
    """
    if path.suffix != ".json":
        raise InputError("out must be a file ending in .json", str(path), "call it recipe.json")
    if not path.parent.is_dir() or path.is_dir():
        raise InputError("out must lie in a folder that is there", str(path), "choose another place for it")
    return path
