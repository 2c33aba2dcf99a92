"""GraphML graphs, refused before parsing where the XML could expand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from netsci.io.errors import CheckpointError
from netsci.io.limits import MAX_UNITS, MAX_XML
from netsci.io.sniff import web_page

if TYPE_CHECKING:
    from netsci.graph import LayeredGraph

_MAX_DEPTH = 64


def read_graphml(path: Path) -> LayeredGraph:
    """Read a GraphML graph, ours or anybody's; see `netsci.graph.from_networkx`."""
    if path.stat().st_size > MAX_XML:
        raise CheckpointError(path, f"a GraphML file above the limit of {MAX_XML:,} bytes", "use an npz")
    _look_through(path)
    import networkx as nx

    from netsci.graph import from_networkx

    network = nx.read_graphml(path)
    _check_header(path, network)
    try:
        return from_networkx(network)
    except ValueError as error:  # ours: it says what is wrong with the graph and how to mend it
        raise CheckpointError(path, "the graph cannot be read", str(error)) from error


def _look_through(path: Path) -> None:
    """Parse without building anything: no document type, no entities, root graphml, no deep nesting.

    On events rather than bytes, because a declared encoding can spell `<!DOCTYPE` in other bytes.
    """
    parser = expat.ParserCreate()
    depth = 0

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
        nonlocal depth
        root = name.rpartition(":")[2].lower()
        if depth == 0 and root == "html":
            raise web_page(path)
        if depth == 0 and root != "graphml":
            raise CheckpointError(
                path, f"this is XML, but not GraphML (its root is {name[:40]!r})", "convert it to GraphML"
            )
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
