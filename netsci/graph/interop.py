"""Layered graphs to and from networkx, igraph and GraphML, nothing lost.

The populations and projections travel as one JSON text in the graph's attribute `netsci`; nodes carry
`population` and `index`, links carry `projection`, `row` and, where there is one, `weight`. Graphs from
elsewhere come in by their node attribute `population`, `layer` or `bipartite`, else as one population.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection

GROUPING = ("population", "layer", "bipartite")


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
    for key in ("population", "index"):
        result.vs[key] = [node[key] for node in nodes]
    for key in ("projection", "row"):
        result.es[key] = edges[key].astype(int).tolist()
    if any(p.weights is not None for p in graph.projections):
        result.es["weight"] = [None if np.isnan(w) else float(w) for w in edges["weight"]]
    return result


def to_graphml(graph: LayeredGraph, path: str | Path) -> None:
    """Write the graph as GraphML."""
    import networkx as nx

    nx.write_graphml_xml(to_networkx(graph), path)


def from_networkx(network: Any) -> LayeredGraph:
    """Return the LayeredGraph of a networkx graph, ours or anybody's.

    Foreign graphs: nodes with an attribute `population`, `layer` or `bipartite` form populations in sorted
    order, with a projection for each pair of populations that has links; an undirected link between two
    populations runs from the earlier to the later. Without such an attribute: one population.

    Raises
    ------
    TypeError
        If the argument is not a networkx graph.
    ValueError
        If it has no nodes, or some nodes lack the grouping attribute that others have.
    """
    if not all(hasattr(network, method) for method in ("nodes", "edges", "is_directed")):
        raise TypeError(f"expected a networkx graph; got {type(network).__name__}")
    links = [(u, v, attributes) for u, v, attributes in network.edges(data=True)]
    nodes = dict(network.nodes(data=True))
    return _build(nodes, links, network.graph.get("netsci"), bool(network.is_directed()))


def from_igraph(network: Any) -> LayeredGraph:
    """Return the LayeredGraph of an igraph graph, ours or anybody's; see `from_networkx`."""
    if not all(hasattr(network, attribute) for attribute in ("vs", "es", "is_directed")):
        raise TypeError(f"expected an igraph graph; got {type(network).__name__}")
    nodes = {vertex.index: vertex.attributes() for vertex in network.vs}
    links = [(*edge.tuple, edge.attributes()) for edge in network.es]
    header = network["netsci"] if "netsci" in network.attributes() else None
    return _build(nodes, links, header, bool(network.is_directed()))


def from_graphml(path: str | Path) -> LayeredGraph:
    """Return the LayeredGraph of a GraphML file; see `from_networkx`."""
    import networkx as nx

    return from_networkx(nx.read_graphml(path))


def _header(graph: LayeredGraph) -> dict[str, Any]:
    return {
        "populations": [[p.name, p.size] for p in graph.populations],
        "projections": [
            {
                "source": p.source,
                "target": p.target,
                "rows_per_unit": p.rows_per_unit,
                "name": p.name,
                "undirected": p.undirected,
                "weights": None if p.weights is None else str(p.weights.dtype),
            }
            for p in graph.projections
        ],
    }


def _nodes(graph: LayeredGraph) -> list[tuple[int, dict[str, Any]]]:
    return [
        (graph.offsets[p.name] + i, {"population": p.name, "index": i})
        for p in graph.populations
        for i in range(p.size)
    ]


_Nodes = dict[Hashable, dict[str, Any]]
_Links = list[tuple[Hashable, Hashable, dict[str, Any]]]


def _build(nodes: _Nodes, links: _Links, header: str | None, directed: bool) -> LayeredGraph:
    if not nodes:
        raise ValueError("the graph has no nodes")
    if header is not None:
        return _restore(nodes, links, json.loads(header))
    key = next((k for k in GROUPING if any(a.get(k) is not None for a in nodes.values())), None)
    if key is None:
        return _unipartite(nodes, links, directed)
    missing = [node for node, attributes in nodes.items() if attributes.get(key) is None]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(nodes)} nodes have no {key!r}, among them {missing[0]!r}: "
            "give it to every node, or drop the attribute for a plain network"
        )
    return _grouped(nodes, links, key, directed)


