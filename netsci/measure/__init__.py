"""Numbers about weights and activity: arrays in, numbers out."""

from netsci.measure.sparsity import sparsity_index

__all__ = ["sparsity_index"]
