"""Modularity of a division of nodes, for undirected networks and for two populations alike.

With links A[i, j] from sending nodes i to receiving nodes j, M of them, s_i and r_j the links that a node
sends and receives, Q = 1/M sum over i, j of one module of (A[i, j] - s_i r_j / M). An undirected link counts
in both directions, which gives Newman's modularity; links from one population to another give Barber's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_vector


@dataclass(frozen=True, eq=False)
class Ends:
    """The two ends of every link, int64 [links], as numbers of nodes from 0 to nodes - 1.

    undirected : whether every link is there in both directions.
    """

    senders: NDArray[np.int64]
    receivers: NDArray[np.int64]
    nodes: int
    undirected: bool

    @classmethod
    def of(cls, links: sp.csr_array, offset: tuple[int, int], nodes: int) -> Ends:
        """Number the ends of a matrix [senders, receivers]; offset is the number of row 0 and of column 0.

        Examples
        --------
        >>> Ends.of(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4).receivers.tolist()
        [2, 3]
        """
        coo = links.tocoo()
        senders, receivers = coo.row.astype(np.int64) + offset[0], coo.col.astype(np.int64) + offset[1]
        return cls(senders, receivers, nodes, offset[0] == offset[1])

    @cached_property
    def sending(self) -> NDArray[np.float64]:
        """How many links every node sends."""
        return np.bincount(self.senders, minlength=self.nodes).astype(np.float64)

    @cached_property
    def receiving(self) -> NDArray[np.float64]:
        """How many links every node receives."""
        return np.bincount(self.receivers, minlength=self.nodes).astype(np.float64)

    def quality(self, module: NDArray[np.int64]) -> float:
        """Return the modularity Q of a division, int64 [nodes].

        Examples
        --------
        >>> Ends.of(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4).quality(np.array([0, 1, 0, 1]))
        0.5
        """
        links = len(self.senders)
        inside = np.count_nonzero(module[self.senders] == module[self.receivers]) / links
        sends = np.bincount(module, self.sending) / links
        receives = np.bincount(module, self.receiving) / links
        return float(inside - sends @ receives)


def rate_division(links: sp.csr_array, offset: tuple[int, int], nodes: int, division: Any) -> float:
    """Return the modularity Q of a division, whole numbers [nodes]; NaN without links.

    links, offset and nodes as `Ends.of`. Raises TypeError or ValueError if division is not one whole number
    for each node.

    Examples
    --------
    >>> rate_division(sp.csr_array(np.eye(2, dtype=bool)), (0, 2), 4, [5, 9, 5, 9])
    0.5
    """
    modules = as_vector(division, "division")
    if len(modules) != nodes:
        raise ValueError(f"division must hold one number for each of {nodes} nodes; got {len(modules)}")
    if (modules != np.floor(modules)).any():
        raise ValueError("division must hold whole numbers, one for each module")
    if not links.nnz:
        return float("nan")
    return Ends.of(links, offset, nodes).quality(np.unique(modules, return_inverse=True)[1])
