"""Cannistraci-Hebb scores of the links that a bipartite layer could have.

A is the biadjacency, u a row, v a column that u is not linked to. A path of length three is u-z1-z2-v with
the column z1 next to u, the row z2 next to v and z1 next to z2: such z1, z2 are the local community of
(u, v). With T = A A^T and B = A^T A, and d the degree,

    di(z2) = T[u, z2]       internal links: to the local community      (z1: B[z1, v])
    1 + de(z2) = d(z2) - T[u, z2]      one more than the external links (z1: d(z1) - B[z1, v])

Path-based rules add the product of a weight of z1 and a weight of z2 over all paths; node-based rules add
the weights of all z in the local community, once each. They are different functions.

    rule      weight of z                       rule       weight of z
    ra_l3     1 / sqrt(d)                       ch2_l3n    (1 + di) / (1 + de)
    ch1_l3    sqrt(di / d)                      ch3_l3n    1 / (1 + de)
    ch2_l3    sqrt((1 + di) / (1 + de))
    ch3_l3    sqrt(1 / (1 + de))

Time: path-based rules walk every path of length three (about a nanosecond each), or multiply matrices in
layers of density 0.17 or more (`_ch_products`); node-based rules walk where a layer has few paths, else they
cost links times nodes, summed side by side. Memory beside the scores: links + nodes; walks hold one row of T
and at most `_SHARED_BYTES` of B, in the order of the paths, node-based rules up to 64 rows of either, every
thread its own. Products hold A, T and B and are taken while these have 256 MiB at most; every thread adds
the part of B between a row's columns and three arrays of the size of its scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.graph.ch.inputs import Lists, Weights
from netsci.graph.checks import as_links, as_whole, check_choice
from netsci.graph.processors import worker_count

if TYPE_CHECKING:
    from netsci.graph.ch._products import Products

_Floats = NDArray[np.float64]
_Weight = Callable[[_Floats, _Floats], _Floats]

# Weights as functions of the internal links di and the degree d, for 0 < di < d, where 1 + de = d - di.
_PATH_WEIGHTS: dict[str, _Weight] = {
    "ra_l3": lambda di, d: 1 / np.sqrt(d),
    "ch1_l3": lambda di, d: np.sqrt(di / d),
    "ch2_l3": lambda di, d: np.sqrt((1 + di) / (d - di)),
    "ch3_l3": lambda di, d: np.sqrt(1 / (d - di)),
}
_NODE_WEIGHTS: dict[str, _Weight] = {
    "ch2_l3n": lambda di, d: (1 + di) / (d - di),
    "ch3_l3n": lambda di, d: 1 / (d - di),
}
CH_RULES: tuple[str, ...] = (*_PATH_WEIGHTS, *_NODE_WEIGHTS)

# What walks read of B is held in chunks of this size: large enough that T is seldom redone.
_SHARED_BYTES = 2**25
# Paths of length three a pair of nodes up to which node-based rules walk them: fewer steps than side by side.
_SCATTER_BELOW = 2.0


def ch_scores(
    biadjacency: Any,
    rule: str = "ch3_l3",
    *,
    rows: Any = None,
    existing: str | None = None,
    threads: int | None = 1,
) -> NDArray[np.float64]:
    """Return the Cannistraci-Hebb score of every missing link of a bipartite layer, exactly.

    Path-based, over paths u-z1-z2-v:           score[u, v] = sum of w(z1) w(z2)
    Node-based, over z in the local community:  score[u, v] = sum of w(z)
    with w = 1/sqrt(d) for ra_l3, sqrt(di/d) ch1_l3, sqrt((1+di)/(1+de)) ch2_l3, 1/sqrt(1+de) ch3_l3,
    (1+di)/(1+de) ch2_l3n, 1/(1+de) ch3_l3n. The local community of (u, v) are all z1, z2 of its paths; d is
    the degree of z, di its links inside the community and de those outside, that to u or v left out.

    Parameters
    ----------
    biadjacency : [m, n], rows presynaptic; dense (a link where it is not 0) or sparse (stored pattern).
    rule : one of `CH_RULES`.
    rows : integers [k], the rows to score, in this order; all rows by default.
    existing : None gives NaN at existing links; "leave_one_out" gives an existing link the score that it
        would have if only this link were removed.
    threads : number of threads, None for one on each core. The scores do not depend on it.

    Returns
    -------
    float64 [k, n], at least 0; 0 where no path exists, NaN at existing links unless existing is
    "leave_one_out".

    Raises
    ------
    TypeError
        If the biadjacency is not numeric, or rows or threads are not integers.
    ValueError
        If the biadjacency is not a finite matrix, rows is not 1-D, rule or existing unknown, or threads < 1.
    IndexError
        If a row does not exist.

    Examples
    --------
    >>> ch_scores([[1, 1, 0], [0, 1, 1]])  # u=0, v=2: one path, de = 0 at both middle nodes
    array([[nan, nan,  1.],
           [ 1., nan, nan]])

    Source: S0 eq. 5 (ch3_l3), S1 eqs. A3, A4 (ch2_l3n, ch3_l3n).
    Reading: S1 prints di* and de* for 1 + di and 1 + de; links are internal if they join N(u) to N(v).
    """
    workers, layer = worker_count(threads), _Layer.prepare(biadjacency, rule, existing)
    window = _row_window(rows, layer.links.shape[0])
    scores = np.empty((len(window), layer.links.shape[1]))
    cuts = layer.shares(window, min(workers, len(window)))
    if len(cuts) == 2:
        layer.score(window, scores)
        return scores
    with ThreadPoolExecutor(workers) as pool:
        # list() passes on what a thread raised
        list(pool.map(layer.score, np.split(window, cuts[1:-1]), np.split(scores, cuts[1:-1])))
    return scores


def iter_scores(
    biadjacency: Any,
    rule: str = "ch3_l3",
    *,
    block_rows: int = 256,
    existing: str | None = None,
    threads: int | None = 1,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield the rows of `ch_scores` in blocks of at most `block_rows`, for layers too large for one array.

    biadjacency, rule, existing, threads : as in `ch_scores`. block_rows : at least 1; larger blocks take
    less time in total, since work that all rows share is done anew for each block.

    Returns
    -------
    Iterator of (row indices int64 [k], scores float64 [k, n]), n columns, blocks in order of rows. Memory is
    links + one block, and one more block for each further thread.

    Raises
    ------
    TypeError, ValueError
        As `ch_scores`, and if block_rows is not an integer of at least 1.

    Examples
    --------
    >>> for rows, scores in iter_scores([[1, 1, 0], [0, 1, 1]], block_rows=1):
    ...     print(rows, scores)
    [0] [[nan nan  1.]]
    [1] [[ 1. nan nan]]

    Source: S0 eq. 5, S1 eqs. A3, A4.
    """
    from netsci.graph.ch import _kernels as kernels

    step = as_whole(block_rows, "block_rows")
    if step < 1:
        raise ValueError(f"block_rows must be at least 1; got {block_rows!r}")
    workers, layer = worker_count(threads), _Layer.prepare(biadjacency, rule, existing)
    m = layer.links.shape[0]
    # handed over, not yielded here: wrong arguments are told now, not at the first block
    blocks = (np.arange(first, min(first + step, m)) for first in range(0, m, step))
    return kernels.in_order(layer.score, blocks, workers)


