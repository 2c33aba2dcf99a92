"""A printed table of hyperparameters as an exhibit: the recipe that ran here beside the printed one.

printed table, values that ran -> Line (row, column, printed, ran, note) -> Record -> table, pivot, sheet

A printed list "(a, b, c)", of which a paper takes the best, counts as its number of values; beside it stands
how many of them ran here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.printed import expected
from analysis.engine.sheet import Key, Sheet, exact
from analysis.engine.words import column_name, row_name
from netsci import plot
from netsci.sweep import Cell, Record

FIELDS = ("row", "column", "printed", "ran", "note")
LIST = re.compile(r"\((.*)\)")
SAME, NUMBER = "printed values that ran as printed", "printed values"


@dataclass(frozen=True)
class Line:
    """One hyperparameter: as the paper prints it, and as it ran here; "" where either has none."""

    row: str
    column: str
    printed: str
    ran: str
    note: str = ""


def compare(tables: Iterable[str], ran: Mapping[Key, str], *, stray: Iterable[Key] = ()) -> list[Line]:
    """Return the lines of printed tables beside what ran, in the printed order, then what only ran.

    tables : names in analysis/expected. ran : by row and column. stray : printed cells that say nothing.

    Raises ValueError where a printed cell has no value that ran.
    """
    found, left, skipped = [], dict(ran), set(stray)
    for name in tables:
        for line in expected(name).itertuples():
            key = (str(line.row), str(line.column))
            if key in skipped:
                continue
            if key not in left:
                raise ValueError(f"{name}: {key} has no value that ran; add it, '' if there is none")
            found.append(Line(*key, str(line.printed), left.pop(key), str(line.note)))
    return found + [Line(*key, "", value, "not in the paper") for key, value in left.items()]


def make_record(lines: Iterable[Line]) -> Record:
    """Return lines as a record."""
    every = list(lines)
    return Record({}, {name: [getattr(one, name) for one in every] for name in FIELDS})


def describe_recipes(cell: Cell) -> dict[str, Any]:
    """Return cells and functions of the exhibit of the lines that a cell makes."""
    return {
        "cells": (cell,),
        "tabulate": tabulate,
        "draw": draw,
        "sheet": sheet,
        "pivot": pivot,
        "summarise": lambda tables: tables["table"],
    }


def tabulate(records: Mapping[Cell, Record]) -> Tables:
    """Return the lines as a table."""
    (record,) = records.values()
    table = pd.DataFrame({name: record.notes[name] for name in FIELDS})
    value = [ran for _, ran in map(read_pair, table["printed"], table["ran"])]
    return {"table": table.assign(seed=0, measure="value", value=value, unit="1")}


def read_pair(printed: str, ran: str) -> tuple[float, float]:
    """Return a printed value and one that ran as numbers, NaN for text; of lists how many values each has.

    Of the values that ran those count that are printed.

    Examples
    --------
    >>> read_pair("300", "10"), read_pair("(1, 2, 3)", "(2, 9)")
    ((300.0, 10.0), (3.0, 1.0))
    """
    lists = [_values(text) for text in (printed, ran)]
    if lists[0] and lists[1]:
        return float(len(lists[0])), float(len(lists[0] & lists[1]))
    return _number(printed), _number(ran)


def _values(text: str) -> frozenset[str]:
    """Return the values of a list in brackets, none of other text."""
    found = LIST.fullmatch(text)
    return frozenset(part.strip() for part in found[1].split(",")) if found else frozenset()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def sheet(tables: Tables) -> Sheet:
    """Return numbers that ran beside printed ones, and under "all" how many printed values ran as printed."""
    table = tables["table"][list(FIELDS)].fillna("")
    printed, ran = zip(*map(read_pair, table["printed"], table["ran"]), strict=True)
    keys = list(zip(table["row"], table["column"], strict=True))
    known = {key: float(v) for key, v in zip(keys, printed, strict=True) if not pd.isna(v)}
    rows = [(*key, float(v)) for key, v in zip(keys, ran, strict=True) if not pd.isna(v)]
    in_print = table[table["printed"] != ""]
    rows.append(("all", SAME, float((in_print["printed"] == in_print["ran"]).sum())))
    rows.append(("all", NUMBER, float(len(in_print))))
    values = pd.DataFrame(rows, columns=["row", "column", "value"]).assign(seed=0)
    units: dict[Key, str] = {("all", SAME): "count", ("all", NUMBER): "count"}
    return Sheet(values[["row", "column", "seed", "value"]], known, units, exact)


def pivot(tables: Tables) -> tuple[Pivot, Missing]:
    """Return hyperparameters downwards, row by row, what is printed and what ran beside each other."""
    table = tables["table"][list(FIELDS)].fillna("")
    place = table["row"].map({row: number for number, row in enumerate(table["row"].unique())})
    rows = tuple(
        (
            f"{row_name(str(line.row))}|{column_name(str(line.column))}",
            (
                PivotCell(printed=str(line.printed)),
                PivotCell(ours=str(line.ran)),
                PivotCell(text=str(line.note)),
            ),
        )
        for line in table.iloc[place.argsort(kind="stable")].itertuples()
    )
    return Pivot(("printed", "ran here", "note"), rows), ()


def draw(tables: Tables, backend: str) -> Any:
    """Draw the numbers that ran as shares of the printed ones, where both are numbers above 0.

    Of a printed list it is the share of its values that ran.
    """
    table = tables["table"][list(FIELDS)].fillna("")
    printed, ran = zip(*map(read_pair, table["printed"], table["ran"]), strict=True)
    both = table.assign(printed=printed, ran=ran).query("ran > 0 and printed > 0")
    names = [f"{row_name(r)}, {column_name(c)}" for r, c in zip(both["row"], both["column"], strict=True)]
    shown = both.assign(share=both["ran"] / both["printed"], what=names)
    labels = {"share": "here / printed (1 = alike)", "what": ""}
    return plot.points(shown, x="share", y="what", labels=labels, log=True, backend=backend)
