"""Meta-depth: which populations hold the hubs, and so lie near the centre of the hyperbolic disk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count
from netsci.graph.checks import check_generator, check_graph, check_number
from netsci.graph.degree.exponent import grid_exponent
from netsci.graph.degree.exponent_table import random_control
from netsci.graph.geometry.embedding import Embedding, radial_coordinates
from netsci.graph.layered import LayeredGraph

if TYPE_CHECKING:
    import pandas as pd


def meta_depth(
    graph: LayeredGraph,
    embedding: Embedding | None = None,
    *,
    hubs: float = 0.05,
    permutations: int = 999,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare the number of hubs and the mean radius of each population with those of random links.

    Hubs are the embedded nodes whose undirected degree is at least that of the node of rank
    ceil(hubs n): all nodes of the same degree are hubs too, so there may be more hubs than `hubs` n. Chance
    draws the links of every projection anew, as many at uniformly random places (`random_control`), and ranks
    the nodes of that network by their degrees. So a small population, whose units have more links, and the
    middle of a chain, where units have links on both sides, are compared with what they have by chance.
    p = (1 + draws as extreme) / (1 + permutations), one-sided: p_hubs counts draws in which as large a share
    of the population or a larger one are hubs, p_radius those with as small a mean radius or a smaller one.
    z is (observed - expected) / standard deviation over the draws. Nodes of equal degree are ranked by index,
    which favours the first populations. Therefore p_radius and z_radius use shared_radius: all nodes of equal
    degree have the mean of their radii there. Radii of the draws have the embedding's gamma.

    Parameters
    ----------
    graph : the layered graph. embedding : of its `adjacency(directed=False)` without self-loops. None takes
        all linked nodes, with the radii and the gamma that `coalescent_embedding` gives them by their
        degrees: no angle plays a part here, and those of a large network take minutes.
    hubs : share of the embedded nodes, in (0, 1]. permutations : random networks, at least 1.
    rng : numpy Generator.

    Returns
    -------
    table with one row for each population in the graph's order: population, nodes (embedded), hubs,
    hub_share (of its nodes), expected_hub_share, z_hubs, p_hubs, mean_radius (as embedded), shared_radius,
    expected_radius, z_radius, p_radius; p in (0, 1]. NaN where no node is embedded. z is NaN if all draws
    agree. All radii are NaN if the embedding has none (gamma NaN).

    Raises
    ------
    TypeError
        If an argument is not of its type.
    ValueError
        If a share or a number is out of range, or the embedding holds nodes that the graph lacks or that
        have no links in it.

    Examples
    --------
    >>> from netsci.graph import coalescent_embedding
    >>> graph = LayeredGraph.from_masks([[[1], [1], [1]], [[1, 1]]])
    >>> disk = coalescent_embedding(graph.adjacency(directed=False), gamma=2.5)
    >>> table = meta_depth(graph, disk, rng=np.random.default_rng(7))
    >>> table["hubs"].tolist(), table["p_hubs"].tolist()  # all links are there: no draw is another network
    ([0, 1, 0], [1.0, 1.0, 1.0])

    Source: S1 section 4.2 (hubs of the trained network gather in the middle layer), put to a test here.
    """
    import pandas as pd

    _check(graph, embedding, hubs, permutations, rng)
    nodes, gamma, radii = _radii(graph) if embedding is None else _unpack(embedding)
    degrees, count = _degrees(graph)[nodes], len(graph.populations)
    if not degrees.all():
        node = int(nodes[np.argmin(degrees)])
        raise ValueError(
            f"embedding must be of this graph; it holds node {node}, which has no links in the graph"
        )
    whole = len(nodes) == np.count_nonzero(_degrees(graph))
    found = _place(graph.node_population[nodes], degrees, radii, hubs, count)
    draws = [_place(*_draw(graph, gamma, whole, rng), hubs, count) for _ in range(permutations)]
    share, radius = (
        _Chance(own, np.array([getattr(one, name) for one in draws]), side)
        for own, name, side in ((found.share, "share", 1), (found.radius, "radius", -1))
    )
    columns: dict[str, Any] = {
        "population": [population.name for population in graph.populations],
        "nodes": found.nodes,
        "hubs": found.hubs,
        "hub_share": found.share,
        "expected_hub_share": share.expected,
        "z_hubs": share.z,
        "p_hubs": share.p,
        "mean_radius": _means(graph.node_population[nodes], radii, found.nodes),
        "shared_radius": found.radius,
        "expected_radius": radius.expected,
        "z_radius": radius.z,
        "p_radius": radius.p,
    }
    return pd.DataFrame(columns)


_Radii = tuple[NDArray[np.int64], float, NDArray[np.float64]]


def _unpack(embedding: Embedding) -> _Radii:
    return embedding.nodes, embedding.gamma, embedding.radius


