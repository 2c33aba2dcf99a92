"""S0's main row again: accuracies of MNIST 784-1568-10 by two choices, to find what closes its gap to dense.

s0-row-grid     networks by learning rate, on held-out training images
s0-row-ladder   first links by regrowth, on 12,000 images
s0-row          networks, trained on the images as they are and on shifted ones
"""

from __future__ import annotations

from functools import partial
from typing import Any

from analysis.engine.cross import Changes, Cross
from analysis.s0.costs import seconds
from analysis.s0.grids import VALIDATION
from analysis.s0.recipes import SMOKE, SMOKE_NETS, SWEEP_IMAGES, TUNED
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

MNIST = PRESETS["mnist-2fc"].replace(**TUNED["sparse"])
UNITS = 800  # of the networks with receptive fields, which have as many links as 784 x 1568 at 99 %
ACTIVE = ("least_activity", 0.05)
_FEWER = {"options": (("hidden", (UNITS,)),), "sparsity": 1.0 - 12_293 / (784 * UNITS)}
_FIELDS = {"initial": "brf_grid", "initial_options": (("sigma", 2.0), ACTIVE), **_FEWER}
_DEEP = {"options": (("hidden", (1568, 1568, 1568)),)}
IMAGES: dict[str, Changes] = {
    "as they are": {},
    "shifted": {"augment": "shift", "max_shift": 1, "bias": True},
}
NETWORKS: dict[str, Changes] = {
    "dense": {"dense": True},
    "CH-SNN": {},
    "CH-SNN, active inputs": {"initial_options": (ACTIVE,)},
    "fields, evolved": _FIELDS,
    "fields, static": {**_FIELDS, "evolve_every": 0},
    "CH-SNN, three layers": _DEEP,
}
STARTS: dict[str, Changes] = {
    "random": {"initial": "uniform"},
    "SSCTI": {},
    "SSCTI, active inputs": {"initial_options": (ACTIVE,)},
    f"random, {UNITS} units": {"initial": "uniform", **_FEWER},
    f"fields, {UNITS} units": _FIELDS,
}
RULES: dict[str, Changes] = {
    "static": {"evolve_every": 0},
    "random regrowth": {"regrowth": "random"},
    "CH3-L3": {},
    "gradient regrowth": {"regrowth": "gradient"},
}
RATES = (1e-3, 2e-3, 5e-3, 1e-2)
# The best of s0-row-grid; the static network takes the rate of the evolved one.
CHOSEN = {
    "dense": 2e-3,
    "CH-SNN": 5e-3,
    "CH-SNN, active inputs": 1e-2,
    "fields, evolved": 5e-3,
    "fields, static": 5e-3,
    "CH-SNN, three layers": 5e-3,
}
CHOSEN_SHIFTED = CHOSEN | {"CH-SNN, three layers": 1e-2}
EPOCHS = 30
_TUNING = MNIST.replace(epochs=10, validation=VALIDATION)


def shrink(recipe: Recipe, changes: Changes) -> tuple[Recipe, dict[str, Any]]:
    """Return recipe and changes of a row at the smoke scale: digits, 64 hidden units."""
    small = {**SMOKE, **SMOKE_NETS["2fc"], **({"validation": 100} if recipe.task.validation else {})}
    return recipe.replace(**small), {k: v for k, v in changes.items() if k not in ("options", "sparsity")}


_cross = partial(Cross, shrink=shrink, seconds=seconds)
CROSSES: dict[str, Cross] = {
    "s0-row": _cross(
        ("network", "images"),
        NETWORKS,
        IMAGES,
        MNIST.replace(epochs=EPOCHS),
        chosen={
            (network, images): {"lr": rates[network]}
            for images, rates in zip(IMAGES, (CHOSEN, CHOSEN_SHIFTED), strict=True)
            for network in NETWORKS
        },
        seeds=3,
    ),
    "s0-row-ladder": _cross(
        ("first links", "regrowth"), STARTS, RULES, MNIST.replace(epochs=10, limit=SWEEP_IMAGES), seeds=3
    ),
    "s0-row-grid": _cross(
        ("network", "rate"),
        {name: network for name, network in NETWORKS.items() if name != "fields, static"},
        {
            f"{images}, rate {rate:g}": {**changes, "lr": rate}
            for images, changes in IMAGES.items()
            for rate in RATES
        },
        _TUNING,
        tested_on=VALIDATION,
        x="lr",
        panels={f"{images}, rate {rate:g}": f"images {images}" for images in IMAGES for rate in RATES},
        used=tuple(
            (network, f"{images}, rate {rate:g}")
            for images, rates in zip(IMAGES, (CHOSEN, CHOSEN_SHIFTED), strict=True)
            for network, rate in rates.items()
            if network != "fields, static"
        ),
    ),
}
