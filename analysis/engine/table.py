"""A paper's table as an exhibit: one literal says what is printed, which runs answer it and what is claimed.

    TableExhibit -> Entry (row, column, printed, runs | reason) -> tidy tables "table" and "entries" -> Sheet

"table" holds row, column, seed, measure, value, unit of what was run; "entries" every printed cell with its
printed value, the reading that was applied, and the reason where it was not run: nothing is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.cells import Cell
from analysis.engine.claims import Claim
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.printed import Entry, Records, Source
from analysis.engine.sheet import Sheet, Spread, written
from analysis.engine.statistics import mean_and_interval
from analysis.engine.training import Answer
from analysis.engine.words import column_name, row_name

UNFINISHED = "its run is not finished"
NO_GPU = "its run needs a GPU, and none was at hand"
SMOKE = ("Digits stand in for the paper's data and layers are narrow: no printed value is compared.",)
DRAWN = "Filled: means of our runs, with 95 % intervals over seeds. Hollow: printed."
Cost = Callable[[Cell], float]


@dataclass(frozen=True, kw_only=True)
class TableExhibit:
    """All that a paper's table needs.

    rows, columns : patterns of their names, such as "{dataset}/{method}" and "lr_{lr}"; what a cell's names
    say goes to answer(scale, seeds, **said), which returns its runs or why there are none.
    printed : its entries, and those that we add. claims : the paper's, about rows and columns.
    deviations : how our runs differ from the paper's, at the desk scale. seeds : how many at that scale.
    draw(scale, tables, backend) : the figure. remark(row) : a note on the entries of a row that was run.
    """

    id: str
    title: str
    paper: str
    place: str
    caption: str
    rows: tuple[str, ...]
    columns: str
    printed: tuple[Entry, ...]
    answer: Answer
    draw: Callable[[str, Tables, str], Any]
    claims: tuple[Claim, ...] = ()
    deviations: tuple[str, ...] = ()
    seeds: int = 1
    remark: Callable[[str], str] = lambda row: ""
    doubles: str = ""
    version: int = 1

    def said(self, row: str, column: str) -> dict[str, str]:
        """Return what a cell's names say, by the patterns.

        Raises ValueError for a row or column of no pattern.
        """
        found = [re.fullmatch(_pattern(rows), row) for rows in self.rows]
        of_column = re.fullmatch(_pattern(self.columns), column)
        of_row = next(filter(None, found), None)
        if of_row is None or of_column is None:
            raise ValueError(f"{self.id}: {row!r} or {column!r} fits none of {self.rows}, {self.columns!r}")
        return of_row.groupdict() | of_column.groupdict()

    def answered(self, scale: str, first_seed: int = 0) -> tuple[Entry, ...]:
        """Return the entries with their runs at a scale, or the reason why there are none."""
        several = 3 if scale == "paper" else self.seeds if scale == "desk" else 1
        seeds, done = range(first_seed, first_seed + several), []
        for entry in self.printed:
            found = self.answer(scale, seeds, **self.said(entry.row, entry.column))
            note = "; ".join(
                filter(None, (entry.note, "" if isinstance(found, str) else self.remark(entry.row)))
            )
            entry = replace(entry, note=note)
            if scale == "smoke":
                entry = replace(entry, printed=np.nan, note="printed value not compared")
            done.append(replace(entry, **{"reason" if isinstance(found, str) else "source": found}))
        return tuple(done)

    def exhibit(
        self, scale: str, first_seed: int, *, seconds: Cost, error: Callable[[str], Spread]
    ) -> Exhibit:
        """Return the exhibit at a scale. seconds(cell) : about what a run takes. error(scale) : of one seed."""
        entries = self.answered(scale, first_seed)
        groups = [group for entry in entries if entry.source for group in entry.source.cells]
        cells = tuple(dict.fromkeys(cell for group in groups for cell in group))
        long, smoke = bool(cells) and scale != "smoke", scale == "smoke"
        return Exhibit(
            id=self.id,
            title=self.title + {"smoke": " (smoke scale, digits)", "paper": " (paper scale)"}.get(scale, ""),
            paper=self.paper,
            place=self.place,
            caption=f"{self.caption} {DRAWN}",
            cells=cells,
            tabulate=partial(tabulate, entries, seconds),
            draw=partial(self.draw, scale),
            sheet=partial(sheet, error(scale)),
            claims=self.claims,
            deviations=SMOKE if smoke else self.deviations if scale == "desk" else (),
            summarise=beside,
            pivot=pivot,
            version=self.version,
            needs="NETSCI_DATA" if long else None,
            seconds=seconds if long else None,
            printed=True,
            scale=scale,
            doubles=self.doubles,
        )


def _pattern(names: str) -> str:
    """Return the regular expression of a pattern.

    >>> _pattern("{dataset}/lr_{lr}")
    '(?P<dataset>[^/]+)/lr_(?P<lr>[^/]+)'
    """
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", names)


def tabulate(entries: Sequence[Entry], seconds: Cost, records: Records) -> Tables:
    """Return the tables of an exhibit; the first has a row for every seed of every entry that was run."""
    rows, listed = [], []
    for e in entries:
        values = e.source.values(records) if e.source else []
        line = {"row": e.row, "column": e.column}
        rows += [{**line, "seed": s, "measure": "value", "value": v, "unit": e.unit} for s, v in values]
        reason = _missing(e.source, seconds) if e.source and not values else e.reason
        listed.append({**line, "unit": e.unit, "printed": e.printed, "note": e.note, "reason": reason})
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    return {"table": pd.DataFrame(rows, columns=columns), "entries": pd.DataFrame(listed)}


def _missing(source: Source, seconds: Cost) -> str:
    """Return why none of an entry's runs is there."""
    needs_gpu = any(math.isinf(seconds(cell)) for group in source.cells for cell in group)
    return NO_GPU if needs_gpu else UNFINISHED


