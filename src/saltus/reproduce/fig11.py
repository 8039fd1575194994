"""Fig. 11: the calibration: networks that learn one skill, in time, data and parameters, and each one constant."""

from __future__ import annotations

from dataclasses import asdict

import saltus
from saltus.figures.emergence import panels_figure
from saltus.report import Report
from saltus.reproduce import RunOptions
from saltus.reproduce.agreement import agreement
from saltus.reproduce.calibrations import calibrated, panel
from saltus.reproduce.emergence import PRESETS as PRESETS
from saltus.reproduce.emergence import Settings
from saltus.reproduce.experiments import run_experiments
from saltus.settings import describe


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train the one-skill networks and fit each constant."""
    studies = settings.studies
    curves = run_experiments([study.single for study in studies.values()], options)
    constants = [calibrated(own, study.single) for own, study in zip(curves, studies.values(), strict=True)]
    fits = [
        agreement(own, study.single.forecast(constant.model, study.single.amounts(own)))[0]
        for own, study, constant in zip(curves, studies.values(), constants, strict=True)
    ]
    named = list(zip(studies, constants, fits, strict=True))
    note = f"saltus {saltus.__version__}: n_s = 1, seeds from {options.seed}; settings as in Fig. 1"
    return Report(
        title="Calibration on one skill (Nam et al. 2024, Fig. 11)",
        columns=("panel", "constant", "value", "± se", "paper", "rms of R/S", "largest", "at"),
        rows=[
            [name, constant.symbol, *constant.cells, f"{fit.rms:.3f}", f"{fit.largest:+.2f}", f"{fit.largest_at:.0f}"]
            for name, constant, fit in named
        ],
        summary={
            "panels": {
                name: constant.summary | {"paper": constant.paper, "fit": asdict(fit)} for name, constant, fit in named
            },
            "settings": {name: describe(study.single) for name, study in studies.items()},
            "seed": options.seed,
            "version": saltus.__version__,
        },
        figures={
            "calibration": panels_figure(
                [
                    panel(study.single, own, constant, name)
                    for own, (name, study), constant in zip(curves, studies.items(), constants, strict=True)
                ],
                note,
            )
        },
        tables={name: study.single.table(own) for (name, study), own in zip(studies.items(), curves, strict=True)},
    )
