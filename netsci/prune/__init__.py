"""Pruning after training: scores on data, SparseGPT, and structural pruning."""

from netsci.prune.depgraph import depgraph

__all__ = ["depgraph"]
