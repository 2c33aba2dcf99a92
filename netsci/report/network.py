"""Write a report on a network with one call."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.graph import LayeredGraph
from netsci.graph.ch.recovery import MOST_PLACES
from netsci.report import adjacency, disk, measures, sections, structure
from netsci.report.page import render

if TYPE_CHECKING:
    from netsci.io import Loaded

PACKAGES = ("netsci-suite", "numpy", "scipy", "pandas", "igraph", "powerlaw", "plotly")


def report(
    graph_or_path: LayeredGraph | Loaded | str | Path, out: str | Path, *, three_d: bool = False
) -> Path:
    """Write a self-contained HTML report on a network and return its path.

    graph_or_path : a LayeredGraph, what `netsci.io.load` returned, or a file that it reads. out : the HTML
    file, written atomically; its folder must exist. three_d : add the embedding in the ball, which needs
    WebGL. The page opens offline; quantities that are undefined show a dash and the reason. The same input
    gives the same page.

    Raises
    ------
    netsci.io.CheckpointError
        If a file cannot be read.
    TypeError
        If the first argument is neither a LayeredGraph nor a path.
    """
    from netsci.io import Loaded, load
    from netsci.io.files import write_atomically

    notes: tuple[str, ...] = ()
    source: dict[str, Any] = {"source": "a LayeredGraph in memory"}
    title = "Network report"
    if isinstance(graph_or_path, (str, Path)):
        graph_or_path = load(graph_or_path)
    if isinstance(graph_or_path, Loaded):
        loaded = graph_or_path
        graph, notes = loaded.graph, loaded.notes
        source = {"name": loaded.name, "kind": loaded.kind, "sha256": loaded.sha256}
        title = f"{loaded.name}: network report"
    elif isinstance(graph_or_path, LayeredGraph):
        graph = graph_or_path
    else:
        raise TypeError(
            f"report takes a LayeredGraph or the path of a file; got {type(graph_or_path).__name__}. "
            "Masks go through LayeredGraph.from_masks"
        )
    lead = "Its topology as a complex network: projections, measures, hidden geometry, degrees, percolation."
    page = render(
        title, sections.build(graph, notes, three_d=three_d), provenance=_provenance(source), lead=lead
    )
    return Path(write_atomically(out, page))


def _provenance(source: dict[str, Any]) -> dict[str, Any]:
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
        "adjacency": f"links one by one up to {adjacency.MOST_POINTS:,}, else bins",
        "random choices": "default_rng(0): nodes and links drawn, random control, null models, attacks; "
        "default_rng(1): random links",
    }
    return {"File": source, "Parameters": parameters, "Versions": versions()}


def versions() -> dict[str, Any]:
    """Return the versions of python and of the packages that a page rests on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
