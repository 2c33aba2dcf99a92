"""Meta-depth: which populations hold the hubs, and so lie near the centre of the hyperbolic disk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import as_whole, check_generator, check_graph, check_number
from netsci.graph.geometry.embedding import Embedding
from netsci.graph.layered import LayeredGraph

if TYPE_CHECKING:
    import pandas as pd


def meta_depth(
    graph: LayeredGraph,
    embedding: Embedding,
    *,
    hubs: float = 0.05,
    permutations: int = 999,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare the number of hubs and the mean radius of each population with chance.

    Hubs are the embedded nodes whose undirected degree is at least that of the node of rank
    ceil(hubs n): all nodes of the same degree are hubs too, so there may be more hubs than `hubs` n. Chance
    shuffles the populations' names over the n embedded nodes; p = (1 + shuffles as extreme) /
    (1 + permutations), one-sided: p_hubs counts shuffles with as many hubs or more, p_radius those with as
    small a mean radius or a smaller one. z is (observed - expected) / standard deviation under all shuffles,
    exact, without sampling. Nodes of equal degree are ranked by index, which favours the first populations.
    Therefore p_radius and z_radius use shared_radius: all nodes of equal degree have the mean of their radii
    there.

    A unit in the middle of a chain has links on both sides: hubs gather there also in random masks of the
    same widths and density. To see the effect of training, call this function on such masks too and compare.
    Both sides of a single mask have the same links, so their mean degrees depend on each other: for a random
    mask p is then near 1/2, and a small p is stronger evidence.

    Parameters
    ----------
    graph : the layered graph. embedding : of its `adjacency(directed=False)` without self-loops.
    hubs : share of the embedded nodes, in (0, 1]. permutations : at least 1. rng : numpy Generator.

    Returns
    -------
    table with one row for each population in the graph's order: population, nodes (embedded), hubs,
    hub_share (of its nodes), expected_hub_share, z_hubs, p_hubs, mean_radius (as embedded), shared_radius,
    expected_radius, z_radius, p_radius; p in (0, 1]. NaN where no node is embedded. z is NaN if all shuffles
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
    >>> meta_depth(graph, disk, rng=np.random.default_rng(7))["hubs"].tolist()
    [0, 1, 0]

    Source: S1 section 4.2 (hubs of the trained network gather in the middle layer), put to a test here.
    """
    import pandas as pd

    _check(graph, embedding, hubs, permutations, rng)
    degrees = _degrees(graph)[embedding.nodes]
    if not degrees.all():
        node = int(embedding.nodes[np.argmin(degrees)])
        raise ValueError(
            f"embedding must be of this graph; it holds node {node}, which has no links in the graph: embed "
            "graph.adjacency(directed=False)"
        )
    labels, count = graph.node_population[embedding.nodes], len(graph.populations)
    is_hub = _hubs(degrees, hubs).astype(np.float64)
    shared = _average_equal_degrees(embedding.radius, degrees)
    nodes = np.bincount(labels, minlength=count)
    found = {"hubs": _means(labels, is_hub, nodes), "radius": _means(labels, shared, nodes)}
    more, nearer = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for _ in range(permutations):
        shuffled = rng.permutation(labels)
        # sums in another order differ in the last digits
        more += _means(shuffled, is_hub, nodes) >= found["hubs"] - 1e-9
        nearer += _means(shuffled, shared, nodes) <= found["radius"] + 1e-9
    columns: dict[str, Any] = {
        "population": [population.name for population in graph.populations],
        "nodes": nodes,
        "hubs": np.bincount(labels, is_hub, minlength=count).astype(np.int64),
        "hub_share": found["hubs"],
        "expected_hub_share": np.full(count, is_hub.mean()),
        "z_hubs": _z(found["hubs"], is_hub, nodes),
        "p_hubs": np.where(nodes > 0, (1 + more) / (1 + permutations), np.nan),
        "mean_radius": _means(labels, embedding.radius, nodes),
        "shared_radius": found["radius"],
        "expected_radius": np.full(count, shared.mean()),
        "z_radius": _z(found["radius"], shared, nodes),
        "p_radius": np.where(np.isfinite(found["radius"]), (1 + nearer) / (1 + permutations), np.nan),
    }
    return pd.DataFrame(columns)


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
    totals = np.bincount(labels, values, minlength=len(nodes))
    return np.asarray(np.divide(totals, nodes, out=np.full(len(nodes), np.nan), where=nodes > 0))


def _z(
    means: NDArray[np.float64], values: NDArray[np.float64], nodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the standard score of means of nodes drawn without replacement."""
    n = len(values)
    # of nodes drawn from finitely many: no spread where all are drawn or all are alike
    variance = np.var(values, ddof=1) * (n - nodes) / (n * np.maximum(nodes, 1))
    spread = np.sqrt(np.where(variance > 1e-18, variance, np.nan))
    return np.asarray((means - values.mean()) / spread)


def _check(graph: Any, embedding: Any, hubs: Any, permutations: Any, rng: Any) -> None:
    check_graph(graph)
    if not isinstance(embedding, Embedding):
        raise TypeError(f"embedding must be an Embedding; got {type(embedding).__name__}")
    check_number(hubs, "hubs")
    if not 0 < hubs <= 1:
        raise ValueError(f"hubs must be a share of the nodes in (0, 1]; got {hubs!r}")
    if as_whole(permutations, "permutations") < 1:
        raise ValueError(f"permutations must be at least 1; got {permutations!r}")
    check_generator(rng)
    if embedding.nodes.max() >= graph.n_nodes:
        raise ValueError(
            f"embedding holds node {embedding.nodes.max()}, but the graph has only {graph.n_nodes} nodes; "
            "embed its adjacency(directed=False)"
        )