def _radii(graph: LayeredGraph) -> _Radii:
    """Return the linked nodes, their gamma, and their radii as an embedding has them."""
    degrees = _degrees(graph)
    nodes = np.flatnonzero(degrees)
    gamma = grid_exponent(degrees[nodes])[0] if np.ptp(degrees[nodes]) else math.nan
    return nodes, gamma, radial_coordinates(degrees[nodes], gamma)


@dataclass(frozen=True, eq=False)
class _Placed:
    """By population: nodes, hubs, the share of its nodes that are hubs and the mean shared radius."""

    nodes: NDArray[np.int64]
    hubs: NDArray[np.int64]
    share: NDArray[np.float64]
    radius: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Chance:
    """A number of each population [count] beside that of random networks [draws, count], NaN without nodes.

    side : 1 if larger ones are as extreme, -1 if smaller ones are.
    """

    own: NDArray[np.float64]
    draws: NDArray[np.float64]
    side: int

    @property
    def expected(self) -> NDArray[np.float64]:
        known = ~np.isnan(self.draws)
        return _divide(np.nansum(self.draws, axis=0), known.sum(axis=0))

    @property
    def z(self) -> NDArray[np.float64]:
        known = ~np.isnan(self.draws)
        away = np.where(known, self.draws - self.expected, 0.0)
        variance = _divide((away**2).sum(axis=0), known.sum(axis=0) - 1)
        return np.asarray((self.own - self.expected) / np.sqrt(np.where(variance > 1e-18, variance, np.nan)))

    @property
    def p(self) -> NDArray[np.float64]:
        # sums in another order differ in the last digits; a draw without nodes is not extreme
        extreme = (self.side * (self.draws - self.own) >= -1e-9).sum(axis=0)
        return np.where(np.isnan(self.own), np.nan, (1 + extreme) / (1 + len(self.draws)))


def _place(
    labels: NDArray[np.int64],
    degrees: NDArray[np.int64],
    radius: NDArray[np.float64],
    hubs: float,
    count: int,
) -> _Placed:
    """Return where hubs and centre lie among the populations."""
    nodes = np.bincount(labels, minlength=count)
    is_hub = _hubs(degrees, hubs).astype(np.float64)
    return _Placed(
        nodes,
        np.bincount(labels, is_hub, minlength=count).astype(np.int64),
        _means(labels, is_hub, nodes),
        _means(labels, _average_equal_degrees(radius, degrees), nodes),
    )


def _draw(
    graph: LayeredGraph, gamma: float, whole: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return population, degree and radius of the nodes of a random network: all linked, or its component."""
    drawn = random_control(graph, rng=rng)
    degrees = _degrees(drawn)
    nodes = np.flatnonzero(degrees if whole else drawn.components()[1] == 0)
    return graph.node_population[nodes], degrees[nodes], radial_coordinates(degrees[nodes], gamma)


def _degrees(graph: LayeredGraph) -> NDArray[np.int64]:
    """Return the undirected degree of every node, self-loops left out, as the embedding ranks it."""
    links = graph.adjacency(directed=False)
    return np.asarray(np.diff(links.indptr) - links.diagonal(), dtype=np.int64)


def _hubs(degrees: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    rank = math.ceil(share * len(degrees) - 1e-9)  # 0.1 of 30 nodes are 3, not 4
    return np.asarray(degrees >= np.sort(degrees)[::-1][max(rank, 1) - 1])


def _average_equal_degrees(radius: NDArray[np.float64], degrees: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean radius of all nodes of the same degree."""
    _, group = np.unique(degrees, return_inverse=True)
    return np.asarray((np.bincount(group, radius) / np.bincount(group))[group])


def _means(
    labels: NDArray[np.int64], values: NDArray[np.float64], nodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    return _divide(np.bincount(labels, values, minlength=len(nodes)), nodes)


def _divide(totals: NDArray[Any], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the quotients, NaN where there is nothing to divide by."""
    return np.asarray(np.divide(totals, numbers, out=np.full(len(numbers), np.nan), where=numbers > 0))


def _check(graph: Any, embedding: Any, hubs: Any, permutations: Any, rng: Any) -> None:
    check_graph(graph)
    if embedding is not None and not isinstance(embedding, Embedding):
        raise TypeError(f"embedding must be an Embedding, or None; got {type(embedding).__name__}")
    if embedding is None and not graph.n_links:
        raise ValueError("graph must have links: without any there is no hub")
    check_number(hubs, "hubs")
    if not 0 < hubs <= 1:
        raise ValueError(f"hubs must be a share of the nodes in (0, 1]; got {hubs!r}")
    as_count(permutations, "permutations", 1)
    check_generator(rng)
    if embedding is not None and embedding.nodes.max() >= graph.n_nodes:
        raise ValueError(
            f"embedding holds node {embedding.nodes.max()}, but the graph has only {graph.n_nodes} nodes; "
            "embed its adjacency(directed=False)"
        )
