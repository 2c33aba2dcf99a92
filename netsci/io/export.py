"""Write a network in the format that the suffix of its file names, with labels, directions and weights."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import quoteattr

import numpy as np

from netsci.graph import LayeredGraph, Projection
from netsci.io.errors import printable
from netsci.io.formats.netsci_npz import write_netsci_npz

_ANY = ".graphml, .gml or .npz"


_WHOLE = (".graphml", ".gml", ".npz")  # formats that hold all that a population is


def write_graph(graph: LayeredGraph, path: str | Path, suffix: str | None = None) -> list[str]:
    """Write a network as .graphml, .gexf, .gml, .net (Pajek), .npz or .csv, and return what it leaves out.

    .graphml, .gml and .npz hold any network; .gexf any without several rows a unit (convolutions); .net and
    .csv one projection. `suffix` stands for that of the path.

    Raises
    ------
    ValueError
        If the suffix is none of these, or the format cannot hold the network; the message says which can.

    Examples
    --------
    >>> import tempfile
    >>> graph = LayeredGraph.from_adjacency([[0, 1], [0, 0]], labels=["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     left_out = write_graph(graph, Path(folder, "graph.gml"))
    >>> left_out
    []
    """
    wanted = (Path(path).suffix if suffix is None else suffix).lower()
    write = WRITERS.get(wanted)
    if write is None:
        raise ValueError(
            f"{printable(Path(path).name)}: the suffix {printable(wanted) or 'is missing'} names "
            f"no format to "
            f"write; give one of {', '.join(WRITERS)}"
        )
    whole = io.BytesIO()
    notes = write(graph, whole)
    every = [printable(p.name) for p in graph.populations if p.needs == "every"]
    if every and wanted not in _WHOLE:
        notes = [*notes, f"that units of {', '.join(every)} need a link from every projection"]
    Path(path).write_bytes(whole.getvalue())
    return notes


def _write_graphml(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    import networkx as nx

    nx.write_graphml_xml(graph.to_networkx(), stream)
    return []


def _write_npz(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    write_netsci_npz(graph, stream)
    return []


def _write_gml(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    """As our own reader and networkx take it: the header of our GraphML, so that nothing is lost."""
    network = graph.to_networkx()
    lines = ["graph [", f"  directed {int(network.is_directed())}"]
    lines += ["  multigraph 1"] if network.is_multigraph() else []
    lines.append(f"  netsci {_gml(network.graph['netsci'])}")
    for (node, attributes), label in zip(network.nodes(data=True), graph.node_labels, strict=True):
        shown = {"label": label, **attributes}
        lines.append(
            f"  node [ id {node} {' '.join(f'{key} {_gml(value)}' for key, value in shown.items())} ]"
        )
    for u, v, attributes in network.edges(data=True):
        inside = " ".join(f"{key} {_gml(value)}" for key, value in attributes.items())
        lines.append(f"  edge [ source {u} target {v} {inside} ]")
    stream.write("\n".join([*lines, "]", ""]).encode("ascii"))
    return []


def _gml(value: Any) -> str:
    if isinstance(value, str):
        escaped = html.escape(value, quote=True).encode("ascii", "xmlcharrefreplace").decode("ascii")
        return f'"{escaped}"'
    return repr(float(value)) if isinstance(value, float) else str(value)


def _write_gexf(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    if any(p.rows_per_unit > 1 for p in graph.projections):
        raise ValueError(f"GEXF cannot hold a layer with several rows a unit (a convolution); write {_ANY}")
    ends = {(p.source, p.target) for p in graph.projections}
    if len(ends) < len(graph.projections) or len({p.weights is None for p in graph.projections}) > 1:
        raise ValueError(
            "GEXF cannot hold two layers between the same populations, or weights in some layers only; write "
            f"{_ANY}"
        )
    several = len(graph.populations) > 1
    kinds = graph.node_population.tolist()
    plain = all(p.undirected for p in graph.projections) and bool(graph.projections)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gexf xmlns="http://gexf.net/1.3" version="1.3">',
        f'<graph defaultedgetype="{"undirected" if plain else "directed"}">',
    ]
    if several:
        lines.append(
            '<attributes class="node"><attribute id="0" title="population" type="string"/></attributes>'
        )
    lines.append("<nodes>")
    for node, (label, kind) in enumerate(zip(graph.node_labels, kinds, strict=True)):
        population = graph.populations[kind]
        inside = f'<attvalue for="0" value={quoteattr(population.name)}/>' if several else ""
        told = "" if population.labels is None else f" label={quoteattr(label)}"
        lines.append(f'<node id="{node}"{told}><attvalues>{inside}</attvalues></node>')
    lines.append("</nodes><edges>")
    edges = graph.edges()
    columns = (edges[name].tolist() for name in ("projection", "source", "target", "weight"))
    for number, (projection, source, target, weight) in enumerate(zip(*columns, strict=True)):
        kind = "undirected" if graph.projections[projection].undirected else "directed"
        told = "" if np.isnan(weight) else f' weight="{weight!r}"'
        lines.append(f'<edge id="{number}" source="{source}" target="{target}" type="{kind}"{told}/>')
    lines += ["</edges>", "</graph>", "</gexf>", ""]
    stream.write("\n".join(lines).encode())
    return []


def _write_pajek(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    p = _only_projection(graph, "Pajek")
    labels = graph.node_labels
    wrong = next((label for label in labels if '"' in label), None)
    if wrong is not None:
        raise ValueError(f"Pajek cannot hold the quotation mark in the name {printable(wrong)}; write {_ANY}")
    two = p.source != p.target
    sizes = f"{graph.n_nodes} {graph.sizes[p.source]}" if two else str(graph.n_nodes)
    lines = [f"*Vertices {sizes}"]
    lines += [f'{number} "{label}"' for number, label in enumerate(labels, 1)]
    lines.append("*Edges" if p.undirected or two else "*Arcs")
    for source, target, weight in _links(graph):
        told = "" if np.isnan(weight) else f" {weight!r}"
        lines.append(f"{source + 1} {target + 1}{told}")
    stream.write("\n".join([*lines, ""]).encode())
    return []


def _write_csv(graph: LayeredGraph, stream: IO[bytes]) -> list[str]:
    """The links one a line, as Gephi imports them; every text in quotation marks."""
    p = _only_projection(graph, "a list of links")
    text = io.StringIO()
    if p.source != p.target:
        text.write("# bipartite\n")
    weighted = p.weights is not None
    lines = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    lines.writerow(["Source", "Target", "Type", *(["Weight"] if weighted else [])])
    kind = "Undirected" if p.undirected else "Directed"
    names = _names(graph)
    for source, target, weight in _links(graph):
        lines.writerow([names[source], names[target], kind, *([weight] if weighted else [])])
    stream.write(text.getvalue().encode())
    idle = sum(int(np.count_nonzero(degrees == 0)) for degrees in graph.degrees("all").values())
    what = "1 node without links is" if idle == 1 else f"{idle:,} nodes without links are"
    return [f"{what} not in it, since it lists links; {_ANY} hold them"] if idle else []


def _names(graph: LayeredGraph) -> list[str]:
    """The labels of the nodes, or their numbers within their population, which a list cannot do without."""
    names = [label for p in graph.populations for label in (p.labels or map(str, range(p.size)))]
    for population in graph.populations:
        first = graph.offsets[population.name]
        own = names[first : first + population.size]
        if len(set(own)) < len(own) or not all(own):
            raise ValueError(
                f"two nodes have one name, which a list of links cannot tell apart; write {_ANY}"
            )
    return names


def _only_projection(graph: LayeredGraph, what: str) -> Projection:
    """Return the one projection of a network of at most two populations."""
    if len(graph.projections) != 1 or graph.projections[0].rows_per_unit > 1:
        raise ValueError(
            f"{what} holds one layer without kernels, and this network has "
            f"{len(graph.projections)} layers; write "
            f"{_ANY}, or one layer by --select NAME"
        )
    p = graph.projections[0]
    if set(graph.sizes) != {p.source, p.target} or next(iter(graph.sizes)) != p.source:
        raise ValueError(f"{what} cannot hold populations without links; write {_ANY}")
    return p


def _links(graph: LayeredGraph) -> Any:
    edges = graph.edges()
    return zip(*(edges[name].tolist() for name in ("source", "target", "weight")), strict=True)


WRITERS: dict[str, Callable[[LayeredGraph, IO[bytes]], list[str]]] = {
    ".graphml": _write_graphml,
    ".gexf": _write_gexf,
    ".gml": _write_gml,
    ".net": _write_pajek,
    ".npz": _write_npz,
    ".csv": _write_csv,
}
