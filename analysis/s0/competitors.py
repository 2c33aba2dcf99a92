"""S0's competitors on MNIST 784-1568-10 beside CH-SNN: the same images, recipe and dense network for all.

s0-competitors-grid   networks by learning rate, on held-out training images
s0-competitors        accuracy, sparsity that came out and its course, of each (literal: exhibits.toml)

DPAP and SD-SNN count in epochs. Dense and CH-SNN stand beside them with as many epochs as they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from analysis.engine.cross import Changes, Cross, Key
from analysis.engine.printed import Source
from analysis.engine.training import over_seeds
from analysis.engine.words import choice
from analysis.s0.answers import COMPARED, SPARSE
from analysis.s0.costs import seconds
from analysis.s0.crosses import IMAGES, MNIST, shrink
from analysis.s0.grids import VALIDATION
from analysis.s0.recipes import SMOKE, SMOKE_NETS, SWEEP_IMAGES
from netsci.sweep import Record
from netsci.train.recipe import Recipe

STEPS = 4
EPOCHS = 30
SHORT = 15  # epochs after which a rate is chosen
SEEDS = {EPOCHS: 3}  # by epochs; two of longer runs
BASE = MNIST.replace(limit=SWEEP_IMAGES, steps=STEPS, epochs=EPOCHS, **IMAGES["shifted"])
_OWN_RATE: Changes = {"method_options": (("lr", None),)}  # that of the run, in place of the released 1e-4
# With as many links from the start, as Bellec et al. have it: from all of them it comes nowhere near s in so
# few steps, and no equal sparsities could be compared.
_DEEP_R: Changes = {"method": "deep_r", "initial": "uniform", "initial_sparsity": None, **_OWN_RATE}
NETWORKS: dict[str, Changes] = {  # what is chosen a rate
    "dense": {"dense": True},
    "CH-SNN, 99 %": {},
    "CH-SNN, 75 %": {"sparsity": 0.75},
    "Grad R, 75 %": {"method": "grad_r", "sparsity": 0.75, **_OWN_RATE},
    "Deep R, 75 %": {**_DEEP_R, "sparsity": 0.75},
    "Deep R, 99 %": {**_DEEP_R, "sparsity": 0.99},
    "DPAP": {"method": "dpap"},
    "SD-SNN": {"method": "sd_snn"},
}
ROWS = {  # how a row begins -> what is chosen a rate
    "dense": "dense",
    "ch-snn/asked_99": "CH-SNN, 99 %",
    "ch-snn/asked_75": "CH-SNN, 75 %",
    "grad-r/asked_75": "Grad R, 75 %",
    "deep-r/asked_75": "Deep R, 75 %",
    "deep-r/asked_99": "Deep R, 99 %",
    "dpap": "DPAP",
    "sd-snn": "SD-SNN",
    "sd-snn/width_512": "SD-SNN",
}
# Both readings of SD-SNN are the same network in the epochs after which the rate is chosen.
MORE: dict[str, Changes] = {"sd-snn/width_512": {"method_options": (("width", 512),)}}
RATES = (5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2)
CHOSEN: Mapping[str, float] = {  # the best of s0-competitors-grid; runs of a network wait for its rate
    "dense": 5e-3,
    "CH-SNN, 99 %": 5e-3,
    "CH-SNN, 75 %": 5e-3,
    "Grad R, 75 %": 5e-3,
    "Deep R, 75 %": 5e-3,
    "Deep R, 99 %": 1e-2,
    "DPAP": 1e-2,
    "SD-SNN": 2e-3,
}
NO_RATE = "its rate is not chosen yet (s0-competitors-grid)"


def _column(rate: float) -> str:
    return f"rate {rate:g}"


def _used() -> tuple[Key, ...]:
    return tuple((name, _column(rate)) for name, rate in CHOSEN.items())


CROSSES: dict[str, Cross] = {
    "s0-competitors-grid": Cross(
        ("network", "rate"),
        NETWORKS,
        {_column(rate): {"lr": rate} for rate in RATES},
        BASE.replace(epochs=SHORT, validation=VALIDATION),
        shrink,
        seconds,
        tested_on=VALIDATION,
        x="lr",
        used=_used(),
    )
}


def recipe_of(row: str, epochs: int, scale: str) -> Recipe | str:
    """Return the recipe of a network with as many epochs, or why there is none.

    row : of `ROWS`. scale : "smoke", on digits with two epochs, "desk" or "paper".
    """
    if scale == "paper":
        return "S0 prints no recipe of the others: there is nothing to compare at its sizes"
    name = ROWS[row]
    if scale == "smoke":
        if epochs > EPOCHS:
            return "the smoke scale has two epochs, in which DPAP and SD-SNN remove nothing"
        small = BASE.replace(**SMOKE, **SMOKE_NETS["2fc"])
        return small.replace(**NETWORKS[name])
    if name not in CHOSEN:
        return NO_RATE
    return BASE.replace(epochs=epochs, lr=CHOSEN[name]).replace(**NETWORKS[name], **MORE.get(row, {}))


def sparsity_after(record: Record, epoch: int) -> float:
    """Return the percentage of links that are absent after an epoch; NaN where the run has none of it."""
    a = record.arrays
    whole = (a["table_measure"] == "link sparsity") & (a["table_layer"] == "all")
    found = a["table_value"][whole & (a["table_epoch"] == epoch)]
    return 100.0 * float(found[0]) if len(found) else np.nan


def beside(
    scale: str, seeds: range, *, method: str, epochs: str, measure: str, asked: str = "", width: str = ""
) -> Source | str:
    """Answer a cell of a network beside dense and CH-SNN on equal terms.

    asked : the sparsity that it is asked for, in percent. width : of the pace of SD-SNN. measure : of
    `COMPARED`, or after_E, the link sparsity after E epochs. Gains are over the dense network of as many
    epochs.
    """
    own = f"/asked_{asked}" if asked else f"/width_{width}" if width else ""
    row, long = f"{method}{own}", int(epochs)
    epoch = choice(measure)
    if epoch > long:
        return "it has fewer epochs"
    of_course = (partial(sparsity_after, epoch=int(epoch)), SPARSE) if epoch >= 0 else None
    read, which = of_course or COMPARED[measure]
    found: list[Recipe] = []
    for dense in which:
        recipe = recipe_of("dense" if dense else row, long, scale)
        if isinstance(recipe, str):
            return recipe
        found.append(recipe)
    return over_seeds(read, tuple(found), seeds[: SEEDS.get(long, 2)])
