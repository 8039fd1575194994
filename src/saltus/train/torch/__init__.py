"""Networks of any architecture in PyTorch."""
