"""The exhibit of what S1's printed numbers imply: no run, arithmetic on its tables."""

from __future__ import annotations

from typing import Any

from analysis.engine.exhibit import Tables
from analysis.engine.implied import describe_implied
from analysis.engine.names import RUN_NAMES
from analysis.s1.implied import METHODS, NETS
from analysis.s1.implied_6conv import DATA
from netsci import plot
from netsci.sweep import Cell, Task

SOURCE = "none: printed numbers, analysis/expected/s1.*.csv"
TASK = Task("s1-implied", "analysis.s1.implied:state_all", RUN_NAMES)


HEADINGS = {
    "table1": "What the text says of Table 1",
    "first-convolution": "VGG-16: the first convolution",
    "firing": "Table 1: events a link, sparse over dense",
    "sparsity": "Sparsities of networks from those of their layers",
    "table2": "What the text says of Table 2",
    "events": "Table 3: events a neuron",
    "sensitivity": "What the text says of Table 3",
    "vit-own-ann": "ViT-B: SNN over its own ANN",
    "vit": "What the text says of Table 4",
    "saturation": "Saturation times",
    "open": "What no printed number says",
}


def describe() -> dict[str, Any]:
    """Return cells and functions of the exhibit."""
    return describe_implied(Cell.of(TASK, version=1, data=SOURCE), draw, HEADINGS)


def draw(made: Tables, backend: str) -> Any:
    """Draw how many more events a link of the sparse networks carries than one of the dense ones."""
    table = made["table"]
    parts = table["row"].str.split("/", expand=True)
    shown = table[parts[0] == "firing"].assign(method=parts[3].map(METHODS))
    name = parts[1].map({key: word for key, (word, _) in DATA.items()}) + " " + parts[2].map(NETS)
    return plot.points(
        shown.assign(network=name),
        x="value",
        y="network",
        hue="method",
        labels={"value": "events a link, sparse / dense (1 = alike)", "network": ""},
        backend=backend,
    )