def _restore(nodes: _Nodes, links: _Links, header: dict[str, Any]) -> LayeredGraph:
    """Rebuild one of our own graphs from its header."""
    sizes = dict(header["populations"])
    ends: list[list[tuple[int, int, float]]] = [[] for _ in header["projections"]]
    for u, v, attributes in links:
        number = int(attributes["projection"])
        entry = header["projections"][number]
        row = int(attributes["row"])
        first, last = (nodes[u], nodes[v])
        if not entry["undirected"] and first["population"] != entry["source"]:
            first, last = last, first
        if entry["undirected"]:
            row = int(first["index"])
        ends[number].append((row, int(last["index"]), float(attributes.get("weight") or 0.0)))
    projections = []
    for entry, triples in zip(header["projections"], ends, strict=True):
        shape = (sizes[entry["source"]] * entry["rows_per_unit"], sizes[entry["target"]])
        dtype = entry.pop("weights")
        matrices = _matrices(triples, shape, entry["undirected"], dtype)
        projections.append(Projection(links=matrices[0], weights=matrices[1], **entry))
    return LayeredGraph(tuple(Population(*pair) for pair in header["populations"]), tuple(projections))


def _unipartite(nodes: _Nodes, links: _Links, directed: bool) -> LayeredGraph:
    number = {node: i for i, node in enumerate(nodes)}
    triples = [(number[u], number[v], float(a.get("weight", 1.0))) for u, v, a in links]
    dtype = "float64" if any("weight" in a for *_, a in links) else None
    shape = (len(nodes), len(nodes))
    matrix, weights = _matrices(triples, shape, not directed, dtype)
    return LayeredGraph.from_adjacency(matrix, weights=weights, directed=directed)


def _grouped(nodes: _Nodes, links: _Links, key: str, directed: bool) -> LayeredGraph:
    """Group a foreign graph by a node attribute."""
    groups = sorted({a[key] for a in nodes.values()}, key=lambda g: (isinstance(g, str), g))
    members = {group: [node for node, a in nodes.items() if a[key] == group] for group in groups}
    place = {node: (g, i) for g, group in enumerate(groups) for i, node in enumerate(members[group])}
    names = [f"{key} {group}" if not isinstance(group, str) else group for group in groups]
    triples: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for u, v, attributes in links:
        (first, i), (last, j) = place[u], place[v]
        if not directed and first > last:
            first, i, last, j = last, j, first, i
        triples.setdefault((first, last), []).append((i, j, float(attributes.get("weight", 1.0))))
    dtype = "float64" if any("weight" in a for *_, a in links) else None
    projections = []
    for (first, last), found in sorted(triples.items()):
        shape = (len(members[groups[first]]), len(members[groups[last]]))
        undirected = not directed and first == last
        matrix, weights = _matrices(found, shape, undirected, dtype)
        projections.append(Projection(names[first], names[last], matrix, weights, undirected=undirected))
    populations = [Population(name, len(members[group])) for name, group in zip(names, groups, strict=True)]
    return LayeredGraph(tuple(populations), tuple(projections))


def _matrices(
    triples: list[tuple[int, int, float]], shape: tuple[int, int], mirrored: bool, dtype: str | None
) -> tuple[sp.csr_array, sp.csr_array | None]:
    """Return links and, with a dtype, weights; repeated links merge, their weights add up."""
    if mirrored:
        triples = triples + [(j, i, w) for i, j, w in triples if i != j]
    rows, columns, values = (
        (np.array(part) for part in zip(*triples, strict=True)) if triples else ([], [], [])
    )
    place = (np.asarray(rows, np.int64), np.asarray(columns, np.int64))
    links = sp.csr_array(sp.coo_array((np.ones(len(place[0]), np.int64), place), shape=shape))
    if dtype is None:
        return links, None
    weights = sp.csr_array(sp.coo_array((np.asarray(values, np.float64), place), shape=shape))
    return links, weights.astype(dtype)
