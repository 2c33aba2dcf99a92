"""GraphML graphs, refused before parsing where the XML could expand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netsci.io.errors import CheckpointError
from netsci.io.formats.graph_text import check_text_size, parse_xml
from netsci.io.network.graphs import from_network

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph


def read_graphml(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read a GraphML graph, from netsci or other code, and notes; see `netsci.graph.from_networkx`."""
    check_text_size(path)
    graphs, ports = _look_through(path)
    import networkx as nx

    network = nx.read_graphml(path)
    notes = ["ports are left out: a link leads to the node itself"] if ports else []
    notes += [f"only the first of {graphs} graphs is read"] if graphs > 1 else []
    # An attribute of another name stays what it is: GraphML writers have a convention, "weight".
    return from_network(path, network, notes, any_weight=False)


def _look_through(path: Path) -> tuple[int, bool]:
    """Return the number of graphs, and whether nodes have ports; refuse what could do harm or is no graph."""
    graphs, ports = 0, False

    def start(tag: str, attributes: dict[str, str], depth: int) -> None:
        nonlocal graphs, ports
        if depth == 0 and tag.lower() != "graphml":
            raise CheckpointError(path, f"its root is {tag[:40]!r}, not graphml", "write it again as GraphML")
        graphs += depth == 1 and tag == "graph"
        ports |= tag == "port"
        if tag == "hyperedge":
            raise CheckpointError(
                path,
                "it holds hyperedges, links of more than two nodes, which a graph has not",
                "write each as links of two nodes, or as a node of its own that is linked with its members",
            )

    parse_xml(path, start)
    return graphs, ports
