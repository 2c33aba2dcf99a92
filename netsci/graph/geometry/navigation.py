"""Whether packets find their way by coordinates alone, and how straight the paths of a network run.

Coordinates are an `Embedding` or a tuple of vectors, see `netsci.graph.geometry.agreement`. A packet at a
node goes to the neighbour nearest to its target, also where that is a step back; it is lost once it runs in a
loop.
Distances equal within 1e-9 count as ties, which the law of cosines as usually written decides by its rounding
errors, as the authors' program does, and then the lower node number.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links, as_whole, check_choice, check_generator
from netsci.graph.geometry.agreement import over_blocks, points_of
from netsci.graph.geometry.embedding import Embedding

LATENT = ("ra", "ra1", "ra2", "ebc")


@dataclass(frozen=True)
class GreedyRouting:
    """Greedy routing over all ordered pairs of a source and a sampled target.

    score : mean of shortest hops / greedy hops, 0 for a lost packet, in [0, 1].
    success : share of packets that arrive. mean_hops : greedy hops of those, NaN if none arrives.
    pairs : number of pairs. targets : number of targets they go to.
    """

    score: float
    success: float
    mean_hops: float
    pairs: int
    targets: int


@dataclass(frozen=True)
class GeometricalCongruence:
    """How straight the paths of a network run: means over the pairs of nodes without a link, each in [0, 1].

    gc_geodesic : hyperbolic distance / mean projected length of the topological shortest paths.
    gc_shortest : geometrically shortest path / that same mean.
    greedy_geodesic : hyperbolic distance / length of the greedy route, 0 where the packet is lost.
    greedy_shortest : geometrically shortest path / length of the greedy route.
    pairs : ordered pairs without a link; all means are NaN if there are none.
    """

    gc_geodesic: float
    gc_shortest: float
    greedy_geodesic: float
    greedy_shortest: float
    pairs: int


def greedy_routing(
    adjacency: Any,
    coordinates: Any,
    *,
    targets: int | None = None,
    rng: np.random.Generator | None = None,
) -> GreedyRouting:
    """Send a packet from every node to every target by coordinates alone and count its hops.

    For one target every node has one next node, so all sources together take O(n + E) time.

    Parameters
    ----------
    adjacency : [N, N] symmetric, connected, zero diagonal. With an Embedding of the largest component, only
        its nodes are used; a tuple holds the coordinates of all N nodes.
    coordinates : an `Embedding`, or a tuple of vectors [N]: (theta, radius), or on the sphere (azimuth,
        elevation, radius); angles in radians.
    targets : number of targets to draw without repetition, None for all nodes.
    rng : numpy Generator, required with targets.

    Raises
    ------
    TypeError, ValueError
        If the adjacency is not square, symmetric, connected and free of self-loops, coordinates do not
        place its nodes or are not finite, or targets is not in [1, N].

    Returns
    -------
    GreedyRouting, with score, success, mean_hops, pairs and targets.

    Examples
    --------
    >>> path = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> greedy_routing(path, ([0.0, 0.5, 1.0, 1.5], [2.0, 2.0, 2.0, 2.0])).score
    1.0

    Source: Muscoloni et al., Nature Communications 8, 1615 (2017), GR-score; Boguna, Krioukov and Claffy,
    Nature Physics 5, 74 (2009).
    """
    links, points = _network(adjacency, coordinates)
    count = links.shape[0]
    chosen = _targets(count, targets, rng)
    from netsci.graph.geometry._navigation_kernels import route

    indptr, indices = links.indptr.astype(np.int32), links.indices.astype(np.int32)
    parts = over_blocks(lambda start, stop: route(indptr, indices, points, chosen[start:stop]), len(chosen))
    ratios, arrived, walked = (sum(part[i] for part in parts) for i in range(3))
    pairs = len(chosen) * (count - 1)
    return GreedyRouting(
        score=float(ratios / pairs),
        success=arrived / pairs,
        mean_hops=walked / arrived if arrived else math.nan,
        pairs=pairs,
        targets=len(chosen),
    )


def _targets(count: int, targets: int | None, rng: Any) -> NDArray[np.int32]:
    if targets is None:
        return np.arange(count, dtype=np.int32)
    if not 1 <= as_whole(targets, "targets") <= count:
        raise ValueError(
            f"targets must be a number of nodes from 1 to {count}, or None for all; got {targets}"
        )
    check_generator(rng)
    return np.asarray(rng.choice(count, targets, replace=False), dtype=np.int32)


def greedy_routing_score(adjacency: Any, coordinates: Any) -> float:
    """Return the mean over ordered pairs of shortest hops / greedy hops, in [0, 1]; a lost packet counts 0.

    Parameters and errors are those of `greedy_routing`; all nodes are targets.

    Examples
    --------
    >>> path = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> greedy_routing_score(path, ([0.0, 0.5, 1.0, 1.5], [2.0, 2.0, 2.0, 2.0]))
    1.0

    Source: as `greedy_routing`.
    """
    return greedy_routing(adjacency, coordinates).score


def geometrical_congruence(adjacency: Any, coordinates: Any) -> GeometricalCongruence:
    """Return how closely the paths of a network follow the geodesics of its hyperbolic space.

    The projected length of a path is the sum of the hyperbolic distances of its links. All paths with fewest
    hops between two nodes count, with equal weight. Only pairs of nodes without a link count. A pair at the
    same point counts 1 if its path has the projected length 0.

    Parameters
    ----------
    adjacency, coordinates : as `greedy_routing`; a tuple is (theta, radius), angles first.

    Returns
    -------
    GeometricalCongruence, four means in [0, 1] (1: paths are geodesics) and the number of pairs. It takes
    O(N E log N) time, shared by the processor's cores, and one float64 [N, N] of memory.

    Raises
    ------
    TypeError, ValueError
        As `greedy_routing`.

    Examples
    --------
    >>> path = np.eye(3, k=1) + np.eye(3, k=-1)
    >>> round(geometrical_congruence(path, ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0])).gc_geodesic, 12)
    1.0

    Source: Cannistraci and Muscoloni, Nature Communications 13, 7308 (2022).
    """
    links, points = _network(adjacency, coordinates)
    means, pairs = _congruence(links, _link_distances(links, points), points)
    return GeometricalCongruence(means[0], means[1], means[2], means[3], pairs)


def latent_congruence(adjacency: Any, *, weighting: str = "ra") -> float:
    """Return the geometrical congruence of a network from link lengths, without coordinates.

    Mean over the pairs without a link of (length of the shortest weighted path)/(mean length of the paths
    with fewest hops). With c common neighbours and e = k - c - 1 external degrees, ra has link lengths
    (1 + e_i + e_j)/(1 + c); ra1, ra2 and ebc (edge betweenness) are those of `coalescent_embedding`.

    Parameters
    ----------
    adjacency : [N, N] symmetric, connected, zero diagonal. weighting : ra, ra1, ra2 or ebc.

    Returns
    -------
    float in (0, 1]; NaN if all nodes are linked.

    Raises
    ------
    TypeError, ValueError
        If the adjacency is not square, symmetric, connected and free of self-loops, or the weighting unknown.

    Examples
    --------
    >>> round(latent_congruence(np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)), 12)
    1.0

    Source: Cannistraci and Muscoloni, Nature Communications 13, 7308 (2022).
    Reading: its ra lacks the product e_i e_j of ra2; found by reproducing the authors' numbers.
    """
    check_choice(weighting, LATENT, "weighting")
    from netsci.graph.geometry.weightings import WEIGHTINGS

    links = _check_connected(adjacency)
    lengths = WEIGHTINGS["ra1" if weighting == "ra" else weighting](links)
    if weighting == "ra":
        degrees = np.diff(links.indptr).astype(np.float64)
        ends = degrees[np.repeat(np.arange(len(degrees)), np.diff(links.indptr))] + degrees[links.indices]
        product = degrees[np.repeat(np.arange(len(degrees)), np.diff(links.indptr))] * degrees[links.indices]
        shared = np.rint((ends + product) / lengths.data)  # 1 + c, the denominator of ra1
        lengths = sp.csr_array(
            ((ends - 2 * shared + 1) / shared, links.indices, links.indptr), shape=links.shape
        )
    return _congruence(links, lengths, np.zeros((7, 0)))[0][1]


def _congruence(
    links: sp.csr_array, lengths: sp.csr_array, points: NDArray[np.float64]
) -> tuple[list[float], int]:
    from netsci.graph.geometry._navigation_kernels import congruence_sums
    from netsci.graph.structure.shortest_paths import all_distances

    shortest = all_distances(lengths)
    indptr, indices = links.indptr.astype(np.int32), links.indices.astype(np.int32)
    data = np.ascontiguousarray(lengths.data, dtype=np.float64)
    parts = over_blocks(
        lambda start, stop: congruence_sums(indptr, indices, data, shortest, points, start, stop),
        links.shape[0],
    )
    sums = np.sum(parts, axis=0)
    pairs = int(sums[4])
    return [float(value / pairs) if pairs else math.nan for value in sums[:4]], pairs


def _link_distances(links: sp.csr_array, points: NDArray[np.float64]) -> sp.csr_array:
    from netsci.graph.geometry.agreement import hyperbolic_distance_3d

    first, second = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr)), links.indices
    lengths = hyperbolic_distance_3d(*points[:3, first], *points[:3, second])
    return sp.csr_array((lengths, links.indices, links.indptr), shape=links.shape)


def _network(adjacency: Any, coordinates: Any) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Return the links among the placed nodes and their points [7, n]."""
    points = points_of(coordinates, "coordinates")
    links = as_links(adjacency, "adjacency")
    count = points.shape[1]
    if isinstance(coordinates, Embedding) and links.shape[0] == links.shape[1] > coordinates.nodes.max():
        links = links[coordinates.nodes][:, coordinates.nodes]
    links = _check_connected(links)
    if links.shape[0] != count:
        raise ValueError(
            f"coordinates place {count} nodes, but the adjacency has {links.shape[0]}: give one pair of "
            "coordinates for each node"
        )
    return links, points


def _check_connected(adjacency: Any) -> sp.csr_array:
    links = as_links(adjacency, "adjacency")
    if links.shape[0] != links.shape[1] or (links != links.T).nnz or links.diagonal().any():
        raise ValueError(
            f"adjacency must be square, symmetric and without self-loops; got shape {links.shape} (of a "
            "layered network pass LayeredGraph.adjacency(directed=False), not a mask)"
        )
    if links.shape[0] < 2:
        raise ValueError(f"adjacency must have at least 2 nodes; it has {links.shape[0]}")
    parts = sp.csgraph.connected_components(links, directed=False, return_labels=False)
    if parts > 1:
        raise ValueError(
            f"adjacency must be connected; it has {parts} components: pass the largest one "
            "(LayeredGraph.largest_component) with the coordinates of its nodes"
        )
    return links
