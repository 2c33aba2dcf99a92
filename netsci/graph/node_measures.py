"""What is known of every node, in one table: for hovering, colours and downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_iterable
from netsci.graph.checks import check_choice, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units
from netsci.graph.structure.classical import communities, local_clustering
from netsci.graph.structure.null_models import clear_loops

if TYPE_CHECKING:
    import pandas as pd

LARGEST_WORK = 5e8  # nodes times links: betweenness in some ten seconds
FIRST_COLUMNS = ("node", "population", "unit", "label")


class _Nodes:
    """A graph with what several columns share, computed once."""

    def __init__(self, graph: LayeredGraph, rng: np.random.Generator) -> None:
        self.graph, self.rng = graph, rng

    @cached_property
    def links(self) -> sp.csr_array:
        """Undirected adjacency without self-loops."""
        return clear_loops(self.graph.adjacency(directed=False))

    @cached_property
    def igraph(self) -> Any:
        import igraph

        upper = sp.triu(self.links).tocoo()
        return igraph.Graph(self.graph.n_nodes, np.column_stack([upper.row, upper.col]))

    def degrees(self, side: str) -> NDArray[np.int64]:
        return np.concatenate(list(self.graph.degrees(side).values()))

    def strengths(self, side: str) -> NDArray[np.float64]:
        totals = np.zeros(self.graph.n_nodes)
        for p in self.graph.projections:
            if p.weights is None:
                return np.full(self.graph.n_nodes, np.nan)
            size = abs(p.weights).astype(np.float64)
            sends = np.asarray(size.sum(axis=1)).reshape(-1, p.rows_per_unit).sum(axis=1)
            source, target = self.graph.offsets[p.source], self.graph.offsets[p.target]
            if side in ("out", "all"):
                totals[source : source + len(sends)] += sends
            if side == "in" or (side == "all" and not p.undirected):
                totals[target : target + p.shape[1]] += np.asarray(size.sum(axis=0)).ravel()
        return totals

    def betweenness(self) -> NDArray[np.float64]:
        if float(self.graph.n_nodes) * self.links.nnz / 2 > LARGEST_WORK:
            return np.full(self.graph.n_nodes, np.nan)
        return np.asarray(self.igraph.betweenness(), np.float64)

    def pagerank(self) -> NDArray[np.float64]:
        import igraph

        coo = self.graph.adjacency().tocoo()
        directed = igraph.Graph(self.graph.n_nodes, np.column_stack([coo.row, coo.col]), directed=True)
        return np.asarray(directed.pagerank(), np.float64)

    def core(self) -> NDArray[np.int64]:
        return np.asarray(self.igraph.coreness(), np.int64)

    def live(self) -> NDArray[np.bool_]:
        return np.concatenate(list(live_units(self.graph).values()))

    def community(self) -> NDArray[np.int64]:
        return communities(self.links, runs=1, rng=self.rng).membership


_MEASURES: dict[str, Callable[[_Nodes], NDArray[Any]]] = {
    "degree": lambda nodes: nodes.degrees("all"),
    "degree_in": lambda nodes: nodes.degrees("in"),
    "degree_out": lambda nodes: nodes.degrees("out"),
    "strength": lambda nodes: nodes.strengths("all"),
    "strength_in": lambda nodes: nodes.strengths("in"),
    "strength_out": lambda nodes: nodes.strengths("out"),
    "betweenness": _Nodes.betweenness,
    "pagerank": _Nodes.pagerank,
    "core": _Nodes.core,
    "clustering": lambda nodes: local_clustering(nodes.links),
    "live": _Nodes.live,
    "community": _Nodes.community,
}
NODE_MEASURES = tuple(_MEASURES)


def node_table(
    graph: LayeredGraph,
    *,
    measures: Sequence[str] | None = None,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return a table with one row for each node, in node order, and a column for each measure.

    Directions count in degree_in, degree_out, their strengths, PageRank and live; betweenness, core,
    clustering and community are those of the undirected network without self-loops.

    Parameters
    ----------
    measures : names to restrict the table to, of NODE_MEASURES; None for all.
    rng : numpy Generator for the search of communities; default_rng(0) if None, so a graph has one table.

    Returns
    -------
    table with columns node, unit (int64), population, label (text), then
        degree, degree_in, degree_out : int64, links of the unit; an undirected link counts once in each.
        strength, strength_in, strength_out : float64, sums of |weight| over the same links; NaN if a
            projection has no weights.
        betweenness : float64, shortest paths between two others that run through the node, each pair once and
            in equal parts where it has several; NaN for all above 5e8 nodes times links.
        pagerank : float64, sums to 1; the share of time of a walk along the links that starts anew with
            probability .15, and at units without outgoing links.
        core : int64, the largest k such that the node is in a part where all have k neighbours.
        clustering : float64 in [0, 1], share of pairs of neighbours that are linked, 0 below 2 neighbours.
        live : bool, whether the unit is on a path from input to output, as `live_units`.
        community : int64, numbered by size from 0, as `communities`.

    Raises
    ------
    TypeError, ValueError
        If graph is no LayeredGraph, a measure is unknown or rng is not a Generator.

    Examples
    --------
    >>> table = node_table(LayeredGraph.from_masks([[[1, 1, 0]], [[1], [0], [1]]]))
    >>> table[["label", "degree", "live"]].values.tolist()[:3]
    [['layer0[0]', 2, True], ['layer1[0]', 2, True], ['layer1[1]', 1, False]]

    Source: Freeman, Sociometry 40, 35 (1977); Brin and Page (1998); Seidman, Social Networks 5, 269 (1983).
    """
    import pandas as pd

    check_graph(graph)
    if isinstance(measures, str):
        raise TypeError(f"measures must be a list of names; pass [{measures!r}]")
    if measures is not None:
        check_iterable(measures, "measures", "a list of names")
    names = NODE_MEASURES if measures is None else tuple(measures)
    for name in names:
        check_choice(name, NODE_MEASURES, "a measure")
    if rng is not None:
        check_generator(rng)
    nodes = _Nodes(graph, np.random.default_rng(0) if rng is None else rng)
    sizes = list(graph.sizes.values())
    columns: dict[str, Any] = {
        "node": np.arange(graph.n_nodes, dtype=np.int64),
        "population": np.repeat(list(graph.sizes), sizes).tolist(),
        "unit": np.concatenate([np.arange(size, dtype=np.int64) for size in sizes]),
        "label": graph.node_labels,
    }
    return pd.DataFrame(columns | {name: _MEASURES[name](nodes) for name in names})
