"""Experiments and comparisons that several recipes share."""
