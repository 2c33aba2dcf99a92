"""Classical measures of the links between two populations, from their biadjacency [rows, columns].

No triangle can close between two populations; the smallest closed figure is the square u - v - u' - v', and
clustering is counted in squares here. Every measure but those named after one side is the same for the
transpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links, check_choice, check_generator
from netsci.graph.structure.classical import correlation
from netsci.graph.structure.modularity import rate_division
from netsci.graph.structure.modules import RUNS, Modules, find_modules


@dataclass(frozen=True)
class Nestedness:
    """NODF of the rows, of the columns and of both, each in [0, 100]; NaN where there is no pair."""

    rows: float
    columns: float
    total: float


@dataclass(frozen=True, eq=False)
class SharedNeighbours:
    """What pairs of rows and pairs of columns of a biadjacency share, counted once for all measures."""

    links: sp.csr_array

    @cached_property
    def rows(self) -> tuple[int, float, NDArray[np.float64]]:
        """Squares, the sum of s / smaller degree over pairs of other degree, and the overlap of each row."""
        return _pair_sums(self.links)

    @cached_property
    def columns(self) -> tuple[int, float, NDArray[np.float64]]:
        """The same of the columns."""
        return _pair_sums(self.links.T.tocsr())

    def robins_alexander(self) -> float:
        """Return `robins_alexander`."""
        first, second = np.diff(self.links.indptr), np.bincount(self.links.indices, minlength=1)
        sources, targets = np.repeat(first, first), second[self.links.indices]
        paths = int(((sources - 1).astype(np.int64) * (targets - 1)).sum())
        return 4 * self.rows[0] / paths if paths else float("nan")

    def latapy(self, side: str) -> float:
        """Return `latapy_clustering`."""
        sides = {"rows": [self.rows[2]], "columns": [self.columns[2]]}
        values = np.concatenate(sides.get(side) or [self.rows[2], self.columns[2]])
        return float(values.mean()) if len(values) else float("nan")

    def nodf(self) -> Nestedness:
        """Return `nodf`."""
        occupied = int(np.count_nonzero(np.diff(self.links.indptr))), len(np.unique(self.links.indices))
        pairs = [count * (count - 1) // 2 for count in occupied]
        sums = [100 * self.rows[1], 100 * self.columns[1]]
        shares = [s / n if n else float("nan") for s, n in zip(sums, pairs, strict=True)]
        total = sum(sums) / sum(pairs) if sum(pairs) else float("nan")
        return Nestedness(shares[0], shares[1], total)


def robins_alexander(biadjacency: Any) -> float:
    """Return the share of three-link paths that a fourth link makes a square, in [0, 1]; NaN without paths.

    C = 4 C4 / L3, C4 the number of squares, L3 of paths u - v - u' - v' on four different nodes.

    Parameters
    ----------
    biadjacency : matrix [rows, columns], dense (a link where it is not 0) or sparse (stored pattern).

    Raises
    ------
    TypeError, ValueError
        If biadjacency is not a finite matrix.

    Examples
    --------
    >>> robins_alexander([[1, 1, 0], [1, 1, 1]])
    0.6666666666666666

    Source: Robins and Alexander, Computational and Mathematical Organization Theory 10, 69 (2004).
    """
    return SharedNeighbours(as_links(biadjacency, "biadjacency")).robins_alexander()


def latapy_clustering(biadjacency: Any, side: str = "all") -> float:
    """Return the mean overlap of the neighbourhoods of nodes on the same side, in [0, 1].

    cc(u) = mean, over the u' of its side that share a neighbour with u, of |N(u) and N(u')| / |N(u) or
    N(u')|; N(u) are the neighbours of u. 0 for a node that shares none.

    Parameters
    ----------
    biadjacency : matrix [rows, columns], dense (a link where it is not 0) or sparse (stored pattern).
    side : the nodes in the mean, "rows", "columns" or "all".

    Raises
    ------
    TypeError, ValueError
        If biadjacency is not a finite matrix or side is none of the three.

    Examples
    --------
    >>> latapy_clustering([[1, 1, 0], [1, 1, 1]], "rows")
    0.6666666666666666

    Source: Latapy, Magnien and Del Vecchio, Social Networks 30, 31 (2008); the "dot" form.
    """
    check_choice(side, ("rows", "columns", "all"), "side")
    return SharedNeighbours(as_links(biadjacency, "biadjacency")).latapy(side)


def nodf(biadjacency: Any) -> Nestedness:
    """Return the nestedness by overlap and decreasing fill of rows, columns and both, in [0, 100].

    A pair of rows of different degree counts 100 s / (smaller degree), with s the columns that both have; a
    pair of the same degree counts 0. The mean over all pairs of rows, of columns, or of both kinds together.

    Parameters
    ----------
    biadjacency : matrix [rows, columns], dense (a link where it is not 0) or sparse (stored pattern). Empty
        rows and columns do not count: they have no links that could be nested. The order of rows and columns
        does not matter.

    Raises
    ------
    TypeError, ValueError
        If biadjacency is not a finite matrix.

    Examples
    --------
    >>> nodf([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    Nestedness(rows=100.0, columns=100.0, total=100.0)

    Source: Almeida-Neto, Guimaraes, Guimaraes, Loyola and Ulrich, Oikos 117, 1227 (2008).
    """
    return SharedNeighbours(as_links(biadjacency, "biadjacency")).nodf()


def bipartite_communities(biadjacency: Any, *, runs: int = RUNS, rng: np.random.Generator) -> Modules:
    """Return modules of rows and columns of high bipartite modularity.

    Q = (1/E) sum over rows i and columns j of one module of (A[i, j] - k_i d_j / E), with A 1 at links, E
    their number, k_i and d_j the links of row and column. Weights play no part.

    Parameters
    ----------
    biadjacency : matrix [rows, columns], dense (a link where it is not 0) or sparse (stored pattern).
    runs : number of searches, at least 1; see `netsci.graph.structure.modules.find_modules`.
    rng : numpy Generator.

    Returns
    -------
    Modules: membership int64 [rows + columns], rows first, module 0 the largest; modularity Q in [-1/2, 1],
    NaN without links.

    Raises
    ------
    TypeError, ValueError
        If biadjacency is not a finite matrix, runs < 1 or rng is not a Generator.

    Examples
    --------
    >>> bipartite_communities([[1, 1, 0], [0, 0, 1]], rng=np.random.default_rng(7)).membership.tolist()
    [0, 1, 0, 0, 1]

    Source: Barber, Physical Review E 76, 066102 (2007); Traag et al. (2019) for the search.
    """
    check_generator(rng)
    links = as_links(biadjacency, "biadjacency")
    return find_modules(links, (0, links.shape[0]), sum(links.shape), runs=runs, rng=rng)


def bipartite_modularity(
    biadjacency: Any, division: Any = None, *, runs: int = RUNS, rng: np.random.Generator | None = None
) -> float:
    """Return the modularity Q of a division, or of the one that `bipartite_communities` finds.

    NaN without links. division : integers [rows + columns], rows first, one number for each module; None
    searches. Other parameters and errors as `bipartite_communities`; ValueError also if division does not
    hold one number for each row and column.

    Parameters and errors are those of `bipartite_communities`. Q is a lower bound of the highest one.

    Examples
    --------
    >>> bipartite_modularity([[1, 0], [0, 1]], rng=np.random.default_rng(7))
    0.5

    Source: as `bipartite_communities`.
    """
    if division is None:
        return bipartite_communities(biadjacency, runs=runs, rng=rng).modularity  # type: ignore[arg-type]
    links = as_links(biadjacency, "biadjacency")
    return rate_division(links, (0, links.shape[0]), sum(links.shape), division)


def bipartite_assortativity(biadjacency: Any) -> float:
    """Return the correlation of the degrees of row and column over the links, in [-1, 1].

    Pearson; NaN if the rows of all links, or their columns, have the same degree.

    Parameters and errors as `robins_alexander`.

    Examples
    --------
    >>> round(bipartite_assortativity([[1, 1, 1], [1, 0, 0]]), 3)
    -0.577

    Source: Newman, Physical Review E 67, 026126 (2003), for links of two kinds of ends.
    """
    links = as_links(biadjacency, "biadjacency")
    first, second = np.diff(links.indptr), np.bincount(links.indices, minlength=1)
    return correlation(np.repeat(first, first), second[links.indices])


def bipartite_graph(biadjacency: Any) -> sp.csr_array:
    """Return the symmetric adjacency bool [rows + columns] of the links, rows first.

    Examples
    --------
    >>> bipartite_graph([[1, 0]]).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    links = as_links(biadjacency, "biadjacency")
    turned, rows = links.T.tocsr(), links.shape[0]
    indptr = np.concatenate([links.indptr, links.nnz + turned.indptr[1:]])
    indices = np.concatenate([links.indices + rows, turned.indices])
    return sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(sum(links.shape),) * 2)


def _pair_sums(links: sp.csr_array) -> tuple[int, float, NDArray[np.float64]]:
    from netsci.graph.structure._structure_kernels import pair_sums

    turned = links.T.tocsr()
    squares, nested, overlap = pair_sums(links.indptr, links.indices, turned.indptr, turned.indices)
    return int(squares), float(nested), overlap
