"""Adjacency lists: a source and its neighbours on every line, or in networkx's multiline form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError
from netsci.io.formats.graph_text import lines
from netsci.io.formats.tables.fields import has_braces, parse_attributes, split_fields
from netsci.io.formats.tables.layout import read_remarks
from netsci.io.formats.tables.sample import Sample, spells_whole, take_sample
from netsci.io.guess import Guess
from netsci.io.network.named_links import MERGE, NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_FEWEST = 4  # lines, below which each source on one line of its own proves nothing
_AS_LIST = "--format adjlist (format= in load)"
_AS_LINKS = "--format edges or --columns source,target,weight"


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader if networkx's comments, or lines with and without braces, tell adjacency lists."""
    braces = [has_braces(line) for line in sample.lines]
    if not sample.delimiter and len(sample.rows) > 1 and not any(braces):
        _refuse_colons(sample)
    signed = any(re.match(r"GMT \w{3} \w{3} +\d", remark) for remark in sample.remarks)
    if not signed:
        return read_multiline if any(braces) and not all(braces) and not braces[0] else None
    if any(braces):
        return None if all(braces) else read_multiline
    counts = _fits_multiline(sample) if sample.whole else False
    return read_multiline if counts else read_adjacency_lists


def _refuse_colons(sample: Sample) -> None:
    """Raise CheckpointError where every line is a name with a colon and its neighbours."""
    if all(re.fullmatch(r"[^:>]+:", row[0]) for row in sample.rows):
        raise CheckpointError(
            sample.path,
            "every line is a name, a colon and names: adjacency lists with colons, which are not read",
            f"take the colons out and read it with {_AS_LIST}; if colons belong to the names, {_AS_LINKS}",
        )


def _fits_multiline(sample: Sample) -> bool:
    """Whether every `node n` is followed by n lines of one name."""
    left = 0
    for line in sample.lines:
        fields = line.split()
        if left:
            if len(fields) != 1:
                return False
            left -= 1
        elif len(fields) != 2 or not fields[1].isdecimal():
            return False
        else:
            left = int(fields[1])
    return not left


