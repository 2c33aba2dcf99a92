"""The command line: netsci report | inspect.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from netsci.io import Loaded

_HEADINGS = ("presynaptic", "postsynaptic", "links", "sparsity", "isolated units")
_NAME_WIDTH = 6  # columns that a layer's name keeps on a narrow terminal
UNREADABLE = 3  # exit code of a file that cannot be read as a network

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See and measure sparse neural networks as complex networks.",
)
_File = Annotated[
    Path,
    typer.Argument(
        help="A checkpoint, mask or graph file: safetensors, torch, npz, npy, ONNX, HDF5 (Keras, NIR), "
        "MATLAB, GraphML, GEXF, GML, Pajek, node-link JSON, Matrix Market, edge list, adjacency matrix."
    ),
]
_Threshold = Annotated[
    float | None, typer.Option(help="Keep the links of at least this absolute weight.", show_default=False)
]
_Density = Annotated[
    float | None,
    typer.Option(
        help="Keep the strongest links of each layer, this share of its places.", show_default=False
    ),
]
_Select = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Keep only the layer, or matrix, of this name.", show_default=False),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from netsci import __version__

        typer.echo(f"netsci {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def inspect(
    file: _File,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    threshold: _Threshold = None,
    density: _Density = None,
    select: _Select = None,
) -> None:
    """Show the layers of a network: shapes, links, sparsity, isolated units."""
    options = _given(threshold, density, select)
    from netsci.io import CheckpointError, load

    try:
        loaded = load(file, **options)
    except CheckpointError as error:
        _fail(str(error), UNREADABLE)
    if as_json:
        import json

        typer.echo(json.dumps(loaded.summary(), allow_nan=False))
    else:
        _print_table(loaded)


@app.command()
def report(
    file: _File,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the HTML file.")] = Path(
        "report.html"
    ),
    threshold: _Threshold = None,
    density: _Density = None,
    select: _Select = None,
) -> None:
    """Write a report on a network as one self-contained HTML file."""
    options = _given(threshold, density, select)
    if problem := _unwritable(out, file):
        raise typer.BadParameter(problem, param_hint="--out")
    from netsci.io import CheckpointError

    try:
        written = _report(file, out, options)
    except CheckpointError as error:
        _fail(str(error), UNREADABLE)
    except OSError as error:
        _fail(f"{out}: cannot be written ({error.strerror or type(error).__name__})", 1)
    typer.echo(f"wrote {written}")


def main() -> None:
    """Run the command line; the entry point `netsci`."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show is no failure
        sys.stdout.reconfigure(errors="replace")
    app(prog_name="netsci")


def _unwritable(out: Path, file: Path) -> str | None:
    """Return why a report on the file cannot go there, with the mend, or None."""
    target = Path(os.path.realpath(out))  # a symbolic link stays, and what it names is written
    # os.path rather than Path: names that are too long are missing files and no errors.
    if os.path.isdir(target):
        return f"{out} is a folder; give a file in it: {out / 'report.html'}"
    if not os.path.isdir(target.parent):
        return f"there is no folder {target.parent}; create it, or write elsewhere"
    if not os.path.exists(target):
        return None
    if not os.path.isfile(target):
        return f"{out} is a device or pipe and no regular file; give the name of a new file"
    if os.path.exists(file) and os.path.samefile(target, file):
        return "the report would overwrite the file it is about; give another name"
    return None


def _report(file: Path, out: Path, options: dict[str, Any]) -> Path:
    """Write the report elsewhere and move it to its place once it is complete."""
    import tempfile

    from netsci import report as room
    from netsci.io import load_graph
    from netsci.io.files import write_atomically

    # Of a part of a network or a cut one, the report is on that graph rather than on the file.
    what = load_graph(file, **options) if options else file
    with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
        return write_atomically(out, room.report(what, Path(folder) / "report.html").read_bytes())


def _given(threshold: float | None, density: float | None, select: str | None) -> dict[str, Any]:
    """Return the options of `netsci.io.load` that were given; BadParameter where they are of no use."""
    if threshold is not None and density is not None:
        raise typer.BadParameter("give --threshold or --density, not both", param_hint="--density")
    if threshold is not None and not 0 <= threshold < float("inf"):
        raise typer.BadParameter(f"{threshold} is no finite number of at least 0", param_hint="--threshold")
    if density is not None and not 0 < density <= 1:
        raise typer.BadParameter(f"{density} does not lie in (0, 1]", param_hint="--density")
    if select == "":
        raise typer.BadParameter("give the name of a layer", param_hint="--select")
    given = {"threshold": threshold, "density": density, "select": select}
    return {name: value for name, value in given.items() if value is not None}


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _print_table(loaded: Loaded) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    summary = loaded.summary()
    # Text, not markup: names come from the file.
    table = Table(title=Text(f"{loaded.name}: {loaded.kind}"), title_justify="left")
    table.add_column("layer", overflow="fold", min_width=_NAME_WIDTH)
    rows = [
        _cells(layer, projection.undirected)
        for layer, projection in zip(summary["layers"], loaded.graph.projections, strict=True)
    ]
    # Names and headings fold where the terminal is narrow; numbers never do.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] or [0] * len(_HEADINGS)
    for heading, width in zip(_HEADINGS, widths, strict=True):
        table.add_column(heading, justify="right", overflow="fold", min_width=width)
    for layer, cells in zip(summary["layers"], rows, strict=True):
        table.add_row(Text(layer["name"]), *cells)
    console = Console(file=sys.stdout)
    borders = 3 * len(table.columns) + 1
    console.print(table, width=max(console.width, _NAME_WIDTH + sum(widths) + borders), crop=False)
    for note in summary["notes"]:
        console.print(Text(f"- {note}"))


def _cells(layer: dict[str, Any], undirected: bool) -> tuple[str, ...]:
    """Return the numbers of one layer; an undirected one has no two sides to be isolated on."""
    isolated = layer["isolated"][:1] if undirected else layer["isolated"]
    return (
        *(f"{side:,}" for side in layer["shape"]),
        f"{layer['links']:,}",
        f"{100 * layer['sparsity']:.2f} %",
        " + ".join(f"{count:,}" for count in isolated),
    )


if __name__ == "__main__":
    main()
