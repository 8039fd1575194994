"""From curves to a calibrated model, from the model to a forecast, and from both to a verdict.

`assess` is the whole of it; `calibrate` and the methods of a calibration are its steps; `plan` turns a forecast around.
`families` lists the kinds of calibration by resource. ``time/`` and ``size/`` know ``base/`` and nothing of each other.
"""
