"""About how long runs of S0 take."""

from __future__ import annotations

import math

from analysis.s0.paper import STP
from netsci.sweep import Cell

# About how long runs take on one core of a CPU: seconds an epoch over 60,000 images, evolution included, and
# the test where there is one after each, from times that were measured.
IMAGES = {"digits": 1_437} | dict.fromkeys(("mnist", "fashion-mnist", "n-mnist", "n-mnist-simulated"), 60_000)
DENSE_2FC, SPARSE_2FC = 9.0, 4.0
EVOLVED_2FC = 8.0  # an evolution by CH3-L3 of a layer that keeps a fifth of its links or more
CONV2FC2 = 110.0  # at T = 8, and in proportion to T
DENSE_STP, STP_AT_95 = 200.0, 85.0  # at T = 50; between them in proportion to the links
EVOLVED_STP = 40.0  # an evolution of layers that keep a fifth of their links or more, whatever the images
WHOLE = ("grad_r", "deep_r", "dpap", "sd_snn")  # methods that hold all cells while they train
NOISE_TESTS = 2.0  # epochs that the tests with noise take as long as


def seconds(cell: Cell) -> float:
    """Return the seconds of a run on one core, or infinity if it needs a GPU."""
    given = dict(cell.parameters)
    if given["dataset"] not in IMAGES:
        return math.inf
    images = dict(given["data_options"]).get("train", IMAGES[given["dataset"]])
    share = min(given["limit"] or images, images - given["validation"]) / 60_000
    if given["learner"] == "stp":
        links = 1.0 if given["dense"] else 1.0 - given["sparsity"]
        epoch = min(DENSE_STP, max(STP_AT_95, STP_AT_95 * links / 0.05)) * given["steps"] / 50
        evolution = EVOLVED_STP if not given["dense"] and links >= 0.2 - 1e-9 else 0.0
        width = STP.get(given["dataset"], {}).get("inputs", 784) / 784
        epochs = given["epochs"] + (NOISE_TESTS if given.get("noise") else 0.0)
        return float(epochs * (share * epoch * width**2 + evolution))
    whole = given["dense"] or given.get("method") in WHOLE or given["sparsity"] < 0.9
    of = {"mlp": DENSE_2FC if whole else SPARSE_2FC, "conv2fc2": CONV2FC2 * given["steps"] / 8}
    evolves = given["model"] == "mlp" and given.get("method") == "ch_snn" and given["sparsity"] <= 0.8
    evolution = EVOLVED_2FC if evolves and given["evolve_every"] else 0.0
    return float(given["epochs"] * (share * of.get(given["model"], math.inf) + evolution))
