"""networkx's own lists of links: two names and a dictionary of attributes in braces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import lines
from netsci.io.formats.tables.fields import find_brace_mark, has_braces, split_braces
from netsci.io.formats.tables.layout import read_remarks
from netsci.io.formats.tables.sample import Sample, take_sample
from netsci.io.guess import Guess
from netsci.io.network.named_links import NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_MEND = (
    "write it with data=['weight'] (networkx.write_edgelist), or as GraphML; --columns reads it as a table"
)


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader if one of the first lines ends with braces, as all must then."""
    return read_attribute_list if any(map(has_braces, sample.lines)) else None


def read_attribute_list(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read names and attributes; the weight is the one of that name, or the only number on every line."""
    rows = [(number, line) for number, line in lines(path) if line[0] not in "#%"]
    bare = next((number for number, line in rows if not has_braces(line)), None)
    mark = find_brace_mark([line for _, line in rows]) if bare is None else None
    if mark is None:
        where = "" if bare is None else f" on line {bare}"
        raise CheckpointError(
            path,
            f"it looks like networkx's list of links, but two names and braces do not stand{where}",
            _MEND,
        )
    found: list[tuple[list[str], dict[str, Any]]] = []
    for number, line in rows:
        names, attributes = split_braces(line, mark)
        if attributes is None:
            raise CheckpointError(path, f"line {number}: what stands in braces is no dictionary", _MEND)
        found.append((names, attributes))
    key, said = _find_weight(path, [attributes for _, attributes in found])
    links = NamedLinks(path, hints.bipartite)
    for names, attributes in found:
        weight = attributes[key] if key is not None else None
        links.add(names[0], names[1], float("nan") if key is not None and weight is None else weight)
    directed, why = _direction(path)
    graph, notes = links.graph(directed, why)
    head = f"networkx's list of {len(found):,} {'link' if len(found) == 1 else 'links'} with attributes"
    return graph, [head, *said, *notes]


def _find_weight(path: Path, records: list[dict[str, Any]]) -> tuple[str | None, list[str]]:
    """Return the attribute that is the weight, if any, and what to say about it."""
    having = sum("weight" in record for record in records)
    numbers = [
        key
        for key in records[0]
        if all(type(record.get(key, "")) in (int, float, type(None)) for record in records)
    ]
    if having:
        if having < len(records) or "weight" not in numbers:
            raise CheckpointError(
                path,
                f"{having:,} of {len(records):,} links have a 'weight', and not all of them a number",
                _MEND,
            )
        return "weight", []
    key = next((key for key in numbers if key.lower() == "value"), numbers[0] if len(numbers) == 1 else None)
    if key is None:
        return None, []
    return key, [
        Guess(f"edge attribute {printable(key)!r} is read as the weight; --columns source,target leaves it")
    ]


def _direction(path: Path) -> tuple[bool | None, str]:
    directed, why, _ = read_remarks(take_sample(path).remarks)
    return directed, why
