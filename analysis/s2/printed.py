"""The exhibit of what S2's printed numbers imply: no run, arithmetic on its tables."""

from __future__ import annotations

from typing import Any

from analysis.engine.exhibit import Tables
from analysis.engine.implied import describe_implied
from analysis.engine.names import RUN_NAMES
from analysis.s2.implied import DATA, METHODS
from netsci import plot
from netsci.sweep import Cell, Task

SOURCE = "none: printed numbers, analysis/expected/s2.*.csv"
TASK = Task("s2-implied", "analysis.s2.implied:state_all", RUN_NAMES)
READINGS = {
    "own-ann-repeated": "first layer at each of T steps, as printed",
    "own-ann-once": "first current held",
}


HEADINGS = {
    "reduction": "Reductions, over the dense energy",
    "first-layer": "Share of the first layer's MACs in the energy of perceptrons",
    "own-ann-repeated": "SNN over its own ANN, as printed",
    "once": "Energy with the first current computed once and held",
    "once-reduction": "Reductions with the first current held",
    "own-ann-once": "SNN over its own ANN, first current held",
    "aec-spikes-2-hidden": "AEC: spikes a neuron with two hidden layers",
    "aec-spikes-3-hidden": "AEC: spikes a neuron with three hidden layers",
    "vgg-first-convolution": "VGG-16: the first convolution",
    "vgg-rate": "VGG-16: rates",
    "text": "What the text says of Table 2",
    "fewest-networks": "Time lag: how many networks a p-value needs",
    "rank-biserial": "Time lag: effects if the whole grid of Table 1 ran",
    "sparse-against-dense": "Time lag: effect of sparse over dense",
    "open": "What no printed number says",
}


def describe() -> dict[str, Any]:
    """Return cells and functions of the exhibit."""
    return describe_implied(Cell.of(TASK, version=1, data=SOURCE), draw, HEADINGS)


def draw(made: Tables, backend: str) -> Any:
    """Draw what each perceptron costs beside its own ANN, under both readings of the first layer."""
    table = made["table"]
    parts = table["row"].str.split("/", expand=True)
    shown = table[parts[0].isin(READINGS)].assign(reading=parts[0].map(READINGS), kind=parts[3])
    name = parts[1].map({key: word for key, (word, _) in DATA.items()}) + ", " + parts[2].map(METHODS)
    shown = shown.assign(network=name + ", " + parts[3]).sort_values("kind", kind="stable")
    return plot.points(
        shown,
        x="value",
        y="network",
        hue="reading",
        order=list(READINGS.values()),
        log=True,
        labels={"value": "energy of the SNN / energy of its own ANN (1 = alike)", "network": ""},
        backend=backend,
    )
