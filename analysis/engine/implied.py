"""What the printed numbers of a paper imply: statements with their arithmetic, and an exhibit of them.

printed tables -> Statement (value, printed value, arithmetic, verdict) -> Record -> table, pivot, sheet
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.printed import expected
from analysis.engine.sheet import Key, Sheet, exact, write_number
from netsci.sweep import Cell, Record

FOLLOWS, CONTRADICTS, UNKNOWN = "follows", "contradicts", "cannot be derived"
VERDICTS = (FOLLOWS, CONTRADICTS, UNKNOWN)
COUNTS = {FOLLOWS: "follow", CONTRADICTS: "contradict", UNKNOWN: UNKNOWN}
TEXTS = ("row", "words", "place", "arithmetic", "unit", "verdict")


@dataclass(frozen=True)
class Statement:
    """One thing that printed numbers imply, or do not.

    row : its name, "group/what"; no "|" in it. words : what is said. place : where in the paper.
    arithmetic : how the value comes about, with its numbers. value : in `unit`; NaN where nothing follows.
    printed : the value that the paper prints for it, NaN where it prints none.
    """

    row: str
    words: str
    place: str
    arithmetic: str
    verdict: str
    value: float = np.nan
    unit: str = "1"
    printed: float = np.nan

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}; got {self.verdict!r}")
        if "/" not in self.row or "|" in self.row or not self.arithmetic:
            raise ValueError(f"a statement needs a row 'group/what' and its arithmetic; got {self.row!r}")
        if (self.verdict == UNKNOWN) != np.isnan(self.value):
            raise ValueError(f"{self.row}: a value is missing exactly where nothing can be derived")


def judge(holds: bool) -> str:
    """Return "follows" or "contradicts"."""
    return FOLLOWS if holds else CONTRADICTS


def read_values(name: str) -> dict[Key, float]:
    """Return the printed numbers of `expected/name.csv` by row and column; texts are left out."""
    lines = expected(name)
    numbers = pd.to_numeric(lines["value"], errors="coerce")
    keys = zip(lines["row"], lines["column"], strict=True)
    return {key: float(value) for key, value in zip(keys, numbers, strict=True) if not np.isnan(value)}


def make_record(statements: Iterable[Statement]) -> Record:
    """Return statements as a record.

    Raises ValueError where two have one name.
    """
    every = list(statements)
    rows = [one.row for one in every]
    if len(set(rows)) < len(rows):
        raise ValueError(
            f"each statement needs a row of its own; got {sorted(r for r in rows if rows.count(r) > 1)}"
        )
    arrays = {name: np.array([getattr(one, name) for one in every]) for name in ("value", "printed")}
    return Record(arrays, {name: [getattr(one, name) for one in every] for name in TEXTS})


def describe_implied(
    cell: Cell, draw: Callable[[Tables, str], Any], headings: Mapping[str, str]
) -> dict[str, Any]:
    """Return cells and functions of the exhibit of the statements that a cell makes.

    headings : what each group of statements is called, in the order of the table.
    """
    return {
        "cells": (cell,),
        "tabulate": partial(tabulate, headings),
        "draw": draw,
        "sheet": sheet,
        "pivot": partial(pivot, headings),
        "summarise": lambda tables: tables["table"],
    }


def tabulate(headings: Mapping[str, str], records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the statements, a row each, group by group.

    Raises ValueError where a group has no heading, or a heading no group.
    """
    (record,) = records.values()
    texts = {name: record.notes[name] for name in TEXTS}
    table = pd.DataFrame({**texts, "value": record.arrays["value"], "printed": record.arrays["printed"]})
    groups = table["row"].str.partition("/")[0]
    if set(groups) != set(headings):
        raise ValueError(f"headings and groups differ: {sorted(set(groups) ^ set(headings))}")
    order = groups.map(list(headings).index)
    table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    table = table.assign(seed=0, measure="value")
    columns = [
        "row",
        "words",
        "place",
        "verdict",
        "seed",
        "measure",
        "value",
        "unit",
        "printed",
        "arithmetic",
    ]
    return {"table": table[columns]}


def sheet(tables: Tables) -> Sheet:
    """Return statements as rows, with their value and whether it follows; and counts, of all and by group."""
    table = tables["table"]
    values = [(line.row, "value", line.value) for line in table.itertuples()]
    values += [(line.row, FOLLOWS, float(line.verdict == FOLLOWS)) for line in table.itertuples()]
    groups = table["row"].str.partition("/")[0]
    units: dict[Key, str] = {(line.row, "value"): line.unit for line in table.itertuples()}
    units |= {(row, FOLLOWS): "yes/no" for row in table["row"]}
    for name in ["all", *dict.fromkeys(groups)]:
        mine = table if name == "all" else table[groups == name]
        counts: dict[str, float] = {COUNTS[v]: float((mine["verdict"] == v).sum()) for v in VERDICTS}
        counts["statements"] = float(len(mine))
        ends: dict[str, float] = {"smallest": mine["value"].min(), "largest": mine["value"].max()}
        values += [(name, column, number) for column, number in counts.items()]
        units |= dict.fromkeys(((name, column) for column in counts), "count")
        if name != "all" and mine["unit"].nunique() == 1:
            values += [(name, column, number) for column, number in ends.items()]
            units |= dict.fromkeys(((name, column) for column in ends), str(mine["unit"].iloc[0]))
    printed = {
        (line.row, "value"): float(line.printed) for line in table.itertuples() if not np.isnan(line.printed)
    }
    frame = pd.DataFrame(values, columns=["row", "column", "value"]).assign(seed=0)
    return Sheet(frame, printed, units, exact)


def pivot(headings: Mapping[str, str], tables: Tables) -> tuple[Pivot, Missing]:
    """Return the statements as people read them: value beside the printed one, verdict and arithmetic."""
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    for line in tables["table"].itertuples():
        group = str(line.row).partition("/")[0]
        mark = "" if line.unit in ("1", "count") else f" {WORDS.get(line.unit, line.unit)}"
        value, printed = (f"{text}{mark}" if text else "" for text in _numbers(line))
        cells = (
            PivotCell(printed=printed, ours=value),
            PivotCell(ours=str(line.verdict)),
            PivotCell(ours=str(line.arithmetic)),
        )
        rows.append((f"{headings[group]}|{line.words} ({line.place})", cells))
    return Pivot(("value", "verdict", "arithmetic"), tuple(rows)), ()


WORDS = {"percent": "%", "uJ": "µJ", "ratio": "times"}


def _numbers(line: Any) -> Sequence[str]:
    return [write_number(value, line.unit) for value in (line.value, line.printed)]
