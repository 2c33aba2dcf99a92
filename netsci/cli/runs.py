"""Commands that train and prune: train, features, prune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from netsci.cli.files import UNREADABLE, check_out, explain_errors, fail, save_whole
from netsci.cli.options import Device, Force


def train(
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The preset to train, digits-2fc by default, or how to train --network for its conversion "
            "(qcfs, cs-qcfs-1, cs-qcfs-2, aec); --list shows all.",
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
    from netsci.train.command import run
    from netsci.train.lists import list_methods, list_presets

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


def prune(
    network: Annotated[
        Path | None,
        typer.Argument(
            metavar="NETWORK",
            help="A run's folder, a network.safetensors, or a checkpoint with timm's keys of a ViT or DeiT.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="What to prune by; --methods describes all.")
    ] = None,
    sparsity: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Share of links that go: 0.7, or conv=0.78,linear=0.99."),
    ] = None,
    n_m: Annotated[
        str | None,
        typer.Option("--n-m", metavar="KEPT:OF", help="Keep so many of each group of inputs, as 2:4."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Data to calibrate and test on, in place of those of the run."),
    ] = None,
    epochs: Annotated[
        int,
        typer.Option(
            "--fine-tune",
            metavar="EPOCHS",
            help="Train for so many more epochs at a tenth of the learning rate. Links stay.",
        ),
    ] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the pruned network.")] = Path(
        "pruned.safetensors"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    device: Device = "cpu",
    force: Force = False,
    methods: Annotated[bool, typer.Option("--methods", help="List the methods and exit.")] = False,
) -> None:
    """Prune a trained network by magnitude or on training images, and fine-tune it if asked."""
    from netsci.train import prune_command, prune_options

    if methods:
        typer.echo(prune_options.list_methods())
        return
    if network is None:
        raise typer.BadParameter("give the network to prune", param_hint="NETWORK")
    with explain_errors("prune", "cannot read the network or its data, or write the result"):
        held = network / "network.safetensors" if network.is_dir() else network
        check_out(out, [held], force, "the pruned network would overwrite the one it is made of")
        options: dict[str, Any] = {
            "method": method,
            "sparsity": sparsity,
            "n_m": n_m,
            "data": data,
            "epochs": epochs,
        }
        try:
            told = prune_command.run(network, out, device=device, save=save_whole, **options)
        except prune_options.UnreadableError as error:
            fail(str(error), UNREADABLE)
    if as_json:
        import json

        typer.echo(json.dumps(told, allow_nan=False))
    else:
        typer.echo(f"{prune_command.describe(told)}\nwrote {out}; see it: netsci report {out}")
