"""Reproduce the paper's figures and tables, and studies of our own: one recipe a module."""
