"""Studies of our own, one module each."""
