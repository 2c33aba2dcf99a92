"""CHT-Conv as tables of accuracies: VGG-16 and ResNet-18 with an eighth of their channels, on CIFAR-10.

s1-vgg      rule by the sparsity of convolutions
s1-resnet   CHTss against dense

s1-figure3-vgg   the classifiers of s1-vgg as S1's Figure 3 shows one of them
"""

from __future__ import annotations

import math
from typing import Any

from analysis.engine.cross import Changes, Cross
from analysis.engine.printed import read_printed
from analysis.s1.concentration import Concentration
from netsci.sweep import Cell
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

EPOCHS = 15
EVERY = 0.25  # epochs between two evolutions: 45 of them in the first three quarters
# Linear layers of 512 units: at 99 % a layer of 64 x 64 would keep 41 links.
_SMALL: dict[str, Any] = {"epochs": EPOCHS, "lr_schedule": "cosine", "warmup": 1, "mixed": False}
_SMALL |= {"data": "cifar10-jpeg", "augment": "crop_flip"}
VGG = PRESETS["cifar10-vgg16"].replace(
    options=(("hidden", (512, 512)), ("pooling", "average"), ("width", 0.125)), evolve_every=EVERY, **_SMALL
)
RESNET = PRESETS["cifar10-resnet18"].replace(
    options=(("width", 8),), evolve_every=EVERY, milestones=(), **_SMALL
)
FULL = {  # at the paper's scale: all channels, as many epochs; evolution as often for every rule
    "vgg16": PRESETS["cifar10-vgg16"].replace(
        options=(("hidden", (512, 512)), ("pooling", "average")), epochs=300, evolve_every=EVERY
    ),
    "resnet18": PRESETS["cifar10-resnet18"].replace(evolve_every=EVERY),
}
_FIXED: dict[str, Any] = {"initial": "uniform"}
_FALLING: dict[str, Any] = {"schedule": "cosine", "until": 0.75, **_FIXED}
_RULES: dict[str, Changes] = {
    "dense": {"dense": True, "dropout": 0.5},
    "CHTss": {},
    "CHTss, lattice": {"unfolding": "lattice"},
    "CHTss, channel": {"unfolding": "channel"},
    # Four times an epoch the classifier falls silent in a few epochs, with SET's own constant share too.
    "SET": {"method": "set", "evolve_every": EVERY, **_FALLING},
    "SET, once an epoch": {"method": "set", "evolve_every": 1, **_FALLING},
    "RigL": {"method": "rigl", "evolve_every": EVERY, "allocation": "uniform", **_FIXED},
    "static": {"method": "static", "evolve_every": 1, **_FIXED},
}
PRINTED = {"dense": "dense", "CHTss": "ours"}
_SECONDS = {"vgg16": (22.0, 27.0), "resnet18": (46.0, 60.0)}  # of an epoch, dense and sparse, about


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core; infinity at full width, which needs a GPU."""
    given = dict(cell.parameters)
    if given["dataset"] == "digits":
        return 1.0
    if "width" not in dict(given["options"]):
        return math.inf
    return float(given["epochs"] * _SECONDS[given["model"]][not given["dense"]])


def shrink(recipe: Recipe, changes: Changes) -> tuple[Recipe, dict[str, Any]]:
    """Return recipe and changes of a row at the smoke scale: digits, two epochs, few channels."""
    small: dict[str, Any] = {"data": "digits", "epochs": 2, "limit": 60, "test_limit": 30, "batch": 10}
    small |= {"augment": "none", "options": (("width", 4),)}
    if recipe.net.model == "vgg16":
        small["options"] = (("hidden", (64, 64)), ("pooling", "average"), ("width", 1 / 16))
    return recipe.replace(**small), dict(changes)


def read_accuracies(model: str) -> dict[tuple[str, str], float]:
    """Return S1's accuracies of a whole network on CIFAR-10, in percent."""
    found = {e.row: e.printed for e in read_printed("s1.table1") if e.column == "ann_accuracy_percent"}
    return {(name, "78 %"): found[f"cifar-10/{model}/{row}"] for name, row in PRINTED.items()}


def _by_kind(share: float, row: str) -> dict[str, Any]:
    """Return what a sparsity of the convolutions changes; linear layers keep theirs."""
    if row == "dense":
        return {}
    changes: dict[str, Any] = {"sparsity": {"conv": share, "linear": 0.99}}
    return changes | ({"initial_sparsity": {"conv": 0.2}} if row.startswith("CHTss") else {})


def _vgg() -> Cross:
    columns: dict[str, Changes] = {"78 %": {}, "50 %": {}}
    chosen = {(row, column): _by_kind(float(column[:2]) / 100.0, row) for row in _RULES for column in columns}
    few = ("CHTss, lattice", "CHTss, channel", "SET, once an epoch")
    left_out = frozenset((row, "50 %") for row in ("SET", "RigL", *few))
    seeds: dict[str | tuple[str, str], int] = dict.fromkeys(few, 1)
    seeds |= {("CHTss", "50 %"): 1, ("static", "50 %"): 1}
    kept: dict[str, Any] = {"chosen": chosen, "left_out": left_out, "seeds": 3, "seeds_of": seeds}
    kept |= {
        "networks": {row: 5 if row == "dense" else 0 for row in _RULES},
        "printed": read_accuracies("vgg16"),
        "full": FULL["vgg16"],
    }
    return Cross(("network", "sparsity of convolutions"), _RULES, columns, VGG, shrink, seconds, **kept)


def _resnet() -> Cross:
    rows: dict[str, Changes] = {"dense": {"dense": True}, "CHTss": {}}
    networks = {"dense": 5, "CHTss": 0}
    columns: dict[str, Changes] = {"78 %": {}}
    names = ("network", "sparsity of convolutions")
    kept: dict[str, Any] = {
        "networks": networks,
        "printed": read_accuracies("resnet18"),
        "full": FULL["resnet18"],
    }
    return Cross(names, rows, columns, RESNET, shrink, seconds, seeds=2, **kept)


def _classifier(cross: Cross) -> Concentration:
    """Return the two sparse linear layers of VGG-16.

    S1's Figure 3 shows the last two, of which one is dense here: it would give each live unit before it ten
    links more than any other has, and so all hubs, whatever the rule.
    """
    rows = {"static": "random", "CHTss": "CHTss", "SET": "SET", "RigL": "RigL"}
    return Concentration(
        cross,
        "78 %",
        rows,
        layers=("classifier.0", "classifier.3"),
        populations=("features", "hidden 1", "hidden 2"),
        evolutions=dict.fromkeys(("CHTss", "SET", "RigL"), round(0.75 * EPOCHS / EVERY)),
        control="CHTss",
        gammas={"CHTss": read_gammas()["ours"]},
    )


def read_gammas() -> dict[str, float]:
    """Return the exponents that S1's Figure 3 prints."""
    return {e.row: e.printed for e in read_printed("s1_figure3")}


CROSSES: dict[str, Cross] = {"s1-vgg": _vgg(), "s1-resnet": _resnet()}
CONCENTRATIONS = {"s1-figure3-vgg": _classifier(CROSSES["s1-vgg"])}
