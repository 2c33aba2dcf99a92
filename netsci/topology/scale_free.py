"""A bipartite scale-free topology: a few units have many links, on both sides."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_generator, check_number
from netsci.topology.cells import check_shape, links_of

SMALL = 2**22  # cells of which each gets a number
DENSE = 16  # cells a link, below which each gets a number, too


def scale_free(
    shape: tuple[int, int], links: int, *, exponent: float = 2.5, rng: np.random.Generator
) -> sp.csr_array:
    """Return a topology whose degrees fall off as a power law, k^-exponent, on both sides; bool CSR.

    The unit of rank r (from 1, in random order) has the weight r^(-1 / (exponent - 1)). Links are drawn one
    after another: each free cell with a probability in proportion to the weights of its row and its column.
    Degrees follow these weights as far as no unit is linked to all, so at low density.

    shape, links, rng : as in `uniform`. exponent : of both degree distributions, above 1.

    Raises ValueError if there are more links than cells or the exponent is not above 1.

    Examples
    --------
    >>> hubs = scale_free((1000, 1000), 5000, rng=np.random.default_rng(7))
    >>> hubs.nnz, int(hubs.sum(axis=1).max()) > 20 * 5
    (5000, True)

    Source: Chung and Lu, PNAS 99, 2002 (expected degrees), with an exact number of links.
    """
    check_generator(rng)
    check_number(exponent, "exponent")
    if not exponent > 1.0:
        raise ValueError(f"exponent must be above 1; got {exponent}")
    (rows, columns), links = check_shape(shape, links)
    weights = [_weights(size, exponent, rng) for size in (rows, columns)]
    draw = _draw_all if rows * columns <= max(SMALL, DENSE * links) else _draw_some
    return links_of(draw(*weights, links, rng), (rows, columns))


def _weights(size: int, exponent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the shares of the units of one side, in random order."""
    found = np.arange(1.0, size + 1.0) ** (-1.0 / (exponent - 1.0))
    shares: NDArray[np.float64] = rng.permutation(found / found.sum())
    return shares


def _draw_all(
    rows: NDArray[np.float64], columns: NDArray[np.float64], links: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the cells whose waiting times, exponential with the rates of their weights, are the shortest."""
    waiting = rng.exponential(size=(len(rows), len(columns))) / rows[:, None] / columns
    cells: NDArray[np.int64] = np.argpartition(waiting, links - 1, axis=None)[:links] if links else _NONE
    return cells


def _draw_some(
    rows: NDArray[np.float64], columns: NDArray[np.float64], links: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the first cells of draws with repetition that are not drawn before: the same distribution."""
    drawn = _NONE
    while True:
        n = links + links // 4 + 1
        pairs = [rng.choice(len(one), n, p=one) for one in (rows, columns)]
        drawn = np.concatenate([drawn, pairs[0] * len(columns) + pairs[1]])
        first = np.sort(np.unique(drawn, return_index=True)[1])
        if len(first) >= links:
            return drawn[first[:links]]


_NONE = np.zeros(0, np.int64)
