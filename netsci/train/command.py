"""The command `netsci train`: train a preset with changes, show the progress and the last epoch."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from shlex import quote
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from netsci.choices import suggest
from netsci.train.choices import METHODS, SETTINGS
from netsci.train.fine_tuning import FINE_TUNING, tune_for_conversion
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe, Topology

FIRST = "digits-2fc"  # the preset that is trained if none is named
DENSE = "dense"  # a method too: all links, which never change
INTERRUPTED = 130  # exit code, as shells have it
SHOWN = ("accuracy", "loss", "link sparsity", "node sparsity", "SOPs", "firing rate", "seconds")


def use_method(recipe: Recipe, method: str) -> Recipe:
    """Return a recipe with another training method, "dense" included, and the settings of that method.

    Of the recipe's own topology stays what the method reads, and the sparsity of each kind of layer, also if
    it is that of the former method: all methods are then as sparse.

    Raises ValueError, with all names and the nearest, if there is no such method.

    Examples
    --------
    >>> use_method(PRESETS["digits-2fc"], "rigl").topology.allocation
    'erk'
    """
    if method == DENSE:
        return recipe.replace(dense=True)
    if method not in METHODS:
        names = (DENSE, *METHODS.names)
        raise ValueError(
            f"--method must be one of {', '.join(names)}; got {method!r}"
            f"{suggest(method, names) or '.'} See netsci train --methods"
        )
    before = recipe.topology or Topology()
    own, brought = Topology.settings(before.method), SETTINGS.get(method, {})
    reads = METHODS[method].reads
    kept = {
        name: value
        for name, value in ((f.name, getattr(before, f.name)) for f in fields(before))
        if value != own[name]
        and name not in ("method", "method_options")
        and (reads is None or name in reads)
        and not isinstance(brought.get(name), tuple)  # what the method has for each kind of layer
    }
    if isinstance(before.sparsity, tuple) and "sparsity" not in brought:
        kept |= {"sparsity": before.sparsity, "allocation": "uniform"}  # what spreads one number has no part
    return replace(recipe, topology=Topology(method=method, **kept))


def choose_recipe(
    preset: str | None,
    changes: Sequence[str],
    *,
    dense: bool,
    method: str | None = None,
    network: Path | None = None,
) -> Recipe:
    """Return the recipe of a preset with changes "name=value"; a value is a Python literal or a word.

    preset : None for the recipe in the file `network` that the run starts from, or else for digits-2fc. A
        name in `FINE_TUNING` changes the recipe in that file.
    method : name of a training method, as in `use_method`; None for that of the preset. With a network,
    "static" has its sparsities.

    Raises
    ------
    TypeError, ValueError
        If there is no such preset, method or field, or a value is not allowed.

    Examples
    --------
    >>> choose_recipe("digits-2fc", ["lr=0.01", "initial=uniform"], dense=False).optimisation.lr
    0.01
    """
    if dense and method not in (None, DENSE):
        raise ValueError(f"--dense and --method {method} exclude each other: give one of them")
    recipe = _choose_base(preset, network)
    if preset in FINE_TUNING and (dense or method not in (None, "static")):
        asked = "--dense" if dense else f"--method {method}"
        raise ValueError(f"--preset {preset} keeps the links of the network: leave out {asked}")
    if method == "static" and network is not None:
        from netsci.train.start_network import freeze_links

        recipe = freeze_links(network, recipe)
    elif method is not None:
        recipe = use_method(recipe, method)
    values: dict[str, Any] = {"dense": True} if dense else {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, such as lr=0.01; got {change!r}")
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    return recipe.replace(**values)


def _choose_base(preset: str | None, network: Path | None) -> Recipe:
    """Return the recipe of a preset, or the one in the file of a network."""
    if preset is None and network is not None:
        from netsci.train.stored_network import read_stored

        stored = read_stored(network)
        if "recipe" not in stored.metadata:
            raise ValueError(f"{network} holds no recipe: give the one to train it by, as --preset")
        return stored.recipe.replace(start="")
    if preset is not None and preset in FINE_TUNING:
        if network is None:
            raise ValueError(f"--preset {preset} trains a network for its conversion: give it as --network")
        return tune_for_conversion(network, preset)
    preset = preset or FIRST
    if preset not in PRESETS:
        names = (*PRESETS, *FINE_TUNING)
        raise ValueError(
            f"--preset must be one of {', '.join(names)}; got {preset!r}{suggest(preset, names)}"
        )
    return PRESETS[preset]


def _say_stopped(folder: Path, anew: bool) -> str:
    """Say which epoch is the last in the checkpoint of a run, and how to go on."""
    from netsci.train.checkpoint import load_checkpoint
    from netsci.train.folder import CHECKPOINT

    place = folder / CHECKPOINT
    if not place.exists():
        return "stopped before the first epoch; the same command starts again"
    epoch = load_checkpoint(place).epoch
    return f"stopped after epoch {epoch}; the same command{' without --anew' if anew else ''} goes on"


class _Shown:
    """The progress of a run: a bar on a terminal, else a line for each epoch."""

    def __init__(self, console: Console, epochs: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._epochs, self._console, self._words = epochs, console, ""
        self._short: set[str] = set()
        self.seen: list[int] = []  # epochs
        self.evolutions = 0
        self._task = self.bar.add_task("data and network", total=epochs)

    def progress(self, epoch: int, share: float) -> None:
        """Move the bar within an epoch."""
        self.bar.update(self._task, completed=epoch - 1 + share, description=f"epoch {epoch} {self._words}")

    def observe(self, moment: Any) -> None:
        """Note what the test after an epoch found, and say once of each layer that links had no place."""
        self.seen.append(moment.epoch)
        self.evolutions += len(moment.evolutions)
        values = {row["measure"]: row["value"] for row in moment.rows if row["layer"] == "all"}
        accuracy = values.get("accuracy", math.nan)
        said = "not tested" if math.isnan(accuracy) else f"accuracy {100 * accuracy:.2f} %"
        self._words = f"({said} before)"
        if not self._console.is_terminal:
            line = f"epoch {moment.epoch} of {self._epochs}: {said}"
            if "loss" in values:
                line += f", loss {values['loss']:.4g}"
            self._console.print(Text(line), soft_wrap=True)
        for name, lacking in _without_a_place(moment.evolutions):
            if name not in self._short:
                self._short.add(name)
                line = (
                    f"epoch {moment.epoch}: layer {name} lacks {lacking} links of the number wanted, since "
                    "its live units have no more places: lower zeta, or set permanent=False, so that units "
                    "may come back"
                )
                self._console.print(Text(line), soft_wrap=True)


def _without_a_place(evolutions: Iterable[Any]) -> Iterator[tuple[str, int]]:
    """Yield layer and deficit where links were wanted, and all places between live units are taken."""
    for evolution in evolutions:
        for projection, lacking in zip(evolution.graph.projections, evolution.deficit.tolist(), strict=True):
            rows, columns = projection.links.nonzero()
            if lacking and len(set(rows.tolist())) * len(set(columns.tolist())) == projection.n_links:
                yield projection.name, lacking


def _say_unmoved(recipe: Recipe) -> str:
    """Say that links which should have changed did not, and what would change them; "" of other methods."""
    topology = recipe.topology
    reads = getattr(METHODS[topology.method], "reads", None) if topology else ()
    if topology is None or not topology.evolve_every or (reads is not None and "evolve_every" not in reads):
        return ""
    return (
        f"the links never changed: with evolve_every={topology.evolve_every!r}, evolve_after="
        f"{topology.evolve_after!r} and until={topology.until!r} no evolution falls into "
        f"{recipe.optimisation.epochs} epochs: evolve more often, or train longer"
    )


def say_late(recipe: Recipe) -> str:
    """Say of a method that acts late that the run ends before, "" of others.

    Examples
    --------
    >>> say_late(use_method(PRESETS["digits-2fc"], "sd_snn"))
    "method 'sd_snn' removes no link within epochs=30: the first can go after epoch 38 (convolutions: 38)"
    >>> say_late(use_method(PRESETS["digits-2fc"], "rigl"))
    ''
    """
    if recipe.topology is None:
        return ""
    method, epochs = recipe.topology.method, recipe.optimisation.epochs
    begins: dict[str, int] = dict(getattr(METHODS[method], "begins", {}))
    if not begins or epochs >= min(begins.values()):
        return ""
    return (
        f"method {method!r} removes no link within epochs={epochs}: the first can go after epoch "
        f"{begins['linear']} (convolutions: {begins['conv']})"
    )


def find_network(network: Path, folder: Path) -> Path:
    """Return the file of a network, given it or the folder of its run; its copy in `folder` where it is gone.

    Examples
    --------
    >>> find_network(Path("runs/a/network.safetensors"), Path("runs/b")).as_posix()
    'runs/a/network.safetensors'
    """
    from netsci.train.folder import NETWORK, START

    if network.is_dir():
        network = network / NETWORK
    return folder / START if not network.exists() and (folder / START).exists() else network


def run(
    preset: str | None,
    changes: Sequence[str],
    *,
    dense: bool,
    method: str | None = None,
    out: Path | None,
    device: str,
    anew: bool,
    download: bool,
    network: Path | None = None,
) -> None:
    """Train a preset, or a network on, show the progress, and print where the results are.

    network : file, or folder of a run, to start from. Without a terminal every epoch is one line. Ctrl-C ends
    with exit code 130 and what goes on. Raises TypeError or ValueError as `choose_recipe` and
    `netsci.train.train` do.
    """
    from netsci.train.allocation import keep_freed_memory
    from netsci.train.folder import NETWORK
    from netsci.train.loop import train

    keep_freed_memory()
    named = DENSE if dense else method
    called = preset or FIRST
    if network is not None:
        place = network.absolute()
        called = f"{(place if place.is_dir() else place.parent).name}-{preset or 'on'}"
    folder = out or Path("runs") / (f"{called}-{named}" if named else called)
    if network is not None:
        network = find_network(network, folder)
    recipe = choose_recipe(preset, changes, dense=dense, method=method, network=network)
    console = Console()
    shown = _Shown(console, recipe.optimisation.epochs)
    if late := say_late(recipe):
        console.print(Text(f"{late}; set epochs=N for more"), soft_wrap=True)
    try:
        with shown.bar:
            result = train(
                recipe,
                folder=folder,
                resume=not anew,
                device=device,
                download=download,
                network=network,
                observe=shown.observe,
                progress=shown.progress,
            )
    except KeyboardInterrupt:
        console.print(Text(_say_stopped(folder, anew)), soft_wrap=True)
        raise SystemExit(INTERRUPTED) from None
    table = result.table[(result.table["epoch"] == result.epoch) & (result.table["layer"] == "all")]
    values = dict(zip(table["measure"], table["value"], strict=True))
    last = Table("measure", "after the last epoch", title=Text(f"{called}: {result.inputs.source}"))
    for name in SHOWN:
        if name in values:
            last.add_row(name, f"{values[name]:.4g}")
    console.print(last)
    if 0 in shown.seen and not shown.evolutions and (unmoved := _say_unmoved(recipe)):
        console.print(Text(unmoved), soft_wrap=True)
    console.print(
        Text(
            f"table, checkpoint and network: {folder}; see it: netsci report {quote(str(folder / NETWORK))}"
        ),
        soft_wrap=True,
    )
