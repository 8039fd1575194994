"""Two-layer networks in numba."""
