"""Pruning after training: scores on data, SparseGPT, modules pruned block by block, and DepGraph's channels.

Methods, `InputStatistics`, `prune_mask` and `sparsegpt` need no torch; it is imported for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsci.prune.masks import prune_mask
from netsci.prune.method import PruneMethod
from netsci.prune.method_table import ABOUT, METHODS
from netsci.prune.sparsegpt import sparsegpt
from netsci.prune.statistics import InputStatistics

if TYPE_CHECKING:
    from netsci.prune.channel_pruning import depgraph
    from netsci.prune.module_pruning import prune

_LATER = {"depgraph": "channel_pruning", "prune": "module_pruning"}  # what needs torch

__all__ = [
    "ABOUT",
    "METHODS",
    "InputStatistics",
    "PruneMethod",
    "depgraph",
    "prune",
    "prune_mask",
    "sparsegpt",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
