"""Programs as plain values and tensors, and back: what the file of a spiking network holds."""
