"""Checkpoints of torch, which is imported only when such a file is read."""
