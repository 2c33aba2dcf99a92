"""The command line: netsci report | inspect | compare | export | train | features.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from netsci.io import Loaded

UNREADABLE = 3  # exit code of a file that cannot be read as a network

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See, measure and train sparse neural networks as complex networks.",
)
_File = Annotated[
    Path,
    typer.Argument(
        help="A checkpoint, mask or graph file: safetensors, torch, npz, npy, ONNX, HDF5 (Keras, NIR), "
        "MATLAB, GraphML, GEXF, GML, Pajek, JSON, Matrix Market, edge list, adjacency list or matrix, Excel "
        "workbook, or any of them packed by gzip."
    ),
]
_Threshold = Annotated[
    float | None, typer.Option(help="Keep the links of at least this absolute weight.", show_default=False)
]
_Density = Annotated[
    float | None,
    typer.Option(
        help="Keep this share of the possible links of each layer, the strongest ones.", show_default=False
    ),
]
_Select = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Keep only the layer, or matrix, of this name.", show_default=False),
]
_Undirected = Annotated[
    bool, typer.Option("--undirected", help="Merge both directions of links within one population.")
]
_Bipartite = Annotated[
    bool,
    typer.Option("--bipartite", help="Read sources and targets, or rows and columns, as two sets of nodes."),
]
_Columns = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="What the columns of a list are, in order (source,target,weight; - leaves one out), "
        "or the names "
        "or numbers of those to read.",
        show_default=False,
    ),
]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Read the file as this, whatever it looks like: edges, matrix, adjlist, multiline-adjlist, sif, "
        "nnf, arrows, dimacs, lgl, metis, json, gml, npz ...",
        show_default=False,
    ),
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
    undirected: _Undirected = False,
    bipartite: _Bipartite = False,
    columns: _Columns = None,
    format: _Format = None,
) -> None:
    """Show the layers of a network: shapes, links, sparsity, isolated units."""
    options = _check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    loaded = _open_network(file, options)
    if as_json:
        import json

        typer.echo(json.dumps(loaded.summary(), allow_nan=False))
    else:
        from netsci.terminal import print_layers

        print_layers(loaded)


@app.command()
def report(
    file: _File,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the HTML file.")] = Path(
        "report.html"
    ),
    threshold: _Threshold = None,
    density: _Density = None,
    select: _Select = None,
    undirected: _Undirected = False,
    bipartite: _Bipartite = False,
    columns: _Columns = None,
    format: _Format = None,
    three_d: Annotated[
        bool, typer.Option("--3d", help="Add the embedding in the hyperbolic ball (the page needs WebGL).")
    ] = False,
) -> None:
    """Write a report on a network as one self-contained HTML file."""
    options = _check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    if problem := _unwritable(out, file):
        raise typer.BadParameter(problem, param_hint="--out")
    from netsci import report as room

    loaded = _open_network(file, options)
    typer.echo(f"wrote {_save_whole(out, lambda place: room.report(loaded, place, three_d=three_d))}")


@app.command()
def compare(
    a: _File,
    b: _File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the comparison as an HTML file as well.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list with one object for each row.")
    ] = False,
    threshold: _Threshold = None,
    density: _Density = None,
    select: _Select = None,
    undirected: _Undirected = False,
    bipartite: _Bipartite = False,
    columns: _Columns = None,
    format: _Format = None,
) -> None:
    """Show what differs between two networks, and how large the difference is."""
    options = _check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    problem = None if out is None else _unwritable(out, a) or _unwritable(out, b)
    if problem:
        raise typer.BadParameter(problem, param_hint="--out")
    first, second = _open_network(a, options), _open_network(b, options)
    from netsci.report import compare as compared

    try:
        table = compared(first.graph, second.graph)
    except ValueError as error:
        _fail(str(error), 2)
    if as_json:
        typer.echo(table.to_json(orient="records", double_precision=15))
    else:
        from netsci.terminal import print_comparison

        print_comparison(table, (first.name, second.name))
    if out is not None:
        from netsci.report import comparison_page

        names = (first.name, second.name)
        page = comparison_page(first, second, names, table=table, options=options)
        written = _save_whole(out, lambda place: place.write_text(page, encoding="utf-8"))
        typer.echo(f"wrote {written}", err=as_json)


@app.command()
def export(
    file: _File,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; its suffix names the format.")
    ] = Path("network.graphml"),
    threshold: _Threshold = None,
    density: _Density = None,
    select: _Select = None,
    undirected: _Undirected = False,
    bipartite: _Bipartite = False,
    columns: _Columns = None,
    format: _Format = None,
) -> None:
    """Write a network as .graphml, .gexf, .gml, .net (Pajek), .npz or .csv, with the names of its nodes."""
    options = _check_load_options(threshold, density, select, undirected, bipartite, columns, format)
    from netsci.io.export import WRITERS, write_graph

    if problem := _unwritable(out, file, "the export would overwrite its input file"):
        raise typer.BadParameter(problem, param_hint="--out")
    if out.suffix.lower() not in WRITERS:
        raise typer.BadParameter(
            f"{out} does not end with a suffix that names a format: {', '.join(WRITERS)}", param_hint="--out"
        )
    graph = _open_network(file, options).graph
    notes: list[str] = []
    try:
        written = _save_whole(out, lambda place: notes.extend(write_graph(graph, place, out.suffix)))
    except ValueError as error:
        _fail(f"{out}: {error}", 2)
    typer.echo("\n".join([f"wrote {written}", *(f"- {note}" for note in notes)]))


@app.command()
def train(
    preset: Annotated[
        str, typer.Option(help="The preset to train; --list shows all presets.")
    ] = "digits-2fc",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set another value of the preset; may be repeated."),
    ] = None,
    dense: Annotated[bool, typer.Option("--dense", help="Train the dense network instead.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run [default: runs/ and the preset].")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")] = "cpu",
    anew: Annotated[bool, typer.Option("--anew", help="Start again even if the folder holds a run.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List the presets and exit.")] = False,
) -> None:
    """Train a sparse network whose topology evolves; a stopped run continues where it stopped."""
    from netsci.train.command import list_presets, run

    if show:
        typer.echo(list_presets())
        return
    with _explain_errors("train", "cannot write the run or read its data"):
        run(preset, changes or [], dense=dense, out=out, device=device, anew=anew)


@app.command()
def features(
    folder: Annotated[Path, typer.Argument(help="The folder of a finished `netsci train` run.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the features (.npz).")] = Path(
        "features.npz"
    ),
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")] = "cpu",
) -> None:
    """Write the pooled firing rates of a trained network's last feature maps, as input of other networks."""
    with _explain_errors("features", "cannot read the run or its data, or write the features"):
        from netsci.train.features import features_of_run, save_features

        data = features_of_run(folder, device=device)
        save_features(out, data)
    typer.echo(f"wrote {out}: {len(data.y_train)} and {len(data.y_test)} images, {data.source}")


