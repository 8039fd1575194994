"""Forecasts over training steps."""
