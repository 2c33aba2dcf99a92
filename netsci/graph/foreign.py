"""Graphs from elsewhere: their nodes, links and attributes, read as populations and projections."""

from __future__ import annotations

import math
from collections.abc import Hashable
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection

GROUPING = ("population", "layer", "bipartite", "type")
Nodes = dict[Hashable, dict[str, Any]]
Links = list[tuple[Hashable, Hashable, dict[str, Any]]]


def read_foreign(nodes: Nodes, links: Links, directed: bool) -> LayeredGraph:
    """Return the LayeredGraph of nodes and links with attributes; `netsci.graph.from_networkx` says how."""
    if not nodes:
        raise ValueError("the graph has no nodes: add them first")
    key = next((key for key in GROUPING if _groups_by(key, nodes)), None)
    values = _weights(links)
    if key is None:
        return _unipartite(nodes, links, values, directed)
    return _group_nodes(nodes, links, values, key, directed)


def number_or_none(value: Any, what: str) -> float | None:
    """Return a weight as float, None if it is missing (None or NaN); else raise ValueError."""
    if value is None:
        return None
    if not isinstance(value, Real) or math.isinf(value):
        raise ValueError(f"{what} has the weight {value!r}: a weight is a finite number")
    return None if math.isnan(value) else float(value)


class Place(int):
    """The key of a node that is a place in a list and no name."""


def names_of(nodes: Nodes, chosen: list[Hashable]) -> list[str] | None:
    """Return what the chosen nodes are called, numbers too; None where their keys are places in a list.

    An attribute `label` or `name` counts if every node has another one, else the nodes' own keys.
    """
    for key in ("label", "name"):
        values = [nodes[node].get(key) for node in chosen]
        if all(isinstance(value, (str, int, float)) and not isinstance(value, bool) for value in values):
            texts = [_text(value) for value in values]
            if all(map(str.strip, texts)) and len(set(texts)) == len(texts):
                return texts
    if any(isinstance(node, Place) for node in chosen):
        return None
    return [_text(node) for node in chosen]


def _text(value: Any) -> str:
    """Return a name as text; a whole number that a format made a float is whole again."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return str(int(value)) if whole else str(value)


def link_matrices(
    triples: list[tuple[int, int, float]], shape: tuple[int, int], mirrored: bool, dtype: str | None
) -> tuple[sp.csr_array, sp.csr_array | None]:
    """Return links and, with a dtype, weights; repeated links merge, their weights add up.

    Mirrored triples stand for both directions, whichever of them they name.
    """
    rows, columns, values = (np.array(part) for part in zip(*triples, strict=True)) if triples else ((),) * 3
    place = (np.asarray(rows, np.int64), np.asarray(columns, np.int64))
    found = sp.coo_array((np.asarray(values, np.float64), place), shape=shape)
    found.sum_duplicates()
    if mirrored:
        # After the sums of each direction: so no more than two numbers are left to add, in either order.
        i, j, off = found.row, found.col, found.row != found.col
        place = (np.concatenate([i, j[off]]), np.concatenate([j, i[off]]))
        found = sp.coo_array((np.concatenate([found.data, found.data[off]]), place), shape=shape)
    weights = found.tocsr()
    links = sp.csr_array((np.ones(weights.nnz, bool), weights.indices, weights.indptr), shape=shape)
    return links, None if dtype is None else weights.astype(dtype)


def _groups_by(key: str, nodes: Nodes) -> bool:
    """Return whether nodes have the attribute; `type` counts as igraph's own, all booleans."""
    values = [attributes.get(key) for attributes in nodes.values()]
    if key == "type":
        return all(isinstance(value, (bool, np.bool_)) for value in values)
    return any(value is not None for value in values)


