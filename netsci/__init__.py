"""Sparse neural networks seen as complex networks: graphs, measures, evolution, reports."""

__version__ = "0.1.0"
