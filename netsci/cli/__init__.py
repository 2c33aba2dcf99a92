"""The command line: netsci inspect | report | compare | export | train | prune | convert | features.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from netsci.cli.conversion import convert
from netsci.cli.files import UNREADABLE
from netsci.cli.networks import compare, export, inspect, report
from netsci.cli.runs import features, prune, train

__all__ = ["UNREADABLE", "app", "main"]

# Command -> what the list of commands says, and its two examples.
_COMMANDS: dict[Callable[..., None], tuple[str, tuple[str, ...]]] = {
    inspect: (
        "Show the layers of a network.",
        ("netsci inspect model.pt", "netsci inspect model.pt --density 0.1 --json"),
    ),
    report: (
        "Write a report on a network.",
        ("netsci report model.pt --out report.html --open", "cat links.csv | netsci report - --undirected"),
    ),
    compare: (
        "Show what differs between networks.",
        ("netsci compare before.pt after.pt", "netsci compare a.pt b.pt c.pt --out page.html"),
    ),
    export: (
        "Write a network for other tools.",
        ("netsci export model.pt --out model.graphml", "netsci export model.pt --select fc2 --out fc2.csv"),
    ),
    train: (
        "Train a network whose topology evolves.",
        ("netsci train --preset digits-2fc --out runs/first", "netsci train --method rigl --set epochs=5"),
    ),
    prune: (
        "Prune a trained network.",
        (
            "netsci prune runs/first --method ria --sparsity 0.9 -o pruned.safetensors",
            "netsci prune deit.pth --method wanda --n-m 2:4 --data imagenet -o pruned.safetensors",
        ),
    ),
    convert: (
        "Convert a trained network to a spiking one.",
        ("netsci convert runs/first --method snm --steps 64", "netsci convert runs/first --set theta=max"),
    ),
    features: (
        "Write features of a trained network.",
        ("netsci features runs/first", "netsci features runs/first --out features.npz --device cuda"),
    ),
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="See, measure and train sparse neural networks as complex networks.",
    epilog="\b\nExamples:\n  netsci report model.pt --open\n  netsci train --list",
)


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


for _command, (_short, _examples) in _COMMANDS.items():
    _epilog = "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in _examples)])
    app.command(short_help=_short, epilog=_epilog)(_command)


def main() -> None:
    """Run the command line; the entry point `netsci`."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show is no failure
        sys.stdout.reconfigure(errors="replace")
    app(prog_name="netsci")
