"""The transformer experiment of Fig. 4 and 12: its runs, and when its skills emerge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saltus._version import __version__
from saltus.presets import TRANSFORMERS, TransformerPreset
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.train.job import collect

if TYPE_CHECKING:
    import xarray as xr

THRESHOLD = 0.05  # R/S at which the paper says that a skill has emerged


Settings = TransformerPreset
PRESETS = TRANSFORMERS


def transformer_curves(settings: Settings, options: RunOptions) -> xr.Dataset:
    """The runs' curves; those that the store has are not trained again, so that Fig. 4 and 12 share theirs."""
    jobs = settings.jobs(options.seed)
    return collect(jobs, train_all(jobs, options))


def note(settings: Settings, options: RunOptions) -> str:
    """The settings, for the line below a figure."""
    used = settings.training
    return (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {settings.n_skills}, n_b = {settings.n_bits}, "
        f"S = {settings.target_scale:g}, embedding {settings.network.embedding}, {settings.network.heads} heads, "
        f"SGD {used.learning_rate:g}, momentum {used.momentum:g}, batch {used.batch_size}, "
        f"seeds {options.seed}–{options.seed + settings.n_seeds - 1}"
    )


def about(settings: Settings, options: RunOptions) -> dict[str, Any]:
    """Fields that every summary of these runs has."""
    return {
        "settings": {"task": describe(settings.task), "training": describe(settings.training)},
        "seeds": [options.seed + i for i in range(settings.n_seeds)],
        "version": __version__,
    }
