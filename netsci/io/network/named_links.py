"""Links between named nodes, collected one by one, and the graph of them."""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError
from netsci.io.guess import Guess
from netsci.io.network.graphs import LinkTable, build

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

MERGE = "--undirected (undirected=True in load) merges both directions"
_FEWEST = 4  # links below which two columns without a common name prove nothing
_NUMBER = re.compile(r"\d{1,1000}")


class NamedLinks:
    """The links of a list, by the names of their ends.

    Parameters
    ----------
    path : the file.
    two_kinds : whether sources and targets are two sets of nodes, in which a name can stand for two nodes.
    """

    def __init__(self, path: Path, two_kinds: bool = False) -> None:
        self.path, self.two_kinds = path, two_kinds
        self.index: dict[str, int] = {}
        self.targets_index: dict[str, int] = {} if two_kinds else self.index
        self.sources, self.targets, self.weights = array("q"), array("q"), array("d")
        self._listed = False

    def add(self, source: str, target: str, weight: float | None = None) -> None:
        """Add a link; either all have a weight or none."""
        self.sources.append(self.index.setdefault(source, len(self.index)))
        self.targets.append(self.targets_index.setdefault(target, len(self.targets_index)))
        if weight is not None:
            self.weights.append(weight)

    def add_node(self, name: str) -> None:
        """Add a node that need not have links."""
        self._listed = True
        self.index.setdefault(name, len(self.index))

    def separate(self) -> bool:
        """Make sources and targets two sets of nodes if no name is in both columns, and return whether.

        A few links may be listed so by chance: there must be four, and a name that repeats in each column.
        """
        if self.two_kinds or len(self.sources) < _FEWEST:
            return False
        sources, targets = (np.unique(np.asarray(ends, np.int64)) for ends in (self.sources, self.targets))
        pairs = len(np.unique(np.asarray(self.sources) * len(self.index) + np.asarray(self.targets)))
        if max(len(sources), len(targets)) >= pairs or min(len(sources), len(targets)) < 2:
            return False
        if len(np.intersect1d(sources, targets, assume_unique=True)) or len(self.index) > len(sources) + len(
            targets
        ):
            return False
        names = list(self.index)
        self.index = {names[i]: place for place, i in enumerate(sources.tolist())}
        self.targets_index = {names[i]: place for place, i in enumerate(targets.tolist())}
        self.sources = array("q", np.searchsorted(sources, np.asarray(self.sources)).tolist())
        self.targets = array("q", np.searchsorted(targets, np.asarray(self.targets)).tolist())
        self.two_kinds = True
        return True

    def graph(
        self, directed: bool | None, why: str = "", *, mend: str = "put the comment line '# directed' first"
    ) -> tuple[LayeredGraph, list[str]]:
        """Return the graph and notes; `directed` None leaves it to the links, `why` says how it is known.

        `mend` says what to do where links are directed and do not tell it.
        """
        if not self.sources:
            raise CheckpointError(self.path, "it holds no links", "write it again with its links")
        source, names, order = _sort(self.sources, self.index)
        target, target_names, _ = _sort(self.targets, self.targets_index)
        weights = np.asarray(self.weights, np.float64) if len(self.weights) == len(source) else None
        notes = [why] if why else []
        if self.two_kinds:
            directed = True
        elif directed is None:
            directed = runs_one_way(source, target, weights, len(names))
            notes.append(
                _DIRECTED if directed else Guess(f"undirected: nothing says otherwise; if not, {mend}")
            )
        which = "as the file lists them" if self._listed else "those that have links"
        notes.append(f"nodes are {which}, numbered in the order {order}")
        shape = (len(names), len(target_names))
        table = LinkTable(source, target, weights, shape, directed, self.two_kinds, (names, target_names))
        graph, said = build(self.path, table)
        return graph, notes + said


_DIRECTED = Guess(f"directed: some links run both ways and others do not; if not, {MERGE}")


def runs_one_way(source: Any, target: Any, weights: Any, n: int) -> bool:
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


def _sort(places: Any, index: dict[str, int]) -> tuple[Any, list[str], str]:
    """Return node numbers and names by the numbers that the names spell, if all do, else as they come."""
    found, names = np.asarray(places, np.int64), list(index)
    if not all(map(_NUMBER.fullmatch, names)):
        return found, names, "in which their labels come"
    order = sorted(range(len(names)), key=lambda i: int(names[i]))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return rank[found], [names[i] for i in order], "of their numbers"
