"""All that families of forecasts share: nothing else of ``forecast/`` is imported by both ``time/`` and ``size/``.

``results`` are forecasts, ``verdict`` says how far to trust them, ``calibration`` is the contract of every calibration,
``saved`` its file, and ``checks`` refuse requests that no family can meet.
"""
