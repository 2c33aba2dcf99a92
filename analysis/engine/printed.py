"""Expected values: the cells of a printed table, misprints read, and those that we add to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.engine.conversions import count_parts, leave_out
from netsci.sweep import Cell, Record
from netsci.train.cells import DIVERGED

EXPECTED = Path(__file__).parent.parent / "expected"
ADDED = "not in the paper"
Records = Mapping[Cell, Record]
Reader = Callable[..., float]


@dataclass(frozen=True)
class Source:
    """The runs behind an entry: for each seed the cells whose records the reader takes, in this order."""

    read: Reader
    cells: tuple[tuple[Cell, ...], ...]

    def values(self, records: Records) -> list[tuple[int, float]]:
        """Return (seed, value) of every seed whose runs are finished."""
        return [(cells[0]["seed"], self._read(cells, records)) for cells in self._find_finished(records)]

    def leave_out(self, records: Records) -> list[tuple[int, list[float]]]:
        """Return (seed, values without each block of test images) of seeds whose records all hold blocks."""
        found = []
        for cells in self._find_finished(records):
            own = [records[cell] for cell in cells]
            parts = {count_parts(one) for one in own}
            if len(parts) == 1 and (several := parts.pop()) > 1:
                without = [[leave_out(one, block) for one in own] for block in range(several)]
                found.append((cells[0]["seed"], [self.read(*ones) for ones in without]))
        return found

    def count_diverged(self, records: Records) -> int:
        """Return of how many seeds there is no value since a run diverged."""
        lost = [
            cells
            for cells in self._find_finished(records)
            if any(DIVERGED in records[cell].notes for cell in cells)
            and not math.isfinite(self._read(cells, records))
        ]
        return len(lost)

    def _find_finished(self, records: Records) -> list[tuple[Cell, ...]]:
        return [cells for cells in self.cells if all(cell in records for cell in cells)]

    def _read(self, cells: Sequence[Cell], records: Records) -> float:
        return self.read(*(records[cell] for cell in cells))


@dataclass(frozen=True)
class Entry:
    """One cell of a printed table, or one that we add (printed is NaN): its runs, or why there are none."""

    row: str
    column: str
    unit: str
    printed: float
    note: str = ""
    source: Source | None = None
    reason: str = ""


def expected(name: str) -> pd.DataFrame:
    """Return the lines of `expected/name.csv` as texts: row, column, printed, value, unit, reading, note."""
    return pd.read_csv(EXPECTED / f"{name}.csv", keep_default_na=False, dtype=str)


def read_printed(name: str) -> tuple[Entry, ...]:
    """Return the entries of a printed table, in the printed order, without sources."""
    entries = []
    for line in expected(name).itertuples():
        remark = "" if line.reading == "as_printed" else f"{line.reading}: "
        value = float(line.value) if line.value else np.nan
        entries.append(Entry(line.row, line.column, line.unit, value, f"{remark}{line.note}".strip()))
    return tuple(entries)


def add_entries(rows: Sequence[str], columns: Mapping[str, str]) -> tuple[Entry, ...]:
    """Return entries without a printed value; columns : the unit of each."""
    return tuple(Entry(row, column, unit, np.nan, ADDED) for row in rows for column, unit in columns.items())