@dataclass(frozen=True)
class _Layer:
    """What all blocks of rows share."""

    links: sp.csr_array
    of_row: Lists
    of_column: Lists
    row_weights: Weights
    column_weights: Weights
    by_path: bool
    leave_one_out: bool
    scatter: bool
    products: Products | None

    @classmethod
    def prepare(cls, biadjacency: Any, rule: str, existing: str | None) -> _Layer:
        from netsci.graph.ch._kernels import tabulate
        from netsci.graph.ch._products import Products, pays

        check_choice(rule, CH_RULES, "rule")
        check_choice(existing, (None, "leave_one_out"), "existing")
        links = as_links(biadjacency, "biadjacency")
        of_row, of_column = _lists(links), _lists(links.T.tocsr())
        paths = float(np.diff(of_row.start) @ (links @ np.diff(of_column.start)))  # that turn back as well
        weight = (_PATH_WEIGHTS | _NODE_WEIGHTS)[rule]
        tables = [Weights(*tabulate(np.diff(side.start), weight)) for side in (of_row, of_column)]
        by_path, leave_one_out = rule in _PATH_WEIGHTS, existing is not None
        # By the whole layer, never by the rows asked for: these must not change the order of a sum.
        scatter = paths < _SCATTER_BELOW * links.shape[0] * links.shape[1]
        multiply = by_path and not leave_one_out and pays(links, paths)
        products = Products.of(links, of_row, *tables) if multiply else None
        return cls(links, of_row, of_column, tables[0], tables[1], by_path, leave_one_out, scatter, products)

    def shares(self, rows: NDArray[np.int64], count: int) -> list[int]:
        """Where to cut the rows into at most `count` runs of about the same work."""
        work = np.diff(self.of_row.start).astype(np.float64)
        if self.products is not None:
            work = np.ones(len(work))
        elif self.by_path or self.scatter:
            work = self.links @ (self.links.T @ work)
        done = np.cumsum(work[rows] + 1)
        inner = np.searchsorted(done, done[-1:] * np.arange(1, count) / count)
        return np.unique([0, *inner.tolist(), len(rows)]).tolist() if len(rows) else [0, 0]

    def score(self, rows: NDArray[np.int64], scores: _Floats | None = None) -> _Floats:
        """Write and return the scores of these rows, existing links included as asked for."""
        window = self.links[rows]
        own = np.full(window.nnz, 0.0 if self.leave_one_out else np.nan)
        if scores is None:
            scores = np.empty(window.shape)
        scores.fill(0.0)
        if self.products is not None:
            self.products.add_paths(rows, scores)
        elif window.nnz:
            (self._add_paths if self.by_path else self._add_nodes)(rows, window, scores, own)
        scores[np.repeat(np.arange(len(rows)), np.diff(window.indptr)), window.indices] = own
        return scores

    def _add_paths(
        self, rows: NDArray[np.int64], window: sp.csr_array, scores: _Floats, own: _Floats
    ) -> None:
        from netsci.graph.ch import _kernels as kernels
        from netsci.graph.ch._walks import add_paths

        near, weights = _lists(window), (self.row_weights, self.column_weights)
        add_paths(near, self.of_column, self.of_row, *weights, _SHARED_BYTES, scores)
        if not self.leave_one_out:
            return
        n, columns = window.shape[1], np.unique(near.node)
        counter = np.min_scalar_type(int(np.diff(self.of_column.start).max()))
        chunk = max(1, _SHARED_BYTES // (n * counter.itemsize))
        for first in range(0, len(columns), chunk):
            some = columns[first : first + chunk]
            internal = np.zeros((len(some), n), dtype=counter)
            kernels.add_internal(some, self.of_column, self.of_row, internal)
            place = np.full(n, -1, dtype=np.int64)
            place[some] = np.arange(len(some))
            kernels.add_paths_without_link(near, rows, self.of_column, place, internal, *weights, own)

    def _add_nodes(
        self, rows: NDArray[np.int64], window: sp.csr_array, scores: _Floats, own: _Floats
    ) -> None:
        from netsci.graph.ch import _kernels as kernels

        near, columns = _lists(window), np.unique(window.indices)
        # The sum over z1 is that over z2 on the turned layer, of which only the columns next to a row count.
        back, ends = _lists(self.links[:, columns]), _lists(window[:, columns])
        weights = Weights(self.column_weights.value, self.column_weights.start[columns])
        if self.scatter:
            tables = (self.of_column, self.of_row, self.row_weights, self.column_weights)
            kernels.scatter_nodes(near, *tables, scores)
        else:
            for block, sums in kernels.node_sums(near, self.of_column, self.of_column, self.row_weights):
                scores[block] += sums.T
            for block, sums in kernels.node_sums(self.of_column, back, ends, weights):
                scores[:, block] += sums
        if self.leave_one_out:
            kernels.add_nodes_without_link(near, rows, near, self.of_column, self.row_weights, own)
            numbered = sp.csr_array((np.arange(window.nnz), window.indices, window.indptr), window.shape)
            by_column = numbered.T.tocsr()
            starts = by_column.indptr.astype(np.int64)
            turned_window = Lists(starts, rows[by_column.indices].astype(np.uint32))
            place = np.full(window.shape[1], -1, dtype=np.int64)
            place[columns] = np.arange(len(columns))
            turned_own = np.zeros(window.nnz)
            kernels.add_nodes_without_link(turned_window, place, self.of_column, back, weights, turned_own)
            own[by_column.data] += turned_own


def _lists(links: sp.csr_array) -> Lists:
    return Lists(links.indptr.astype(np.int64), links.indices.astype(np.uint32))


def _row_window(rows: Any, m: int) -> NDArray[np.int64]:
    if rows is None:
        return np.arange(m)
    window = read_array(rows, "rows")
    if window.ndim != 1:
        raise ValueError(f"rows must be one-dimensional; its shape is {window.shape}: pass [row] for one row")
    if window.size and window.dtype.kind not in "iu":
        raise TypeError(
            f"rows must hold integers; its dtype is {window.dtype}: for a mask pass nonzero(mask)[0]"
        )
    outside = window[(window < 0) | (window >= m)]
    if outside.size:
        raise IndexError(f"rows must lie in 0..{m - 1}, the rows of the biadjacency; got {outside[0]}")
    return window.astype(np.int64)
