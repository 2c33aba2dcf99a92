"""Matrices as text: tables of numbers, and the coordinate format of Matrix Market."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim, lines
from netsci.io.formats.tables.fields import is_missing, number, split_fields
from netsci.io.formats.tables.matrix_layout import MatrixLayout
from netsci.io.guess import Guess
from netsci.io.limits import MAX_UNITS
from netsci.io.network.graphs import LinkTable, build
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_FIELDS, _SYMMETRIES = ("real", "double", "integer", "pattern"), ("general", "symmetric")


def read_matrix(path: Path, layout: MatrixLayout, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read a table of numbers: a square one is an adjacency, another one a layer; 0 and blanks are no link.

    A square table with names is an adjacency only if its rows and columns have the same names, in any order.
    """
    cells = _Cells(path, layout)
    if not cells.count:
        raise CheckpointError(path, "it holds names and no numbers", "write it again")
    place = (np.asarray(cells.rows, np.int64), np.asarray(cells.columns, np.int64))
    shape = (cells.count, cells.width)
    names, two_kinds, said = _compare_names(path, cells, layout.corner, hints)
    if names is not None and not two_kinds and cells.column_names and shape[0] == shape[1]:
        order = {name: i for i, name in enumerate(names[0] or ())}
        if set(cells.column_names) == set(order):  # rows and columns in one order
            place = (place[0], np.asarray([order[name] for name in cells.column_names], np.int64)[place[1]])
    graph, notes = matrix_graph(
        path, place, np.asarray(cells.values), shape, "a table of numbers, ", names, two_kinds=two_kinds
    )
    notes[0] += (
        "; if it is a list of links, put the line 'source,target,weight' first" if cells.width <= 5 else ""
    )
    if layout.guessed or (shape[0] == shape[1] and not layout.labels):
        why = f"{layout.guessed}; " if layout.guessed else ""
        other = (
            "--format edges"
            if two_kinds or hints.bipartite
            else "--bipartite reads two sets of nodes, --format edges"
        )
        notes[0] = Guess(f"{why}{notes[0]}; {other} a list")
    if cells.missing:
        notes.append(f"{cells.missing:,} blank or missing cells are no links")
    return graph, [*notes, *said]


class _Cells:
    """The cells of a matrix that are not zero, and the names on its sides."""

    def __init__(self, path: Path, layout: MatrixLayout) -> None:
        self.rows, self.columns, self.values = array("q"), array("q"), array("d")
        self.count, self.missing = 0, 0
        self.width = layout.width - layout.labels
        self.row_names: list[str] = []
        self.column_names: list[str] = []
        for line_number, line in lines(path):
            if layout.labels and line_number == layout.header_line:
                self.column_names = split_fields(line, layout.delimiter)[-self.width :]
            if line[0] in "#%" or line_number <= layout.header_line:
                continue
            fields = split_fields(line, layout.delimiter)
            self.row_names += fields[: layout.labels]
            self._take(path, line_number, fields[layout.labels :], layout)

    def _take(self, path: Path, line_number: int, fields: list[str], layout: MatrixLayout) -> None:
        found = [number(field, layout.comma) for field in fields]
        missing = [i for i, value in enumerate(found) if value is None]
        wrong = any(not is_missing(fields[i]) for i in missing)
        if len(found) != self.width or wrong:
            what = "a field that is not a number" if wrong else f"{len(found)} numbers"
            raise CheckpointError(
                path,
                f"line {line_number} has {what} where the matrix has {self.width}",
                "complete the line; if it is a list of links, --format edges or --columns "
                "source,target,weight",
            )
        self.missing += len(missing)
        for column, value in enumerate(found):
            if value:  # NaN counts as well, and is said to be one
                self.rows.append(self.count)
                self.columns.append(column)
                self.values.append(value)
        self.count += 1


Names = tuple[Sequence[str] | None, Sequence[str] | None]


