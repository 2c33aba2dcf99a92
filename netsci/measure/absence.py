"""Shares of what is absent: link sparsity and node sparsity, from counts."""

import math
from collections.abc import Sequence

import numpy as np

from netsci.arguments import read_array


def link_sparsity(links: int | Sequence[int], dense_links: int | Sequence[int]) -> float:
    """Return the share of absent links, 1 - sum(links) / sum(dense_links); NaN without dense links.

    links, dense_links : whole numbers >= 0, one for each layer, the dense output layer included.

    Raises ValueError if a layer has more links than dense_links, or the two lengths differ.

    Examples
    --------
    >>> round(link_sparsity([12293, 15680], [784 * 1568, 15680]), 4)  # 784-1568-10, 99 % in the first layer
    0.9775

    Source: S0 table 2 and appendix A.8.
    """
    return _absent(links, dense_links, ("links", "dense_links"))


def inactive_share(active: int | Sequence[int], nodes: int | Sequence[int]) -> float:
    """Return the share of inactive units, 1 - sum(active) / sum(nodes); NaN without units.

    active, nodes : whole numbers >= 0: of one population its own node sparsity, of the input and all hidden
    populations that of the network (`netsci.graph.node_sparsity` finds which units of a graph are active).

    Raises ValueError if a population has more active units than units, or the two lengths differ.

    Examples
    --------
    >>> round(inactive_share([600, 1384], [784, 1600]), 4)  # 784-1600-10: input and hidden units
    0.1678

    Source: S0 appendix A.8 and table 9.
    """
    return _absent(active, nodes, ("active", "nodes"))


def _absent(present: int | Sequence[int], possible: int | Sequence[int], names: tuple[str, str]) -> float:
    counts = [
        np.atleast_1d(read_array(found, n)) for n, found in zip(names, (present, possible), strict=True)
    ]
    for name, found in zip(names, counts, strict=True):
        if found.size and found.dtype.kind not in "iu":
            raise TypeError(f"{name} must be whole numbers (int); got {found.dtype}")
    if counts[0].shape != counts[1].shape or counts[0].ndim != 1:
        raise ValueError(
            f"{names[0]} and {names[1]} need one number for each layer; their shapes are "
            f"{counts[0].shape} and {counts[1].shape}"
        )
    if (counts[0] < 0).any() or (counts[0] > counts[1]).any():
        raise ValueError(
            f"{names[0]} must be at least 0 and at most {names[1]} in every layer; "
            f"got {counts[0].tolist()} of {counts[1].tolist()}"
        )
    total = int(counts[1].sum())
    return 1.0 - int(counts[0].sum()) / total if total else math.nan
