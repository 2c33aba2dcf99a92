"""DIMACS graphs: comments `c`, a problem line `p kind nodes links`, links `e u v` or arcs `a u v weight`."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import check_claim, lines
from netsci.io.formats.tables.fields import number
from netsci.io.formats.tables.sample import Sample
from netsci.io.guess import Guess
from netsci.io.network.graphs import LinkTable, build
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_PROBLEM = re.compile(r"p\s+(\w+)\s+(\d{1,15})\s+(\d{1,15})$")
_MEND = "fetch it again; if it is another kind of list, --format edges or --columns say so"


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader if the first line that is no comment states the problem."""
    first = next((line for line in sample.lines if not re.match(r"c(\s|$)", line)), "")
    return read_dimacs if _PROBLEM.match(first) else None


def read_dimacs(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read a graph of edges (undirected) or arcs (directed), and notes."""
    n = due = -1
    kinds: set[str] = set()
    left_out: set[str] = set()
    sources, targets, weights = array("q"), array("q"), array("d")
    for line_number, line in lines(path):
        fields = line.split()
        mark = fields[0]
        if mark == "c":
            continue
        if n < 0:
            stated = _PROBLEM.match(line)
            if not stated:
                raise _wrong(path, line_number, "it stands before the line 'p kind nodes links'")
            n, due = int(stated[2]), int(stated[3])
            check_claim(path, n, path.stat().st_size, "nodes")
        elif mark in ("e", "a"):
            ends = [int(word) if re.fullmatch(r"\d{1,15}", word) else 0 for word in fields[1:3]]
            weight = number(fields[3]) if len(fields) > 3 else 1.0
            if len(ends) < 2 or not all(1 <= end <= n for end in ends) or weight is None or len(fields) > 4:
                raise _wrong(path, line_number, f"this is no link between nodes from 1 to {n:,}")
            kinds.add(mark + str(len(fields)))
            sources.append(ends[0] - 1)
            targets.append(ends[1] - 1)
            weights.append(weight)
        elif len(mark) == 1 and mark.isalpha():
            left_out.add(mark)
        else:
            raise _wrong(path, line_number, f"its mark {printable(mark)!r} is unknown")
    if len(kinds) > 1:
        raise CheckpointError(path, "some of its links are edges or have weights, and others not", _MEND)
    if n < 0 or not sources or len(sources) not in (due, 2 * due, due // 2):
        raise CheckpointError(
            path, f"it announces {due:,} links and holds {len(sources):,}: truncated", _MEND
        )
    directed, weighted = kinds <= {"a3", "a4"}, kinds <= {"e4", "a4"}
    found = np.asarray(weights, np.float64) if weighted else None
    names = [str(node + 1) for node in range(n)]
    u, v = np.asarray(sources, np.int64), np.asarray(targets, np.int64)
    graph, said = build(path, LinkTable(u, v, found, (n, n), directed, labels=(names, None)))
    way = "arcs, so directed" if directed else "edges, so undirected"
    notes: list[str] = [f"a DIMACS graph of {n:,} nodes: {way}"]
    if len(sources) != due:
        notes.append(Guess(f"it announces {due:,} links and has {len(sources):,} lines of links"))
    if left_out:
        notes.append(f"lines that begin with {', '.join(sorted(left_out))} are left out")
    return graph, notes + said


def _wrong(path: Path, line_number: int, what: str) -> CheckpointError:
    return CheckpointError(path, f"a DIMACS graph, but line {line_number}: {what}", _MEND)