def main() -> None:
    """Run the command line; the entry point `netsci`."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show is no failure
        sys.stdout.reconfigure(errors="replace")
    app(prog_name="netsci")


def _unwritable(
    out: Path, file: Path, clash: str = "the report would overwrite its input file"
) -> str | None:
    """Return why `out` cannot be written, with the mend, or None if it can."""
    target = Path(os.path.realpath(out))  # a symbolic link stays, and what it names is written
    # os.path rather than Path: names that are too long are missing files and no errors.
    if os.path.isdir(target):
        return f"{out} is a folder; give a file in it, such as {out / file.stem}"
    if not os.path.isdir(target.parent):
        return f"there is no folder {target.parent}; create it, or write elsewhere"
    if os.path.exists(target) and not os.path.isfile(target):
        return f"{out} is a device or pipe, not a regular file; give the name of a new file"
    if os.path.exists(target) and os.path.exists(file) and os.path.samefile(target, file):
        return f"{clash}; give another name"
    try:
        # What is written later is written beside its place first, so the folder must take a new file.
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".netsci-", suffix=".part"):
            return None
    except OSError as error:
        why = error.strerror or type(error).__name__
        return (
            f"{out} cannot be written: the folder {target.parent} does not accept a new file ({why}); "
            "choose another folder"
        )


def _open_network(file: Path, options: dict[str, Any]) -> Loaded:
    """Return the network in a file. If the file cannot be read, print why and exit."""
    from netsci.io import CheckpointError, load

    try:
        return load(file, **options)
    except CheckpointError as error:
        _fail(str(error), UNREADABLE)


def _save_whole(out: Path, make: Callable[[Path], object]) -> Path:
    """Let `make` write a file elsewhere and move it to its place once it is complete."""
    from netsci.io.files import write_atomically

    with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
        whole = Path(folder) / "whole"
        try:
            make(whole)
            return write_atomically(out, whole.read_bytes())
        except OSError as error:
            _fail(f"{out}: cannot be written ({error.strerror or type(error).__name__})", 1)


def _check_load_options(
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


@contextmanager
def _explain_errors(command: str, disk: str) -> Iterator[None]:
    """Turn errors of a command that needs torch, a run and its data into one sentence, and exit."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _fail(f"netsci {command} needs torch, which is not installed: pip install 'netsci-suite[torch]'", 1)
    except (ValueError, TypeError) as error:
        _fail(str(error), 2)
    except OSError as error:
        _fail(f"{disk}: {error}", 1)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
