"""S1's printed tables whose ANN columns have runs: their answers, and what one seed leaves open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.engine.pruned import dense_values
from analysis.engine.sheet import Key, Spread, sample_error
from analysis.engine.table import Answers
from analysis.s1 import (
    competitors,
    conversion_costs,
    converted_6conv,
    converted_nets,
    converted_vit,
    transformers,
)
from netsci.sweep import Cell

_ACCURACIES = ("before_fine_tuning_percent",)
_GIVEN = ("convolutional_sparsity_percent", "linear_sparsity_percent")  # which the recipe decides


def error(scale: str) -> Spread:
    """Return what a single seed leaves open: of accuracies the sampling error of the test set."""

    def images(row: str) -> int:
        if scale == "smoke":
            return 50
        return transformers.TEST_IMAGES if row.startswith("imagenet/") else 10_000

    def of(keys: Sequence[Key], means: Sequence[float]) -> float:
        columns = [column for _, column in keys]
        if all(one in _GIVEN for one in columns):
            return 0.0
        known = all(one.endswith("accuracy_percent") or one in _ACCURACIES for one in columns)
        return sample_error(images)(keys, means) if known else np.nan

    return of


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core."""
    if "conversions" in dict(cell.parameters):
        return conversion_costs.seconds(cell)
    of_vit = dense_values(cell)["model"] == "vit"
    return transformers.seconds(cell) if of_vit else competitors.seconds(cell)


def describe_runs(row: str) -> str:
    """Return what ran in place of what a row is called."""
    if row.startswith("imagenet/"):
        return "ours: ViT of width 96 and depth 6 on ten classes of Tiny ImageNet"
    if any(f"/{model}/" in row for model in converted_nets.TITLES):
        return "ours: an eighth of the channels"
    if "/scenarios/" in row:
        return "ours: VGG-16 and ResNet-18 by DCGS and CS-QCFS, on CIFAR-10"
    return "ours: a sixteenth of the channels"


ANSWERS = Answers(
    runs={
        "table2": converted_6conv.table2,
        "table3": converted_6conv.table3,
        "table_a2": competitors.table_a2,
        **converted_nets.ANSWERED,
        **converted_vit.ANSWERED,
    },
    seconds=seconds,
    needs="NETSCI_DATA",
    version=1,
    remark=describe_runs,
    error=error,
)
