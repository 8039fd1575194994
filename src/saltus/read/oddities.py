"""Oddities of curves that are in order: reported here, and left as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats, Integers
from saltus.curves.report import Finding, counted, some
from saltus.read.choice import SHARES
from saltus.read.measurements import Measurements
from saltus.resource import STEP

_GAP = 3  # times as long as both neighbours
_DEFAULT_SAMPLES = {500: "Weights & Biases' run.history", 1000: "TensorBoard's CSV download"}


def oddities(measurements: Measurements, strength: Floats) -> Iterator[Finding]:
    """Findings on values, then on steps; measurements by curve and ascending step."""
    curve = measurements.curve
    starts = np.flatnonzero(np.diff(curve, prepend=-1))
    names = [measurements.curve_name(curve[start]) for start in starts]
    lengths = np.diff(np.append(starts, len(curve)))
    yield from _unmeasured(measurements, len(starts))
    yield from _values(measurements, strength)
    yield from _constant(strength, starts, lengths, names)
    yield from _lengths(measurements, lengths)
    if measurements.resource == STEP.name:  # sizes are chosen, and stand on no grid
        yield from _spacing(measurements.position, curve, starts, lengths, names)


def spacing(measurements: Measurements) -> tuple[float, float, float]:
    """Smallest, median and largest distance between neighbouring steps of a curve; NaN if no curve has two."""
    inside = np.diff(measurements.curve) == 0
    steps = np.diff(measurements.position)[inside]
    return (float(steps.min()), float(np.median(steps)), float(steps.max())) if steps.size else (np.nan,) * 3


def _unmeasured(measurements: Measurements, n_curves: int) -> Iterator[Finding]:
    n_missing = len(measurements.run.names) * len(measurements.skill.names) - n_curves
    if n_missing:
        absent = np.setdiff1d(np.arange(len(measurements.skill.names)), measurements.skill.codes)
        where = f"; in no run skill {_some(absent, measurements.skill.names)}" if absent.size else ""
        text = f"{counted(n_missing, 'pair')} of run and skill without a value{where}"
        yield Finding("unmeasured curves", n_missing, text)


def _values(measurements: Measurements, strength: Floats) -> Iterator[Finding]:
    checked = {"strength": strength}
    if measurements.quantity in SHARES:
        checked = {measurements.quantity: measurements.value} | checked
    for name, values in checked.items():
        outside = int(((values < 0) | (values > 1)).sum())
        if outside:
            span = f"they go from {values.min():.4g} to {values.max():.4g}"
            advice = "; are these percentages?" if name == "accuracy" and values.max() > 1.5 else ""
            text = f"{outside} of {values.size} and were kept: {span}{advice}"
            yield Finding(f"{name} outside [0, 1]", outside, text)


def _constant(
    strength: Floats, starts: NDArray[np.intp], lengths: NDArray[np.intp], names: list[str]
) -> Iterator[Finding]:
    still = np.minimum.reduceat(strength, starts) == np.maximum.reduceat(strength, starts)
    flat = np.flatnonzero(still & (lengths > 1))
    if flat.size:
        text = f"{flat.size} of {len(starts)} never change: {_some(flat, names)}"
        yield Finding("constant curves", flat.size, text)


def _lengths(measurements: Measurements, lengths: NDArray[np.intp]) -> Iterator[Finding]:
    shorter = int((lengths < lengths.max()).sum())
    if shorter:
        span = f"{lengths.min()} to {lengths.max()} points"
        text = f"{shorter} of {len(lengths)} curves are shorter than the longest: {span}"
        yield Finding("mixed lengths", shorter, text)
    n_cells = len(np.unique(measurements.position)) * len(lengths)
    n_empty = n_cells - len(measurements.position)
    if n_empty:
        text = f"curves stand on different steps: joined on all of them, {n_empty} of {n_cells} cells are NaN"
        yield Finding("different grids", n_empty, text)
    for size, source in _DEFAULT_SAMPLES.items():
        exact = int((lengths == size).sum())
        if exact and spacing(measurements)[2] != 1:  # every single step is no sample
            text = f"{exact} of {len(lengths)} curves have exactly {size} points, what {source} cuts longer ones to"
            yield Finding("subsampled", exact, text)


def _spacing(
    position: Floats, curve: Integers, starts: NDArray[np.intp], lengths: NDArray[np.intp], names: list[str]
) -> Iterator[Finding]:
    """Gaps are wider than their neighbours; spacing is uneven if it shrinks, the last interval and gaps left aside."""
    step = np.diff(position)
    inside = np.diff(curve) == 0
    ends = np.zeros(len(position), dtype=bool)
    ends[starts + lengths - 1] = True
    middle = inside[:-2] & inside[1:-1] & inside[2:]
    gap = np.zeros(len(step), dtype=bool)
    if len(step) > 2:
        gap[1:-1] = middle & (step[1:-1] > _GAP * step[:-2]) & (step[1:-1] > _GAP * step[2:])
    owner = np.searchsorted(starts, np.arange(len(step)), side="right") - 1
    if gap.any():
        widest = np.flatnonzero(gap)[np.argmax(step[gap])]
        where = f"the widest from {position[widest]:.10g} to {position[widest + 1]:.10g} in {names[owner[widest]]}"
        n_gaps = int(gap.sum())
        text = f"{counted(n_gaps, 'interval')} over {_GAP} times as long as both neighbours, {where}"
        yield Finding("gaps", n_gaps, text)
    whole = (position == np.floor(position)).all()
    rounding = 1.0 if whole or not inside.any() else 0.01 * step[inside].min()
    shrinks = inside[:-1] & inside[1:] & ~gap[:-1] & ~gap[1:] & ~ends[2:] & (step[1:] < step[:-1] - rounding)
    uneven = np.unique(owner[1:][shrinks])
    if uneven.size:
        low, high = step[inside].min(), step[inside].max()
        text = f"{uneven.size} of {len(starts)} curves, every {low:g} to {high:g}: is the export a sample of all rows?"
        yield Finding("uneven spacing", uneven.size, text)


def _some(chosen: NDArray[np.intp], names: Sequence[str]) -> str:
    return some([names[i] for i in chosen])
