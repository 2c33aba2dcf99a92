"""The classical measures of a plain undirected network, from its symmetric adjacency.

Weights and self-loops play no part. Path lengths are in `netsci.graph.structure.path_measures`, measures
of two populations in `netsci.graph.structure.bipartite_measures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_count
from netsci.graph.checks import check_generator
from netsci.graph.structure.modularity import rate_division
from netsci.graph.structure.modules import RUNS, Modules, find_modules
from netsci.graph.structure.null_models import scatter
from netsci.graph.structure.path_measures import as_undirected, path_length

if TYPE_CHECKING:
    import pandas as pd


def clustering(adjacency: Any) -> float:
    """Return the mean over nodes of the share of pairs of neighbours that are linked, in [0, 1].

    C = 1/N sum over i of 2 t_i / (k_i (k_i - 1)), t_i the triangles through node i; nodes with fewer than 2
    neighbours count 0. NaN without nodes. A network of layers has no triangle: C = 0.

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
    >>> clustering([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]) == (1 / 3 + 1 + 1 + 0) / 4
    True

    Source: Watts and Strogatz, Nature 393, 440 (1998).
    """
    local = local_clustering(adjacency)
    return float(local.mean()) if len(local) else float("nan")


def local_clustering(adjacency: Any) -> NDArray[np.float64]:
    """Return for every node the share of pairs of its neighbours that are linked, float64 [nodes].

    2 t_i / (k_i (k_i - 1)), 0 for fewer than 2 neighbours. Parameters and errors as `clustering`.

    Examples
    --------
    >>> local_clustering([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]])[:2].round(2).tolist()
    [0.33, 1.0]

    Source: as `clustering`.
    """
    twice, degrees = _triangles(as_undirected(adjacency))
    pairs = degrees * (degrees - 1)
    return np.asarray(np.divide(twice, pairs, out=np.zeros(len(pairs)), where=pairs > 0))


def transitivity(adjacency: Any) -> float:
    """Return 3 * triangles / connected triples, in [0, 1]; NaN where no node has 2 neighbours.

    Parameters and errors as `clustering`.

    Examples
    --------
    >>> transitivity([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]])
    0.6

    Source: Newman, SIAM Review 45, 167 (2003), equation 3.
    """
    twice, degrees = _triangles(as_undirected(adjacency))
    pairs = int((degrees * (degrees - 1)).sum())
    return float(twice.sum() / pairs) if pairs else float("nan")


def small_worldness(adjacency: Any, *, replicates: int = 10, rng: np.random.Generator) -> float:
    """Return sigma = (C / C_random) / (L / L_random), above 1 for a small world.

    C is `clustering`, L `path_length`; C_random and L_random are their means over `replicates` random
    networks of the same nodes and links (Erdos-Renyi). NaN where one is undefined or C_random is 0, as in
    small sparse networks without a triangle.

    adjacency : as in `clustering`. replicates : number of random networks, at least 1. rng : numpy Generator.
    Errors are those of `clustering`, and ValueError if replicates < 1.

    Examples
    --------
    >>> ring = np.eye(12, k=1) + np.eye(12, k=2) + np.eye(12, k=10) + np.eye(12, k=11)
    >>> small_worldness(ring + ring.T, rng=np.random.default_rng(7)) > 1
    True

    Source: Humphries and Gurney, PLoS ONE 3, e0002051 (2008).
    """
    links = as_undirected(adjacency)
    reference = random_reference(links, replicates, rng)
    return relative_smallness(clustering(links), path_length(links, rng=rng), reference)


def random_reference(links: sp.csr_array, replicates: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the mean clustering and path length of random networks of these nodes and links.

    Examples
    --------
    >>> random_reference(as_undirected(1 - np.eye(4)), 2, np.random.default_rng(7))
    (1.0, 1.0)
    """
    as_count(replicates, "replicates", 1)
    check_generator(rng)
    drawn = [scatter(links, undirected=True, rng=rng) for _ in range(replicates)]
    values = np.array([(clustering(one), path_length(one, rng=rng)) for one in drawn])
    return float(values[:, 0].mean()), float(values[:, 1].mean())


def relative_smallness(closed: float, length: float, reference: tuple[float, float]) -> float:
    """Return (closed / reference closed) / (length / reference length); NaN where a divisor is 0.

    Examples
    --------
    >>> relative_smallness(0.5, 3.0, (0.1, 2.0)) == (0.5 / 0.1) / (3.0 / 2.0)
    True
    """
    if not (reference[0] > 0 and length > 0):
        return float("nan")
    return (closed / reference[0]) / (length / reference[1])


def communities(adjacency: Any, *, runs: int = RUNS, rng: np.random.Generator) -> Modules:
    """Return modules of high modularity: membership int64 [nodes], module 0 the largest, and modularity Q.

    Q = 1/(2E) sum over i, j of one module of (A[i, j] - k_i k_j / (2E)), in [-1/2, 1], with E links
    and degrees k. NaN without links. runs : number of searches, at least 1; see
    `netsci.graph.structure.modules.find_modules`.

    Parameters and errors as `clustering`; TypeError if rng is not a Generator, ValueError if runs < 1.

    Examples
    --------
    >>> pairs = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    >>> communities(pairs, rng=np.random.default_rng(7)).membership.tolist()
    [0, 0, 0, 1, 1, 1]

    Source: Newman and Girvan, Physical Review E 69, 026113 (2004); Traag et al. (2019).
    """
    check_generator(rng)
    links = as_undirected(adjacency)
    return find_modules(links, (0, 0), links.shape[0], runs=runs, rng=rng)


