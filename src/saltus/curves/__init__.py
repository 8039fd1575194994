"""Labelled learning curves: the one thing that training, stored runs and users' files all become."""
