"""About how long the runs of S0's exhibits take on one core of a CPU, from times that were measured."""

from __future__ import annotations

import math

from analysis.engine.cells import Cell
from analysis.s0_paper import STP

IMAGES = {
    "digits": 1_437,
    "mnist": 60_000,
    "fashion-mnist": 60_000,
    "n-mnist": 60_000,
    "n-mnist-simulated": 60_000,
}
# Seconds an epoch over 60,000 images, evolution included, and the test where there is one after each.
DENSE_2FC, SPARSE_2FC = 9.0, 4.0
CONV2FC2 = 110.0  # at T = 8, and in proportion to T
DENSE_STP, STP_AT_95 = 200.0, 85.0  # at T = 50; between them in proportion to the links
EVOLVED_STP = 40.0  # an evolution of layers that keep a fifth of their links or more, whatever the images
NOISE_TESTS = 2.0  # epochs that the tests with noise take as long as


def seconds(cell: Cell) -> float:
    """Return the seconds of a run on one core, or infinity if it needs a GPU.

    Examples
    --------
    >>> from analysis.s0_plan import back_propagated, cell
    >>> [seconds(cell(back_propagated("mnist", "2fc", dense, "desk"))) for dense in (True, False)]
    [900.0, 400.0]
    >>> seconds(cell(back_propagated("cifar-10", "spikformer", True, "desk")))
    inf
    """
    given = dict(cell.parameters)
    if given["dataset"] not in IMAGES:
        return math.inf
    share = training_images(cell) / 60_000
    if given["learner"] == "stp":
        epochs = given["epochs"] + (NOISE_TESTS if given.get("noise") else 0.0)
        return float(epochs * _target_propagation(cell, share))
    if given["model"] == "mlp":
        return float(given["epochs"] * share * (DENSE_2FC if given["dense"] else SPARSE_2FC))
    if given["model"] == "conv2fc2":
        return float(given["epochs"] * share * CONV2FC2 * given["steps"] / 8)
    return math.inf


def training_images(cell: Cell) -> int:
    """Return how many images an epoch of a run has."""
    given = dict(cell.parameters)
    whole = dict(given["data_options"]).get("train", IMAGES[given["dataset"]])
    return int(min(given["limit"] or whole, whole - given["validation"]))


def _target_propagation(cell: Cell, share: float) -> float:
    """Return the seconds of an epoch of S-TP."""
    links = 1.0 if cell["dense"] else 1.0 - cell["sparsity"]
    epoch = min(DENSE_STP, max(STP_AT_95, STP_AT_95 * links / 0.05))
    evolution = EVOLVED_STP if not cell["dense"] and links >= 0.2 - 1e-9 else 0.0
    steps = cell["steps"] / 50
    width = STP.get(cell["dataset"], {}).get("inputs", 784) / 784
    return float(share * epoch * steps * width**2 + evolution)
