"""Commands that train: train, features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netsci.cli.files import check_out, explain_errors
from netsci.cli.options import Device, Force


def train(
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The preset to train, digits-2fc by default; --list shows all presets.",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set another value of the preset; may be repeated."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help="Train by another method; --methods describes all of them."),
    ] = None,
    dense: Annotated[bool, typer.Option("--dense", help="Train the dense network instead.")] = False,
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Start from the weights and links of a network.safetensors, or the folder of its run, by "
            "the recipe in it if no --preset is given; --method static keeps the links.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run [default: runs/ and the preset].")
    ] = None,
    device: Device = "cpu",
    anew: Annotated[bool, typer.Option("--anew", help="Start again even if the folder holds a run.")] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data set if its files are missing.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="List the presets and exit.")] = False,
    methods: Annotated[bool, typer.Option("--methods", help="List the methods and exit.")] = False,
) -> None:
    """Train a sparse network whose topology evolves; a stopped run continues where it stopped."""
    from netsci.train.command import list_methods, list_presets, run

    if show or methods:
        lists = [make() for make, asked in ((list_presets, show), (list_methods, methods)) if asked]
        typer.echo("\n".join(lists))
        return
    with explain_errors("train", "cannot write the run or read its data"):
        run(
            preset,
            changes or [],
            dense=dense,
            method=method,
            network=network,
            out=out,
            device=device,
            anew=anew,
            download=download,
        )


def features(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a finished run.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the features (.npz).")] = Path(
        "features.npz"
    ),
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Write the pooled firing rates of a trained network's last feature maps, as input of other networks."""
    with explain_errors("features", "cannot read the run or its data, or write the features"):
        from netsci.train.features import features_of_run, save_features

        check_out(out, [folder], force, "the features would overwrite their run")
        data = features_of_run(folder, device=device)
        save_features(out, data)
    typer.echo(f"wrote {out}: {len(data.y_train)} and {len(data.y_test)} images, {data.source}")
