"""Fig. 1a: emergence in time. Train, calibrate on one skill, forecast the others, compare.

The model is calibrated twice: on networks that learn a single skill (n_s = 1), as the paper does, and on the first
skill of the very runs whose other skills are then forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from saltus._version import __version__
from saltus.curves.table import tidy_table
from saltus.figures.emergence import emergence_figure
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.time.calibrate import calibrate_time
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import PAPER
from saltus.parity.task import MultitaskSparseParity
from saltus.present.emergence import COLUMNS, measured_skills, panel_in_time
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.presets import MLPS
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job, collect
from saltus.train.kernel.training import MLPTraining


@dataclass(frozen=True)
class Settings:
    """How many runs of which system.

    Attributes:
        training: training of the five-skill system that is forecast.
        n_seeds: number of its runs.
        calibration: training of the one-skill system.
        n_calibration_seeds: number of its runs.
    """

    training: MLPTraining
    n_seeds: int
    calibration: MLPTraining
    n_calibration_seeds: int
    alpha: float = 0.6
    n_skills: int = 5


def _settings(preset: str, n_seeds: int, n_calibration_seeds: int) -> Settings:
    """The named networks, and one-skill networks that are trained alike for 3000 steps."""
    system = MLPS[preset].training
    marks = None if system.measure_at is None else tuple(step for step in system.measure_at if step <= 3000)
    return Settings(system, n_seeds, replace(system, steps=3000, measure_at=marks), n_calibration_seeds)


PRESETS = {"quick": _settings("quick", 5, 8), "paper": _settings("paper", 10, 10)}


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train both systems, calibrate in both ways and set the forecasts beside the measurements."""
    frequencies = PowerLaw(settings.alpha, settings.n_skills)
    task = MultitaskSparseParity(frequencies)
    single = MultitaskSparseParity(PowerLaw(settings.alpha, 1))
    jobs = [Job(task, settings.training, options.seed + i) for i in range(settings.n_seeds)]
    single_jobs = [Job(single, settings.calibration, options.seed + i) for i in range(settings.n_calibration_seeds)]
    everything = jobs + single_jobs  # the long ones first, which keeps all threads busy to the end
    results = train_all(everything, options)
    curves = collect(jobs, results[: len(jobs)])
    single_curves = collect(single_jobs, results[len(jobs) :])
    by_single = calibrate_time(single_curves)
    by_own = calibrate_time(curves)
    skills = _compare(
        measured_skills(curves),
        by_single.forecast(frequencies, measured=curves, departure=PAPER),
        by_own.forecast(frequencies, measured=curves, departure=PAPER),
    )
    seeds = [job.seed for job in jobs]
    used = settings.training
    note = (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {settings.n_skills}, width {used.width}, "
        f"batch {used.batch_size}, rate {used.learning_rate:g}, init {used.init_std:g}, "
        f"seeds {seeds[0]}–{seeds[-1]}; calibrated on n_s = 1"
    )
    return Report(
        title="Emergence in time (Nam et al. 2024, Fig. 1a): steps at R/S = 0.5",
        table=Table(_COLUMNS, skills),
        summary={
            "skills": skills,
            "calibration": by_single.summary(),
            "calibration_own_first_skill": by_own.summary(),
            "settings": {
                "task": describe(task),
                "training": describe(settings.training),
                "calibration_task": describe(single),
                "calibration_training": describe(settings.calibration),
            },
            "seeds": seeds,
            "calibration_seeds": [job.seed for job in single_jobs],
            "version": __version__,
        },
        figures={"emergence": emergence_figure(panel_in_time(curves, by_single.model(frequencies)), note)},
        tables={"curves": tidy_table(curves), "calibration_curves": tidy_table(single_curves)},
        remarks=[_remark("n_s = 1", by_single), _remark("own skill 1", by_own)],
    )


_COLUMNS = (
    *COLUMNS,
    Column("forecast_time", "forecast, n_s = 1", form=".0f"),
    Column("log10_ratio", "log10 ratio", form="+.3f"),
    Column("forecast_time_own_first_skill", "forecast, own skill 1", form=".0f"),
    Column("log10_ratio_own_first_skill", "log10 ratio", form="+.3f"),
)


def _remark(source: str, fit: Calibration) -> str:
    return (
        f"calibrated on {source}: B^2 = {fit.feature_rate_squared:.4f} ± {fit.feature_rate_squared_error:.4f}, "
        f"R(0) = {fit.initial_strength:.1e} ± {fit.initial_strength_error:.1e} ({fit.n_runs} runs)"
    )


def _compare(
    measured: list[dict[str, Any]], forecast: EmergenceForecast, own: EmergenceForecast
) -> list[dict[str, Any]]:
    return [
        skill
        | {
            "forecast_time": float(forecast.emergence_time[i]),
            "forecast_time_own_first_skill": float(own.emergence_time[i]),
            "log10_ratio": float(forecast.log10_ratio[i]),
            "log10_ratio_own_first_skill": float(own.log10_ratio[i]),
        }
        for i, skill in enumerate(measured)
    ]