def sheet(error: Spread, tables: Mapping[str, pd.DataFrame]) -> Sheet:
    """Return the tables as rows and columns."""
    known = tables["entries"].itertuples()
    lines = {(line.row, line.column): line for line in known}
    printed = {key: float(line.printed) for key, line in lines.items() if not np.isnan(line.printed)}
    units = {key: str(line.unit) for key, line in lines.items()}
    return Sheet(tables["table"][["row", "column", "seed", "value"]], printed, units, error)


def compared(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every entry with its printed value and n, mean, low, high of the runs (NaN where none)."""
    entries = tables["entries"].copy()
    for name in ("note", "reason"):  # read back from a file, nothing but empty texts is a column of NaN
        entries[name] = entries[name].astype(object).where(entries[name].notna(), "")
    if tables["table"].empty:
        return entries.assign(n=np.nan, mean=np.nan, sd=np.nan, low=np.nan, high=np.nan)
    ours = mean_and_interval(tables["table"]).drop(columns="measure")
    return entries.merge(ours, on=["row", "column", "unit"], how="left")


def beside(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return `compared` for people: names in words, the difference, NaN where a text is empty."""
    both = compared(tables)
    both["difference"] = both["mean"] - both["printed"]
    for name in ("note", "reason"):
        both[name] = both[name].where(both[name] != "", np.nan)
    both["row"], both["column"] = both["row"].map(row_name), both["column"].map(column_name)
    names = ["row", "column", "unit", "printed", "mean", "low", "high", "n", "difference", "reason", "note"]
    return both[names]


def pivot(tables: Mapping[str, pd.DataFrame]) -> tuple[Pivot, tuple[tuple[str, str], ...]]:
    """Return the table as it is printed, and (reason, rows) of the cells that were not run."""
    both = compared(tables)
    columns = list(dict.fromkeys(both["column"]))
    cells: dict[str, dict[str, PivotCell]] = {}
    missing: dict[str, dict[str, None]] = {}
    for line in both.itertuples():
        ours = written(line.mean, line.unit)
        if line.n > 1:
            ours += f" ({written(line.low, line.unit)} to {written(line.high, line.unit)})"
        cell = PivotCell(written(line.printed, line.unit), ours, "" if ours else line.reason, line.note)
        cells.setdefault(line.row, {})[line.column] = cell
        if not ours and line.reason:
            missing.setdefault(line.reason, {})[row_name(line.row)] = None
    units = dict(zip(both["column"], both["unit"], strict=True))
    one = len(set(units.values())) == 1
    named = [column_name(c) + ("" if one or units[c] == "1" else f" ({units[c]})") for c in columns]
    rows = tuple(
        (row_name(row), tuple(of.get(column, PivotCell()) for column in columns)) for row, of in cells.items()
    )
    unit = f"All in {units[columns[0]]}." if one else ""
    return Pivot("", tuple(named), rows, unit), tuple((r, "; ".join(names)) for r, names in missing.items())
