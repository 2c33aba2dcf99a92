"""GraphML graphs, refused before parsing where the XML could expand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import MAX_UNITS, MAX_XML
from netsci.io.sniff import web_page

if TYPE_CHECKING:
    from netsci.graph import LayeredGraph

_MAX_DEPTH = 64


def read_graphml(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a GraphML graph, ours or anybody's, and notes; see `netsci.graph.from_networkx`."""
    if path.stat().st_size > MAX_XML:
        raise CheckpointError(path, f"a GraphML file above the limit of {MAX_XML:,} bytes", "use an npz")
    graphs = _look_through(path)
    import networkx as nx

    from netsci.graph import from_networkx

    network = nx.read_graphml(path)
    notes = [f"only the first of {graphs} graphs is read"] if graphs > 1 else []
    _check_header(path, network)
    if "netsci" not in network.graph:
        notes += _tidied(network)
    try:
        return from_networkx(network), notes
    except ValueError as error:  # ours: it says what is wrong with the graph and how to mend it
        raise CheckpointError(path, "the graph cannot be read", str(error)) from error


def _tidied(network: Any) -> list[str]:
    """Drop weights that are no numbers from a foreign graph, and note what else is not read as it stands."""
    links = list(network.edges(data=True))
    notes = []
    # Whole numbers of any size are finite, and math.isfinite fails on large ones.
    weights = [attributes["weight"] for _, _, attributes in links if "weight" in attributes]
    if any(isinstance(weight, float) and not math.isfinite(weight) for weight in weights):
        notes.append("weights hold NaN or infinite values: links kept, weights dropped")
        for _, _, attributes in links:
            attributes.pop("weight", None)
    if not weights:
        numeric = {key for *_, a in links for key, v in a.items() if type(v) in (int, float)}
        notes += [
            f"edge attribute {printable(key)!r} is not read as a weight; rename it to 'weight' if it is one"
            for key in sorted(numeric)[:6]
        ]
    directed = network.is_directed()
    repeated = len(links) - len({(u, v) if directed else frozenset((u, v)) for u, v, _ in links})
    if repeated:
        notes.append(f"{repeated:,} repeated {'links' if repeated > 1 else 'link'} merged")
    loops = sum(u == v for u, v, _ in links)
    if loops:
        notes.append(f"{loops:,} {'self-loops' if loops > 1 else 'self-loop'}")
    return notes


def _look_through(path: Path) -> int:
    """Return the number of graphs; parse without building anything, and refuse what could do harm.

    Refused are document types, entities, another root than graphml, and deep nesting. On events rather than
    bytes, because a declared encoding can spell `<!DOCTYPE` in other bytes.
    """
    parser = expat.ParserCreate()
    depth = graphs = 0

    def refuse(*_: Any) -> None:
        raise CheckpointError(
            path,
            "the XML declares a document type or entities, which can expand without end",
            "write it again without DOCTYPE, for instance with networkx.write_graphml",
        )

    def doctype(name: str, *rest: Any) -> None:
        if name.lower() == "html":
            raise web_page(path)
        refuse()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, graphs
        root = name.rpartition(":")[2].lower()
        if depth == 0 and root == "html":
            raise web_page(path)
        if depth == 0 and root != "graphml":
            raise CheckpointError(
                path, f"this is XML, but not GraphML (its root is {name[:40]!r})", "convert it to GraphML"
            )
        graphs += depth == 1 and root == "graph"
        depth += 1
        if depth > _MAX_DEPTH:
            raise CheckpointError(path, f"its XML nests deeper than {_MAX_DEPTH}", "write it again")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    with open(path, "rb") as stream:
        parser.ParseFile(stream)
    return graphs


def _check_header(path: Path, network: Any) -> None:
    """Check the sizes that our own header claims against the nodes that are there."""
    text = network.graph.get("netsci")
    if text is None:
        return
    try:
        header = json.loads(text)
        sizes = dict(header["populations"])
        rows = [sizes[p["source"]] * p["rows_per_unit"] for p in header["projections"]]
        fits = sum(sizes.values()) == network.number_of_nodes() and max(rows, default=0) <= MAX_UNITS
    except (ValueError, KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise CheckpointError(
            path, "its netsci header and its nodes do not agree", "write it again with to_graphml"
        )
