"""Relatives of the multilinear model, one a file: other starts, other depths, other steps."""
