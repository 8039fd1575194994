"""One recipe a figure or table of the paper: settings in, figure and numbers out.

A recipe is a module with ``PRESETS`` (settings by name) and ``reproduce(settings, seed=, workers=, watch=)``, which
returns a `saltus.report.Report`. `TARGETS` is the list; a recipe is imported when it is asked for.
"""

from __future__ import annotations

TARGETS = {"fig1a": "saltus.reproduce.fig1a"}
