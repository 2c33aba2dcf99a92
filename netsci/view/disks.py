"""A network in the hyperbolic disk, in one call."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci import plot
from netsci.arguments import check_iterable
from netsci.graph import Embedding, LayeredGraph, coalescent_embedding, communities, native_arcs
from netsci.graph.degree.discrete_fit import HIGHEST, LOWEST
from netsci.graph.degree.exponent import FEW_NODES
from netsci.plot.look import Look
from netsci.view.network import read_network

MOST_PATHS = 2_500  # nodes up to which path lengths between all pairs are a matter of seconds
MOST_NODES, MOST_LINKS = 50_000, 1_000_000  # embedded at all
MOST_DRAWN = 5_000  # links
ARC_POINTS = 24
COLOURS = ("population", "community")
MOST_COMMUNITIES = 7  # with a colour of their own


def disk(
    x: Any,
    *,
    example: Any = None,
    colour: Any = "population",
    gamma: float | None = None,
    **look: Unpack[Look],
) -> Any:
    """Draw a network in the hyperbolic disk: coalescent embedding (RA1-ncISO-EA) of its largest component.

    Parameters
    ----------
    x, example : as `netsci.view.read_network` takes them.
    colour : "population", "community", or one value for each node in the graph's order, such as a class.
    gamma : exponent behind the radii; fitted by default. Above 2,500 nodes the reduction is LE.
    look : options of `netsci.plot.look.Look`, such as title, size, mode and backend.

    Returns a matplotlib figure, or plotly's with backend="plotly". Of more than 5,000 links a random sample
    is drawn, and the caption says so.

    Raises
    ------
    ValueError
        If there is no link, the network is too large or dense, its radii have no exponent (all degrees alike;
        give gamma), or colour is neither of these.
    """
    graph = read_network(x, example=example).graph
    adjacency = _adjacency(graph)
    embedding = _embed(graph, adjacency, gamma)
    ends = _ends(adjacency, embedding)
    nodes = _nodes(graph, embedding, _colours(graph, colour, adjacency))
    drawn = ends
    if len(ends) > MOST_DRAWN:
        drawn = ends[np.sort(np.random.default_rng(0).choice(len(ends), MOST_DRAWN, replace=False))]
    caption = f"{_say_gamma(embedding, gamma)}, N = {len(nodes):,}, E = {len(ends):,}"
    if len(drawn) < len(ends):
        caption += f"\na random sample of {len(drawn):,} links is drawn"
    arcs = _arcs(embedding, drawn)
    return plot.disk(nodes.assign(caption=caption), arcs, colour="colour", **look)


def _embed(graph: LayeredGraph, adjacency: sp.csr_array, gamma: float | None) -> Embedding:
    if not adjacency.nnz:
        raise ValueError("x has no link between two nodes, so there is no disk; give a network with links")
    if graph.n_nodes > MOST_NODES or graph.n_links > MOST_LINKS:
        raise ValueError(
            f"x has {graph.n_nodes:,} nodes and {graph.n_links:,} links; up to {MOST_NODES:,} and "
            f"{MOST_LINKS:,} are embedded: give a part of it, such as graph.subgraph(...)"
        )
    if len(graph.populations) > 1 and all(p.sparsity == 0 for p in graph.projections):
        raise ValueError(
            "x is dense: nodes of a layer have the same neighbours, so their angles are arbitrary; keep the "
            "strongest links, as with density= of netsci.io.load"
        )
    largest = int(np.bincount(graph.components()[1]).max())
    reduction = "le" if largest > MOST_PATHS else "nciso"
    embedding = coalescent_embedding(adjacency, reduction=reduction, gamma=gamma)
    if math.isnan(embedding.gamma):
        raise ValueError(
            "all nodes have one degree, so no exponent sets their radii; give gamma, such as 3.0"
        )
    return embedding


def _say_gamma(embedding: Embedding, given: float | None) -> str:
    """Return the exponent behind the radii, or why the fitted one is no estimate."""
    if given is not None:
        return f"γ = {given:g} given"
    if not LOWEST + 1e-9 < embedding.gamma < HIGHEST - 1e-9:
        return "γ at its bound"
    few = len(embedding.nodes) < FEW_NODES
    return f"γ of only {len(embedding.nodes)} nodes" if few else f"γ = {embedding.gamma:.2f}"


def _adjacency(graph: LayeredGraph) -> sp.csr_array:
    """Return the undirected adjacency without self-loops."""
    coo = graph.adjacency(directed=False).tocoo()
    apart = coo.row != coo.col
    return sp.csr_array((coo.data[apart], (coo.row[apart], coo.col[apart])), shape=coo.shape)


def _ends(adjacency: sp.csr_array, embedding: Embedding) -> NDArray[np.int64]:
    """Return both ends of every link between embedded nodes, by their place in the embedding, each once."""
    inside = sp.triu(adjacency[embedding.nodes][:, embedding.nodes], 1).tocoo()
    return np.column_stack([inside.row, inside.col]).astype(np.int64)


def _nodes(graph: LayeredGraph, embedding: Embedding, colours: list[str]) -> pd.DataFrame:
    share = embedding.radius / max(float(embedding.radius.max()), 1e-12)
    labels = graph.node_labels
    degrees = np.concatenate(list(graph.degrees("all").values()))
    return pd.DataFrame(
        {
            "x": share * np.cos(embedding.theta),
            "y": share * np.sin(embedding.theta),
            "degree": degrees[embedding.nodes],
            "label": [labels[i] for i in embedding.nodes.tolist()],
            "colour": [colours[i] for i in embedding.nodes.tolist()],
        }
    )


def _arcs(embedding: Embedding, ends: NDArray[np.int64]) -> pd.DataFrame:
    """Return the geodesics of the links as one broken line."""
    radius, theta = native_arcs(embedding.radius, embedding.theta, ends[:, 0], ends[:, 1], ARC_POINTS)
    share = radius / max(float(embedding.radius.max()), 1e-12)
    gap = np.full((len(ends), 1), np.nan)
    lines = {"x": share * np.cos(theta), "y": share * np.sin(theta)}
    return pd.DataFrame({name: np.hstack([values, gap]).ravel() for name, values in lines.items()})


def _colours(graph: LayeredGraph, colour: Any, adjacency: sp.csr_array) -> list[str]:
    if isinstance(colour, str):
        if colour not in COLOURS:
            raise ValueError(
                f"colour must be one of {', '.join(COLOURS)} or one value for each node; got {colour!r}"
            )
        if colour == "population":
            return [name for name, size in graph.sizes.items() for _ in range(size)]
        found = communities(adjacency, runs=1, rng=np.random.default_rng(0)).membership
        return [f"community {c + 1}" if c < MOST_COMMUNITIES else "smaller ones" for c in found.tolist()]
    check_iterable(colour, "colour", f"one of {', '.join(COLOURS)} or one value for each node")
    values = [str(value) for value in colour]
    if len(values) != graph.n_nodes:
        raise ValueError(f"colour must hold {graph.n_nodes:,} values, one for each node; got {len(values):,}")
    return values
