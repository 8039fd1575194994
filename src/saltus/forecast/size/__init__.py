"""Forecasts over the size of the training set or of the network."""
