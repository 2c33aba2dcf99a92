"""Make committed runs again and compare every number: `python -m analysis.figures --verify N --seed S`.

N committed records are drawn at random, of those whose run took less than ten minutes, and trained from
nothing in a folder of their own. On a processor that computes as the record's did every number is the same,
but for times. On another one rounding sends training along other paths, and records do not name their
processor: where numbers differ, the accuracies must lie within LIMIT standard errors of the test images.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.engine.exhibit import Exhibit
from netsci.sweep import Cell, Record, find_record, load_record, run_cells

LONGEST = 600.0  # seconds that a run to be made again may have taken
LIMIT = 4.0  # standard errors of a difference of two accuracies
TESTED = 10_000  # test images, where a record does not say how many
Say = Callable[[object], None]


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


def draw_cells(cells: Iterable[Cell], results: Path, count: int, seed: int) -> list[Cell]:
    """Return `count` of the cells with a committed record that took less than ten minutes, at random."""
    short = []
    for cell in sorted(set(cells), key=lambda one: one.name):
        if cell.kept and find_record(results, cell) is not None:
            record = load_record(results, cell)
            if float(record.notes.get("seconds", math.inf)) < LONGEST:
                short.append(cell)
    chosen = np.random.default_rng(seed).permutation(len(short))[:count]
    return [short[place] for place in sorted(chosen)]


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


def verify(cells: Iterable[Cell], results: Path, count: int, seed: int, say: Say) -> bool:
    """Make some committed runs again, say what came out, and return whether all records stand."""
    chosen = draw_cells(cells, results, count, seed)
    if not chosen:
        say("no committed record took less than ten minutes")
        return True
    kept = True
    for cell in chosen:
        with tempfile.TemporaryDirectory() as folder:
            again = run_cells([cell], folder)[cell]
        verdict = compare(load_record(results, cell), again)
        kept &= verdict.holds
        say(f"{cell.name}: {'stands' if verdict.holds else 'DOES NOT STAND'}: {verdict}")
    return kept


def find_hasty(exhibits: Iterable[Exhibit], results: Path) -> dict[str, tuple[float, float]]:
    """Return the committed records whose run took less than a tenth of what its work costs.

    By name: the seconds that the record tells, and those that the exhibit expects. No run is so fast: such a
    record was not made by the work that it names. A run that diverged ends when it does.
    """
    found = {}
    for exhibit in exhibits:
        for cell in exhibit.cells if exhibit.seconds else ():
            if find_record(results, cell) is None:
                continue
            notes = load_record(results, cell).notes
            taken = math.nan if "diverged" in notes else float(notes.get("seconds", math.nan))
            expected = exhibit.seconds(cell) if exhibit.seconds else math.inf
            if math.isfinite(expected) and taken < expected / 10.0:
                found[cell.name] = (taken, expected)
    return found


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
