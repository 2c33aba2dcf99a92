"""The exhibits of S0 at a scale."""

from __future__ import annotations

from analysis.engine.exhibit import Exhibit
from analysis.s0 import grids
from analysis.s0.answers import seconds
from analysis.s0.tables import TABLES, error


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the grids, the tables and the figures of S0 ("smoke", "desk" or "paper")."""
    made = [grids.exhibit(grid, scale, first_seed) for grid in grids.GRIDS]
    return made + [table.exhibit(scale, first_seed, seconds=seconds, error=error) for table in TABLES]
