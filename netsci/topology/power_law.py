"""A bipartite scale-free topology: a few units have many links, on both sides."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_generator, check_number
from netsci.topology.cells import check_shape, links_of

SMALL = 2**22  # cells that get a number together
DENSE = 16  # cells a link, below which each cell gets a number
ROUNDS = 8  # of draws with repetition, before each cell gets a number after all


def scale_free(
    shape: tuple[int, int], links: int, *, exponent: float = 2.5, rng: np.random.Generator
) -> sp.csr_array:
    """Return a topology whose degrees fall off as a power law, k^-exponent, on both sides; bool CSR.

    The unit of rank r (from 1, in random order) has the weight r^(-1 / (exponent - 1)). Links are drawn one
    after another: each free cell with a probability in proportion to the weights of its row and its column.
    Degrees follow these weights at low density; else those of the first ranks stay below them, whose cells
    are linked already.

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
    of_rows, of_columns = (_log_weights(size, exponent, rng) for size in (rows, columns))
    few = rows * columns > max(SMALL, DENSE * links)
    cells = _draw_some(of_rows, of_columns, links, rng) if few else None
    if cells is None:
        cells = _draw_all(of_rows, of_columns, links, rng)
    return links_of(cells, (rows, columns))


def _log_weights(size: int, exponent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the logarithms of the weights of the units of one side, in random order."""
    logs: NDArray[np.float64] = rng.permutation(-np.log(np.arange(1.0, size + 1.0)) / (exponent - 1.0))
    return logs


def _draw_all(
    rows: NDArray[np.float64], columns: NDArray[np.float64], links: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the cells whose waiting times, exponential with the rates of their weights, are the shortest."""
    cells, logs = np.zeros(0, np.int64), np.zeros(0)
    at_once = max(1, SMALL // len(columns))
    for first in range(0, len(rows), at_once):
        part = rows[first : first + at_once]
        waiting = np.log(rng.exponential(size=(len(part), len(columns)))) - part[:, None] - columns
        cells = np.concatenate([cells, first * len(columns) + np.arange(waiting.size)])
        logs = np.concatenate([logs, waiting.reshape(-1)])
        if len(logs) > links:
            kept = np.argpartition(logs, links)[:links]
            cells, logs = cells[kept], logs[kept]
    return cells


def _draw_some(
    rows: NDArray[np.float64], columns: NDArray[np.float64], links: int, rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Return the first cells of draws with repetition that are new: the same distribution.

    None if few units are drawn again and again.
    """
    shares = [np.exp(one - one.max()) for one in (rows, columns)]
    shares = [one / one.sum() for one in shares]
    drawn = np.zeros(0, np.int64)
    for _ in range(ROUNDS):
        pairs = [rng.choice(len(one), links + 1, p=one) for one in shares]
        drawn = np.concatenate([drawn, pairs[0] * len(columns) + pairs[1]])
        first = np.sort(np.unique(drawn, return_index=True)[1])
        if len(first) >= links:
            found: NDArray[np.int64] = drawn[first[:links]]
            return found
    return None
