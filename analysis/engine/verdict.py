"""Whether a run that was made again gave what its committed record holds: every number, or the accuracy.

On a processor that computes as the record's did every number is the same, but for times. On another one
rounding sends training along other paths, and records do not name their processor: where numbers differ, the
accuracies must lie within LIMIT standard errors of the test images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.sweep import Record

LIMIT = 4.0  # standard errors of a difference of two accuracies
TESTED = 10_000  # test images, where a record does not say how many


@dataclass(frozen=True)
class Verdict:
    """What a run that was made again came to.

    differing : how many numbers differ of `numbers`. accuracy : (committed, again), as shares.
    """

    differing: int
    numbers: int
    accuracy: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Whether there are numbers and all are the same, or at least the accuracies agree."""
        if self.differing == 0:
            return self.numbers > 0  # records without a common array say nothing
        if not all(map(math.isfinite, self.accuracy)):
            return False
        mean = float(np.mean(self.accuracy))
        error = math.sqrt(2.0 * max(mean * (1.0 - mean), 1.0 / TESTED) / TESTED)
        return abs(self.accuracy[0] - self.accuracy[1]) <= LIMIT * error

    def __str__(self) -> str:
        if self.differing == 0:
            return f"all {self.numbers} numbers are the same"
        told = f"{self.differing} of {self.numbers} numbers differ"
        return f"{told}; accuracy {100 * self.accuracy[0]:.2f} %, now {100 * self.accuracy[1]:.2f} %"


def compare(committed: Record, again: Record) -> Verdict:
    """Compare every number of two records of one cell, but for times.

    An array that only one of them has is left out: a later version keeps more.
    """
    differing = numbers = 0
    for name in sorted(committed.arrays.keys() & again.arrays.keys()):
        mine, other = _timeless(committed, name), _timeless(again, name)
        numbers += mine.size
        if mine.shape != other.shape:
            differing += max(mine.size, other.size)
            continue
        same = mine == other
        if mine.dtype.kind == "f":
            same |= np.isnan(mine) & np.isnan(other)
        differing += int(np.count_nonzero(~same))
    return Verdict(differing, numbers, (_accuracy(committed), _accuracy(again)))


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
    values = record.arrays["table_value"][record.arrays["table_measure"] == "accuracy"]
    return float(values[-1]) if len(values) else math.nan
