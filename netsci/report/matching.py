"""Match the nodes of two networks: by their names where both have some, by their places where neither has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph import LayeredGraph, Projection
from netsci.graph.structure.null_models import clear_loops

BY_PLACE = "nodes matched by their places, since neither network names them"
BY_NAME = "nodes matched by their names"


@dataclass(frozen=True)
class Matched:
    """The links of two projections over the same nodes.

    Parameters
    ----------
    first, second : bool CSR of one shape; row r and column c are the same nodes in both; without self-loops
        where rows and columns are one population in both. places : where a link could be in them.
    how : how the nodes are matched, for people.
    """

    first: sp.csr_array
    second: sp.csr_array
    places: int
    how: str


def match(a: LayeredGraph, b: LayeredGraph, p: Projection, q: Projection) -> Matched | None:
    """Return the links of p (of a) and of q (of b) over the nodes of both, or None where they do not match.

    Nodes with names are matched by them, and those of one network alone have no links in the other. Nodes
    without are matched by their places if the shapes agree.

    Raises
    ------
    ValueError
        If one network names its nodes and the other does not, if no name is shared, or a name is not unique.
    """
    rows = _match_side(a, b, p.source, q.source)
    columns = rows if (p.source, q.source) == (p.target, q.target) else _match_side(a, b, p.target, q.target)
    plain = p.one_population and q.one_population
    if rows is None and columns is None:
        if p.shape != q.shape:
            return None
        return _keep_plain(p.links, q.links, BY_PLACE, plain=plain)
    if p.rows_per_unit != q.rows_per_unit:
        return None
    sides = [
        _places(found, size_a, size_b)
        for found, size_a, size_b in (
            (rows, a.sizes[p.source], b.sizes[q.source]),
            (columns, a.sizes[p.target], b.sizes[q.target]),
        )
    ]
    if any(side is None for side in sides):
        return None
    (row_a, row_b, n_rows), (column_a, column_b, n_columns) = (side for side in sides if side is not None)
    shape = (n_rows * p.rows_per_unit, n_columns)
    first = _move(p, row_a, column_a, shape)
    return _keep_plain(first, _move(q, row_b, column_b, shape), BY_NAME, plain=plain)


def _keep_plain(first: sp.csr_array, second: sp.csr_array, how: str, *, plain: bool) -> Matched:
    """Return the matched links, without those on the diagonal if `plain`, which then are no places."""
    rows, columns = first.shape
    if not plain:
        return Matched(first, second, rows * columns, how)
    return Matched(clear_loops(first), clear_loops(second), rows * (rows - 1), how)


Side = tuple[NDArray[np.int64], NDArray[np.int64], int]


def _places(found: Side | None, size_a: int, size_b: int) -> Side | None:
    """Return the places of both sides' nodes; by their own where they have no names and are as many."""
    if found is not None:
        return found
    return (np.arange(size_a), np.arange(size_a), size_a) if size_a == size_b else None


def _match_side(a: LayeredGraph, b: LayeredGraph, in_a: str, in_b: str) -> Side | None:
    """Return the place of every node of both populations among the names of both, or None without names."""
    first, second = _labels(a, in_a), _labels(b, in_b)
    if first is None and second is None:
        return None
    shown = f"A: {_show(first)}; B: {_show(second)}"
    if first is None or second is None:
        one, other = ("A", "B") if second is None else ("B", "A")
        raise ValueError(
            f"{one} names its nodes and {other} does not, so that they cannot be matched ({shown}); compare "
            "networks that both have names, or neither"
        )
    for which, labels in (("A", first), ("B", second)):
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(f"{twice!r} names two nodes of {which}; give each node a name of its own")
    place = {label: i for i, label in enumerate(first)}
    if not any(label in place for label in second):
        raise ValueError(
            f"no node of A has the name of a node of B ({shown}); compare networks of the same "
            f"nodes, or rename"
        )
    for label in second:
        place.setdefault(label, len(place))
    return np.arange(len(first)), np.array([place[label] for label in second], np.int64), len(place)


def _labels(graph: LayeredGraph, name: str) -> tuple[str, ...] | None:
    labels = next(p.labels for p in graph.populations if p.name == name)
    return None if labels is None else tuple(labels)


def _show(labels: Sequence[str] | None) -> str:
    return "no names" if labels is None else ", ".join([*labels[:4], *(["..."] if len(labels) > 4 else [])])


def _move(
    p: Projection, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]
) -> sp.csr_array:
    """Return the links with every node at its new place."""
    coo = p.links.tocoo()
    unit, within = np.divmod(coo.row.astype(np.int64), p.rows_per_unit)
    place = (rows[unit] * p.rows_per_unit + within, columns[coo.col])
    return sp.csr_array(sp.coo_array((np.ones(coo.nnz, bool), place), shape=shape))
