"""Read HDF5 files: Keras models and weights, NIR networks."""
