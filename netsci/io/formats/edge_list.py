"""Edge lists as text: two to five columns or named ones, separated by tabs, commas, semicolons or spaces."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import lines
from netsci.io.formats.table_layout import Layout, layout_of, number, split_fields
from netsci.io.network.graphs import LinkTable, build

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_DIRECTION = {"directed": True, "undirected": False}
_MAX_TYPES = 1000
_MERGE = "--undirected (undirected=True in load) merges both directions"


def read_table(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read an edge list, an adjacency matrix or a biadjacency matrix, and notes that say which.

    A header or a comment decides which columns are source, target and weight and whether links are directed;
    without one, links are undirected unless some but not all run both ways.
    """
    layout = layout_of(path)
    if layout.matrix:
        from netsci.io.formats.matrix_text import read_matrix

        return read_matrix(path, layout)
    return _Links(path, layout).graph()


class _Links:
    """The links of an edge list, collected line by line."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self.index: dict[str, int] = {}
        self.targets_index = {} if layout.bipartite else self.index
        self.sources, self.targets, self.weights = array("q"), array("q"), array("d")
        self.kinds: Counter[str] = Counter()
        for line_number, line in lines(path):
            if line[0] not in "#%" and line_number > layout.header_line:
                self._take(line_number, split_fields(line, layout.delimiter))

    def graph(self) -> tuple[LayeredGraph, list[str]]:
        """Return the graph and notes."""
        layout = self.layout
        if not self.sources:
            raise CheckpointError(
                self.path, "it holds a header and no links", "write it again with its links"
            )
        source, order = _renumber(self.sources, self.index)
        target, _ = _renumber(self.targets, self.targets_index)
        weights = None if layout.weight is None else np.asarray(self.weights, np.float64)
        shape = (len(self.index), len(self.targets_index))
        directed, why = self._find_direction(source, target, weights, len(self.index))
        notes = [
            f"an edge list of {len(source):,} {'lines' if len(source) != 1 else 'line'}: {layout.describe()}"
        ]
        notes += [why] if why else []
        notes.append(f"nodes are those that have links, numbered in the order {order}")
        if len(self.kinds) > 1 and set(self.kinds) - set(_DIRECTION):
            most = ", ".join(f"{printable(kind)} {count:,}" for kind, count in self.kinds.most_common(6))
            notes.append(f"links of {len(self.kinds)} types are taken together: {most}")
        labels = (list(self.index), list(self.targets_index))  # only numbers are sorted, and are no labels
        table = LinkTable(source, target, weights, shape, directed, layout.bipartite, labels)
        graph, said = build(self.path, table)
        return graph, notes + said

    def _take(self, line_number: int, fields: list[str]) -> None:
        layout = self.layout
        if len(fields) <= layout.last:
            raise CheckpointError(
                self.path,
                f"line {line_number} has {len(fields)} fields where {layout.last + 1} are due",
                "give every line source and target, and a weight if others have one",
            )
        u, v = fields[layout.source], fields[layout.target]
        if not u or not v:
            raise CheckpointError(
                self.path, f"line {line_number} names no source or no target", "complete or drop the line"
            )
        self.sources.append(self.index.setdefault(u, len(self.index)))
        self.targets.append(self.targets_index.setdefault(v, len(self.targets_index)))
        if layout.weight is not None:
            weight = number(fields[layout.weight], layout.delimiter)
            if weight is None:
                raise CheckpointError(
                    self.path,
                    f"line {line_number}: the weight {printable(fields[layout.weight])!r} is not a number",
                    "give every link a number, or leave the column out",
                )
            self.weights.append(weight)
        if layout.kind is not None and layout.kind < len(fields) and len(self.kinds) < _MAX_TYPES:
            self.kinds[fields[layout.kind].lower()] += 1

    def _find_direction(self, source: Any, target: Any, weights: Any, n: int) -> tuple[bool, str]:
        """Return whether links run one way, and the note that says why."""
        if self.layout.bipartite:
            return True, "bipartite, as a comment says: sources and targets are two sets of nodes"
        told = {_DIRECTION.get(kind) for kind in self.kinds}
        if told == {True} or told == {False}:
            word = "directed" if told == {True} else "undirected"
            return told == {True}, f"{word}, as the column 'type' says"
        if self.layout.directed is not None:
            way_on = _MERGE if self.layout.directed else "put the comment line '# directed' first"
            mend = f"; if not, {way_on}" if self.layout.by_header else ""
            return self.layout.directed, f"{self.layout.why}{mend}"
        if _one_way(source, target, weights, n):
            return True, f"directed: some links run both ways and others do not; if not, {_MERGE}"
        return False, "undirected: nothing says otherwise; if not, put the comment line '# directed' first"


def _one_way(source: Any, target: Any, weights: Any, n: int) -> bool:
    """Whether some, but not all, links run both ways, or not with one weight."""
    keys, index = np.unique(source * n + target, return_inverse=True)
    back = np.sort(keys % n * n + keys // n)
    off = keys // n != keys % n
    both = np.isin(keys, back) & off
    if not both.any():
        return False
    if not np.array_equal(back, keys) or weights is None:
        return not np.array_equal(back, keys)
    sums = np.bincount(index, weights, len(keys))
    return not np.array_equal(sums[np.searchsorted(keys, keys % n * n + keys // n)], sums)


def _renumber(places: Any, index: dict[str, int]) -> tuple[Any, str]:
    """Return node numbers by the numbers that the labels spell, if all do, else by first appearance."""
    found = np.asarray(places, np.int64)
    if not all(re.fullmatch(r"\d{1,18}", label) for label in index):
        return found, "in which their labels come"
    values = np.fromiter(map(int, index), np.int64, len(index))
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank[found], "of their numbers"
