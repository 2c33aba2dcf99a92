"""About how long conversions of S1's networks take on one core: fine-tuning and the run over T."""

from __future__ import annotations

import math

from analysis.engine.converted import read_plain, source_of
from analysis.engine.pruned import dense_values
from analysis.s1.pruned_nets import seconds as train_seconds
from netsci.sweep import Cell

MOST = 10_000  # test images
TESTS = {"tiny-imagenet-10": 500}
# Of VGG-16 and ResNet-18 with an eighth of the channels, 6Conv2FC with a sixteenth, ViT 96/6: seconds of an
# epoch of fine-tuning, and of a thousand test images at one T. Measured with dense VGG-16, 4,000 and 500
# images; ResNet-18 counts twice. 6Conv2FC and ViT by DCGS: with 40 images, beside other processes.
_EPOCH = {"vgg16": 45.0, "resnet18": 90.0, "conv6fc2": 30.0, "vit": 30.0}
_STEP = {
    "vgg16": {"dcgs": 1.2, "cs_qcfs": 0.2},
    "resnet18": {"dcgs": 2.4, "cs_qcfs": 0.4},
    "conv6fc2": {"dcgs": 2.0, "cs_qcfs": 0.3},
    "vit": {"dcgs": 25.0},
}


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core; infinity if it needs a GPU."""
    if "conversions" not in dict(cell.parameters):
        return train_seconds(cell)
    source = source_of(cell)
    if cell["dataset"] == "digits":
        return 5.0
    model = str(dense_values(source)["model"])
    if model in ("vgg16", "resnet18") and math.isinf(train_seconds(source)):
        return math.inf
    images = (cell["test_limit"] or TESTS.get(str(cell["dataset"]), MOST)) / 1000.0
    taken = 0.0
    for one in map(read_plain, cell["conversions"]):
        taken += sum(tuning.epochs for tuning in one.tunings) * _EPOCH[model]
        taken += images * cell["steps"] * _STEP[model][one.method]
    return taken
