"""Labelled learning curves: the common form of training, stored runs and users' files."""
