"""Training networks on the task, one run a thread."""
