"""The exhibits on digits: one dense, one random and one evolving MLP, seen as networks.

Nine cells (three models, three seeds) feed five exhibits. Everything here is numpy and tables; training,
which needs torch, is in `analysis.digits_training` and is only imported by a cell that runs.
"""

from __future__ import annotations

from typing import Any

from analysis import digits_figures as figures
from analysis import digits_tables as tables
from analysis.engine.cells import Cell, Task
from analysis.runs import Exhibit
from netsci.data.digits import CHECKSUM

TASK = Task("digits-training", "analysis.digits_training:train", sets=("options",))
PARAMETERS: dict[str, Any] = {  # the widths, and values of a `netsci.train.Recipe` by name
    "widths": (64, 512, 512, 10),
    "steps": 1,
    "spiking": False,
    "weights": "swi",
    "sparsity": 0.98,
    "initial": "uniform",
    "removal": "magnitude",
    "regrowth": "ch2_l3n",
    "delta": 0.5,
    "zeta": 0.3,
    "until": 0.75,
    "early_stop": None,
    "optimizer": "sgd",
    "lr": 0.05,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "batch": 32,
    "epochs": 140,
}
DATA = f"scikit-learn digits, 1797 images 8 x 8, 360 for testing, SHA-256 {CHECKSUM[:16]}"
CAPTIONS = {
    "digits-accuracy": "Share of the 360 test digits classified correctly (one split, so one image is .28 "
    "points). Lines are means over three seeds, bands their 95 % Student intervals.",
    "digits-topology": "Node sparsity is the share of units on no path from input to output; I(W) "
    "with p = .5, "
    "q = 1; overlap is the share of regrown links that the same step had removed; gamma is fitted to the "
    "degrees of both sparse layers together, within [1.01, 10]. Means over three seeds, 95 % intervals.",
    "digits-degrees": "Complementary cumulative distributions of the first seed with power laws fitted above "
    "xmin. Both controls have as many links in each layer as the evolved network; the random one among its "
    "live units. Presynaptic degrees are fan-outs, postsynaptic degrees fan-ins.",
    "digits-disk": "Coalescent embedding (RA1, ncISO, equidistant angles) of inputs and hidden units, first "
    "seed: native radii over that of the disk, 2 ln N, links as geodesics. Linked nodes of a layered network "
    "share no neighbours, so RA1 sees degrees only. Both controls have as many links in each layer as the "
    "evolved network; the random one among its live units.",
    "digits-ch-scores": "Score, by the rule that regrows, of every cell of the layer from hidden 1 "
    "to hidden 2 "
    "between live units, in the network before three of the evolutions; an existing link is scored as if it "
    "were absent (leave-one-out). Distributions of the first seed over positive scores; below, the share at "
    "score 0 in the legend's order, mean of three seeds.",
}


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits, each over three seeds."""
    cells = {model: tuple(_cell(model, first_seed + i) for i in range(3)) for model in tables.NAMES}
    every = tuple(cell for model in cells for cell in cells[model])
    return [
        _exhibit(
            "digits-accuracy",
            "Test accuracy by epoch",
            every,
            tabulate=tables.accuracy,
            draw=figures.accuracy,
            verdict=figures.accuracy_verdict,
        ),
        _exhibit(
            "digits-topology",
            "Topology by epoch",
            every,
            tabulate=tables.topology,
            draw=figures.topology,
            verdict=figures.topology_verdict,
        ),
        _exhibit(
            "digits-degrees",
            "Degree distributions and their exponents",
            every,
            tabulate=tables.degrees,
            draw=figures.degrees,
            verdict=figures.degrees_verdict,
        ),
        _exhibit(
            "digits-disk",
            "The hyperbolic disk before and after evolution",
            every,
            tabulate=tables.disk,
            draw=figures.disk,
            verdict=figures.disk_verdict,
        ),
        _exhibit(
            "digits-ch-scores",
            "CH scores of kept, removed and regrown links",
            cells["chts"],
            tabulate=tables.ch_scores_of_links,
            draw=figures.ch_scores_of_links,
            verdict=figures.ch_scores_verdict,
        ),
    ]


def _exhibit(name: str, title: str, cells: tuple[Cell, ...], **functions: Any) -> Exhibit:
    caption = f"{setting()} {CAPTIONS[name]}"
    return Exhibit(name, title, caption, cells, summarise=tables.over_seeds, **functions)


def setting() -> str:
    """Return the training in a sentence, from its parameters."""
    p = PARAMETERS
    widths, evolutions = "-".join(map(str, p["widths"])), int(p["until"] * p["epochs"])
    rule = p["regrowth"].upper().replace("_", "-").replace("L3N", "L3n")
    return (
        f"MLP {widths} on digits, {100 * p['sparsity']:g} % sparse but for its dense output layer; CHTs "
        f"evolves after each of the first {evolutions} of {p['epochs']} epochs ({p['removal']} removal, "
        f"{rule} regrowth, delta {p['delta']:g}, zeta from {p['zeta']:g} to 0 as a cosine: the last steps "
        "move nothing)."
    )


def _cell(model: str, seed: int) -> Cell:
    return Cell.of(TASK, version=2, data=DATA, model=model, seed=seed, **PARAMETERS)
