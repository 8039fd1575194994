"""Anybody's learning curves, from their files: formats, layouts, hygiene, conversion to strength."""