def _compare_names(
    path: Path, cells: _Cells, corner: str, hints: Hints
) -> tuple[Names | None, bool, list[str]]:
    """Return the names on both sides, whether they are of two sets of nodes, and notes."""
    rows, columns = cells.row_names, cells.column_names
    if hints.bipartite or not rows:
        return ((rows, columns) if rows else None), hints.bipartite, []
    if len(rows) != len(columns):
        shared = len(set(rows) & set(columns))
        said: list[str] = []
        if shared:
            said = [
                Guess(
                    f"rows and columns share {shared:,} names, and are read as two sets of nodes all the same"
                )
            ]
        return (rows, columns), True, said
    if len(set(rows)) == len(rows) and set(rows) == set(columns):
        moved = [] if rows == columns else ["its columns are put into the order of its rows, by their names"]
        return (rows, None), False, moved
    counted = [[str(i + first) for i in range(len(rows))] for first in (0, 1)]
    if not corner and (rows in counted or columns in counted):
        named = columns if rows in counted else rows
        other = "its rows" if rows in counted else "its columns"
        said = [
            Guess(f"{other} are only counted, so both sides have the same names; if they do not, --bipartite")
        ]
        return (named, None), False, said
    shared = len(set(rows) & set(columns))
    if 2 * shared >= len(rows):
        raise CheckpointError(
            path,
            f"a square table of which {shared:,} of {len(rows):,} names stand on both sides: one "
            f"set of nodes or two",
            "give both sides the same names, or read two sets with --bipartite (bipartite= in load)",
        )
    but = f", but for {shared:,}" if shared else ""
    said = [
        Guess(f"bipartite: its rows and columns have different names{but}; if not, give them the same names")
    ]
    return (rows, columns), True, said


def read_matrix_market(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
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
    return matrix_graph(path, (i, j), w, shape, two_kinds=hints.bipartite)


def matrix_graph(
    path: Path,
    place: tuple[Any, Any],
    values: Any,
    shape: tuple[int, int],
    what: str = "",
    names: Names | None = None,
    *,
    two_kinds: bool = False,
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the links of a matrix, undirected if it is square and symmetric, and notes.

    A matrix of nothing but zeros and ones has no weights. `names` are those of rows and columns; of a square
    matrix the rows' count, unless rows and columns are `two_kinds` of nodes. A diagonal of nothing but NaN
    or infinite values, as correlation matrices (and Fisher's z of them) have it, holds no links.
    """
    said: list[str] = []
    if shape[0] == shape[1] and not two_kinds:
        place, values, said = _drop_empty_diagonal(place, values, shape[0])
    weights = None if np.all(values == 1) else values
    if max(shape) > MAX_UNITS:
        raise CheckpointError(path, f"it is {shape[0]:,} x {shape[1]:,}, above the limit", "split the matrix")
    if shape[0] != shape[1] or two_kinds:
        graph, said = build(path, LinkTable(*place, weights, shape, True, bipartite=True, labels=names))
        return graph, [f"{what}{shape[0]:,} x {shape[1]:,}: a layer [presynaptic, postsynaptic]", *said]
    directed = not is_symmetric(*place, values, shape[0])
    upper = slice(None) if directed else place[0] <= place[1]
    kept = None if weights is None else weights[upper]
    table = LinkTable(place[0][upper], place[1][upper], kept, shape, directed, labels=names)
    graph, more = build(path, table)
    said += more
    kind = "directed (row to column), since it is not symmetric" if directed else "symmetric, so undirected"
    return graph, [f"{what}{shape[0]:,} x {shape[1]:,}: an adjacency matrix, {kind}", *said]


def _drop_empty_diagonal(
    place: tuple[Any, Any], values: Any, n: int
) -> tuple[tuple[Any, Any], Any, list[str]]:
    diagonal = (place[0] == place[1]) & ~np.isfinite(values)
    if not n or len(np.unique(place[0][diagonal])) < n:
        return place, values, []
    what = "NaN" if np.isnan(values[diagonal]).all() else "infinite or NaN"
    return (
        (place[0][~diagonal], place[1][~diagonal]),
        values[~diagonal],
        [f"its diagonal is {what} throughout, so it has no self-loops"],
    )


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
