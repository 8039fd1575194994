"""Constants that the paper prints for its two-layer network (``Nam et al. 2024``), each with its place.

They are the authors' measurements, quoted to be compared with ours; no result of ours rests on them unless it says so.
"""

from __future__ import annotations

FEATURE_RATE_SQUARED = 1 / 22  # B^2: how much slower the network learns than the multilinear model; Eq. 14, Fig. 1a
INITIAL_STRENGTH_PER_VARIANCE = 1 / 3.6  # R(0) over the variance of every starting weight; Fig. 1a
SHOTS = 800.0  # D_c, samples that one skill needs; Eq. 17, Fig. 1b
NODES_PER_SKILL = 4.0  # N_c, hidden nodes that one skill needs; Eq. 18-21, Fig. 1c
