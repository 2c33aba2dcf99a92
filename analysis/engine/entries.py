"""The tidy tables of a printed table: from its entries and the records, and as people read them.

"table" holds row, column, seed, measure, value, unit of what was run; "entries" every printed cell with its
printed value, the reading that was applied, and the reason where it was not run: nothing is left out.
"blocks", of converted networks, holds each value without one block of the test images after the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.derived import Derived, derive
from analysis.engine.exhibit import Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.printed import Entry, Records, Source
from analysis.engine.sheet import Floats, Key, Sheet, Spread, write_diverged, write_number
from analysis.engine.words import column_name, row_name
from netsci.measure import mean_and_interval
from netsci.sweep import Cell
from netsci.train.cells import DIVERGED

UNFINISHED = "its run is not finished"
UNDEFINED = "its runs give no number: it diverged, never saturates, or was not converted"
_DIVERGED = rf"(\d+ of \d+ )?{DIVERGED}"  # a reason that stands in the place of a number
NO_GPU = "its run needs a GPU, and none was at hand"
DERIVED = "derived"  # how the note on a value begins that the paper does not print, but implies
Cost = Callable[[Cell], float]


def tabulate(entries: Sequence[Entry], seconds: Cost | None, records: Records) -> Tables:
    """Return the tables of an exhibit; the first has a row for every seed of every entry that was run."""
    rows, listed = [], []
    for e in entries:
        values = e.source.values(records) if e.source else []
        line = {"row": e.row, "column": e.column}
        rows += [{**line, "seed": s, "measure": "value", "value": v, "unit": e.unit} for s, v in values]
        reason = _missing(e.source, seconds) if e.source and not values else e.reason
        if values and not any(math.isfinite(v) for _, v in values):
            reason = UNDEFINED
        if e.source and (lost := e.source.count_diverged(records)):
            reason = write_diverged(lost, len(e.source.cells))
        listed.append({**line, "unit": e.unit, "printed": e.printed, "note": e.note, "reason": reason})
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    tables = {"table": pd.DataFrame(rows, columns=columns), "entries": pd.DataFrame(listed)}
    blocks = [
        {"row": e.row, "column": e.column, "seed": seed, "block": block, "value": value}
        for e in entries
        if e.source
        for seed, values in e.source.leave_out(records)
        for block, value in enumerate(values)
    ]
    return tables | ({"blocks": pd.DataFrame(blocks)} if blocks else {})


def _missing(source: Source, seconds: Cost | None) -> str:
    """Return why none of an entry's runs is there."""
    needs_gpu = seconds and any(math.isinf(seconds(cell)) for group in source.cells for cell in group)
    return NO_GPU if needs_gpu else UNFINISHED


def sheet(
    error: Spread,
    tables: Mapping[str, pd.DataFrame],
    *,
    parts: Callable[[Key], Sequence[Key]] = lambda key: (key,),
    derived: Sequence[Derived] = (),
    beside: Sequence[Entry] = (),
) -> Sheet:
    """Return the tables as rows and columns.

    parts : as of `Sheet`. derived : cells that follow from others. beside : printed values of other tables.
    """
    known = tables["entries"].itertuples()
    lines = {(line.row, line.column): line for line in known}
    printed = {key: float(line.printed) for key, line in lines.items() if not np.isnan(line.printed)}
    units = {key: str(line.unit) for key, line in lines.items()}
    implied = frozenset(key for key, line in lines.items() if str(line.note).startswith(DERIVED))
    printed = {(e.row, e.column): e.printed for e in beside if not np.isnan(e.printed)} | printed
    units = {(e.row, e.column): e.unit for e in beside} | units
    values = tables["table"][["row", "column", "seed", "value"]]
    failed = frozenset(key for key, line in lines.items() if _has_diverged(line.reason))
    # Whole numbers do not move with a tenth of the images, or jump: the jackknife says nothing of them.
    blocks = {key: of for key, of in read_blocks(tables).items() if units.get(key) not in ("steps", "count")}
    made = Sheet(values, printed, units, error, implied, parts, failed=failed, left_out=blocks)
    return derive(made, derived)


