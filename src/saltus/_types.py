"""Names of array types: one spelling for the whole library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Float32 = NDArray[np.float32]
UInt64 = NDArray[np.uint64]
Flags = NDArray[np.bool_]
