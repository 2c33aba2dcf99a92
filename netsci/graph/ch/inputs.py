"""What the compiled loops of the Cannistraci-Hebb scores take: neighbours, weights and ratios, as arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Lists(NamedTuple):
    """Neighbours of each node: node[start[i] : start[i + 1]] are those of node i."""

    start: NDArray[np.int64]
    node: NDArray[np.uint32]


class Weights(NamedTuple):
    """Weight of each node by its internal links: value[start[i] + di]; nodes of one degree share a line."""

    value: NDArray[np.float64]
    start: NDArray[np.int64]


class Ratio(NamedTuple):
    """(top0 + top1 di) / (d + out (1 - sides - di)), sides how many of u and v the node is next to."""

    top0: int
    top1: int
    out: int
