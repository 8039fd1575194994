"""Trainings that tests of the paper's figures and of our own studies share."""

from __future__ import annotations

from dataclasses import replace

from saltus import MLPTraining

WIDE = MLPTraining(9000, learning_rate=0.02, init_std=0.02, width=128, batch_size=200, strength_samples=400)
DATA = replace(WIDE, steps=20_000, n_data=1, until_loss=0.01, measure_at=tuple(range(250, 20_001, 250)))
