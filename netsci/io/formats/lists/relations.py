"""Relations: source, kind of link, target on every line (SIF, triples); in NNF after a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import lines
from netsci.io.formats.tables.fields import is_balanced, number, split_fields
from netsci.io.formats.tables.sample import Sample, spells_whole, take_sample
from netsci.io.formats.tables.words import names_a_relation, names_nodes
from netsci.io.guess import Guess
from netsci.io.network.named_links import MERGE, NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_ASK = (
    "--columns source,relation,target if it is one, --columns source,target if the third column is a remark, "
    "--format sif (nnf, edges)"
)
_WAY = f"directed: a relation runs from its first name to its last; if not, {MERGE}"


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader if a column of the whole file holds kinds of links; refuse where it only may."""
    rows = sample.rows
    if sample.has_header or names_nodes(rows[0]):
        return None
    widths = set(map(len, rows))
    if widths <= {2, 4} and 4 in widths and _is_apart(rows, 2, 1):
        return _judge_nnf(sample)
    if max(widths) < 3 or not widths <= {1, *range(3, 100)}:
        return None
    body = rows[1:] if len(rows) > 1 and len(rows[0]) == 3 and names_a_relation(rows[0][1]) else rows
    if body is not rows:
        return read_sif
    return _judge_sif(sample) if _is_apart(rows, 1, 0) else None


def _is_apart(rows: list[list[str]], column: int, first: int) -> bool:
    """Whether a column holds names, and none that the columns beside it (from `first`) hold."""
    full = [row for row in rows if len(row) > column + 1]
    middle = {row[column] for row in full}
    others = {row[first] for row in full} | {cell for row in full for cell in row[column + 1 :]}
    return bool(middle) and not middle & others and all(number(name) is None for name in middle)


def _judge_sif(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    rows = [row for _, row in sample.all_rows()]
    if not {len(row) for row in rows} <= {1, *range(3, 10_000)} or not _is_apart(rows, 1, 0):
        return None
    full = [row for row in rows if len(row) > 2]
    firsts, middle = {row[0] for row in full}, {row[1] for row in full}
    thirds = {cell for row in full for cell in row[2:]}
    if all(number(cell) is not None for cell in thirds):
        # A weight, unless it is a number of a node as the first ones are.
        nodes = all(map(spells_whole, thirds | firsts)) and thirds & firsts
        if nodes and 2 * len(middle) <= len(full) and not thirds <= {"0", "1"}:
            raise _ask(sample.path)
        return None
    if any(len(row) != 3 for row in rows):  # prose has lines of any length
        return read_sif if firsts & thirds and len(middle) < len(full) else None
    if firsts & thirds:
        return read_sif
    if len(middle) <= len(thirds):
        raise _ask(sample.path)
    return None


def _judge_nnf(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    rows = [row for _, row in sample.all_rows()]
    if not {len(row) for row in rows} <= {2, 4} or not _is_apart(rows, 2, 1):
        return None
    full = [row for row in rows if len(row) == 4]
    if all(number(row[3]) is not None for row in full):
        return None
    ragged = len(full) < len(rows)
    shared = {row[1] for row in full} & {row[3] for row in full}
    networks = {row[0] for row in rows}
    if len(networks) == len(rows) > 1:
        return None
    if ragged or (shared and not networks & {name for row in full for name in (row[1], row[3])}):
        return read_nnf
    raise _ask(sample.path)


def _ask(path: Path) -> CheckpointError:
    return CheckpointError(
        path,
        "its middle column holds names that are no nodes elsewhere: perhaps kinds of links (SIF, triples)",
        f"say what it is: {_ASK}",
    )


def read_sif(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read source, relation and one or more targets from each line; a line of one name is a node."""
    links, kinds = NamedLinks(path, hints.bipartite), Counter[str]()
    sample = take_sample(path)
    delimiter = "\t" if any("\t" in line for line in sample.lines) else sample.delimiter
    skip = sample.numbers[0] if len(sample.lines) > 1 and _is_header(sample.lines[0], delimiter) else 0
    for line_number, line in lines(path):
        if line[0] in "#%" or line_number <= skip:
            continue
        fields = [field for field in split_fields(line, delimiter) if field]
        if not fields or len(fields) == 2 or not is_balanced(line):
            raise _wrong(path, line_number, "source, relation and target")
        if len(fields) == 1 and not hints.bipartite:
            links.add_node(fields[0])
        for target in fields[2:]:
            links.add(fields[0], target)
        kinds.update(fields[1:2])
    return _build(links, kinds, hints, "relations (SIF)")


def _is_header(line: str, delimiter: str) -> bool:
    fields = split_fields(line, delimiter)
    return len(fields) == 3 and names_a_relation(fields[1])


def read_nnf(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read the links of the one network of an NNF file: network, source, relation, target."""
    links, kinds = NamedLinks(path, hints.bipartite), Counter[str]()
    sample = take_sample(path)
    networks: dict[str, None] = {}
    for line_number, line in lines(path):
        if line[0] in "#%":
            continue
        fields = split_fields(line, sample.delimiter)
        if len(fields) not in (2, 4) or not all(fields):
            raise _wrong(path, line_number, "network, source, relation and target")
        networks[fields[0]] = None
        if len(fields) == 4:
            links.add(fields[1], fields[3])
            kinds[fields[2]] += 1
        elif not hints.bipartite:
            links.add_node(fields[1])
    if len(networks) > 1:
        names = ", ".join(map(printable, list(networks)[:6]))
        raise CheckpointError(
            path,
            f"it holds {len(networks):,} networks (NNF): {names}",
            "keep the lines of one of them in a file; --columns -,source,-,target reads all links together",
        )
    return _build(links, kinds, hints, f"relations of the network {printable(next(iter(networks)))} (NNF)")


def _build(links: NamedLinks, kinds: Counter[str], hints: Hints, what: str) -> tuple[LayeredGraph, list[str]]:
    most = ", ".join(f"{printable(kind)} {count:,}" for kind, count in kinds.most_common(6))
    head = f"{what}; kinds of links, taken together: {most}; if they are nodes, --format edges"
    two = "bipartite, as told: sources and targets are two sets of nodes"
    graph, notes = links.graph(True, two if hints.bipartite else Guess(_WAY))
    return graph, [Guess(head), *notes]


def _wrong(path: Path, line_number: int, what: str) -> CheckpointError:
    return CheckpointError(path, f"line {line_number} does not hold {what}", f"complete it, or see {_ASK}")
