"""The exact theory: frequencies, closed forms, nothing but NumPy and SciPy."""
