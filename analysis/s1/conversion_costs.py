"""About how long conversions of S1's networks take on one core: fine-tuning and the run over T."""

from __future__ import annotations

import math

from analysis.engine.converted import read_plain, source_of
from analysis.engine.pruned import dense_values
from analysis.s1.pruned_nets import seconds as train_seconds
from netsci.sweep import Cell

TESTS = 10_000
# Of VGG-16 and ResNet-18 with an eighth of the channels: seconds of an epoch of fine-tuning, and of a
# thousand test images at one T.
_EPOCH = {"vgg16": 45.0, "resnet18": 90.0}
_STEP = {"vgg16": 0.5, "resnet18": 1.0}


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core; infinity if it needs a GPU."""
    if "conversions" not in dict(cell.parameters):
        return train_seconds(cell)
    source = source_of(cell)
    if cell["dataset"] == "digits":
        return 5.0
    if math.isinf(train_seconds(source)):
        return math.inf
    model = str(dense_values(source)["model"])
    images = (cell["test_limit"] or TESTS) / 1000.0
    taken = 0.0
    for one in map(read_plain, cell["conversions"]):
        taken += sum(tuning.epochs for tuning in one.tunings) * _EPOCH[model]
        taken += images * cell["steps"] * _STEP[model]
    return taken
