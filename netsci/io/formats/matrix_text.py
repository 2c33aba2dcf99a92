"""Matrices as text: tables of numbers, and the coordinate format of Matrix Market."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim, lines
from netsci.io.formats.table_layout import Layout, number, split_fields
from netsci.io.limits import MAX_UNITS
from netsci.io.network.graphs import LinkTable, build

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_FIELDS, _SYMMETRIES = ("real", "double", "integer", "pattern"), ("general", "symmetric")


def read_matrix(path: Path, layout: Layout) -> tuple[LayeredGraph, list[str]]:
    """Read a table of numbers: a square one is an adjacency, another one a layer; 0 is no link."""
    rows, columns, values = array("q"), array("q"), array("d")
    count, width = 0, layout.width - layout.labels
    row_names: list[str] = []
    column_names: list[str] = []
    for line_number, line in lines(path):
        if layout.labels and line_number == layout.header_line:
            column_names = split_fields(line, layout.delimiter)[-width:]
        if line[0] in "#%" or line_number <= layout.header_line:
            continue
        fields = split_fields(line, layout.delimiter)
        row_names += fields[: layout.labels]
        fields = fields[layout.labels :]
        found = [number(field, layout.delimiter) for field in fields]
        if len(found) != width or None in found:
            what = f"{len(found)} numbers" if None not in found else "a field that is not a number"
            raise CheckpointError(
                path, f"line {line_number} has {what} where the matrix has {width}", "complete the line"
            )
        for column, value in enumerate(found):
            if value:  # NaN counts as well, and is said to be one
                rows.append(count)
                columns.append(column)
                values.append(value)
        count += 1
    place = (np.asarray(rows, np.int64), np.asarray(columns, np.int64))
    names = (row_names, column_names) if layout.labels else None
    shape = (count, width)
    graph, notes = matrix_graph(path, place, np.asarray(values), shape, "a table of numbers, ", names)
    if width <= 5:
        notes[0] += "; if it is a list of links, put the line 'source,target,weight' first"
    return graph, notes


def read_matrix_market(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a sparse matrix in the coordinate format of Matrix Market; stored zeros are links."""
    head = ""
    shape: tuple[int, int] | None = None
    rows, columns, values = array("q"), array("q"), array("d")
    due = 0
    for line_number, line in lines(path):
        head = head or line
        if line.startswith("%"):
            continue
        fields = line.split()
        if shape is None:
            field, symmetry = _kind(path, head)
            sides = [int(x) if x.isdecimal() and len(x) < 16 else -1 for x in fields]
            if len(sides) != 3 or min(sides) < 0:
                raise _wrong(path, line_number, "this line must give rows, columns and entries")
            shape, due = (sides[0], sides[1]), sides[2]
            check_claim(path, max(shape), path.stat().st_size, "rows or columns")
            continue
        value = 1.0 if field == "pattern" else number(fields[2]) if len(fields) > 2 else None
        place = [int(x) if x.isdecimal() and len(x) < 16 else 0 for x in fields[:2]]
        if value is None or len(place) < 2 or not (0 < place[0] <= shape[0] and 0 < place[1] <= shape[1]):
            raise _wrong(path, line_number, "this is not an entry of the matrix")
        rows.append(place[0] - 1)
        columns.append(place[1] - 1)
        values.append(value)
    if shape is None or len(rows) != due:
        raise CheckpointError(
            path, f"it announces {due:,} entries but holds {len(rows):,}: truncated", "fetch it again"
        )
    i, j, w = np.asarray(rows, np.int64), np.asarray(columns, np.int64), np.asarray(values, np.float64)
    if symmetry == "symmetric":
        off = i != j
        i, j, w = np.concatenate([i, j[off]]), np.concatenate([j, i[off]]), np.concatenate([w, w[off]])
    return matrix_graph(path, (i, j), w, shape)


def matrix_graph(
    path: Path,
    place: tuple[Any, Any],
    values: Any,
    shape: tuple[int, int],
    what: str = "",
    names: tuple[list[str], list[str]] | None = None,
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the links of a matrix, undirected if it is square and symmetric, and notes.

    A matrix of nothing but zeros and ones has no weights. `names` are those of rows and columns; of a square
    matrix the rows' count.
    """
    weights = None if np.all(values == 1) else values
    if max(shape) > MAX_UNITS:
        raise CheckpointError(path, f"it is {shape[0]:,} x {shape[1]:,}, above the limit", "split the matrix")
    if shape[0] != shape[1]:
        graph, said = build(path, LinkTable(*place, weights, shape, True, bipartite=True, labels=names))
        return graph, [f"{what}{shape[0]:,} x {shape[1]:,}: a layer [presynaptic, postsynaptic]", *said]
    directed = not is_symmetric(*place, values, shape[0])
    upper = slice(None) if directed else place[0] <= place[1]
    kept = None if weights is None else weights[upper]
    table = LinkTable(place[0][upper], place[1][upper], kept, shape, directed, labels=names)
    graph, said = build(path, table)
    kind = "directed (row to column), since it is not symmetric" if directed else "symmetric, so undirected"
    return graph, [f"{what}{shape[0]:,} x {shape[1]:,}: an adjacency matrix, {kind}", *said]


def is_symmetric(rows: Any, columns: Any, values: Any, n: int) -> bool:
    """Whether a matrix, given by the places of its entries, equals its transpose; NaN equals NaN."""
    there, back = rows * n + columns, columns * n + rows
    first, second = np.argsort(there, kind="stable"), np.argsort(back, kind="stable")
    same = np.array_equal(there[first], back[second])
    return same and np.array_equal(values[first], values[second], equal_nan=True)


def _kind(path: Path, head: str) -> tuple[str, str]:
    words = head.lower().split()
    if len(words) != 5 or words[2] != "coordinate" or words[3] not in _FIELDS or words[4] not in _SYMMETRIES:
        raise CheckpointError(
            path,
            f"this Matrix Market file is {printable(' '.join(words[2:5])) or 'of no kind'}",
            "netsci reads coordinate; real, integer or pattern; general or symmetric; else save an npz",
        )
    return words[3], words[4]


def _wrong(path: Path, line_number: int, what: str) -> CheckpointError:
    return CheckpointError(path, f"line {line_number}: {what}", "fetch or write it again")
