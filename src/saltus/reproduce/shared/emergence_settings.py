"""Settings of the paper's emergence experiments, in time, data and parameters (Fig. 1, 11; Table 5).

``paper`` has the printed settings (but for the learning rate of the time panel, which is that of the plotted runs).
``fast`` differs in batch size, in when a run ends and in the number of seeds, ``quick`` in fewer runs besides:
docs/departures.md says how, and docs/training.md what that changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from saltus.reproduce.shared.experiments import DataExperiment, Experiment, ParameterExperiment, TimeExperiment
from saltus.train.kernel.training import MLPTraining


@dataclass(frozen=True)
class Study:
    """The experiments over one resource.

    Attributes:
        system: the experiment that is forecast.
        single: the experiment with one skill (n_s = 1) that calibrates the forecast.
    """

    system: Experiment
    single: Experiment


@dataclass(frozen=True)
class Settings:
    """The three panels."""

    time: Study
    data: Study
    parameters: Study

    @property
    def studies(self) -> dict[str, Study]:
        return {"time": self.time, "data": self.data, "parameters": self.parameters}


def _time(steps: int, batch_size: int, n_seeds: int, every: int | None = None) -> Study:
    def training(last: int) -> MLPTraining:
        at = None if every is None else tuple(range(0, last + 1, every))
        return MLPTraining(last, learning_rate=0.02, init_std=0.01, batch_size=batch_size, measure_at=at)

    return Study(TimeExperiment(5, training(steps), n_seeds), TimeExperiment(1, training(3000), n_seeds))


def _data(training: MLPTraining, sizes: tuple[int, ...], single_sizes: tuple[int, ...], n_seeds: int) -> Study:
    return Study(
        DataExperiment(5, training, n_seeds, sizes=sizes), DataExperiment(1, training, n_seeds, sizes=single_sizes)
    )


def _until_converged(batch_size: int) -> MLPTraining:
    """Training until the loss stands still, measured every 500 steps; runs of 100,000 steps count as not converged."""
    at = tuple(range(500, 100_001, 500))
    return MLPTraining(
        at[-1], learning_rate=0.02, init_std=0.01, batch_size=batch_size, n_data=1, until_loss=0.01, measure_at=at
    )


def _parameters(
    steps: int, batch_size: int, widths: tuple[int, ...], single_widths: tuple[int, ...], n_seeds: int
) -> Study:
    training = MLPTraining(
        steps,
        learning_rate=1e-3,
        init_std=1e-3,
        batch_size=batch_size,
        optimizer="adam",
        weight_decay=5e-5,
        width=widths,
        measure_at=(steps * 3 // 4, steps),
        strength_samples=8000,
    )
    return Study(
        ParameterExperiment(5, training, n_seeds),
        ParameterExperiment(1, replace(training, width=single_widths), n_seeds),
    )


_SIZES = (500, 700, 1000, 1400, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 14_000, 17_000, 20_000,
          25_000, 30_000, 35_000)  # fmt: skip
_SINGLE_SIZES = (100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1250, 1500, 2000)
_WIDTHS, _SINGLE_WIDTHS = tuple(range(1, 21)), tuple(range(1, 9))
_PRINTED_DATA = MLPTraining(
    500_000, learning_rate=0.05, init_std=0.001, batch_size=2000, n_data=1, halve_every=50_000, measure_at=(500_000,)
)

PRESETS = {
    "quick": Settings(
        _time(24_000, 1000, 5),
        _data(_until_converged(250), (1000, 2000, 4000, 8000, 14_000, 25_000), (200, 400, 600, 800, 1200), 2),
        _parameters(200_000, 250, _WIDTHS, _SINGLE_WIDTHS, 4),
    ),
    "fast": Settings(
        _time(30_000, 2000, 10),
        _data(_until_converged(250), _SIZES, _SINGLE_SIZES, 10),
        _parameters(400_000, 500, _WIDTHS, _SINGLE_WIDTHS, 20),
    ),
    "paper": Settings(
        _time(30_000, 4000, 10, every=50),
        _data(_PRINTED_DATA, _SIZES, _SINGLE_SIZES, 10),
        _parameters(500_000, 4000, _WIDTHS, _SINGLE_WIDTHS, 50),
    ),
}
