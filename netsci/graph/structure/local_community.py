"""The local-community-paradigm correlation: do links with more common neighbours have these linked too?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import as_links
from netsci.graph.structure.classical import correlation
from netsci.graph.structure.path_measures import as_undirected


def lcp_correlation(adjacency: Any) -> float:
    """Return the local-community-paradigm (LCP) correlation of a plain undirected network, in [-1, 1].

    Pearson correlation of CN and LCL over the links that have a common neighbour: CN the number of common
    neighbours of a link's two ends, LCL the number of links among these. NaN if fewer than 2 links have a
    common neighbour or CN or LCL does not vary, so for every network of layers.

    Parameters
    ----------
    adjacency : symmetric matrix [nodes, nodes], dense (a link where it is not 0) or sparse (stored pattern);
        self-loops are ignored.

    Raises
    ------
    TypeError, ValueError
        If adjacency is not a finite, square and symmetric matrix.

    Examples
    --------
    >>> cliques = np.zeros((7, 7))
    >>> cliques[:4, :4] = cliques[4:, 4:] = 1
    >>> round(lcp_correlation(cliques), 6)
    1.0

    Source: Cannistraci, Alanis-Lozano and Ravasi, Scientific Reports 3, 1613 (2013).
    Reading: the paper writes CN > 1 and its plots show the square root of LCL; the authors' code, and the
    golden values with it, take every link with CN > 0 and LCL itself, and print 0 where this is NaN.
    """
    links = as_undirected(adjacency)
    common, inner = _communities(links)
    row = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    chosen = (row < links.indices) & (common > 0)
    return correlation(common[chosen], inner[chosen])


def bipartite_lcp_correlation(biadjacency: Any) -> float:
    """Return the LCP-correlation of the links between two populations, in [-1, 1].

    As `lcp_correlation`, over the links u - v with a path u - z1 - z2 - v besides: CN is the number of
    different z1 and z2 on such paths, LCL the number of links z1 - z2 (so of the paths). NaN as there.

    Parameters
    ----------
    biadjacency : matrix [rows, columns], dense (a link where it is not 0) or sparse (stored pattern).

    Raises
    ------
    TypeError, ValueError
        If biadjacency is not a finite matrix.

    Examples
    --------
    >>> blocks = np.zeros((5, 5))
    >>> blocks[:2, :2] = blocks[2:, 2:] = 1
    >>> round(bipartite_lcp_correlation(blocks), 6)
    1.0

    Source: Daminelli, Thomas, Duran and Cannistraci, New Journal of Physics 17, 113037 (2015).
    """
    from netsci.graph.structure._structure_kernels import square_communities

    links = as_links(biadjacency, "biadjacency")
    turned = links.T.tocsr()
    common, inner = square_communities(links.indptr, links.indices, turned.indptr, turned.indices)
    chosen = common > 0
    return correlation(common[chosen], inner[chosen])


def _communities(links: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from netsci.graph.structure._structure_kernels import link_communities

    common, inner = link_communities(links.indptr, links.indices, True)
    return common, inner
