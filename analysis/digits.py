"""The exhibits on digits: one dense, one random and one evolving MLP, seen as networks.

Nine cells (three models, three seeds) feed five exhibits. Everything here is numpy and tables; training,
which needs torch, is in `analysis.digits_training` and is only imported by a cell that runs.
"""

from __future__ import annotations

from typing import Any

from analysis import digits_figures as figures
from analysis import digits_tables as tables
from analysis.runs import Cell, Exhibit

PARAMETERS: dict[str, Any] = {
    "widths": (64, 512, 512, 10),
    "sparsity": 0.98,
    "epochs": 140,
    "batch": 32,
    "lr": 0.05,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "zeta": 0.3,
    "delta": 0.5,
    "removal": "magnitude",
    "regrowth": "ch2_l3n",
    "evolve_until": 0.75,
}
CHECKSUM = "f6d9e39f37dc45d327f6db33428ee58970ccceabb2535a5c179de35886b70443"  # of images and labels
DATA = f"scikit-learn digits, 1797 images 8 x 8, 360 for testing, SHA-256 {CHECKSUM[:16]}"
SETTING = (
    "MLP 64-512-512-10 on digits, 98 % sparse but for its dense output layer, evolved 105 times "
    "(magnitude removal, CH2-L3n regrowth)"
)


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits, each over three seeds."""
    cells = {model: tuple(_cell(model, first_seed + i) for i in range(3)) for model in tables.NAMES}
    every = tuple(cell for model in cells for cell in cells[model])
    return [
        Exhibit(
            id="digits-accuracy",
            title="Test accuracy by epoch",
            caption=f"{SETTING}; share of 360 test digits classified correctly. Lines are means of three "
            "seeds, bands their 95 % intervals.",
            cells=every,
            tabulate=tables.accuracy,
            summarise=tables.by_epoch,
            draw=figures.accuracy,
            verdict=figures.accuracy_verdict,
        ),
        Exhibit(
            id="digits-topology",
            title="Topology by epoch",
            caption=f"{SETTING}. Node sparsity counts inputs and hidden units without a path; I(W) with p = "
            ".5, q = 1; overlap is the share of regrown links that the same step had removed; gamma "
            "is fitted to the degrees of the two sparse layers together, within [1.01, 10].",
            cells=every,
            tabulate=tables.topology,
            summarise=tables.by_epoch,
            draw=figures.topology,
            verdict=figures.topology_verdict,
        ),
        Exhibit(
            id="digits-degrees",
            title="Degree distributions and their exponents",
            caption=f"{SETTING}. Complementary cumulative distributions of the first seed, with power laws "
            "fitted above xmin; both controls have as many links in each layer. Presynaptic degrees "
            "are fan-outs, postsynaptic degrees fan-ins.",
            cells=every,
            tabulate=tables.degrees,
            summarise=tables.over_seeds,
            draw=figures.degrees,
            verdict=figures.degrees_verdict,
        ),
        Exhibit(
            id="digits-disk",
            title="The hyperbolic disk before and after evolution",
            caption=f"{SETTING}. Coalescent embedding (RA1, ncISO, equidistant angles) of inputs and hidden "
            "units, first seed: native radii over that of the disk, 2 ln N, links as geodesics. "
            "Linked nodes of a layered network share no neighbours, so RA1 sees degrees only. Both "
            "controls have as many links in each layer.",
            cells=every,
            tabulate=tables.disk,
            summarise=tables.over_seeds,
            draw=figures.disk,
            verdict=figures.disk_verdict,
        ),
        Exhibit(
            id="digits-ch-scores",
            title="CH scores of kept, removed and regrown links",
            caption=f"{SETTING}. CH2-L3n of every cell of the layer from hidden 1 to hidden 2, between live "
            "units, in the network before three of the evolutions; an existing link is scored as if "
            "it were absent (leave-one-out). Distributions of the first seed over positive scores.",
            cells=cells["chts"],
            tabulate=tables.ch_scores_of_links,
            summarise=tables.over_seeds,
            draw=figures.ch_scores_of_links,
            verdict=figures.ch_scores_verdict,
        ),
    ]


def _cell(model: str, seed: int) -> Cell:
    task = "analysis.digits_training:train"
    return Cell.of(task, version=1, data=DATA, model=model, seed=seed, **PARAMETERS)
