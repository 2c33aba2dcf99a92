"""Pruning after training: scores on data, SparseGPT, and modules pruned block by block.

Methods, `InputStatistics`, `prune_mask` and `sparsegpt` need no torch; it is imported for `prune`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netsci.prune.choices import ABOUT, METHODS
from netsci.prune.masks import prune_mask
from netsci.prune.method import PruneMethod
from netsci.prune.sparsegpt import sparsegpt
from netsci.prune.statistics import InputStatistics

if TYPE_CHECKING:
    from netsci.prune.pruning import prune

__all__ = ["ABOUT", "METHODS", "InputStatistics", "PruneMethod", "prune", "prune_mask", "sparsegpt"]


def __getattr__(name: str) -> Any:
    if name != "prune":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from netsci.prune.pruning import prune as found

    globals()[name] = found
    return found
