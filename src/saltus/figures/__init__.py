"""One file a family of figures, and the style they share.

A figure is a function of the data that it draws (arrays, labelled curves or results) and, as its last argument, of
``note``, a small line below the axes with version, seeds and settings. It returns a `matplotlib.figure.Figure` in the
house style and neither shows nor saves it. Fits, forecasts and statistics are the caller's; a figure takes no more than
the mean and spread over runs of the curves that it is given.
"""
