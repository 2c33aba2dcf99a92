"""From the tensors of a file to a graph: which are layers, how they lie, in which order they chain."""
