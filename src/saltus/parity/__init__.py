"""The multitask sparse parity task, its samples, and the skill strength of any function."""
