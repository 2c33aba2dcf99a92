"""The command `netsci train`: train a preset with changes, show the progress and the last epoch."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

SHOWN = ("accuracy", "loss", "link sparsity", "node sparsity", "SOPs", "firing rate", "seconds")


def list_presets() -> str:
    """Describe the presets, one on each line.

    Examples
    --------
    >>> list_presets().splitlines()[0]
    'digits-2fc             mlp on digits, 95 % sparse, T = 8, 30 epochs'
    """
    lines = []
    for name, recipe in PRESETS.items():
        t, o = recipe.task, recipe.optimisation
        sparsity = f"{100 * recipe.topology.sparsity:g} % sparse" if recipe.topology else "dense"
        lines.append(
            f"{name:22} {recipe.net.model} on {t.data}, {sparsity}, T = {t.steps}, {o.epochs} epochs"
        )
    return "\n".join(lines)


def choose_recipe(preset: str, changes: Sequence[str], *, dense: bool) -> Recipe:
    """Return the recipe of a preset with changes "name=value"; a value is a Python literal or a word.

    Raises
    ------
    TypeError, ValueError
        If there is no such preset or field, or a value is not allowed.

    Examples
    --------
    >>> choose_recipe("digits-2fc", ["lr=0.01", "initial=uniform"], dense=False).optimisation.lr
    0.01
    """
    if preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}; got {preset!r}")
    values: dict[str, Any] = {"dense": True} if dense else {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, such as lr=0.01; got {change!r}")
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    return PRESETS[preset].replace(**values)


def run(
    preset: str,
    changes: Sequence[str],
    *,
    dense: bool,
    out: Path | None,
    device: str,
    anew: bool,
    download: bool,
) -> None:
    """Train a preset, show the progress, and print where the results are.

    Raises TypeError or ValueError as `choose_recipe` and `netsci.train.train` do.
    """
    from netsci.train.allocation import keep_freed_memory
    from netsci.train.folder import NETWORK
    from netsci.train.loop import Moment, train

    keep_freed_memory()
    recipe = choose_recipe(preset, changes, dense=dense)
    folder = out or Path("runs") / (f"{preset}-dense" if dense else preset)
    console = Console()
    last = {"epoch": 0, "words": ""}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("data and network", total=recipe.optimisation.epochs)

        def progress(epoch: int, share: float) -> None:
            bar.update(task, completed=epoch - 1 + share, description=f"epoch {epoch} {last['words']}")

        def observe(moment: Moment) -> None:
            values = {row["measure"]: row["value"] for row in moment.rows if row["layer"] == "all"}
            last["words"] = f"(accuracy {100 * values['accuracy']:.2f} % before)"

        result = train(
            recipe,
            folder=folder,
            resume=not anew,
            device=device,
            download=download,
            observe=observe,
            progress=progress,
        )
    table = result.table[(result.table["epoch"] == result.epoch) & (result.table["layer"] == "all")]
    values = dict(zip(table["measure"], table["value"], strict=True))
    shown = Table("measure", "after the last epoch", title=Text(f"{preset}: {result.inputs.source}"))
    for name in SHOWN:
        if name in values:
            shown.add_row(name, f"{values[name]:.4g}")
    console.print(shown)
    console.print(
        Text(
            f"table, checkpoint and network: {folder}; see it: netsci report {quote(str(folder / NETWORK))}"
        ),
        soft_wrap=True,
    )
