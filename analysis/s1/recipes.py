"""Recipes of sparse ANNs that S1's and S2's exhibits share: perceptrons, rules, rates that were chosen.

All sparse networks of a row start from random links of the same kind, whatever the rule: CHT's own start,
CSTI, and BRF are columns of `s1-recipe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netsci.sweep import Cell
from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

Changes = Mapping[str, Any]
VALIDATION = 10_000  # training images that a choice is made on
DECAY = 5e-4  # the papers' weight decay
BASE = Recipe(
    Task("fashion-mnist", normalise=True),
    Net("mlp", (("hidden", (1000, 1000)),), spiking=False, weights="swi", bias=True),
    Topology(0.99, method="chts"),
    Optimisation(
        optimizer="sgd_plain", lr=0.03, lr_schedule="linear", weight_decay=DECAY, batch=128, epochs=15
    ),
)
PERCEPTRONS = {
    "mnist": BASE.replace(data="mnist"),
    "fashion-mnist": BASE,
    "cifar10-jpeg": BASE.replace(data="cifar10-jpeg", options=(("hidden", (3072, 3072)),)),
}
_PLAIN: dict[str, Any] = {"initial": "uniform"}  # first links alike, whatever the rule
RULES: dict[str, Changes] = {
    "static": {"method": "static", **_PLAIN},
    "SET": {"method": "set", **_PLAIN},
    "RigL": {"method": "rigl", **_PLAIN, "allocation": "uniform"},
    "CHT": {"method": "cht", **_PLAIN},
    "CHTs": {"method": "chts", **_PLAIN},
    "dense": {"dense": True},
}
MORE_RULES: dict[str, Changes] = {  # whose density changes
    "CHTss": {"method": "chtss", **_PLAIN},
    "GMP": {"method": "gmp", **_PLAIN},
}
# Every rule has the last quarter of the epochs at the density that its row promises, as CHTs has.
EXCESS: Changes = {"excess": (0.05, 0.6, 0.025), "until": 0.75}  # the laboratory's
RATES = (0.01, 0.03, 0.1, 0.3)
DECAYS = {"decay 5e-4": DECAY, "no decay": 0.0}
TUNED_RULES = ("dense", "CHTs", "SET", "RigL")
TUNED_AT = 0.99  # sparsity at which rates and weight decays were chosen
DENSER = (0.8, 0.95)  # sparsities at which rates were chosen anew (exhibit s1-tuning-sparsity)
TAKES = {"static": "SET", "CHT": "CHTs", "CHTss": "CHTs", "GMP": "dense"}  # whose choice a rule takes
TAKES_RATE = {"static": "SET", "CHT": "CHTs"}  # and whose rate at a sparsity
# The best rate of each rule, with and without weight decay (exhibits s1-tuning-*).
CHOSEN: dict[str, dict[str, dict[float, float]]] = {
    "mnist": {
        "dense": {DECAY: 0.03, 0.0: 0.1},
        "CHTs": {DECAY: 0.3, 0.0: 0.3},
        "SET": {DECAY: 0.3, 0.0: 0.3},
        "RigL": {DECAY: 0.3, 0.0: 0.1},
    },
    "fashion-mnist": {
        "dense": {DECAY: 0.03, 0.0: 0.03},
        "CHTs": {DECAY: 0.3, 0.0: 0.3},
        "SET": {DECAY: 0.3, 0.0: 0.3},
        "RigL": {DECAY: 0.1, 0.0: 0.1},
    },
    "cifar10-jpeg": {
        "dense": {DECAY: 0.01, 0.0: 0.01},
        "CHTs": {DECAY: 0.1, 0.0: 0.1},
        "SET": {DECAY: 0.1, 0.0: 0.1},
        "RigL": {DECAY: 0.1, 0.0: 0.1},
    },
}
# The weight decay with which the best rate is better.
OWN_DECAY: dict[str, dict[str, float]] = {
    "mnist": {"dense": DECAY, "CHTs": DECAY, "SET": DECAY, "RigL": DECAY},
    "fashion-mnist": {"dense": DECAY, "CHTs": 0.0, "SET": DECAY, "RigL": 0.0},
    "cifar10-jpeg": {"dense": DECAY, "CHTs": DECAY, "SET": DECAY, "RigL": DECAY},
}
# The best rate at a sparsity, with the better decay (exhibit s1-tuning-sparsity); a network that lies between
# two takes the rate of the one with more links.
CHOSEN_AT: dict[str, dict[float, float]] = {
    "CHTs": {0.8: 0.1, 0.95: 0.1},
    "SET": {0.8: 0.1, 0.95: 0.3},
    "RigL": {0.8: 0.1, 0.95: 0.1},
    "CHTss": {0.8: 0.1, 0.95: 0.1, 0.99: 0.1},
    "GMP": {0.8: 0.1, 0.95: 0.1, 0.99: 0.1},
}
_DENSE_EPOCH = {"mnist": 6.0, "fashion-mnist": 6.0, "cifar10-jpeg": 54.0}  # seconds of one core, about
_SPARSE_EPOCH = {"mnist": 1.3, "fashion-mnist": 1.3, "cifar10-jpeg": 4.0}  # at 99 %
_LARGEST = 1.5  # times a dense epoch: what a sparse one takes at most


def choose(data: str, rule: str, decay: float | None = None) -> dict[str, float]:
    """Return learning rate and weight decay of a rule: the best rate at a decay, or the best pair."""
    rule = TAKES.get(rule, rule)
    chosen = OWN_DECAY[data][rule] if decay is None else decay
    return {"lr": CHOSEN[data][rule][chosen], "weight_decay": chosen}


def choose_at(data: str, rule: str, sparsity: float) -> dict[str, float]:
    """Return learning rate and weight decay of a rule at a sparsity."""
    chosen = choose(data, rule)
    rates = CHOSEN_AT.get(TAKES_RATE.get(rule, rule), {})
    tuned = [share for share in rates if share <= sparsity]
    if (sparsity >= TUNED_AT and TUNED_AT not in rates) or not tuned:
        return chosen
    return chosen | {"lr": rates[max(tuned)]}


def seconds(cell: Cell) -> float:
    """Return about how many seconds the run of a perceptron takes on one core."""
    given = dict(cell.parameters)
    name = given["dataset"]
    if name not in _DENSE_EPOCH:
        return 1.0
    dense, sparse = _DENSE_EPOCH[name], _SPARSE_EPOCH[name]
    if not given["dense"]:
        density = 1.0 - float(given["sparsity"])
        first = given.get("initial_sparsity")
        density = density if first is None else 0.7 * density + 0.3 * (1.0 - float(first))
        dense = min(sparse * (0.4 + 60.0 * density), _LARGEST * dense)
    return float(given["epochs"] * dense)


def shrink(recipe: Recipe, changes: Changes) -> tuple[Recipe, dict[str, Any]]:
    """Return recipe and changes of a row at the smoke scale: digits, 32 hidden units."""
    small: dict[str, Any] = {"data": "digits", "epochs": 2, "limit": 300, "test_limit": 100, "batch": 50}
    small |= {"options": (("hidden", (32, 32)),), "sparsity": 0.8, "augment": "none"}
    small |= {"validation": 100} if recipe.task.validation else {}
    kept = {k: v for k, v in changes.items() if k not in ("data", "options", "sparsity", "augment", "epochs")}
    return recipe.replace(**small), kept
