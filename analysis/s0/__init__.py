"""S0 (CH-SNN): its tables, Figures 2 and 3, and the grids on which our runs were tuned."""

from analysis.s0.tables import exhibits

__all__ = ["exhibits"]
