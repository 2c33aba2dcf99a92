"""Layered networks as graphs and their measures; numpy, scipy and numba, never torch."""
