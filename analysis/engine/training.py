"""Runs of `netsci.train` as cells, and how a table reads their records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.engine.names import RUN_NAMES
from analysis.engine.printed import Reader, Source
from netsci.sweep import Cell, Record, Task
from netsci.train.recipe import Recipe, write_old_names

TASK = Task("s0-training", "analysis.engine.training_task:run", RUN_NAMES)
# Of the task, by learner. Records of N-MNIST of before 2026-11-28 count the events of the first layer as
# multiply-accumulates and not as spikes; no table shows their operations.
VERSIONS = {"gradient": 1, "stp": 2}
# Of runs whose first links are uniform: until 2026-11-29 these were drawn with too many squares.
UNIFORM_VERSIONS = {"gradient": 3, "stp": 4}
DATA = {  # name in `netsci.data` -> what a run says that it reads
    "digits": "scikit-learn digits",
    "mnist": "MNIST, official files",
    "fashion-mnist": "Fashion-MNIST, official files",
    "cifar10": "CIFAR-10, official binary files",
    "cifar10-features": "pooled features of a trained 6Conv2FC on CIFAR-10",
    "cifar10-jpeg": "CIFAR-10 as JPEG, a lossy copy",
    "cifar100": "CIFAR-100, official binary files",
    "n-mnist": "N-MNIST, official recordings",
    "n-mnist-simulated": "simulated N-MNIST from MNIST, tested on real recordings",
    "cifar10-dvs": "CIFAR10-DVS, official recordings",
    "dvs-gesture": "DVS-Gesture, official recordings",
    "tiny-imagenet": "Tiny ImageNet, 200 classes",
    "imagenet": "ImageNet (ILSVRC 2012)",
}


def cell(recipe: Recipe, **extra: Any) -> Cell:
    """Return the cell of a recipe; extra parameters are those of the task. Records of digits are not kept."""
    values = write_old_names(recipe.flat())  # fields and values that are renamed keep the names of runs
    dataset = values.pop("data")
    versions = UNIFORM_VERSIONS if draws_uniform(recipe) else VERSIONS
    version = versions[recipe.optimisation.learner]
    named = {"version": version, "data": DATA[dataset], "kept": dataset != "digits"}
    defaults = write_old_names(recipe.defaults())
    return Cell.of(TASK, **named, defaults=defaults, dataset=dataset, **values, **extra)


def draws_uniform(recipe: Recipe) -> bool:
    """Return whether the first links of a network are uniform: those of all networks that see images are."""
    topology = recipe.topology
    return topology is not None and (topology.initial == "uniform" or recipe.net.model != "mlp")


def over_seeds(read: Reader, recipes: tuple[Recipe, ...], seeds: range, **extra: Any) -> Source:
    """Return the source that reads, for each seed, the records of these recipes."""
    return Source(
        read, tuple(tuple(cell(recipe.replace(seed=seed), **extra) for recipe in recipes) for seed in seeds)
    )


def at_epoch(record: Record, measure: str, layer: str = "all", epoch: int = -1) -> float:
    """Return a measure after an epoch (negative: from the end)."""
    a = record.arrays
    values = a["table_value"][(a["table_measure"] == measure) & (a["table_layer"] == layer)]
    if not len(values):
        raise KeyError(f"the run has no measure {measure!r} of layer {layer!r}")
    return float(values[epoch])


def last(measure: str, *, layer: str = "all", scale: float = 100.0) -> Reader:
    """Return the reader of a measure after the last epoch, in percent by default."""
    return lambda record: scale * at_epoch(record, measure, layer)


def gain(measure: str = "accuracy", *, scale: float = 100.0) -> Reader:
    """Return the reader of (ours, other): the difference of a measure, in percentage points by default."""
    return lambda ours, other: scale * (at_epoch(ours, measure) - at_epoch(other, measure))


def total(name: str, scale: float = 1.0) -> Reader:
    """Return the reader of a total over the test set (`analysis.engine.training_task.totals`)."""

    def read(record: Record) -> float:
        names, values = record.arrays["total_names"].tolist(), record.arrays["total_values"]
        return scale * float(values[names.index(name)])

    return read


Answer = Callable[..., Source | str]  # (scale, seeds, **what row and column say) -> runs, or why none
