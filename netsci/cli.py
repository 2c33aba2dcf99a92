"""The command line: netsci report | inspect.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from netsci.io import Loaded

UNREADABLE = 3  # exit code of a file that cannot be read as a network

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See and measure sparse neural networks as complex networks.",
)
_File = Annotated[
    Path, typer.Argument(help="A checkpoint, mask or graph file: safetensors, torch, npz, npy, GraphML.")
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
) -> None:
    """Show the layers of a network: shapes, links, sparsity, isolated units."""
    from netsci.io import CheckpointError, load

    try:
        loaded = load(file)
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
) -> None:
    """Write a report on a network as one self-contained HTML file."""
    if out.is_dir() or not out.parent.is_dir():
        raise typer.BadParameter(f"{out} is a folder, or its folder is missing", param_hint="--out")
    if out.exists() and file.exists() and out.samefile(file):
        raise typer.BadParameter("the report would overwrite the file it is about", param_hint="--out")
    from netsci.io import CheckpointError

    try:
        written = _report(file, out)
    except CheckpointError as error:
        _fail(str(error), UNREADABLE)
    except OSError as error:
        _fail(f"{out}: cannot be written ({error.strerror or type(error).__name__})", 1)
    typer.echo(f"wrote {written}")


def main() -> None:
    """Run the command line; the entry point `netsci`."""
    app(prog_name="netsci")


def _report(file: Path, out: Path) -> Path:
    """Write the report beside its final place and move it there once it is complete."""
    import os
    import tempfile

    from netsci import report as room

    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        os.replace(room.report(file, Path(folder) / out.name), out)
    return out


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _print_table(loaded: Loaded) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    summary = loaded.summary()
    # Text, not markup: names come from the file.
    table = Table(title=Text(f"{loaded.path.name}: {loaded.kind}"), title_justify="left")
    table.add_column("layer", overflow="fold")
    for heading in ("presynaptic", "postsynaptic", "links", "sparsity", "isolated units"):
        table.add_column(heading, justify="right")
    for layer in summary["layers"]:
        rows, columns = layer["shape"]
        table.add_row(
            Text(layer["name"]),
            f"{rows:,}",
            f"{columns:,}",
            f"{layer['links']:,}",
            f"{100 * layer['sparsity']:.2f} %",
            f"{layer['isolated'][0]:,} + {layer['isolated'][1]:,}",
        )
    console = Console(file=sys.stdout)
    console.print(table)
    for note in summary["notes"]:
        console.print(Text(f"- {note}"))


if __name__ == "__main__":
    main()
