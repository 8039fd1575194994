"""Fig. 11: the calibration: networks that learn one skill, in time, data and parameters, and each one constant."""

from __future__ import annotations

from dataclasses import asdict

from saltus._version import __version__
from saltus.figures.emergence import panels_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.constants_table import COLUMNS as CONSTANT_COLUMNS
from saltus.reproduce.shared.constants_table import compare
from saltus.reproduce.shared.emergence_settings import PRESETS as PRESETS
from saltus.reproduce.shared.emergence_settings import Settings
from saltus.reproduce.shared.experiments import run_experiments, went_wrong
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe

_COLUMNS = (
    Column("panel"),
    *CONSTANT_COLUMNS,
    Column("rms", "rms of R/S", form=".3f"),
    Column("largest", form="+.2f"),
    Column("largest_at", "at", form=".0f"),
)


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train the one-skill networks and fit each constant."""
    studies = settings.studies
    curves = run_experiments([study.single for study in studies.values()], options)
    found = {name: compare(study.single, own, own) for (name, study), own in zip(studies.items(), curves, strict=True)}
    note = f"saltus {__version__}: n_s = 1, seeds from {options.seed}; settings as in Fig. 1"
    return Report(
        title="Calibration on one skill (Nam et al. 2024, Fig. 11)",
        table=Table(
            _COLUMNS, [{"panel": name, **own.constant.row, **asdict(own.skills[0])} for name, own in found.items()]
        ),
        summary={
            "panels": {
                name: own.constant.summary | {"paper": own.constant.paper, "fit": asdict(own.skills[0])}
                for name, own in found.items()
            },
            "settings": {name: describe(study.single) for name, study in studies.items()},
            "seed": options.seed,
            "version": __version__,
        },
        figures={"calibration": panels_figure([own.panel(name) for name, own in found.items()], note)},
        tables={name: own.experiment.table(own.measured) for name, own in found.items()},
        remarks=[line for own in found.values() for line in went_wrong(own.measured).values()],
    )
