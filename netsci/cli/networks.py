"""Commands that read networks: inspect, report, compare, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netsci.cli.files import check_out, fail, open_network, open_page, save_whole, tell
from netsci.cli.options import (
    Bipartite,
    Columns,
    Density,
    File,
    Force,
    Format,
    Open,
    Select,
    Threshold,
    Undirected,
    check_load_options,
)


def inspect(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    threshold: Threshold = None,
    density: Density = None,
    select: Select = None,
    undirected: Undirected = False,
    bipartite: Bipartite = False,
    columns: Columns = None,
    format: Format = None,
) -> None:
    """Show the layers of a network: shapes, links, sparsity, isolated units."""
    options = check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    loaded = open_network(file, options)
    if as_json:
        import json

        typer.echo(json.dumps(loaded.summary(), allow_nan=False))
    else:
        from netsci.terminal import print_layers

        print_layers(loaded)


def report(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the HTML file.")] = Path(
        "report.html"
    ),
    show: Open = False,
    force: Force = False,
    threshold: Threshold = None,
    density: Density = None,
    select: Select = None,
    undirected: Undirected = False,
    bipartite: Bipartite = False,
    columns: Columns = None,
    format: Format = None,
    three_d: Annotated[
        bool, typer.Option("--3d", help="Add the embedding in the hyperbolic ball (the page needs WebGL).")
    ] = False,
) -> None:
    """Write a report on a network as one self-contained HTML file."""
    options = check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    check_out(out, [file], force)
    from netsci import report as room

    loaded = open_network(file, options)
    written = save_whole(out, lambda place: room.report(loaded, place, three_d=three_d, tell=tell))
    typer.echo(f"wrote {written}")
    if show:
        open_page(written)


def compare(
    a: File,
    b: Annotated[Path, typer.Argument(metavar="FILE", help="Another one.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="More of them.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the comparison as an HTML file as well.")
    ] = None,
    show: Open = False,
    force: Force = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list with one object for each row.")
    ] = False,
    threshold: Threshold = None,
    density: Density = None,
    select: Select = None,
    undirected: Undirected = False,
    bipartite: Bipartite = False,
    columns: Columns = None,
    format: Format = None,
) -> None:
    """Show what differs between two or more networks, and how large the difference is."""
    options = check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    files = [a, b, *(more or [])]
    if show and out is None:
        raise typer.BadParameter("give the file of the page with --out", param_hint="--open")
    if out is not None:
        check_out(out, files, force)
    networks = [open_network(file, options) for file in files]
    from netsci.report.differences import compare as compared

    try:
        page = compared(*networks, reading=options, tell=tell)
    except ValueError as error:
        fail(str(error), 2)
    if out is not None:
        written = save_whole(out, page.save)
        typer.echo(f"wrote {written}", err=as_json)
    if as_json:
        typer.echo(page.table.to_json(orient="records", double_precision=15))
    elif len(networks) == 2:
        from netsci.terminal import print_comparison

        print_comparison(page, (networks[0].name, networks[1].name))
    else:
        from netsci.terminal import print_differences

        print_differences(page)
    if out is not None and show:
        open_page(written)


def export(
    file: File,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; its suffix names the format.")
    ] = Path("network.graphml"),
    force: Force = False,
    threshold: Threshold = None,
    density: Density = None,
    select: Select = None,
    undirected: Undirected = False,
    bipartite: Bipartite = False,
    columns: Columns = None,
    format: Format = None,
) -> None:
    """Write a network as .graphml, .gexf, .gml, .net (Pajek), .npz or .csv, with the names of its nodes."""
    options = check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    check_out(out, [file], force, "the export would overwrite its input file")
    from netsci.io.export import WRITERS, write_graph

    if out.suffix.lower() not in WRITERS:
        raise typer.BadParameter(
            f"{out} does not end with a suffix that names a format: {', '.join(WRITERS)}", param_hint="--out"
        )
    graph = open_network(file, options).graph
    notes: list[str] = []
    try:
        written = save_whole(out, lambda place: notes.extend(write_graph(graph, place, out.suffix)))
    except ValueError as error:
        fail(f"{out}: {error}", 2)
    typer.echo("\n".join([f"wrote {written}", *(f"- {note}" for note in notes)]))
