"""GEXF graphs of any version (Gephi's own format), parsed as a stream without expansion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.gml import add_links
from netsci.io.formats.graph_text import check_text_size, parse_xml
from netsci.io.network.graphs import from_network

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_NUMBERS = ("integer", "int", "long", "short", "byte", "float", "double", "bigdecimal", "biginteger")
_KINDS = ("directed", "undirected", "mutual")


def read_gexf(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a GEXF graph and notes; times and pictures are left out.

    A mutual link runs both ways, and so does an undirected one where others are directed.
    """
    import networkx as nx

    check_text_size(path)
    found = _Found(path)
    parse_xml(path, found.start, found.end)
    kinds = {kind for *_, kind, _ in found.links} or {found.default}
    directed = kinds != {"undirected"}
    network = nx.MultiDiGraph() if directed else nx.MultiGraph()
    network.add_nodes_from(found.nodes.items())
    notes = list(found.notes)
    both = [link for link in found.links if directed and link[2] != "directed" and link[0] != link[1]]
    if both:
        notes.append(f"{len(both):,} links that run both ways became two links each")
    _fill_weights(found.links, notes)
    add_links(path, network, ((u, v, attributes) for u, v, _, attributes in found.links))
    add_links(path, network, ((v, u, dict(attributes)) for u, v, _, attributes in both))
    return from_network(path, network, notes)


class _Found:
    """What a GEXF file holds, collected while it is parsed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[str, dict[str, Any]] = {}
        self.links: list[tuple[str, str, str, dict[str, Any]]] = []
        self.notes: dict[str, None] = {}
        self.default = "undirected"
        self.graphs = 0
        self._columns: dict[tuple[str, str], tuple[str, str]] = {}
        self._class = ""
        self._open: list[dict[str, Any]] = []  # the nodes and links around, which may nest

    def start(self, tag: str, attributes: dict[str, str], depth: int) -> None:
        """Read the start of one element."""
        if tag == "graph":
            self.graphs += 1
            if self.graphs > 1:
                self.notes["only the first graph is read"] = None
            else:
                self.default = self._kind(attributes.get("defaultedgetype") or "undirected")
        if self.graphs > 1:
            return
        if tag == "attributes":
            self._class = attributes.get("class", "").lower()
        elif tag == "attribute":
            kind = attributes.get("type", "string").lower()
            self._columns[self._class, attributes.get("id", "")] = (attributes.get("title", ""), kind)
        elif tag == "node":
            self._node(attributes)
        elif tag == "edge":
            self._link(attributes)
        elif tag == "attvalue" and self._open:
            self._value(attributes)
        elif tag in ("spell", "slice"):
            self.notes["times (spells) are left out: every link counts"] = None

    def end(self, tag: str) -> None:
        """Read the end of one element."""
        if tag in ("node", "edge") and self._open:
            self._open.pop()

    def _node(self, attributes: dict[str, str]) -> None:
        name = attributes.get("id")
        if name is None or name in self.nodes:
            what = "a node has no id" if name is None else f"the node {printable(name)} is there twice"
            raise CheckpointError(self.path, what, "give each node an id of its own")
        self.nodes[name] = {"label": attributes["label"]} if "label" in attributes else {}
        self._open.append(self.nodes[name])

    def _link(self, attributes: dict[str, str]) -> None:
        source, target = attributes.get("source"), attributes.get("target")
        if source is None or target is None:
            raise CheckpointError(self.path, "a link has no source or no target", "write it again")
        data: dict[str, Any] = {}
        if "weight" in attributes:
            data["weight"] = self._number(attributes["weight"], "the weight")
        kind = self._kind(attributes["type"]) if attributes.get("type") else self.default
        self.links.append((source, target, kind, data))
        self._open.append(data)

    def _value(self, attributes: dict[str, str]) -> None:
        column = attributes.get("for", attributes.get("id", ""))  # "id" in versions before 1.1
        where = "edge" if self.links and self._open[-1] is self.links[-1][3] else "node"
        title, kind = self._columns.get((where, column), ("", ""))
        value = attributes.get("value", "")
        if not title or (title == "weight" and "weight" in self._open[-1]):
            return
        if kind in _NUMBERS:
            self._open[-1][title] = self._number(value, title)
        elif kind == "boolean":
            self._open[-1][title] = value.strip().lower() in ("true", "1")
        else:
            self._open[-1][title] = value

    def _kind(self, text: str) -> str:
        if text.lower() not in _KINDS:
            raise CheckpointError(
                self.path, f"it has links of the type {printable(text)}", f"types are {', '.join(_KINDS)}"
            )
        return text.lower()

    def _number(self, text: str, what: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise CheckpointError(
                self.path, f"{printable(what)} {printable(text)!r} is not a number", "write it again"
            ) from None


def _fill_weights(links: list[tuple[str, str, str, dict[str, Any]]], notes: list[str]) -> None:
    """Give links without a weight the format's own default, 1, where others have one."""
    bare = [data for *_, data in links if "weight" not in data]
    if 0 < len(bare) < len(links):
        notes.append(f"{len(bare):,} links without a weight weigh 1, as GEXF has it")
        for data in bare:
            data["weight"] = 1.0
