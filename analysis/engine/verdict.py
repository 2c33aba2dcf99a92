"""Whether a run that was made again gave what its committed record holds: every number, or the accuracy.

On a processor that computes as the record's did every number is the same, but for times. On another one
rounding sends training along other paths, and records do not name their processor: where numbers differ, the
accuracies must lie within LIMIT standard errors of the test images. First links of trained cells that whole
numbers draw are the same everywhere, and must be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.sweep import Record

LIMIT = 4.0  # standard errors of a difference of two accuracies
DRAWN = ("uniform", "erdos_renyi")  # first links that whole numbers alone decide
TESTED = 10_000  # test images, where a record does not say how many


@dataclass(frozen=True)
class Verdict:
    """What a run that was made again came to.

    differing : how many numbers differ of `numbers`. accuracy : (committed, again), as shares. drawn : how
    many of those that differ are of first links, which no rounding moves.
    """

    differing: int
    numbers: int
    accuracy: tuple[float, float]
    drawn: int = 0

    @property
    def holds(self) -> bool:
        """Whether there are numbers and all are the same, or at least the accuracies agree."""
        if self.differing == 0:
            return self.numbers > 0  # records without a common array say nothing
        if self.drawn or not all(map(math.isfinite, self.accuracy)):
            return False
        mean = float(np.mean(self.accuracy))
        error = math.sqrt(2.0 * max(mean * (1.0 - mean), 1.0 / TESTED) / TESTED)
        return abs(self.accuracy[0] - self.accuracy[1]) <= LIMIT * error

    def __str__(self) -> str:
        if self.differing == 0:
            return f"all {self.numbers} numbers are the same"
        told = f"{self.differing} of {self.numbers} numbers differ"
        told += ", those of the first links too" if self.drawn else ""
        return f"{told}; accuracy {100 * self.accuracy[0]:.2f} %, now {100 * self.accuracy[1]:.2f} %"


def compare(committed: Record, again: Record, *, initial: str = "") -> Verdict:
    """Compare every number of two records of one cell, but for times.

    initial : how the first links of the run are drawn, as its recipe says it. An array that only one of them
    has is left out: a later version keeps more.
    """
    differing = numbers = drawn = 0
    for name in sorted(committed.arrays.keys() & again.arrays.keys()):
        mine, other = _timeless(committed, name), _timeless(again, name)
        numbers += mine.size
        if mine.shape != other.shape:
            away = max(mine.size, other.size)
        else:
            same = mine == other
            if mine.dtype.kind == "f":
                same |= np.isnan(mine) & np.isnan(other)
            away = int(np.count_nonzero(~same))
        differing += away
        drawn += away if initial in DRAWN and name.startswith("first_") else 0
    return Verdict(differing, numbers, (_accuracy(committed), _accuracy(again)), drawn)


def _timeless(record: Record, name: str) -> NDArray[np.generic]:
    """Return an array of a record; of its table without times and the rows that a later version added."""
    values = np.asarray(record.arrays[name])
    if not name.startswith("table_"):
        return values
    measures = record.arrays["table_measure"]
    kept = np.array([not str(one).endswith("seconds") and one != "silent units" for one in measures])
    return np.asarray(values[kept])


def _accuracy(record: Record) -> float:
    if "table_measure" not in record.arrays:
        return math.nan
    if "0_correct" in record.arrays:  # of a converted network, at its last T
        images = record.arrays["table_value"][record.arrays["table_measure"] == "images"]
        return float(record.arrays["0_correct"][-1] / images[0])
    values = record.arrays["table_value"][record.arrays["table_measure"] == "accuracy"]
    return float(values[-1]) if len(values) else math.nan
