"""Layered graphs to and from networkx, igraph and GraphML, nothing lost.

The populations and projections travel as one JSON text in the graph's attribute `netsci`; nodes carry
`population` and `index`, links carry `projection`, `row` and, where there is one, `weight`. On the way back
all of them must agree. A graph without that attribute is read as one from elsewhere (`netsci.graph.foreign`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph.foreign import Links, Nodes, Place, link_matrices, number_or_none, read_foreign
from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection

_DROP = "drop graph attribute 'netsci' to read it as a foreign graph"


def to_networkx(graph: LayeredGraph) -> Any:
    """Return a networkx DiGraph, MultiDiGraph (convolutions, parallel links) or Graph (undirected)."""
    import networkx as nx

    edges = graph.edges()
    multiple = bool(edges.duplicated(["source", "target"]).any())
    undirected = all(p.undirected for p in graph.projections) and bool(graph.projections)
    kind = nx.MultiDiGraph if multiple else nx.Graph if undirected else nx.DiGraph
    result = kind(netsci=json.dumps(_header(graph)))
    result.add_nodes_from(_nodes(graph))
    columns = (edges[name].tolist() for name in ("source", "target", "projection", "row", "weight"))
    for source, target, projection, row, weight in zip(*columns, strict=True):
        known = {} if np.isnan(weight) else {"weight": weight}
        result.add_edge(source, target, projection=projection, row=row, **known)
    return result


def to_igraph(graph: LayeredGraph) -> Any:
    """Return an igraph Graph, directed unless every projection is undirected."""
    import igraph

    edges = graph.edges()
    undirected = all(p.undirected for p in graph.projections) and bool(graph.projections)
    result = igraph.Graph(
        n=graph.n_nodes, edges=edges[["source", "target"]].to_numpy().tolist(), directed=not undirected
    )
    result["netsci"] = json.dumps(_header(graph))
    nodes = [attributes for _, attributes in _nodes(graph)]
    keys = ("population", "index", "label") if _has_labels(graph) else ("population", "index")
    for key in keys:
        result.vs[key] = [node[key] for node in nodes]
    for key in ("projection", "row"):
        result.es[key] = edges[key].tolist()
    if any(p.weights is not None for p in graph.projections):
        result.es["weight"] = [None if np.isnan(w) else float(w) for w in edges["weight"]]
    return result


def to_graphml(graph: LayeredGraph, path: str | Path) -> None:
    """Write the graph as GraphML."""
    import networkx as nx

    nx.write_graphml_xml(to_networkx(graph), path)


def from_networkx(network: Any) -> LayeredGraph:
    """Return the LayeredGraph of a networkx graph, from `to_networkx` or other code.

    A graph from `to_networkx` gives the same network again. You may change its weights, but no node or link.

    Other graphs: the first of the node attributes `population`, `layer`, `bipartite` and (booleans only, as
    igraph has it) `type` that the nodes have groups them into populations, with a projection for each pair
    of populations that has links. If all labels are numbers, or texts of numbers, the populations are in the
    order of these numbers; else in the order in which the nodes first name them. An undirected link between
    two populations runs from the earlier to the later; within one it is undirected. Without such an
    attribute: one population. Weights are the link attribute `weight`, finite numbers on all links or on
    none. Parallel links merge: their weights add up.

    Raises
    ------
    TypeError
        If the argument is not a networkx graph.
    ValueError
        If it has no nodes, if some nodes lack the grouping attribute or some links the weight that others
        have, if a label is no text or finite number, a weight no finite number, or if nodes or links of a
        graph from `to_networkx` have changed.
    """
    if not all(hasattr(network, method) for method in ("nodes", "edges", "is_directed")):
        raise TypeError(f"network must be a networkx graph; got {type(network).__name__}")
    links = [(u, v, attributes) for u, v, attributes in network.edges(data=True)]
    nodes = dict(network.nodes(data=True))
    return _build(nodes, links, network.graph.get("netsci"), bool(network.is_directed()))


def from_igraph(network: Any) -> LayeredGraph:
    """Return the LayeredGraph of an igraph graph, from `to_igraph` or other code.

    network : an igraph Graph. Groups, weights and errors are as in `from_networkx`.
    """
    if not all(hasattr(network, attribute) for attribute in ("vs", "es", "is_directed")):
        raise TypeError(f"network must be an igraph graph; got {type(network).__name__}")
    nodes: Nodes = {Place(vertex.index): vertex.attributes() for vertex in network.vs}
    links = [(*edge.tuple, edge.attributes()) for edge in network.es]
    header = network["netsci"] if "netsci" in network.attributes() else None
    return _build(nodes, links, header, bool(network.is_directed()))


def from_graphml(path: str | Path) -> LayeredGraph:
    """Return the LayeredGraph of a GraphML file; groups, weights and errors are as in `from_networkx`.

    path : the file. `netsci.io.load_graph` reads files of unknown origin, under limits of memory and time.
    """
    import networkx as nx

    return from_networkx(nx.read_graphml(path))


def _header(graph: LayeredGraph) -> dict[str, Any]:
    every = [p.name for p in graph.populations if p.needs == "every"]
    return ({"every": every} if every else {}) | {
        "populations": [[p.name, p.size] for p in graph.populations],
        "labelled": [p.name for p in graph.populations if p.labels is not None],
        "projections": [
            {
                "source": p.source,
                "target": p.target,
                "rows_per_unit": p.rows_per_unit,
                "name": p.name,
                "undirected": p.undirected,
                "weights": None if p.weights is None else str(p.weights.dtype),
                "links": p.n_links,
            }
            for p in graph.projections
        ],
    }


def _nodes(graph: LayeredGraph) -> list[tuple[int, dict[str, Any]]]:
    nodes: list[tuple[int, dict[str, Any]]] = [
        (graph.offsets[p.name] + i, {"population": p.name, "index": i})
        for p in graph.populations
        for i in range(p.size)
    ]
    if _has_labels(graph):
        for (_, attributes), label in zip(nodes, graph.node_labels, strict=True):
            attributes["label"] = label
    return nodes


def _has_labels(graph: LayeredGraph) -> bool:
    return any(p.labels is not None for p in graph.populations)


def _build(nodes: Nodes, links: Links, header: Any, directed: bool) -> LayeredGraph:
    if header is None:
        return read_foreign(nodes, links, directed)
    frame, dtypes, counts = _frame(header)
    place = _places(nodes, frame)
    triples: list[list[tuple[int, int, float]]] = [[] for _ in frame.projections]
    for u, v, attributes in links:
        what = f"link {u!r} - {v!r}"
        number = _whole(attributes.get("projection"))
        if number is None or not 0 <= number < len(triples):
            raise _change_error(f"{what} belongs to no projection")
        ends = _ends(frame.projections[number], place[u], place[v], attributes, directed)
        if ends is None:
            name = frame.projections[number].name
            raise _change_error(f"the ends or the row of {what} do not fit {name!r}")
        weight = number_or_none(attributes.get("weight"), what)
        if (weight is None) != (dtypes[number] is None):
            raise _change_error(f"{what} has {'no weight' if weight is None else 'a weight'}")
        triples[number].append((*ends, weight or 0.0))
    projections = []
    for p, found, dtype, count in zip(frame.projections, triples, dtypes, counts, strict=True):
        matrix, weights = link_matrices(found, p.shape, p.undirected, dtype)
        projections.append(replace(p, links=matrix, weights=weights))
        if not len(found) == count == projections[-1].n_links:
            raise _change_error(f"{p.name!r} had {count} links and now has {len(found)}, or a repeated one")
    labelled = json.loads(header).get("labelled")
    if not isinstance(labelled, list):  # written before populations had labels
        return LayeredGraph(frame.populations, tuple(projections))
    return LayeredGraph(_name_nodes(labelled, frame, nodes, place), tuple(projections))


def _name_nodes(
    labelled: list[Any], frame: LayeredGraph, nodes: Nodes, place: dict[Any, tuple[str, int]]
) -> tuple[Population, ...]:
    """Return the populations with the labels that their nodes carry."""
    found: dict[str, dict[int, Any]] = {name: {} for name in frame.sizes}
    for node, (name, i) in place.items():
        found[name][i] = nodes[node].get("label")
    populations = []
    for p in frame.populations:
        labels = [str(found[p.name][i]) for i in range(p.size)] if p.name in labelled else None
        populations.append(replace(p, labels=labels))
    return tuple(populations)


def _frame(header: Any) -> tuple[LayeredGraph, list[str | None], list[int]]:
    """Return from the header the graph without links, the dtype of each projection's weights, its links."""
    try:
        content = json.loads(header)
        every = content.get("every", [])
        populations = tuple(
            Population(name, size, needs="every" if name in every else "any")
            for name, size in content["populations"]
        )
        sizes = {p.name: p.size for p in populations}
        projections, dtypes, counts = [], [], []
        for entry in content["projections"]:
            dtypes.append({None: None, "float32": "float32", "float64": "float64"}[entry.pop("weights")])
            counts.append(entry.pop("links"))
            shape = (sizes[entry["source"]] * entry["rows_per_unit"], sizes[entry["target"]])
            projections.append(Projection(links=sp.csr_array(shape, dtype=bool), **entry))
        return LayeredGraph(populations, tuple(projections)), dtypes, counts
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"the graph attribute 'netsci' is not the header that our export writes ({error!r}); {_DROP}"
        ) from error


