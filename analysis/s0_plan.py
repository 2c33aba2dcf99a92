"""Which runs answer S0's tables, at each of three scales.

    smoke  digits in place of MNIST, narrow layers, two epochs: what the tests run, in seconds
    desk   two cores, or one GPU where a row says so: real MNIST, Fashion-MNIST and CIFAR-10 (as JPEG)
    paper  the papers' sizes; for machines with GPUs and the data sets

A run is a `netsci.train.Recipe`; what it lacks is said by a reason. The learning rate, loss and first weights
of the back-propagated networks are not printed: they are chosen on the grid of "s0-grid", on held-out
training images, dense and sparse alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.runs import Cell
from analysis.s0_entries import Reader, Source
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

SCALES = ("smoke", "desk", "paper")
TASK, VERSION = "analysis.s0_training:run", 1
LATER = "the method is not part of this library yet"
NO_DATA = {
    "cifar-100": "CIFAR-100 is not among the data at hand",
    "cifar10-dvs": "CIFAR10-DVS is not among the data at hand",
    "dvs-gesture": "DVS-Gesture is not among the data at hand",
    "tiny-imagenet": "only 10 of the 200 classes are at hand, and the run needs GPUs",
    "imagenet": "ImageNet is not among the data at hand, and the run needs GPUs",
}
DATA = {
    "digits": "scikit-learn digits",
    "mnist": "MNIST, official files",
    "fashion-mnist": "Fashion-MNIST, official files",
    "cifar10-jpeg": "CIFAR-10 as JPEG, a lossy copy",
    "n-mnist": "N-MNIST, official recordings",
    "n-mnist-simulated": "simulated N-MNIST from MNIST, tested on real recordings",
}
# Chosen on s0-grid: the best mean accuracy on 10,000 held-out training images.
TUNED: dict[str, dict[str, Any]] = {
    "dense": {"lr": 2e-3, "loss": "cross_entropy", "readout": "sum", "weights": "sswi"},
    "sparse": {"lr": 5e-3, "loss": "cross_entropy", "readout": "sum", "weights": "sswi"},
}
GRID: tuple[dict[str, Any], ...] = tuple(
    {"lr": lr, **read, "weights": weights}
    for read in ({"loss": "cross_entropy", "readout": "sum"}, {"loss": "mse", "readout": "rate"})
    for weights in ("sswi", "sswi_calibrated")
    for lr in (1e-3, 2e-3, 5e-3, 1e-2)
)
SMOKE: dict[str, Any] = {"data": "digits", "epochs": 2, "batch": 50, "test_limit": 100, "limit": 300}
SMOKE_NETS: dict[str, dict[str, Any]] = {
    "2fc": {"options": (("hidden", (64,)),), "steps": 4, "sparsity": 0.9},
    "3fc": {"options": (("hidden", (64, 64)),), "steps": 10, "sparsity": 0.9, "lr": 1e-3},
}


def cell(recipe: Recipe, **extra: Any) -> Cell:
    """Return the cell of a recipe; extra parameters are those of the task."""
    values = recipe.flat()
    dataset = values.pop("data")
    made_in_seconds = dataset == "digits"
    return Cell.of(
        TASK,
        version=2 if recipe.optimisation.learner == "stp" else VERSION,
        data=DATA[dataset],
        kept=not made_in_seconds,
        dataset=dataset,
        **values,
        **extra,
    )


def over_seeds(
    read: Reader, recipes: Callable[[int], tuple[Recipe, ...]], seeds: range, **extra: Any
) -> Source:
    """Return the source that reads, for each seed, the records of these recipes."""
    return Source(read, tuple(tuple(cell(recipe, **extra) for recipe in recipes(seed)) for seed in seeds))


def back_propagated(dataset: str, network: str, dense: bool, scale: str) -> Recipe | str:
    """Return the recipe of a network of Table 1, or why there is none."""
    if dataset in NO_DATA:
        return NO_DATA[dataset]
    found = _TABLE1.get((dataset, network))
    if found is None:
        return f"{network} on {dataset} was not run at this scale: it needs a GPU for hours"
    if scale == "smoke":
        if (dataset, network) != ("mnist", "2fc"):
            return "the smoke scale runs the row of MNIST 2FC, on digits"
        changes = SMOKE | SMOKE_NETS["2fc"]
    else:
        changes = dict(found[1] if scale == "desk" else found[2])
    recipe = PRESETS[found[0]].replace(**changes)
    tuned = TUNED["dense" if dense else "sparse"] if network == "2fc" else {}
    recipe = recipe.replace(**{name: value for name, value in tuned.items() if name not in changes})
    return recipe.replace(dense=True) if dense else recipe


# (dataset, network) -> preset, what differs at desk scale, what differs at paper scale
_TABLE1: dict[tuple[str, str], tuple[str, dict[str, Any], dict[str, Any]]] = {
    ("mnist", "2fc"): ("mnist-2fc", {}, {}),
    ("fashion-mnist", "2fc"): ("mnist-2fc", {"data": "fashion-mnist"}, {"data": "fashion-mnist"}),
    ("mnist", "2conv2fc"): ("mnist-2conv2fc", {"epochs": 6}, {"epochs": 100}),
    ("n-mnist", "2conv2fc"): (
        "mnist-2conv2fc",
        {
            "data": "n-mnist-simulated",
            "data_options": (("steps", 8), ("test", "real"), ("train", 20_000)),
            "encoding": "events",
            "epochs": 10,
        },
        {"data": "n-mnist", "data_options": (("steps", 8),), "encoding": "events", "epochs": 100},
    ),
    ("cifar-10", "6conv2fc"): ("cifar10-6conv2fc", {"epochs": 8, "evolve_every": 2}, {}),
    ("cifar-10", "spikformer"): (
        "cifar10-spikformer",
        {"options": (("depth", 4), ("width", 256), ("heads", 8)), "epochs": 8},
        {},
    ),
}


def target_propagated(
    dataset: str, scale: str, *, dense: bool = False, sweep: bool = False, **changes: Any
) -> Recipe | str:
    """Return the recipe of S-TP's 3FC network (Tables 2 to 8 and 10 to 14), or why there is none.

    A sweep trains on fewer images at desk scale; changes are values of the recipe by name.
    """
    if dataset in NO_DATA:
        return NO_DATA[dataset]
    if dataset != "mnist":
        return (
            "the smoke scale runs MNIST's rows" if scale == "smoke" else "S-TP was run on MNIST at this scale"
        )
    recipe = PRESETS["mnist-stp-3fc"]
    if scale == "smoke":
        recipe = recipe.replace(**SMOKE, **SMOKE_NETS["3fc"])
        changes["batch"] = min(50, changes.get("batch", 50))
    elif scale == "desk":
        recipe = recipe.replace(epochs=STP_EPOCHS, lr=STP_LR["dense" if dense else "sparse"])
        recipe = recipe.replace(limit=SWEEP_IMAGES) if sweep else recipe
    if dense:
        kept = {name: value for name, value in changes.items() if name not in _TOPOLOGY}
        return recipe.replace(**kept).replace(dense=True)
    return recipe.replace(**changes)


STP_EPOCHS = 5  # a twentieth of the printed ones
# The printed 1e-4 does not get far in so few steps; chosen on "s0-stp-grid", on held-out training images.
STP_LR = {"dense": 5e-3, "sparse": 1e-2}
SWEEP_IMAGES = 12_000
_TOPOLOGY = ("sparsity", "zeta", "delta", "schedule", "initial")