def find_bare(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader of lists without networkx's comments, after a check of the whole file, or None.

    Every line is another source, every neighbour is a source as well, and no line names one twice. Where
    the third of three numbers could be a weight as well, that is refused.
    """
    if sample.has_header or len(sample.rows) < _FEWEST or not _could_be(sample.rows):
        return None
    if max(map(len, sample.rows)) < 3 and sample.whole:
        return None
    rows = [row for _, row in sample.all_rows()]
    rows = [_without_blanks(row) for row in rows]
    if not _could_be(rows) or max(map(len, rows)) < 3:
        return None
    sources = {row[0] for row in rows}
    known = all(set(row[1:]) <= sources for row in rows)
    ragged = min(map(len, rows)) < max(map(len, rows))
    numbers = all(spells_whole(cell) for row in rows for cell in row)
    if not known:
        neighbours = [cell for row in rows for cell in row[1:]]
        if ragged and 2 * sum(cell in sources for cell in neighbours) > len(neighbours):
            raise _ask(sample.path, "most names stand first on a line of their own: perhaps adjacency lists")
        return None
    if numbers and all(cell in ("0", "1") for row in rows for cell in row[2:]):
        return None  # weights of a network that has none
    if numbers and not ragged:
        raise _ask(
            sample.path,
            "every line begins with another node and holds nothing but nodes: perhaps adjacency lists",
        )
    return read_adjacency_lists


def _could_be(rows: Sequence[list[str]]) -> bool:
    """Whether every line begins with another name, and names no node twice."""
    firsts = [row[0] for row in rows]
    return (
        len(set(firsts)) == len(firsts)
        and all(firsts)
        and all(len(set(full)) == len(full) for full in map(_without_blanks, rows))
    )


def _without_blanks(row: list[str]) -> list[str]:
    """Return the fields of a line without the blank ones at its end, as spreadsheets leave them."""
    kept = list(row)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _ask(path: Path, what: str) -> CheckpointError:
    return CheckpointError(path, what, f"read it as such with {_AS_LIST}, or as links with {_AS_LINKS}")


def _find_mark(texts: Iterable[str]) -> str:
    """Return what separates names: a mark that stands anywhere, since lines of one name have none."""
    whole = "".join(line.partition("{")[0] if has_braces(line) else line for line in texts)
    return next((mark for mark in "\t;," if mark in whole), "")


def read_adjacency_lists(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read a source and its neighbours from each line, and notes."""
    rows: list[list[str]] = []
    texts = [(line_number, line) for line_number, line in lines(path) if line[0] not in "#%"]
    delimiter = _find_mark(line for _, line in texts)
    for line_number, line in texts:
        if has_braces(line):
            raise CheckpointError(
                path,
                f"line {line_number} holds attributes, and adjacency lists have none",
                f"see {_AS_LINKS}",
            )
        row = _without_blanks(split_fields(line, delimiter))
        if not row or not all(row):
            raise CheckpointError(
                path, f"line {line_number} holds a blank name", f"complete it, or {_AS_LINKS}"
            )
        rows.append(row)
    count = sum(len(row) - 1 for row in rows)
    head = f"adjacency lists of {len(rows):,} sources with {count:,} neighbours; if they are not, {_AS_LINKS}"
    graph, notes = _build(path, hints, rows)
    return graph, [Guess(head), *notes]


def read_multiline(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read networkx's multiline lists: a node and its number of neighbours, then one neighbour a line."""
    rows: list[list[str]] = []
    weights: list[Any] = []
    left = 0
    texts = [(line_number, line) for line_number, line in lines(path) if line[0] not in "#%"]
    delimiter = _find_mark(line for _, line in texts)
    for line_number, line in texts:
        ends, brace, rest = line.partition("{")
        fields = [field for field in split_fields(ends, delimiter) if field]
        record = parse_attributes("{" + rest) if brace else {}
        if left and len(fields) == 1 and record is not None:
            left -= 1
            rows[-1].append(fields[0])
            weights.append(record.get("weight"))
        elif not left and not brace and len(fields) == 2 and re.fullmatch(r"\d{1,9}", fields[1]):
            left = int(fields[1])
            rows.append([fields[0]])
        else:
            raise _wrong(
                path, f"line {line_number} is neither a node with its number of neighbours nor one of them"
            )
    if left:
        raise _wrong(path, f"{left:,} neighbours of its last node are missing")
    known = [weight for weight in weights if weight is not None]
    if len(known) not in (0, len(weights)) or any(type(weight) not in (int, float) for weight in known):
        raise _wrong(path, "some of its links have no weight, or one that is not a number")
    graph, notes = _build(path, hints, rows, known or None)
    return graph, [f"networkx's multiline adjacency lists of {len(rows):,} nodes", *notes]


def _wrong(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        path, f"it looks like multiline adjacency lists, but {what}", f"fetch it again, or see {_AS_LINKS}"
    )


def _build(
    path: Path, hints: Hints, rows: Iterable[list[str]], weights: list[float] | None = None
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of lists, directed if a neighbour was a source before: undirected links come once."""
    links = NamedLinks(path, hints.bipartite)
    before: set[str] = set()
    directed, place = False, 0
    for row in rows:
        for neighbour in row[1:]:
            directed = directed or neighbour in before
            links.add(row[0], neighbour, None if weights is None else float(weights[place]))
            place += 1
        if not hints.bipartite:
            links.add_node(row[0])
        before.add(row[0])
    if hints.bipartite:
        return links.graph(True, "bipartite, as told: sources and neighbours are two sets of nodes")
    both = _every_link_twice(links)
    told, why, _ = read_remarks(take_sample(path).remarks)
    if told is not None:
        return links.graph(told, why)
    if directed and not both:
        return links.graph(True, Guess(f"directed: neighbours are named again; if they are not, {MERGE}"))
    return links.graph(
        False, Guess("undirected: nothing says otherwise; if not, add the comment '# directed'")
    )


def _every_link_twice(links: NamedLinks) -> bool:
    """Whether each link is listed at both of its ends."""
    pairs = set(zip(links.sources, links.targets, strict=True))
    return all((v, u) in pairs for u, v in pairs)
