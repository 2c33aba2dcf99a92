"""Networks of s1-vgg and s1-resnet, pruned after training: magnitude and DepGraph beside CHTss.

s1-pruned-vgg, s1-pruned-resnet   pruned at the end of training, or earlier and trained on
s1-figure3-pruned                 Figure 3's measures of what they leave in the classifier of VGG-16
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis.engine.cross import Cross
from analysis.engine.pruned import CHANNELS, Pruning
from analysis.s1.concentration import Concentration
from analysis.s1.convolutions import CONCENTRATIONS, EPOCHS, read_gammas
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.convolutions import seconds as train_seconds
from netsci.sweep import Cell

COLUMN = "78 %"
TUNED = EPOCHS // 3
RATE = 0.1  # of fine-tuning, as a share of that of the dense run: S1's recipe for DepGraph
RATES = {"": RATE, "rate × 3": 0.3, "rate × 10": 1.0}  # is the rate the reason?
SHARES: dict[str, tuple[tuple[str, float], ...]] = {
    "s1-vgg": (("conv", 0.78), ("linear", 0.99)),
    "s1-resnet": (("conv", 0.78),),
}
_PRUNE = 20.0  # seconds that pruning and two tests take, about


def describe_rows(
    shares: tuple[tuple[str, float], ...], dropout: float | None = None
) -> Mapping[str, Pruning]:
    """Return what is pruned how: at the end of the dense run, or after two thirds of it and trained on.

    dropout : of more rows that are trained on, where CHTss has another than dense: at the same rate, and
    faster.
    """
    tuned: dict[str, Any] = {"after": EPOCHS - TUNED, "epochs": TUNED}
    also = {
        f"{name}, {said or f'dropout {dropout}'}": Pruning(
            method, shares, dropout=dropout, rate=rate, **tuned
        )
        for name, method in (("magnitude", "magnitude"), ("DepGraph", "depgraph"))
        for said, rate in RATES.items()
        if dropout is not None
    }
    return {
        "magnitude, fine-tuned": Pruning("magnitude", shares, **tuned),
        "DepGraph, fine-tuned": Pruning("depgraph", shares, **tuned),
        **also,
        "magnitude, no training": Pruning("magnitude", shares),
        "DepGraph, no training": Pruning("depgraph", shares),
        "DepGraph, channels, no training": Pruning("depgraph", shares, form=CHANNELS),
    }


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core; infinity if it needs a GPU."""
    dense = dict(cell.aside).get("dense")
    if dense is None:
        return train_seconds(cell)
    if cell["dataset"] == "digits":
        return 1.0
    of_dense = train_seconds(dense)
    if math.isinf(of_dense):
        return math.inf
    return float(_PRUNE + of_dense * cell["epochs"] / dense["epochs"])


def _beside(id_: str) -> Cross:
    """Return dense and CHTss of a cross, and what pruning makes of dense."""
    cross = CONVOLUTIONS[id_]
    kept = ("dense", "CHTss")
    recipes = cross.recipes("desk", 0)
    dropouts = [recipes[name, COLUMN].net.dropout for name in kept]
    pruned = describe_rows(SHARES[id_], dropouts[1] if len(set(dropouts)) == 2 else None)
    return replace(
        cross,
        rows={name: cross.rows[name] for name in kept},
        columns={COLUMN: cross.columns[COLUMN]},
        pruned=pruned,
        seeds=2,
        seeds_of={name: 1 for name, one in pruned.items() if one.dropout is not None},
        seconds=seconds,
        networks={name: cross.networks[name] for name in kept},
    )


def _classifier(cross: Cross) -> Concentration:
    """Return Figure 3's networks of the classifier: those that a pruning has left, beside CHTss."""
    rows = {"CHTss": "CHTss", "magnitude, fine-tuned": "magnitude", "DepGraph, fine-tuned": "DepGraph"}
    usual = CONCENTRATIONS["s1-figure3-vgg"]
    gammas = {"CHTss": read_gammas()["ours"], "DepGraph": read_gammas()["depgraph"]}
    return replace(usual, cross=cross, rows=rows, gammas=gammas)


CROSSES: dict[str, Cross] = {"s1-pruned-vgg": _beside("s1-vgg"), "s1-pruned-resnet": _beside("s1-resnet")}
PRUNED_CONCENTRATIONS = {"s1-figure3-pruned": _classifier(CROSSES["s1-pruned-vgg"])}
