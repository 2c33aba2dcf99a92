"""HDF5: Keras models and weights, NIR networks."""
