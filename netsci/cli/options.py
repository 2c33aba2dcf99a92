"""Options that several commands share, and their checks; messages name options as the user types them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A checkpoint, mask or graph file: safetensors, torch, npz, npy, ONNX, HDF5 (Keras, NIR), "
        "MATLAB, GraphML, GEXF, GML, Pajek, JSON, Matrix Market, edge list, adjacency list or matrix, Excel "
        "workbook, or any of them packed by gzip; - reads the standard input.",
    ),
]
Threshold = Annotated[
    float | None, typer.Option(help="Keep the links of at least this absolute weight.", show_default=False)
]
Density = Annotated[
    float | None,
    typer.Option(
        help="Keep this share of the possible links of each layer, the strongest ones.", show_default=False
    ),
]
Select = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Keep only the layer, or matrix, of this name.", show_default=False),
]
Undirected = Annotated[
    bool, typer.Option("--undirected", help="Merge both directions of links within one population.")
]
Bipartite = Annotated[
    bool,
    typer.Option("--bipartite", help="Read sources and targets, or rows and columns, as two sets of nodes."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="What the columns of a list are, in order (source,target,weight; - leaves one out), or the "
        "names or numbers of those to read.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Read the file as this, whatever it looks like: edges, matrix, adjlist, multiline-adjlist, sif, "
        "nnf, arrows, dimacs, lgl, metis, json, gml, npz ...",
        show_default=False,
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite a file that netsci did not write.", show_default=False)
]
Open = Annotated[
    bool, typer.Option("--open", help="Open the page in the browser once it is written.", show_default=False)
]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")]


def check_load_options(
    threshold: float | None,
    density: float | None,
    select: str | None,
    undirected: bool,
    bipartite: bool,
    columns: str | None,
    format: str | None,
) -> dict[str, Any]:
    """Return the options for `netsci.io.load`; raise BadParameter if one is out of range."""
    if threshold is not None and density is not None:
        raise typer.BadParameter("give --threshold or --density, not both", param_hint="--density")
    if threshold is not None and not 0 <= threshold < float("inf"):
        raise typer.BadParameter(
            f"{threshold} is not a finite number of at least 0", param_hint="--threshold"
        )
    if density is not None and not 0 < density <= 1:
        raise typer.BadParameter(f"{density} does not lie in (0, 1]", param_hint="--density")
    if select == "":
        raise typer.BadParameter("give the name of a layer", param_hint="--select")
    given = {"threshold": threshold, "density": density, "select": select, "undirected": undirected or None}
    given |= {"bipartite": bipartite or None, "columns": columns, "format": format}
    found = {name: value for name, value in given.items() if value is not None}
    from netsci.io.options import check_options

    try:
        check_options(found)
    except ValueError as error:
        name = next((name for name in ("columns", "format", "bipartite") if name in found), "undirected")
        raise typer.BadParameter(str(error), param_hint=f"--{name}") from None
    return found
