"""S0's tables as entries: what is printed, and the runs that answer it or the reason why none does.

    printed table -> Entry (row, column, printed, Source | reason) -> tidy tables "table" and "entries"

"table" holds row, column, seed, measure, value, unit of what was run; "entries" every printed cell with its
printed value, the reading that was applied, and the reason where it was not run: nothing is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.engine.cells import Cell, Record
from analysis.runs import Tables
from analysis.s0_cost import seconds
from analysis.s0_names import column_name, row_name
from analysis.statistics import mean_and_interval

UNFINISHED = "its run is not finished"
NO_GPU = "its run needs a GPU, and none was at hand"
EXPECTED = Path(__file__).parent / "expected"
Records = Mapping[Cell, Record]
Reader = Callable[..., float]


@dataclass(frozen=True)
class Source:
    """The runs behind an entry: for each seed the cells whose records the reader takes, in this order."""

    read: Reader
    cells: tuple[tuple[Cell, ...], ...]

    def values(self, records: Records) -> list[tuple[int, float]]:
        """Return (seed, value) of every seed whose runs are finished."""
        return [
            (cells[0]["seed"], self.read(*(records[cell] for cell in cells)))
            for cells in self.cells
            if all(cell in records for cell in cells)
        ]


@dataclass(frozen=True)
class Entry:
    """One cell of a printed table, or one that we add (printed is NaN)."""

    row: str
    column: str
    unit: str
    printed: float
    note: str = ""
    source: Source | None = None
    reason: str = ""


def printed(table: str) -> list[Entry]:
    """Return the entries of a printed table, misprints read, in the printed order, without sources."""
    stored = pd.read_csv(EXPECTED / f"{table}.csv", keep_default_na=False)
    entries = []
    for line in stored.itertuples():
        value = float(line.value) if str(line.value) else np.nan
        remark = "" if line.reading == "as_printed" else f"{line.reading}: "
        entries.append(Entry(line.row, line.column, line.unit, value, f"{remark}{line.note}".strip()))
    return entries


def answered(
    entries: Sequence[Entry], answer: Callable[[Entry], Source | str]
) -> tuple[list[Entry], tuple[Cell, ...]]:
    """Return the entries with their source, or the reason why there is none, and the cells of all sources."""
    done = []
    for entry in entries:
        found = answer(entry)
        done.append(replace(entry, reason=found) if isinstance(found, str) else replace(entry, source=found))
    cells = dict.fromkeys(cell for e in done if e.source for group in e.source.cells for cell in group)
    return done, tuple(cells)


def joined(
    found: Sequence[tuple[Sequence[Entry], tuple[Cell, ...]]],
) -> tuple[list[Entry], tuple[Cell, ...]]:
    """Return several results of `answered` as one, each cell once."""
    entries = [entry for some, _ in found for entry in some]
    return entries, tuple(dict.fromkeys(cell for _, cells in found for cell in cells))


def tabulate(entries: Sequence[Entry], records: Records) -> Tables:
    """Return the tables of an exhibit; the first has a row for every seed of every entry that was run."""
    rows = [
        {
            "row": entry.row,
            "column": entry.column,
            "seed": seed,
            "measure": "value",
            "value": value,
            "unit": entry.unit,
        }
        for entry in entries
        if entry.source
        for seed, value in entry.source.values(records)
    ]
    listed = [
        {
            "row": e.row,
            "column": e.column,
            "unit": e.unit,
            "printed": e.printed,
            "note": e.note,
            "reason": _missing(e.source) if e.source and not e.source.values(records) else e.reason,
        }
        for e in entries
    ]
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    return {"table": pd.DataFrame(rows, columns=columns), "entries": pd.DataFrame(listed)}


def _missing(source: Source) -> str:
    """Return why none of an entry's runs is there."""
    needs_gpu = any(math.isinf(seconds(cell)) for group in source.cells for cell in group)
    return NO_GPU if needs_gpu else UNFINISHED


def compared(tables: Tables) -> pd.DataFrame:
    """Return every entry with its printed value and n, mean, low, high of the runs (NaN where none)."""
    keys = ["row", "column", "unit"]
    entries = tables["entries"].copy()
    for name in ("note", "reason"):  # read back from a file, nothing but empty texts is a column of NaN
        entries[name] = entries[name].astype(object).where(entries[name].notna(), "")
    if tables["table"].empty:
        return entries.assign(n=np.nan, mean=np.nan, sd=np.nan, low=np.nan, high=np.nan)
    ours = mean_and_interval(tables["table"]).drop(columns="measure")
    return entries.merge(ours, on=keys, how="left")


def beside(tables: Tables) -> pd.DataFrame:
    """Return `compared` for people: names in words, the difference, NaN where a text is empty."""
    both = compared(tables)
    both["difference"] = both["mean"] - both["printed"]
    for name in ("note", "reason"):
        both[name] = both[name].where(both[name] != "", np.nan)
    both["row"], both["column"] = both["row"].map(row_name), both["column"].map(column_name)
    return both[
        ["row", "column", "unit", "printed", "mean", "low", "high", "n", "difference", "reason", "note"]
    ]


def not_compared(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries without their printed values: for runs of other data than the paper's."""
    return [replace(entry, printed=np.nan, note="printed value not compared") for entry in entries]


def last(measure: str, *, layer: str = "all", scale: float = 100.0) -> Reader:
    """Return the reader of a measure after the last epoch, in percent by default."""

    def read(record: Record) -> float:
        return scale * at_epoch(record, measure, layer)

    return read


def at_epoch(record: Record, measure: str, layer: str = "all", epoch: int = -1) -> float:
    """Return a measure after an epoch (negative: from the end)."""
    a = record.arrays
    known = (a["table_measure"] == measure) & (a["table_layer"] == layer)
    values = a["table_value"][known]
    if not len(values):
        raise KeyError(f"the run has no measure {measure!r} of layer {layer!r}")
    return float(values[epoch])


def gain(measure: str = "accuracy", *, scale: float = 100.0) -> Reader:
    """Return the reader of (sparse, dense): the difference of a measure, in percentage points by default."""

    def read(sparse: Record, dense: Record) -> float:
        return scale * (at_epoch(sparse, measure) - at_epoch(dense, measure))

    return read
