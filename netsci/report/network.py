"""Report on a network with one call, or inspect it."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from netsci.arguments import check_callable, check_flag, check_path
from netsci.graph.ch.recovery import MOST_PLACES
from netsci.io.files import check_target
from netsci.report import disk, measures, sections, structure
from netsci.report.document import Document, Tell
from netsci.report.first import first_screen
from netsci.report.words import count
from netsci.view.matrices import MOST_POINTS
from netsci.view.network import Network, read_network

PACKAGES = ("netsci-suite", "numpy", "scipy", "pandas", "igraph", "powerlaw", "plotly")


LEAD = "Its topology as a complex network: projections, measures, hidden geometry, degrees, percolation."


def report(
    x: Any,
    out: str | Path | None = None,
    *,
    example: Any = None,
    three_d: bool = False,
    tell: Tell = None,
    **options: Any,
) -> Document:
    """Report on a network: what stands out, then its layers, measures, hidden geometry, degrees, percolation.

    The page is one self-contained HTML file that opens offline; quantities that are undefined show a dash and
    the reason. The same input gives the same page. In a notebook the first screen is shown.

    Parameters
    ----------
    x : a LayeredGraph, a file, a torch module or state dict, a graph of networkx or igraph, matrices: what
        `netsci.view.read_network` takes. example : an input of the module's forward.
    out : the HTML file to write, atomically; its folder must exist. Without it nothing is written, and
        `save(path)` of the result writes it.
    three_d : add the embedding in the ball, which needs WebGL.
    tell : called with the name of each stage of the work before it begins, such as print.
    options : how to read a file, such as threshold, density or select; see `netsci.io.load`.

    Returns
    -------
    the page, which can be saved, take more sections (`add`), and, once it is saved, be used as its path.

    Raises
    ------
    netsci.io.CheckpointError
        If a file cannot be read.
    TypeError
        If x holds no network.
    """
    check_flag(three_d, "three_d")
    if tell is not None:
        check_callable(tell, "tell", "a function of a text, such as print, or None")
    if out is not None:  # before the work of a minute
        check_path(out, "out")
        check_target(Path(out))
    network = read_network(x, example=example, **options)
    if tell is not None:
        graph = network.graph
        layers = count(len(graph.projections), "projection")
        tell(f"{network.name}: {layers}, {count(graph.n_nodes, 'node')}, {count(graph.n_links, 'link')}")
    parts = sections.build(network.graph, network.notes, guesses=network.guesses, three_d=three_d, tell=tell)
    page = Document(_title(network, "network report"), parts, lead=LEAD, provenance=_provenance(network))
    return page if out is None else page.save(out)


def inspect(x: Any, *, example: Any = None, **options: Any) -> Document:
    """Show what stands out in a network and its layers, without the measures that take time.

    x, example, options : as `report` takes them. Returns the page, as `report` does.
    """
    network = read_network(x, example=example, **options)
    first = first_screen(network.graph, network.guesses)
    layers, missing = sections.overview(network.graph)
    parts = [replace(first, table=layers.table), layers, sections.remarks(network.notes, missing)]
    source = {"File": _source(network), "Versions": versions()}
    return Document(_title(network, "layers"), parts, provenance=source, table=layers.table)


def _title(network: Network, what: str) -> str:
    return what.capitalize() if network.name == "network" else f"{network.name}: {what}"


def _source(network: Network) -> dict[str, Any]:
    if network.sha256:
        return {"name": network.name, "kind": network.kind, "sha256": network.sha256}
    return {"source": network.kind}


def _provenance(network: Network) -> dict[str, Any]:
    parameters = {
        "embedding": f"weighting ra1, reduction nciso up to {disk.MOST_PATHS:,} nodes and le beyond, "
        "equidistant angles, largest component",
        "embedding up to": f"{disk.MOST_NODES:,} nodes and {disk.MOST_LINKS:,} links; drawn at most "
        f"{disk.MOST_DOTS:,} nodes and {disk.MOST_DRAWN:,} links",
        "null models": f"{structure.REPLICATES} degree-preserving rewirings ({structure.FEWER} above "
        f"{structure.MANY:,} links) of projections up to {structure.MOST_LINKS:,} links",
        "degree exponent": "discrete maximum likelihood in [1.01, 10], bootstrap where undecided",
        "sparsity index": "p = 0.5, q = 1, over all places of W",
        "CH scores": f"{measures.CH_RULE}, existing links left out one at a time, up to "
        f"{measures.MOST_SCORED:,} places; of compared layers a sample of rows with {MOST_PLACES:,} places",
        "adjacency": f"links one by one up to {MOST_POINTS:,}, else bins",
        "random choices": "default_rng(0): nodes and links drawn, random control, null models, attacks; "
        "default_rng(1): random links",
    }
    return {"File": _source(network), "Parameters": parameters, "Versions": versions()}


def versions() -> dict[str, Any]:
    """Return the versions of python and of the packages that a page rests on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
