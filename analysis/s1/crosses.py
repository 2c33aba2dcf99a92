"""Sparse ANNs: what is tuned, and what the recipe is worth, as accuracies of multilayer perceptrons.

s1-tuning-*   dense, CHTs, SET and RigL by learning rate and weight decay, on held-out training images
s1-recipe     rule by weight decay, batch normalisation and excess links, on Fashion-MNIST
"""

from __future__ import annotations

from functools import partial
from typing import Any

from analysis.engine.cross import Changes, Cross
from netsci.sweep import Cell
from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

VALIDATION = 10_000
EXCESS = (0.05, 0.6, 0.025)  # the laboratory's: more links at first, fewer later, none at the end
BASE = Recipe(
    Task("fashion-mnist", normalise=True),
    Net("mlp", (("hidden", (1000, 1000)),), spiking=False, weights="swi", bias=True),
    Topology(0.99, method="chts"),
    Optimisation(
        optimizer="sgd_plain", lr=0.03, lr_schedule="linear", weight_decay=5e-4, batch=128, epochs=15
    ),
)
CIFAR10 = BASE.replace(data="cifar10-jpeg", options=(("hidden", (3072, 3072)),))
_PLAIN: dict[str, Any] = {"initial": "uniform"}  # first links alike, whatever the rule
RULES: dict[str, Changes] = {
    "static": {"method": "static", **_PLAIN},
    "SET": {"method": "set", **_PLAIN},
    "RigL": {"method": "rigl", **_PLAIN, "allocation": "uniform"},
    "CHT": {"method": "cht", **_PLAIN},
    "CHTs": {"method": "chts", **_PLAIN},
    "dense": {"dense": True},
}
DECAYS: dict[str, Changes] = {"decay 5e-4": {"weight_decay": 5e-4}, "no decay": {"weight_decay": 0.0}}
# Every rule has the last quarter of the epochs at the density that its row promises, as CHTs has.
_EXCESS: Changes = {"excess": EXCESS, "until": 0.75}
FORMS: dict[str, Changes] = {"plain": {}, "batch norm": {}, "excess links": _EXCESS}
_NORM = {"options": (("hidden", (1000, 1000)), ("norm", "batch"))}
RATES = (0.01, 0.03, 0.1, 0.3)
SWITCHES: dict[str, Changes] = {  # of CHTs and SET, plain and with decay
    "rate x 3": {"lr": 0.09},
    "rate / 3": {"lr": 0.01},
    "clipped": {"clip": 1.0},
    "warm-up": {"warmup": 2},
    "CSTI": {"initial": "csti"},
    "BRF": {"initial": "brf"},
    "4 evolutions an epoch": {"evolve_every": 0.25},
}
TUNED_RULES = ("dense", "CHTs", "SET", "RigL")
DENSE_EPOCH = {"mnist": 8.0, "fashion-mnist": 8.0, "cifar10-jpeg": 89.0}  # seconds of one core, about
SPARSE_EPOCH = {"mnist": 1.2, "fashion-mnist": 1.2, "cifar10-jpeg": 4.0}


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core."""
    given = dict(cell.parameters)
    name = given["dataset"]
    if name not in DENSE_EPOCH:
        return 1.0
    return float(given["epochs"] * (DENSE_EPOCH if given["dense"] else SPARSE_EPOCH)[name])


def shrink(recipe: Recipe, changes: Changes) -> tuple[Recipe, dict[str, Any]]:
    """Return recipe and changes of a row at the smoke scale: digits, 32 hidden units."""
    small: dict[str, Any] = {"data": "digits", "epochs": 2, "limit": 300, "test_limit": 100, "batch": 50}
    small |= {"options": (("hidden", (32, 32)),), "sparsity": 0.8}
    small |= {"validation": 100} if recipe.task.validation else {}
    return recipe.replace(**small), {k: v for k, v in changes.items() if k not in ("options", "sparsity")}


def _columns() -> dict[str, Changes]:
    found = {}
    for decay, changed in DECAYS.items():
        for form, own in FORMS.items():
            found[f"{form}, {decay}"] = {**changed, **own, **(_NORM if form == "batch norm" else {})}
    return found | SWITCHES


def _tuning(base: Recipe, rates: tuple[float, ...], epochs: int) -> Cross:
    columns = {
        f"rate {rate:g}, {decay}": {"lr": rate, **changed}
        for decay, changed in DECAYS.items()
        for rate in rates
    }
    rows = {name: RULES[name] for name in TUNED_RULES}
    chosen = base.replace(epochs=epochs, validation=VALIDATION)
    panels = {name: name.partition(", ")[2] for name in columns}
    how: dict[str, Any] = {"tested_on": VALIDATION, "x": "lr", "panels": panels}
    return _cross(("network", "choice"), rows, columns, chosen, **how)


_cross = partial(Cross, shrink=shrink, seconds=seconds)
_RECIPE = _columns()
CROSSES: dict[str, Cross] = {
    "s1-recipe": _cross(
        ("rule", "recipe"),
        RULES,
        _RECIPE,
        BASE,
        left_out=frozenset(
            {
                (rule, column)
                for rule in ("dense", "static")  # without links that come and go
                for column, own in _RECIPE.items()
                if "excess" in own
            }
            | {(rule, column) for rule in RULES if rule not in ("CHTs", "SET") for column in SWITCHES}
        ),
        seeds=3,
        seeds_of=dict.fromkeys(SWITCHES, 1),
    ),
    "s1-tuning-fashion-mnist": _tuning(BASE, RATES, 10),
    "s1-tuning-mnist": _tuning(BASE.replace(data="mnist"), RATES, 10),
    "s1-tuning-cifar10": _tuning(CIFAR10, RATES[:3], 8),
}
