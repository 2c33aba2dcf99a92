"""Runs of `netsci.train` as cells, and how a table reads their records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.engine.names import RUN_NAMES
from analysis.engine.printed import Reader, Source
from netsci.sweep import Cell, Task
from netsci.train.cells import read_epoch, read_total, recipe_cell
from netsci.train.recipe import Recipe

TASK = Task("s0-training", "netsci.train.recorded:run", RUN_NAMES)
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
    "tiny-imagenet-10": "Tiny ImageNet, 10 of its classes",
    "imagenet": "ImageNet (ILSVRC 2012)",
}


def cell(recipe: Recipe, **extra: Any) -> Cell:
    """Return the cell of a recipe; extra parameters are those of the task. Records of digits are not kept."""
    dataset = recipe.task.data
    versions = UNIFORM_VERSIONS if draws_uniform(recipe) else VERSIONS
    version = versions[recipe.optimisation.learner]
    how: dict[str, Any] = {"version": version, "data": DATA[dataset], "kept": dataset != "digits"}
    return recipe_cell(recipe, task=TASK, **how, **extra)


def draws_uniform(recipe: Recipe) -> bool:
    """Return whether the first links of a network are uniform: those of all networks that see images are."""
    topology = recipe.topology
    return topology is not None and (topology.initial == "uniform" or recipe.net.model != "mlp")


def over_seeds(read: Reader, recipes: tuple[Recipe, ...], seeds: range, **extra: Any) -> Source:
    """Return the source that reads, for each seed, the records of these recipes."""
    return Source(
        read, tuple(tuple(cell(recipe.replace(seed=seed), **extra) for recipe in recipes) for seed in seeds)
    )


def last(measure: str, *, layer: str = "all", scale: float = 100.0) -> Reader:
    """Return the reader of a measure after the last epoch, in percent by default."""
    return lambda record: scale * read_epoch(record, measure, layer=layer)


def gain(measure: str = "accuracy", *, scale: float = 100.0) -> Reader:
    """Return the reader of (ours, other): the difference of a measure, in percentage points by default."""
    return lambda ours, other: scale * (read_epoch(ours, measure) - read_epoch(other, measure))


def total(name: str, scale: float = 1.0) -> Reader:
    """Return the reader of a total over the test set."""
    return lambda record: scale * read_total(record, name)


Answer = Callable[..., Source | str]  # (scale, seeds, **what row and column say) -> runs, or why none
