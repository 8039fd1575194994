"""From curves to a calibrated model, and from the model to a forecast."""
