"""Recipes as cells of a sweep, and what their records say.

    from netsci.sweep import run_cells
    from netsci.train import PRESETS, read_epoch, recipe_cell

    grid = [PRESETS["mnist-2fc"].replace(sparsity=s, seed=i) for s in (0.8, 0.9, 0.99) for i in range(3)]
    records = run_cells([recipe_cell(recipe) for recipe in grid], "results", jobs=4)
    accuracies = [read_epoch(records[recipe_cell(recipe)], "accuracy") for recipe in grid]

A record is the table of the run, its last topology, and more if asked (`netsci.train.recorded.run`). Its name
is for good: `defaults.json` freezes the defaults of recipes, and a default that changes is a new version.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from netsci.arguments import as_whole, check_instance, check_path, check_text
from netsci.sweep import Cell, Names, Record, Task
from netsci.train.recipe import Recipe, write_old_names

DIVERGED = "diverged"  # the note of a record whose run ended since its loss became infinite or NaN

TRAINING = Task(
    "training", "netsci.train.recorded:run", Names.read(Path(__file__).with_name("defaults.json"))
)
VERSION = 1  # of the numbers that TRAINING makes


def recipe_cell(
    recipe: Recipe,
    *,
    task: Task = TRAINING,
    version: int = VERSION,
    data: str = "",
    kept: bool = False,
    **extra: Any,
) -> Cell:
    """Return the cell of a recipe.

    task, version : of what runs it; the task takes the values of a recipe by name, its `data` as `dataset`.
    data : which data these are, for the name of the run; the recipe's `data` by default.
    kept : whether the record is to be committed. extra : parameters of the task, as `traced=True`. With
    `networks=0` a run leaves the network of its last epoch beside its record, with `networks=5` also that of
    each fifth epoch, see `netsci.sweep.find_kept`; this is no part of its name. With `network=path` it starts
    from the network in that file. Its name has the content of the file (the recipe's `start`, filled in), or
    `origin`, such as the name of the cell that leaves the network, which is known before the file is there.

    Examples
    --------
    >>> recipe_cell(Recipe().replace(sparsity=0.9)) == recipe_cell(Recipe().replace(sparsity=0.95))
    False
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, such as PRESETS[...]; got {type(recipe).__name__}")
    check_text(data, "data")
    aside: dict[str, Any] = {}
    if (networks := extra.pop("networks", None)) is not None:
        aside["networks"] = as_whole(networks, "networks")
    if (network := extra.pop("network", None)) is not None:
        check_path(network, "network")
        aside["network"] = str(Path(network).absolute())
        if not (recipe.net.start or extra.get("origin")):
            recipe = recipe.replace(start=_sum_of(network))
    values = write_old_names(recipe.flat())  # fields and values that are renamed keep the names of runs
    defaults = write_old_names(recipe.defaults())
    dataset = values.pop("data")
    how: dict[str, Any] = {"version": version, "data": data or dataset, "kept": kept, "defaults": defaults}
    defaults |= {"origin": ""}
    return Cell.of(task, **how, aside=aside, dataset=dataset, **values, **extra)


def _sum_of(network: str | Path) -> str:
    from netsci.train.stored_network import read_stored  # which needs torch

    return read_stored(network).sum


def read_epoch(record: Record, measure: str, *, layer: str = "all", epoch: int = -1) -> float:
    """Return a measure of a recorded run after an epoch (negative: from the end); NaN if the run diverged.

    Raises ValueError for a measure or layer that the run does not have, and IndexError for such an epoch. A
    run that diverged has no measures but the accuracies NaN, and nothing raises.
    """
    check_instance(record, Record, "record", "a netsci.sweep.Record")
    for name, value in (("measure", measure), ("layer", layer)):
        check_text(value, name)
    epoch = as_whole(epoch, "epoch")
    a = record.arrays
    values = a["table_value"][(a["table_measure"] == measure) & (a["table_layer"] == layer)]
    if DIVERGED in record.notes and not -len(values) <= epoch < len(values):
        return math.nan
    if not len(values):
        known = sorted({*zip(a["table_measure"].tolist(), a["table_layer"].tolist(), strict=True)})
        raise ValueError(
            f"the run has no measure {measure!r} of layer {layer!r}; it has "
            f"{', '.join(f'{one} of {of}' for one, of in known)}"
        )
    if not -len(values) <= epoch < len(values):
        raise IndexError(f"epoch must lie in {-len(values)} to {len(values) - 1}; got {epoch}")
    return float(values[epoch])


def read_total(record: Record, name: str) -> float:
    """Return a total over the test set of a run that was `traced`: spikes, SOPs, MACs or firing rate.

    NaN if the run diverged. Raises ValueError for another name.
    """
    check_instance(record, Record, "record", "a netsci.sweep.Record")
    check_text(name, "name")
    if DIVERGED in record.notes:
        return math.nan
    totals = dict(zip(record.arrays["total_names"].tolist(), record.arrays["total_values"], strict=True))
    if name not in totals:
        raise ValueError(f"name must be one of {', '.join(totals)}; got {name!r}")
    return float(totals[name])
