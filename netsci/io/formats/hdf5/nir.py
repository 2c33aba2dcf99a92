"""Read NIR networks in HDF5: nodes with a type, weights as in torch, and a list of edges."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from netsci.io.errors import printable
from netsci.io.formats.hdf5.tree import Tree
from netsci.io.limits import check_count
from netsci.io.network.arrays.naming import natural_key
from netsci.io.network.contents import Contents, Use

_WEIGHTED = {"Linear", "Affine", "Conv1d", "Conv2d"}
_MAX_DEPTH = 8


class _Graph:
    """Nodes and edges, also those of graphs within the graph."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.kinds: dict[str, str] = {}
        self.groups: dict[str, Any] = {}
        self.before: dict[str, list[str]] = defaultdict(list)
        self.after: dict[str, list[str]] = defaultdict(list)

    def add(self, graph: Any, prefix: str = "", depth: int = 0) -> None:
        """Add one graph. An inner graph is joined to it by its nodes of type Input and Output."""
        if depth > _MAX_DEPTH:
            raise self.tree.damage_error(f"its graphs nest deeper than {_MAX_DEPTH}")
        nodes = self.tree.member(graph, "nodes")
        inner = set()
        for name in sorted(self.tree.names(nodes), key=natural_key):
            group = self.tree.member(nodes, name)
            kind = self._kind(group)
            if kind == "NIRGraph":
                inner.add(name)
                self.add(group, f"{prefix}{name}.", depth + 1)
            else:
                self.kinds[prefix + name], self.groups[prefix + name] = kind, group
        check_count(self.tree.path, len(self.kinds), "nodes")
        edges = self.tree.member(graph, "edges")
        if edges is None or not hasattr(edges, "shape"):
            return
        ends = self.tree.texts("edges", edges)
        check_count(self.tree.path, len(ends), "edges")
        for first, second in zip(ends[::2], ends[1::2], strict=True):
            source = f"{prefix}{first}.output" if first in inner else prefix + first
            target = f"{prefix}{second}.input" if second in inner else prefix + second
            if source not in self.kinds or target not in self.kinds:
                raise self.tree.damage_error(
                    f"an edge names the missing node {printable(source)} or {printable(target)}"
                )
            self.before[target].append(source)
            self.after[source].append(target)

    def order(self) -> list[str]:
        """Return the nodes, each after those that it reads. Cut a cycle at the node that is reached first."""
        waiting = {name: len(set(self.before[name])) for name in self.kinds}
        reached: dict[str, None] = {}
        ready = [name for name, count in waiting.items() if not count]
        order: dict[str, None] = {}
        while len(order) < len(self.kinds):
            if not ready:
                left = [name for name in reached if name not in order] or [
                    n for n in self.kinds if n not in order
                ]
                ready = left[:1]
            name = ready.pop(0)
            if name in order:
                continue
            order[name] = None
            for other in dict.fromkeys(self.after[name]):
                reached[other] = None
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        return list(order)

    def through(self, name: str, links: dict[str, list[str]]) -> tuple[list[str], set[str]]:
        """Return the layers and inputs next to a node, and the nodes without weights between them and it."""
        met: dict[str, None] = {}
        passed: set[str] = set()
        waiting = list(links[name])
        while waiting:
            other = waiting.pop(0)
            if self.kinds[other] in _WEIGHTED:
                met[other] = None
            elif other not in passed:
                passed.add(other)
                if not links[other]:
                    met[other] = None
                waiting += links[other]
        return list(met), passed

    def _kind(self, group: Any) -> str:
        dataset = self.tree.member(group, "type")
        if dataset is None or not hasattr(dataset, "shape"):
            raise self.tree.damage_error("a node has no type")
        return "".join(self.tree.texts("type", dataset))


def read_nir(tree: Tree) -> Contents:
    """Read the linear and convolutional nodes of a NIR network in the order of its edges."""
    graph = _Graph(tree)
    graph.add(tree.member(tree.root, "node"))
    layers = [name for name in graph.order() if graph.kinds[name] in _WEIGHTED]
    loops = set()
    for name in layers:
        # A recurrent layer reads the nodes that it feeds.
        if graph.through(name, graph.before)[1] & graph.through(name, graph.after)[1]:
            loops.add(name)
    arrays: dict[str, Any] = {}
    uses: dict[str, Use] = {}
    notes: list[str] = []
    has_edges = any(graph.before.values())
    place = {name: i for i, name in enumerate(graph.kinds)}
    for name in layers:
        dataset = tree.member(graph.groups[name], "weight")
        if dataset is None or not dataset.shape or len(dataset.shape) < 2:
            raise tree.damage_error(f"the node {printable(name)} has no weights")
        arrays[name] = tree.array(name, dataset)
        reads = [one for one in graph.through(name, graph.before)[0] if one not in loops]
        reads.sort(key=lambda one: layers.index(one) if one in arrays else -1 - place[one])
        groups = _groups(tree, graph.groups[name], arrays[name])
        if groups > 1:
            notes.append(f"{printable(name)} is a convolution in {groups} groups, drawn as such")
        uses[name] = Use(
            "out_in", tuple(reads) if has_edges else None, groups, recurrent=name in loops, name=name
        )
    others = sorted({kind for kind in graph.kinds.values() if kind not in _WEIGHTED})
    notes.append(f"nodes without weights: {', '.join(map(printable, others))}")
    return Contents("NIR network", arrays, "out_in", True, set(graph.kinds) - set(arrays), notes, uses=uses)


def _groups(tree: Tree, group: Any, array: Any) -> int:
    dataset = tree.member(group, "groups")
    if dataset is None or dataset.shape != () or array.ndim < 3:
        return 1
    groups = int(tree.array("groups", dataset))
    if groups < 1 or array.shape[0] % groups:
        raise tree.damage_error(f"a convolution of {array.shape[0]} channels cannot have {groups} groups")
    return groups
