"""The command that converts: convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netsci.cli.files import check_out, explain_errors, fail, save_whole
from netsci.cli.options import Force


def convert(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="RUN_OR_FILE", help="Folder of a finished run, or its network.safetensors."),
    ] = None,
    method: Annotated[str, typer.Option(help="How to convert; --methods describes all of them.")] = "qcfs",
    steps: Annotated[
        int | None,
        typer.Option(
            help="T, the number of time steps [default: 32; aec has a window, --set window=T].",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the method; may be repeated."),
    ] = None,
    calibration: Annotated[int, typer.Option(help="Number of training images that set thresholds.")] = 10_000,
    limit: Annotated[
        int | None, typer.Option(help="Number of test images [default: all].", show_default=False)
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write the spiking network (safetensors).")
    ] = Path("spiking.safetensors"),
    table: Annotated[
        Path | None, typer.Option("--table", help="Write the table of every T as well (.csv).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    force: Force = False,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data set if its files are missing.")
    ] = False,
    methods: Annotated[bool, typer.Option("--methods", help="List the methods and exit.")] = False,
) -> None:
    """Convert a trained network to a spiking one, its links untouched, and test it at T = 1 to --steps."""
    with explain_errors("convert", "cannot read the run or its data"):
        from netsci.train.convert_run import convert_run
        from netsci.train.convert_said import list_conversions, say_conversion, summarise

        if methods:
            typer.echo(list_conversions())
            return
        if source is None:
            fail("netsci convert needs the folder of a run, or its network.safetensors; see --help", 2)
        for place in (out, table):
            if place is not None:
                check_out(place, [source], force, "the result would overwrite its network")
        found = convert_run(
            source,
            method,
            changes or [],
            steps=steps,
            calibration=calibration,
            limit=limit,
            download=download,
        )
    from netsci.convert import save_spiking

    save_whole(out, lambda place: save_spiking(place, found.model))
    if table is not None:
        save_whole(table, lambda place: found.by_step().to_csv(place, index=False))
    if as_json:
        import json

        typer.echo(json.dumps(summarise(found) | {"file": str(out)}, allow_nan=False))
    else:
        typer.echo("\n".join([*say_conversion(found), f"wrote {out}"]))