def read_blocks(tables: Mapping[str, pd.DataFrame]) -> dict[Key, dict[Any, Floats]]:
    """Return the values without each block of test images, by cell and seed."""
    found: dict[Key, dict[Any, Floats]] = {}
    if "blocks" in tables:
        for (row, column, seed), of in tables["blocks"].groupby(["row", "column", "seed"], sort=False):
            found.setdefault((row, column), {})[seed] = of.sort_values("block")["value"].to_numpy(float)
    return found


def _has_diverged(reason: object) -> bool:
    """Return whether a reason is that a run diverged."""
    return re.fullmatch(_DIVERGED, str(reason)) is not None


def compare_entries(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every entry with its printed value and n, mean, low, high of the runs (NaN where none).

    Where a run diverged there is no mean: it would be that of the other seeds alone.
    """
    entries = tables["entries"].copy()
    for name in ("note", "reason"):  # read back from a file, nothing but empty texts is a column of NaN
        entries[name] = entries[name].astype(object).where(entries[name].notna(), "")
    if tables["table"].empty:
        return entries.assign(n=np.nan, mean=np.nan, sd=np.nan, low=np.nan, high=np.nan)
    ours = mean_and_interval(tables["table"]).drop(columns="measure")
    both = entries.merge(ours, on=["row", "column", "unit"], how="left")
    both.loc[both["reason"].map(_has_diverged), ["n", "mean", "sd", "low", "high"]] = np.nan
    return both


def beside(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return `compare_entries` for people: names in words, the difference, NaN where a text is empty."""
    both = compare_entries(tables)
    both["difference"] = both["mean"] - both["printed"]
    for name in ("note", "reason"):
        both[name] = both[name].where(both[name] != "", np.nan)
    both["row"], both["column"] = both["row"].map(row_name), both["column"].map(column_name)
    names = ["row", "column", "unit", "printed", "mean", "low", "high", "n", "difference", "reason", "note"]
    return both[names]


def pivot(tables: Mapping[str, pd.DataFrame]) -> tuple[Pivot, tuple[tuple[str, str], ...]]:
    """Return the table as it is printed, and (reason, rows) of the cells that were not run.

    Columns without a printed value come last; a value that the paper only implies is marked.
    """
    both = compare_entries(tables)
    implied = both["note"].str.startswith(DERIVED)
    columns = list(dict.fromkeys(both["column"]))
    in_print = set(both.loc[both["printed"].notna() & ~implied, "column"])
    if in_print:
        columns = [c for c in columns if c in in_print] + [c for c in columns if c not in in_print]
    cells: dict[str, dict[str, PivotCell]] = {}
    missing: dict[str, dict[str, None]] = {}
    for line in both.itertuples():
        ours = write_number(line.mean, line.unit)
        if _has_diverged(line.reason):
            ours = line.reason
        elif line.n > 1:
            ours += f" ({write_number(line.low, line.unit)} to {write_number(line.high, line.unit)})"
        printed = write_number(line.printed, line.unit)
        printed += " (implied)" if printed and line.note.startswith(DERIVED) else ""
        cell = PivotCell(printed, ours, "" if ours else line.reason, line.note)
        cells.setdefault(line.row, {})[line.column] = cell
        if not ours and line.reason:
            missing.setdefault(line.reason, {})[row_name(line.row)] = None
    units = dict(zip(both["column"], both["unit"], strict=True))
    one = len(set(units.values())) == 1
    named = [column_name(c) + ("" if one or units[c] == "1" else f" ({units[c]})") for c in columns]
    rows = tuple(
        (_headed(row), tuple(of.get(column, PivotCell()) for column in columns)) for row, of in cells.items()
    )
    unit = f"All in {units[columns[0]]}." if one else ""
    return Pivot(tuple(named), rows, unit), tuple((r, "; ".join(names)) for r, names in missing.items())


def _headed(row: str) -> str:
    """Return a row's label under its data set: "MNIST|2FC, CH-SNN"."""
    first, slash, rest = row.partition("/")
    return f"{row_name(first)}|{row_name(rest)}" if slash else row_name(row)
