"""One training loop for every model: data in, topology evolution, checkpoints, resume (torch)."""
