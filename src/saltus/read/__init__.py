"""Files of others to curves."""
