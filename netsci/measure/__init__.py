"""Numbers about weights and activity: arrays in, numbers out."""
