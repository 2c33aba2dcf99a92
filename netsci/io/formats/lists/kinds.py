"""Which kind of list a text of lines is: of links, of neighbours, of relations; and the reader of its kind.

Each kind is told by the first lines and then checked against the whole file, by its reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import lines
from netsci.io.formats.lists import (
    adjacency_lists,
    arrows,
    attribute_lists,
    dimacs,
    neighbours,
    relations,
)
from netsci.io.formats.tables import first_line
from netsci.io.formats.tables.sample import Sample, take_sample
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

Reader = Callable[[Path, Hints], "tuple[LayeredGraph, list[str]]"]

_READERS: dict[str, Reader] = {
    "adjlist": adjacency_lists.read_adjacency_lists,
    "multiline-adjlist": adjacency_lists.read_multiline,
    "sif": relations.read_sif,
    "nnf": relations.read_nnf,
    "arrows": arrows.read_arrows,
    "dimacs": dimacs.read_dimacs,
    "lgl": neighbours.read_lgl,
    "metis": neighbours.read_metis,
}
_GRAPHML = "convert it to GraphML or to a list of links"
# First line -> what the file is, and the mend.
_NAMES: tuple[tuple[str, str, str], ...] = (
    (
        r"(strict\s+)?(di)?graph\b[^{\n]*\{",
        "a Graphviz DOT graph, which is not read",
        "in Python: networkx.write_graphml(networkx.nx_pydot.read_dot(file), 'graph.graphml')",
    ),
    (r"nodedef\s*>", "a GDF graph, which is not read", "open it in Gephi and export GEXF or GraphML"),
    (r"dl\s+(n|nr|nm|format)\b", "a UCINET DL file, which is not read", _GRAPHML),
    (r"LEDA\.GRAPH", "a LEDA graph, which is not read", _GRAPHML),
    (r">>(graph6|sparse6|digraph6)<<", "a graph6 or sparse6 file, which is not read", _GRAPHML),
    (r"\*(node data|tie data)\b", "a VNA file, which is not read", _GRAPHML),
    (r"@nodes\b|@arcs\b", "a LEMON graph, which is not read", _GRAPHML),
    (r"<[^>\s]*>\s+<[^>\s]*>\s+[<\"_]", "an RDF file (N-Triples), which is not read", "write "
    "source, relation and target in three columns with tabs"),
    (r"@prefix\b|@base\b", "an RDF file (Turtle), which is not read", "write source, relation and "
    "target in three columns with tabs"),
)  # fmt: skip


def find_reader(path: Path, hints: Hints) -> Reader | None:
    """Return the reader of a text that is no plain table, or None; refuse a kind that is not read."""
    if hints.format in _READERS:
        return _READERS[hints.format]
    if hints.format or hints.columns:
        return None
    sample = take_sample(path)
    for pattern, what, mend in _NAMES:
        if re.match(pattern, sample.lines[0], re.IGNORECASE):
            raise CheckpointError(
                path, f"this is {what}", f"{mend}; if it is a list of links all the same, --format edges"
            )
    if sample.between and any(line == "#" for _, line in lines(path)):
        raise CheckpointError(
            path,
            "nodes above a line '#' and links below it: a TGF graph, which is not read",
            "keep the lines below it; if the line is a comment, --format edges",
        )
    for find in (dimacs.find, adjacency_lists.find, attribute_lists.find, arrows.find, neighbours.find):
        if reader := find(sample):
            return reader
    if first_line.is_counts(sample):
        return None
    for find in (relations.find, adjacency_lists.find_bare):
        if reader := find(sample):
            return reader
    _refuse_markers(sample)
    return None


def _refuse_markers(sample: Sample) -> None:
    """Raise CheckpointError where a column says the same on every line and is no node."""
    rows = sample.rows
    if sample.has_header or len(rows) < 2:
        return
    width = min(map(len, rows))
    for column in range(min(width, 2)):
        values = {row[column] for row in rows}
        if len(values) > 1:
            continue
        (value,) = values
        nodes = [row[i] for row in rows for i in range(min(width, 3)) if i != column]
        mark = not any(c.isalnum() for c in value)
        letter = value.lower() in ("e", "a", "l", "edge", "arc", "link") and column == 0
        if width > 2 and (mark or (letter and all(node.isdecimal() for node in nodes))):
            raise CheckpointError(
                sample.path,
                f"column {column + 1} holds {printable(value)!r} on every line: a mark, and no node",
                f"say what the columns are: --columns {','.join(_roles(column, width))} (columns= in load)",
            )


def _roles(marked: int, width: int) -> list[str]:
    roles = ["source", "target", *["-"] * (width - 3)]
    roles.insert(marked, "-")
    return roles
