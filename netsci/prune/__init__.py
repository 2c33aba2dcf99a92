"""Pruning after training: scores on data, SparseGPT, and structural pruning."""