def _places(nodes: Nodes, frame: LayeredGraph) -> dict[Any, tuple[str, int]]:
    """Return population and index of every node, each of the header's exactly once."""
    place = {}
    for node, attributes in nodes.items():
        name, i = attributes.get("population"), _whole(attributes.get("index"))
        if (
            not isinstance(name, str)
            or name not in frame.sizes
            or i is None
            or not 0 <= i < frame.sizes[name]
        ):
            raise _change_error(f"node {node!r} has no place in a population")
        place[node] = (name, i)
    if not len(set(place.values())) == len(place) == frame.n_nodes:
        raise _change_error(
            f"it had {frame.n_nodes} nodes and now has {len(place)}, or two nodes at one place"
        )
    return place


def _ends(
    p: Projection, u: tuple[str, int], v: tuple[str, int], attributes: dict[str, Any], directed: bool
) -> tuple[int, int] | None:
    """Return row and column of the link u - v, None if it does not fit the projection."""
    row = _whole(attributes.get("row"))
    # A graph without directions names the ends in any order: only the row tells which is the source.
    orders = [(u, v)] if directed and not p.undirected else [(u, v), (v, u)]
    for source, target in orders:
        if row is not None and source == (p.source, row // p.rows_per_unit) and target[0] == p.target:
            return row, target[1]
    return None


def _whole(value: Any) -> int | None:
    """Return a whole number, which GraphML may have made a float, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return int(value) if np.isfinite(value) and value == int(value) else None


def _change_error(what: str) -> ValueError:
    return ValueError(f"the graph has changed since it was exported: {what}; {_DROP}")
