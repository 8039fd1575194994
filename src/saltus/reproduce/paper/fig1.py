"""Fig. 1: emergence in time, data and parameters. Calibrate on one skill, forecast five, compare with training.

Each resource has one constant (B^2, D_c, N_c; ``Nam et al. 2024, Eq. 14-21``), calibrated on networks that learn a
single skill (Fig. 11).
"""

from __future__ import annotations

from dataclasses import asdict

from saltus._version import __version__
from saltus.figures.emergence import panels_figure
from saltus.present.report import Report
from saltus.present.table import Column, Row, Table
from saltus.reproduce.shared.constants_table import compare
from saltus.reproduce.shared.emergence_settings import PRESETS as PRESETS
from saltus.reproduce.shared.emergence_settings import Settings
from saltus.reproduce.shared.experiments import run_experiments, went_wrong
from saltus.reproduce.shared.options import RunOptions
from saltus.resource import RESOURCES
from saltus.settings import describe


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train all three systems and their one-skill companions; calibrate, forecast and compare."""
    studies = settings.studies
    # The longest runs first, which keeps all threads busy to the end.
    order = [studies[name] for name in ("parameters", "data", "time")]
    everything = [study.system for study in order] + [study.single for study in order]
    curves = dict(zip(everything, run_experiments(everything, options), strict=True))
    rows, panels, summaries, remarks = [], [], {}, []
    for name, study in studies.items():
        found = compare(study.system, curves[study.system], curves[study.single])
        constant, wrong = found.constant, went_wrong(curves[study.single])
        standing = study.system.standing(found.measured) | {f"single_{key}": line for key, line in wrong.items()}
        rows += [{"panel": name, **asdict(skill)} for skill in found.skills]
        panels.append(found.panel(name))
        summaries[name] = {
            "constant": constant.value,
            "error": constant.error,
            "paper": constant.paper,
            "skills": [asdict(skill) for skill in found.skills],
            "calibration": constant.summary,
            "settings": {"system": describe(study.system), "single": describe(study.single)},
            "standing": standing,
        }
        remarks += [f"{name}: {constant.text}, calibrated on n_s = 1", *standing.values()]
    return Report(
        title="Emergence in time, data and parameters (Nam et al. 2024, Fig. 1): forecast against mean strength",
        table=Table(_COLUMNS, rows),
        summary={"panels": summaries, "seed": options.seed, "version": __version__},
        figures={"emergence": panels_figure(panels, _note(settings, options))},
        tables={name: study.system.table(curves[study.system]) for name, study in studies.items()}
        | {f"{name}_single": study.single.table(curves[study.single]) for name, study in studies.items()},
        remarks=remarks,
    )


_FORMS = {resource.law: resource.form for resource in RESOURCES.values()}


def _form(row: Row) -> str:
    return _FORMS[row["panel"]]


_COLUMNS = (
    Column("panel"),
    Column("skill"),
    Column("rms", "rms of R/S", form=".3f"),
    Column("largest", form="+.2f"),
    Column("largest_at", "at", form=".0f"),
    Column("half_measured", "half strength at", form=_form, missing="never"),
    Column("half_forecast", "forecast", form=_form, missing="never"),
    Column("log10_ratio", "log10 ratio", form="+.3f"),
    Column("log10_ratio_error", "± se", form=".3f"),
)


def _note(settings: Settings, options: RunOptions) -> str:
    time, data, parameters = (study.system for study in settings.studies.values())
    return (
        f"saltus {__version__}: α = {time.alpha:g}, n_s = {time.n_skills}, seeds from {options.seed}; "
        f"(a), (b): width {time.training.width}, SGD, batch {time.training.batch_size}, {data.training.batch_size}; "
        f"(c): Adam, batch {parameters.training.batch_size}, {parameters.training.steps:,} steps; calibrated on n_s = 1"
    )