def modularity(
    adjacency: Any, division: Any = None, *, runs: int = RUNS, rng: np.random.Generator | None = None
) -> float:
    """Return the modularity Q of a division, or of the one that `communities` finds; NaN without links.

    Parameters
    ----------
    adjacency : as `clustering`. division : integers [nodes], one number for each module; None searches.
    runs, rng : of the search, as `communities`.

    Raises
    ------
    TypeError, ValueError
        As `communities`, and if division does not hold one whole number for each node.

    Parameters and errors are those of `communities`. Q is a lower bound of the highest one.

    Examples
    --------
    >>> pairs = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    >>> modularity(pairs, rng=np.random.default_rng(7)), round(modularity(pairs, [0, 0, 0, 0, 0, 1]), 3)
    (0.5, -0.056)

    Source: as `communities`.
    """
    if division is None:
        return communities(adjacency, runs=runs, rng=rng).modularity  # type: ignore[arg-type]
    links = as_undirected(adjacency)
    return rate_division(links, (0, 0), links.shape[0], division)


def degree_assortativity(adjacency: Any) -> float:
    """Return the correlation of the degrees at the two ends of a link, in [-1, 1].

    Pearson, each link in both directions; NaN if all ends have the same degree.

    Parameters and errors as `clustering`.

    Examples
    --------
    >>> round(degree_assortativity([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]]), 3)
    -0.5

    Source: Newman, Physical Review Letters 89, 208701 (2002).
    """
    links = as_undirected(adjacency)
    degrees = np.diff(links.indptr)
    return correlation(np.repeat(degrees, degrees), degrees[links.indices])


def rich_club(adjacency: Any) -> pd.DataFrame:
    """Return the density phi of links among the nodes above each degree k.

    phi(k) = 2 E(k) / (N(k) (N(k) - 1)), N(k) nodes of degree above k and E(k) links among them. It rises with
    k in random networks too: compare with a null model of the same degrees.

    Parameters and errors as `clustering`.

    Returns
    -------
    table with columns degree (k, int64, from 0 below the largest degree), nodes, links (int64), phi (float64
    in [0, 1], NaN for fewer than 2 nodes).

    Examples
    --------
    >>> rich_club([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]])["phi"].round(3).tolist()
    [0.667, 1.0, nan]

    Source: Zhou and Mondragon, IEEE Communications Letters 8, 180 (2004); Colizza et al. (2006).
    """
    import pandas as pd

    links = as_undirected(adjacency)
    degrees = np.diff(links.indptr).astype(np.int64)
    largest = int(degrees.max(initial=0))
    poorer = np.minimum(np.repeat(degrees, degrees), degrees[links.indices])
    nodes = _above(degrees, largest)
    inside = _above(poorer, largest) // 2
    phi = np.full(largest, np.nan)
    np.divide(2 * inside, nodes * (nodes - 1), out=phi, where=nodes > 1)
    columns = {"degree": np.arange(largest, dtype=np.int64), "nodes": nodes, "links": inside, "phi": phi}
    return pd.DataFrame(columns)


def rich_club_share(adjacency: Any, quantile: float = 0.9) -> float:
    """Return phi(k) of `rich_club` at k = the quantile of the degrees, rounded down; NaN below 2 nodes.

    Parameters and errors as `clustering`.

    Examples
    --------
    >>> rich_club_share([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], quantile=0.3)
    1.0

    Source: as `rich_club`.
    """
    links = as_undirected(adjacency)
    degrees = np.diff(links.indptr)
    if not len(degrees):
        return float("nan")
    rich = degrees > np.floor(np.quantile(degrees, quantile))
    nodes = int(rich.sum())
    inside = int((np.repeat(rich, degrees) & rich[links.indices]).sum())
    return inside / (nodes * (nodes - 1)) if nodes > 1 else float("nan")


def correlation(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the Pearson correlation; NaN for fewer than 2 pairs or where one side does not vary.

    Examples
    --------
    >>> correlation(np.array([1, 2, 3]), np.array([2, 4, 6]))
    1.0
    """
    if len(x) < 2 or (x == x[0]).all() or (y == y[0]).all():
        return float("nan")
    a, b = x - np.mean(x), y - np.mean(y)
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _above(values: NDArray[np.int64], largest: int) -> NDArray[np.int64]:
    """Return how many values exceed 0, 1, ..., largest - 1."""
    counts = np.bincount(values, minlength=largest + 1)
    return np.asarray(counts[::-1].cumsum()[::-1][1:], np.int64)


def _triangles(links: sp.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return twice the triangles through each node, and the degrees."""
    from netsci.graph.structure._structure_kernels import link_communities

    degrees = np.diff(links.indptr).astype(np.int64)
    common, _ = link_communities(links.indptr, links.indices, False)
    before = np.concatenate([[0], np.cumsum(common)])
    return before[links.indptr[1:]] - before[links.indptr[:-1]], degrees
