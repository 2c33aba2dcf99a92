"""Read GML: nodes and links with attributes, nested to any depth.

The GML reader is our own: igraph accepts damaged files (nodes without ids, brackets that do not pair), and
some files end its process.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.graph_text import whole_text
from netsci.io.guess import Guess
from netsci.io.network.graphs import from_network

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_TOKEN = re.compile(r'"([^"]*)"|([\[\]])|([^\s\[\]"]+)')
_WHOLE = re.compile(r"[+-]?\d{1,100}")
_REMARK = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_MAX_DEPTH = 64
_AGAIN = "write it again, for instance with networkx.write_gml"

Record = tuple[str, dict[str, Any]]


def read_gml(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a GML graph and return it with notes. Nodes are identified by id, never by label."""
    import networkx as nx

    records = list(_records(path, _REMARK.sub("", whole_text(path))))
    graphs = sum(kind == "graph" for kind, _ in records)
    if not graphs:
        raise CheckpointError(path, "it holds no graph [ ... ]: truncated or damaged", _AGAIN)
    first = next(i for i, (kind, _) in enumerate(records) if kind == "graph")
    header = records[first][1]
    network = nx.MultiDiGraph() if _flag(path, header) else nx.MultiGraph()
    if "netsci" in header:
        network.graph["netsci"] = header["netsci"]
    nodes = [attributes for kind, attributes in records[:first] if kind == "node"]
    add_nodes(path, network, nodes)
    links = (attributes for kind, attributes in records[:first] if kind == "edge")
    add_links(path, network, (_ends(path, attributes) for attributes in links))
    notes: list[str] = [f"only the first of {graphs} graphs is read"] if graphs > 1 else []
    if "directed" not in header:
        notes.append(Guess("links are read as undirected: the file does not say 'directed 1'"))
    return from_network(path, network, notes)


def add_links(path: Path, network: Any, links: Iterable[tuple[Any, Any, dict[str, Any]]]) -> None:
    """Add links to a networkx multigraph. Raise CheckpointError if one names a node that is not there."""
    for u, v, attributes in links:
        for node in (u, v):
            if node not in network:
                raise CheckpointError(
                    path,
                    f"a link names the node {printable(node)}, which is not there",
                    "list every node before the links",
                )
        key = network.add_edge(u, v)
        network[u][v][key].update(attributes)  # as keywords, an attribute called "key" would be the key


def _records(path: Path, text: str) -> Iterator[Record]:
    """Yield every node and edge with its plain attributes, then the graph they are in.

    Skip lists within them (graphics): count brackets, do not recurse.
    """
    inside: list[str] = []  # the names of the lists around
    graph: dict[str, Any] = {}
    record: dict[str, Any] = {}
    name: str | None = None
    for match in _TOKEN.finditer(text):
        quoted, bracket, plain = match.groups()
        if bracket == "]":
            if not inside or name is not None:
                raise CheckpointError(path, "its brackets do not pair: damaged", _AGAIN)
            closed = inside.pop()
            if inside == ["graph"] and closed in ("node", "edge"):
                yield closed, record
            elif not inside and closed == "graph":
                yield closed, graph
                graph = {}
        elif name is None:
            if quoted is not None or bracket:
                raise CheckpointError(path, "a value stands where a name should be: damaged", _AGAIN)
            name = plain.lower() if len(inside) < 2 else plain
        else:
            if bracket:
                inside.append(name)
                if len(inside) > _MAX_DEPTH:
                    raise CheckpointError(path, f"its lists nest deeper than {_MAX_DEPTH}", _AGAIN)
                record = {} if len(inside) == 2 else record
            elif len(inside) == 2:
                record[name] = _value(quoted, plain)
            elif inside == ["graph"]:
                graph[name] = _value(quoted, plain)
            name = None
    if inside or name is not None:
        raise CheckpointError(path, "it ends within a list: truncated or damaged", "fetch it again")


def _value(quoted: str | None, plain: str) -> Any:
    if quoted is not None:
        return html.unescape(quoted)
    if _WHOLE.fullmatch(plain):
        return int(plain)
    try:
        return float(plain)
    except ValueError:
        return plain


def _flag(path: Path, header: dict[str, Any]) -> bool:
    flag = header.get("directed", 0)
    if flag not in (0, 1):
        raise CheckpointError(
            path, f"directed must be 0 or 1; it is {printable(flag)}", "write directed 1 or directed 0"
        )
    return bool(flag)


def add_nodes(path: Path, network: Any, nodes: list[dict[str, Any]]) -> None:
    """Add nodes to a networkx graph. Raise CheckpointError if one has no id, or two have the same."""
    missing = sum("id" not in node for node in nodes)
    if missing:
        raise CheckpointError(path, f"{missing:,} of {len(nodes):,} nodes have no id", _AGAIN)
    network.add_nodes_from((node["id"], {k: v for k, v in node.items() if k != "id"}) for node in nodes)
    if len(network) < len(nodes):
        raise CheckpointError(path, "two of its nodes have the same id", "give every node a different id")


def _ends(path: Path, attributes: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    if not {"source", "target"} <= attributes.keys():
        raise CheckpointError(path, "a link has no source or no target", _AGAIN)
    return attributes["source"], attributes["target"], rest(attributes)


def rest(link: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a link beside its ends."""
    return {key: value for key, value in link.items() if key not in ("source", "target", "key")}
