"""Lists of neighbours under their node: LGL (`# node`, then a line for each) and METIS (a line for all)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError
from netsci.io.formats.graph_text import check_text_size, encoding_of, lines
from netsci.io.formats.tables.fields import number
from netsci.io.formats.tables.sample import Sample
from netsci.io.guess import Guess
from netsci.io.network.graphs import LinkTable, build
from netsci.io.network.named_links import NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_AS_LINKS = "--format edges or --columns source,target,weight"


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader of LGL or METIS where the whole file is laid out so, or None."""
    if _is_lgl(sample):
        return read_lgl
    first = sample.rows[0]
    if len(first) == 2 and all(field.isdecimal() for field in first) and _metis_rows(sample.path) is not None:
        return read_metis
    return None


def _is_lgl(sample: Sample) -> bool:
    """Whether comments of one word stand among lines of one name, or of a name and a number."""
    if not sample.between or not sample.remarks or len(sample.remarks[-1].split()) != 1:
        return False
    widths = {len(line.split()) for line in sample.lines}
    weighted = all(number(line.split()[-1]) is not None for line in sample.lines if len(line.split()) == 2)
    if not widths <= {1, 2} or not weighted:
        return False
    heads, names = set[str](), set[str]()
    for _, line in lines(sample.path):
        if line[0] == "#" and len(line[1:].split()) != 1:
            return False
        (heads if line[0] == "#" else names).add(line.lstrip("# ").split()[0])
    return widths == {1} or (len(heads) > 1 and bool(heads & names))


def read_lgl(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read `# node` and, below it, its neighbours, each perhaps with a weight; links have no direction."""
    links, node, weighted = NamedLinks(path, hints.bipartite), "", 0
    for line_number, line in lines(path):
        fields = line.split()
        if line[0] == "#":
            node = line[1:].strip()
            if node and not hints.bipartite:
                links.add_node(node)
            continue
        weight = number(fields[1]) if len(fields) == 2 else None
        if not node or len(fields) > 2 or (len(fields) == 2 and weight is None):
            raise CheckpointError(
                path,
                f"line {line_number} is not a neighbour, with or without weight, of a node '# name' (LGL)",
                f"correct it, or see {_AS_LINKS}",
            )
        weighted += weight is not None
        links.add(node, fields[0], weight)
    if 0 < weighted < len(links.sources):
        raise CheckpointError(path, "some of its links have a weight and others do not (LGL)", "complete it")
    head = Guess(f"an LGL graph: names after # are nodes, with their neighbours below; if not, {_AS_LINKS}")
    graph, notes = links.graph(False, "undirected, as LGL has it")
    return graph, [head, *notes]


def read_metis(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read a METIS graph without weights: nodes and links in the first line, then neighbours line by line."""
    rows = _metis_rows(path)
    if rows is None:
        raise CheckpointError(
            path,
            "it is no METIS graph without weights: a first line 'nodes links', then a line of "
            "neighbours for each",
            f"see {_AS_LINKS}",
        )
    ends = np.asarray([(u, v) for u, row in enumerate(rows) for v in row], np.int64).reshape(-1, 2)
    names = [str(node + 1) for node in range(len(rows))]
    shape = (len(rows), len(rows))
    graph, said = build(path, LinkTable(ends[:, 0], ends[:, 1], None, shape, False, labels=(names, None)))
    head = Guess(
        f"a METIS graph of {len(rows):,} nodes: line by line the neighbours of a node, which all agree; "
        f"if not, {_AS_LINKS}"
    )
    return graph, [head, *said]


def _metis_rows(path: Path) -> list[list[int]] | None:
    """Return the neighbours of each node from 0, or None if a count or a neighbour does not fit."""
    check_text_size(path)
    with open(path, encoding=encoding_of(path), newline=None) as stream:
        texts = (line for line in stream if not line.startswith("%"))
        head = next(texts, "").split()
        if len(head) != 2 or not all(field.isdecimal() and len(field) < 10 for field in head):
            return None
        n, m = int(head[0]), int(head[1])
        rows: list[list[int]] = []
        count = 0
        for line in texts:
            fields = line.split()
            if len(rows) == n:
                if fields:
                    return None
                continue
            if not all(field.isdecimal() and len(field) < 10 and 1 <= int(field) <= n for field in fields):
                return None
            rows.append([int(field) - 1 for field in fields])
            count += len(fields)
            if count > 2 * m:
                return None
    pairs = {(u, v) for u, row in enumerate(rows) for v in row}
    whole = len(rows) == n and count == 2 * m == len(pairs)
    return rows if whole and all((v, u) in pairs and u != v for u, v in pairs) else None
