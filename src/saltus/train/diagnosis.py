"""The verdict on a run: finished, diverged, or stalled past its stability edge; with advice."""

from __future__ import annotations

import math

import numpy as np

from saltus.parity.task import MultitaskSparseParity
from saltus.published import FEATURE_RATE_SQUARED, INITIAL_STRENGTH_PER_VARIANCE
from saltus.theory.multilinear import Multilinear
from saltus.train.configuration import Training
from saltus.train.loop import Measurements, Status

# A skill is overdue after so many times its expected steps: those come from the paper's calibration of a network of
# width 1000 and rough for others.
_PATIENCE = 3.0


def diagnose(
    task: MultitaskSparseParity, training: Training, seed: int, seen: Measurements
) -> tuple[Status, str | None]:
    """The run's status and, unless it finished, one line with the step, the evidence and advice."""
    run, start = _name(training, seed), f"start {task.target_scale**2 / 2:g}"
    advice = f"try learning_rate={training.learning_rate / 2:g}"
    if seen.diverged_at is not None:
        return "diverged", (
            f"{run} diverged: at step {seen.diverged_at} the batch loss left all bounds (peak "
            f"{seen.peak_loss:.3g}, {start}); its first {seen.n_made} measurements are kept; {advice}"
        )
    last = int(seen.steps[-1])
    for skill, expected in enumerate(_expected_half_times(task, training), start=1):
        reached = float(seen.strength[..., skill - 1, -1].min())
        if last > _PATIENCE * expected and reached < 0.5:
            return "stalled", (
                f"{run} stalled: at step {last} skill {skill} has R/S = {reached:.2f}, though at "
                f"learning rate {training.learning_rate:g} it should pass 0.5 near step {expected:.0f}; the batch loss "
                f"peaked at {seen.peak_loss:.3g} at step {seen.peak_step} ({start}), so the step size may be past the "
                f"stability edge; {advice}"
            )
    return "finished", None


def _name(training: Training, seed: int) -> str:
    """The run's seed, and the settings that tell it from others of an experiment."""
    parts = [f"run with seed {seed}"]
    if training.n_data is not None:
        parts.append(f"{training.n_data} samples")
    if training.side_by_side:
        parts.append(f"widths {', '.join(map(str, training.widths))} side by side")
    return ", ".join(parts)


def _expected_half_times(task: MultitaskSparseParity, training: Training) -> list[float]:
    """Steps at which gradient flow would bring each skill to R/S = 0.5; none where the flow picture does not apply."""
    initial_strength = training.gaussian_start**2 * INITIAL_STRENGTH_PER_VARIANCE
    rate = training.flow_learning_rate * FEATURE_RATE_SQUARED
    if math.isnan(rate) or training.n_data is not None or not initial_strength < task.target_scale / 2:
        return []
    flow = Multilinear(
        task.frequencies, target_scale=task.target_scale, initial_strength=initial_strength, learning_rate=rate
    )
    return [float(time) for time in flow.emergence_time(np.arange(1, task.n_skills + 1), 0.5)]
