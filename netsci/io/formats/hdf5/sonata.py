"""Edges of SONATA networks (HDF5): ids of sources and targets, and weights, by population of edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim
from netsci.io.formats.hdf5.tree import Tree, open_tree
from netsci.io.network.graphs import LinkTable, build
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_ENDS = ("source_node_id", "target_node_id")
_AGAIN = "fetch or write it again"


@dataclass(frozen=True)
class _Edges:
    """One population of edges: names of both populations of nodes, ids [edges], and weights or None."""

    name: str
    ends: tuple[str, str]
    ids: tuple[Any, Any]
    weights: Any


def read_sonata(path: Path, hints: Hints) -> tuple[str, LayeredGraph, list[str]] | None:
    """Return kind, graph and notes of a file of edges, or None if it is another HDF5 file."""
    with open_tree(path) as tree:
        root = tree.member(tree.root, "edges")
        if root is None or not hasattr(root, "keys"):
            return None
        names = [
            n for n in tree.names(root) if all(tree.member(root, f"{n}/{end}") is not None for end in _ENDS)
        ]
        if not names:
            return None
        edges = [_read_edges(tree, root, name) for name in names]
    graph, notes = _join(path, edges)
    return "SONATA edges", graph, notes


def _read_edges(tree: Tree, root: Any, name: str) -> _Edges:
    ids, ends = [], []
    parts = name.split("_to_")
    for end, other in zip(_ENDS, parts if len(parts) == 2 else ("source", "target"), strict=True):
        dataset = tree.member(root, f"{name}/{end}")
        array = tree.array(f"{name}/{end}", dataset)
        if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
            raise tree.damage_error(f"{printable(name)}/{end} is no list of ids")
        ids.append(array.astype(np.int64))
        told = tree.attribute(dataset, "node_population")
        ends.append(printable(told[0]) if told and told[0] else printable(other) or end)
    if len(ids[0]) != len(ids[1]):
        raise tree.damage_error(f"{printable(name)} has {len(ids[0]):,} sources and {len(ids[1]):,} targets")
    if not len(ids[0]):
        raise CheckpointError(tree.path, f"{printable(name)} has no edges", _AGAIN)
    return _Edges(name, (ends[0], ends[1]), (ids[0], ids[1]), _read_weights(tree, root, name, len(ids[0])))


def _read_weights(tree: Tree, root: Any, name: str, count: int) -> Any:
    """Return syn_weight of every edge, gathered from the groups that hold the edges' attributes, or None."""
    places = [tree.member(root, f"{name}/{part}") for part in ("edge_group_id", "edge_group_index")]
    if any(place is None for place in places):
        return None
    group, index = (tree.array(f"{name}/edge_group", place) for place in places)
    if group.shape != (count,) or index.shape != (count,):
        raise tree.damage_error(f"{printable(name)} does not name a group for every edge")
    weights = np.full(count, np.nan)
    for number in np.unique(group).tolist():
        dataset = tree.member(root, f"{name}/{number}/syn_weight")
        if dataset is None:
            return None
        values, here = tree.array(f"{name}/{number}/syn_weight", dataset), group == number
        if values.ndim != 1 or index[here].min() < 0 or index[here].max() >= len(values):
            raise tree.damage_error(f"{printable(name)} names a weight that is not there")
        weights[here] = values[index[here]]
    return weights


def _join(path: Path, edges: list[_Edges]) -> tuple[LayeredGraph, list[str]]:
    """Return one graph of all populations of edges; nodes without edges above the last one are unknown."""
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population

    sizes: dict[str, int] = {}
    for one in edges:
        for name, ids in zip(one.ends, one.ids, strict=True):
            sizes[name] = max(sizes.get(name, 0), int(ids.max()) + 1)
    for size in sizes.values():
        check_claim(path, size, path.stat().st_size, "nodes")
    projections, notes = [], [f"SONATA edges: {', '.join(printable(one.name) for one in edges)}"]
    for one in edges:
        source, target = one.ends
        table = LinkTable(
            *one.ids, one.weights, (sizes[source], sizes[target]), True, bipartite=source != target
        )
        graph, said = build(path, table)
        shown = printable(one.name)
        projections.append(replace(graph.projections[0], source=source, target=target, name=shown))
        notes += [f"{shown}: {note}" for note in said]
        if one.weights is None:
            notes.append(f"{shown}: no syn_weight for its edges, so no weights")
    populations = tuple(Population(name, size, [str(i) for i in range(size)]) for name, size in sizes.items())
    notes.append("nodes are numbered by their ids, up to the largest that an edge names")
    return LayeredGraph(populations, tuple(projections)), notes
