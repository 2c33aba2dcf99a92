"""Graphs in JSON: node-link (networkx, D3), Cytoscape's .cyjs, and one link a line or in a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.gml import add_links, add_nodes, rest
from netsci.io.formats.graph_text import whole_text
from netsci.io.formats.tables.words import find_ends, find_weight
from netsci.io.guess import Guess
from netsci.io.network.graphs import from_network
from netsci.io.network.named_links import NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_MAX_JSON = 2**28  # bytes: Python takes about 20 times as many
_WRITE = "write the graph with networkx.node_link_data, or as GraphML"
_UNDIRECTED = Guess("links are read as undirected: the file does not say 'directed'")

Found = tuple[str, "LayeredGraph", list[str]]


def read_json(path: Path, hints: Hints) -> Found:
    """Return kind, graph and notes of a graph in JSON; raises CheckpointError for JSON of another kind."""
    if path.stat().st_size > _MAX_JSON:
        raise CheckpointError(
            path, f"the JSON file is larger than the limit of {_MAX_JSON:,} bytes", "save it as a sparse npz"
        )
    text = whole_text(path)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        records = _read_lines(text) if error.msg == "Extra data" else None
        if records is None:
            raise
        return _read_records(path, records, "JSON lines")
    if isinstance(found, list):
        _refuse_list(path, found)
        return _read_records(path, found, "JSON list of links")
    elements = found.get("elements") if isinstance(found, dict) else None
    if isinstance(elements, (dict, list)):
        return _read_cytoscape(path, found, elements)
    return "node-link JSON", *_read_node_link(path, found)


def _read_node_link(path: Path, found: Any) -> tuple[LayeredGraph, list[str]]:
    """Read node-link JSON as `networkx.node_link_data` and D3 write it: nodes with ids, links (or edges)."""
    links: Any = found.get("links", found.get("edges")) if isinstance(found, dict) else None
    nodes: Any = found.get("nodes") if isinstance(found, dict) else None
    shards = found.get("weight_map") if isinstance(found, dict) else None
    if isinstance(shards, dict) and shards:
        names = sorted(set(map(str, shards.values())))
        raise CheckpointError(
            path,
            f"it holds no weights: it lists the {len(names):,} files that hold them",
            f"open one of them: {', '.join(map(printable, names[:3]))}",
        )
    nodes = _number_nodes(nodes, links)
    if not (_are_records(nodes, {"id"}) and _are_records(links, {"source", "target"})):
        raise _other(path)
    return _build(path, found, nodes, links)


def _build(
    path: Path, found: dict[str, Any], nodes: list[Any], links: list[Any]
) -> tuple[LayeredGraph, list[str]]:
    import networkx as nx

    network = nx.MultiDiGraph() if found.get("directed", False) else nx.MultiGraph()
    if isinstance(found.get("graph"), dict):
        network.graph.update(found["graph"])
    add_nodes(path, network, [{**node, "id": _key(node["id"])} for node in nodes])
    add_links(path, network, ((_key(x["source"]), _key(x["target"]), rest(x)) for x in links))
    return from_network(path, network, [] if "directed" in found else [_UNDIRECTED])


def _read_cytoscape(path: Path, found: dict[str, Any], elements: Any) -> Found:
    """Read the elements of Cytoscape (.cyjs) and cytoscape.js: in two lists, or in one."""
    if isinstance(elements, list):
        data = [item.get("data") if isinstance(item, dict) else None for item in elements]
        ends = [isinstance(one, dict) and {"source", "target"} <= one.keys() for one in data]
        nodes: Any = [one for one, end in zip(data, ends, strict=True) if not end]
        links: Any = [one for one, end in zip(data, ends, strict=True) if end]
    else:
        parts = [elements.get(key, []) for key in ("nodes", "edges")]
        if not all(isinstance(part, list) for part in parts):
            raise _other(path)
        nodes, links = ([x.get("data") if isinstance(x, dict) else None for x in part] for part in parts)
    if not (_are_records(nodes, {"id"}) and _are_records(links, {"source", "target"})):
        raise _other(path)
    told = found.get(
        "directed", found["data"].get("directed") if isinstance(found.get("data"), dict) else None
    )
    header = {} if not isinstance(told, bool) else {"directed": told}
    plain = [{key: value for key, value in link.items() if key != "id"} for link in links]
    return "Cytoscape JSON", *_build(path, header, nodes, plain)


def _read_lines(text: str) -> list[Any] | None:
    """Return the value of each line, or None if one is no JSON of its own."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError:
        return None


def _refuse_list(path: Path, found: list[Any]) -> None:
    """Raise CheckpointError for a list that is no list of links, by name where it is known."""
    aspects = [one for one in found if isinstance(one, dict)]
    if any("numberVerification" in one or "CXVersion" in one for one in aspects):
        raise CheckpointError(
            path,
            "this is a network of NDEx (CX), which is not read",
            "in Cytoscape export it as GraphML or .cyjs",
        )
    if not found or len(aspects) < len(found) or not all(find_ends(list(one)) for one in aspects):
        raise _other(path)


def _read_records(path: Path, records: list[Any], kind: str) -> Found:
    """Read links as records: {"source": ..., "target": ...}, and perhaps a weight in each."""
    if not records or not all(isinstance(one, dict) for one in records):
        raise _other(path)
    keys = list(records[0])
    ends = find_ends(keys)
    if ends is None:
        raise _other(path)
    column = find_weight(keys)
    source, target = keys[ends.source], keys[ends.target]
    weight = keys[column] if column is not None and column not in (ends.source, ends.target) else None
    links = NamedLinks(path, ends.two_kinds)
    for number, record in enumerate(records, 1):
        names = [record.get(key) for key in (source, target)]
        value = None if weight is None else record.get(weight)
        if any(type(name) not in (str, int) or name == "" for name in names):
            raise CheckpointError(path, f"link {number:,} names no {source} or no {target}", "complete it")
        if weight is not None and type(value) not in (int, float):
            raise CheckpointError(path, f"link {number:,} has no number as its {weight}", "complete it")
        links.add(str(names[0]), str(names[1]), None if value is None else float(value))
    word = "bipartite" if ends.two_kinds else "directed" if ends.one_way else "undirected"
    why = f"{word}, as the names of its fields say ({printable(source)}, {printable(target)})"
    graph, notes = links.graph(ends.one_way, why)
    return kind, graph, [f"{kind}, {len(records):,} links", *notes]


def _other(path: Path) -> CheckpointError:
    return CheckpointError(
        path,
        "this is a JSON file, but not node-link JSON (nodes with id, links with source and target), nor "
        "Cytoscape's, nor links one by one",
        _WRITE,
    )


def _are_records(value: Any, keys: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(x, dict) and keys <= x.keys() for x in value)


def _number_nodes(nodes: Any, links: Any) -> Any:
    """Number nodes that have no id if the links name places in the list, as early D3 files do."""
    if not (_are_records(nodes, set()) and _are_records(links, {"source", "target"})):
        return nodes
    ends = [link[end] for link in links for end in ("source", "target")]
    placed = all(type(end) is int and 0 <= end < len(nodes) for end in ends)
    named = any("id" in node for node in nodes)
    return nodes if named or not placed else [{**node, "id": i} for i, node in enumerate(nodes)]


def _key(value: Any) -> Any:
    """Make a node's id hashable: in JSON it may be a list or a dictionary."""
    return value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