def _weights(links: Links) -> list[float] | None:
    """Return the weight of every link, None if no link has one."""
    values = [number_or_none(a.get("weight"), f"link {u!r} - {v!r}") for u, v, a in links]
    known = [value for value in values if value is not None]
    if known and len(known) < len(values):
        u, v, _ = links[values.index(None)]
        raise ValueError(
            f"{len(values) - len(known)} of {len(values)} links have no 'weight', among them {u!r} - {v!r}: "
            "give it to every link, or drop the attribute for a graph without weights"
        )
    return known or None


def _unipartite(nodes: Nodes, links: Links, values: list[float] | None, directed: bool) -> LayeredGraph:
    number = {node: i for i, node in enumerate(nodes)}
    triples = [(number[u], number[v], w) for (u, v, _), w in _with_values(links, values)]
    shape = (len(nodes), len(nodes))
    matrix, weights = link_matrices(triples, shape, not directed, None if values is None else "float64")
    named = names_of(nodes, list(nodes))
    return LayeredGraph.from_adjacency(matrix, weights=weights, directed=directed, labels=named)


def _group_nodes(
    nodes: Nodes, links: Links, values: list[float] | None, key: str, directed: bool
) -> LayeredGraph:
    """Group a graph by a node attribute."""
    members: dict[Any, list[Hashable]] = {}
    for node, label in _labels(nodes, key).items():
        members.setdefault(label, []).append(node)
    groups = _in_order(list(members))
    place = {node: (g, i) for g, group in enumerate(groups) for i, node in enumerate(members[group])}
    triples: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for (u, v, _), weight in _with_values(links, values):
        (first, i), (last, j) = place[u], place[v]
        if not directed and first > last:
            first, i, last, j = last, j, first, i
        triples.setdefault((first, last), []).append((i, j, weight))
    names = _names(groups, key)
    dtype = None if values is None else "float64"
    projections = []
    for (first, last), found in sorted(triples.items()):
        shape = (len(members[groups[first]]), len(members[groups[last]]))
        undirected = not directed and first == last
        matrix, weights = link_matrices(found, shape, undirected, dtype)
        projections.append(Projection(names[first], names[last], matrix, weights, undirected=undirected))
    populations = [
        Population(name, len(members[group]), names_of(nodes, members[group]))
        for name, group in zip(names, groups, strict=True)
    ]
    return LayeredGraph(tuple(populations), tuple(projections))


def _with_values(links: Links, values: list[float] | None) -> Any:
    return zip(links, [1.0] * len(links) if values is None else values, strict=True)


def _labels(nodes: Nodes, key: str) -> dict[Hashable, Any]:
    """Return the label of every node."""
    labels = {node: attributes.get(key) for node, attributes in nodes.items()}
    missing = [node for node, label in labels.items() if label is None]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(nodes)} nodes have no {key!r}, among them {missing[0]!r}: "
            "give it to every node, or drop the attribute for a plain network"
        )
    for node, label in labels.items():
        legal = label != "" if isinstance(label, str) else isinstance(label, (Real, np.bool_))
        if not legal or (isinstance(label, Real) and not math.isfinite(label)):
            raise ValueError(
                f"node {node!r} has the {key} {label!r}: a group is named by a text or a finite number; "
                "give each node one, or drop the attribute for a plain network"
            )
    return labels


def _in_order(labels: list[Any]) -> list[Any]:
    """Return labels by their number if every one is or spells a finite number, else as they came."""
    try:
        numbers = [float(label) for label in labels]
    except ValueError:
        return labels
    if not all(map(math.isfinite, numbers)):
        return labels
    return [labels[i] for i in np.argsort(numbers, kind="stable")]


def _names(groups: list[Any], key: str) -> list[str]:
    names = [group if isinstance(group, str) else f"{key} {group}" for group in groups]
    for name, group in zip(names, groups, strict=True):
        if names.count(name) > 1:
            raise ValueError(
                f"two groups of nodes would be called {name!r}, one of them the {key} {group!r}: "
                "rename one of the labels, or give both the same label if they are one group"
            )
    return names
