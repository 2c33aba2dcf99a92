"""S0's competitors on MNIST 784-1568-10 beside CH-SNN: the same network, images and dense baseline for all.

s0-competitors-grid   networks by learning rate, on held-out training images
s0-competitors        accuracy, sparsity by epoch and operations of each (its literal is in exhibits.toml)
"""

from __future__ import annotations

from analysis.engine.cross import Changes, Cross
from analysis.engine.words import NAMES
from analysis.s0.costs import seconds
from analysis.s0.crosses import IMAGES, MNIST, shrink
from analysis.s0.grids import VALIDATION
from analysis.s0.recipes import LEFT_OUT, NEEDS_GPU, NOT_AT_HAND, SMOKE, SMOKE_NETS, SWEEP_IMAGES
from netsci.train.recipe import Recipe

STEPS = 4
SHORT = 15  # epochs that choose a rate, where a method acts from the first one on
# 30 epochs; DPAP and SD-SNN count in epochs, and remove nothing before the 11th and the 38th.
EPOCHS = {"DPAP": 60, "SD-SNN": 80}
BASE = MNIST.replace(limit=SWEEP_IMAGES, steps=STEPS, epochs=30, **IMAGES["shifted"])
NETWORKS: dict[str, Changes] = {
    "dense": {"dense": True},
    "CH-SNN": {},
    "CH-SNN, 75 %": {"sparsity": 0.75},
    "Grad R, 75 %": {"method": "grad_r", "sparsity": 0.75},
    "Deep R, 75 %": {"method": "deep_r", "sparsity": 0.75},
    "Deep R, 99 %": {"method": "deep_r", "sparsity": 0.99},
    "DPAP": {"method": "dpap", "epochs": EPOCHS["DPAP"]},
    "SD-SNN": {"method": "sd_snn", "epochs": EPOCHS["SD-SNN"]},
}
CHOSEN = dict.fromkeys(NETWORKS, 0.001)  # the best of s0-competitors-grid
RATES = (5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
CROSSES: dict[str, Cross] = {
    "s0-competitors-grid": Cross(
        ("network", "rate"),
        NETWORKS,
        {f"rate {rate:g}": {"lr": rate} for rate in RATES},
        BASE.replace(epochs=SHORT, validation=VALIDATION),
        shrink,
        seconds,
        tested_on=VALIDATION,
        x="lr",
    )
}


# Of a printed row, and of its sparsity where it has one beside the printed one -> the network.
ROWS = {
    "dense": "dense",
    "ch-snn": "CH-SNN",
    "ch-snn/75": "CH-SNN, 75 %",
    "grad-r": "Grad R, 75 %",
    "deep-r": "Deep R, 75 %",
    "deep-r/99": "Deep R, 99 %",
    "dpap": "DPAP",
    "sd-snn": "SD-SNN",
}
METHODS = ("grad-r", "deep-r", "dpap", "sd-snn")
SEEDS = {"dpap": 2, "sd-snn": 2}  # at desk scale; three of the others


def competing(method: str, scale: str, sparsity: str = "") -> Recipe:
    """Return the recipe of a network that stands beside CH-SNN on MNIST 2FC, or is one.

    scale : "smoke" or "desk". sparsity : in percent, where a method has several.
    """
    name = ROWS[f"{method}/{sparsity}" if sparsity else method]
    if scale == "smoke":
        return BASE.replace(**SMOKE, **SMOKE_NETS["2fc"]).replace(**NETWORKS[name])
    return BASE.replace(**{"lr": CHOSEN[name], **NETWORKS[name]})


def why_not(dataset: str, network: str, method: str, steps: str, scale: str) -> str:
    """Return why a competitor's row is not run; "" where it is."""
    if scale == "smoke" and ROWS[method] in EPOCHS:
        return f"the smoke scale has two epochs, in which {NAMES[method]} removes nothing"
    if scale == "paper":
        return f"{NAMES[method]}: S0 prints no recipe of it"
    if (dataset, network, steps) == ("mnist", "2fc", ""):
        return ""
    if scale == "smoke":
        return "the smoke scale runs the competitors of MNIST 2FC alone, on digits"
    if dataset in NOT_AT_HAND:
        return NOT_AT_HAND[dataset]
    return LEFT_OUT if network in ("2fc", "2conv2fc") else NEEDS_GPU
