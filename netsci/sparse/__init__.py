"""Layers that hold weights at existing links only (torch), their kernels, and rewiring."""
