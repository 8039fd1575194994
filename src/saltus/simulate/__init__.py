"""Descent on the solvable models themselves."""
