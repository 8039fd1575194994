"""Scaling laws fitted to measured losses: forms, robust objective, global search, status, intervals, rivals."""
