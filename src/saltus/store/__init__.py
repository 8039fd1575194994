"""Runs on disk: what no interruption can lose."""
