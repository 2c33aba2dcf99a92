"""An Exhibit turns the records of its cells into tables and a figure.

    Cell -> Record (`analysis.engine.cells`) -> Exhibit.tabulate -> tidy tables -> Exhibit.draw -> figure

Tables carry their provenance and are committed; drawing needs the tables only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.engine.cells import CHANGED, Cell, Record, now, origin, write_in
from analysis.engine.names import resolve

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Exhibit:
    """One table or figure: its cells, how to tabulate their records, how to draw the tables.

    tabulate(records by cell) -> tidy tables; the first, "table", holds model, seed, measure, value, unit ...
    draw(tables, backend) -> a matplotlib or plotly figure. summarise(tables) -> what the figure shows, as
    one table (the first by default). `verdict(tables)` says what is to be seen, a line for each thing,
    the first one first. `captioned(cells)`, where it is given, makes the caption of some of the cells. Raise
    `version` when tabulating changes the numbers: stored tables of another version are made anew. `needs`
    names the environment variable without which the cells cannot run; `tolerance` is how far numbers of a
    single run may differ, relatively, between machines. `seconds(cell)` is about what a run takes on one
    core, infinity if it needs a GPU; the runs of an exhibit that has it are made only when asked for.
    `printed` says that it shows printed values even while none of its runs is finished.
    """

    id: str
    title: str
    caption: str
    cells: tuple[Cell, ...]
    tabulate: Callable[[Mapping[Cell, Record]], Tables]
    draw: Callable[[Tables, str], Any]
    verdict: Callable[[Tables], str]
    summarise: Callable[[Tables], pd.DataFrame] = lambda tables: next(iter(tables.values()))
    version: int = 1
    needs: str | None = None
    tolerance: float = 1e-6
    seconds: Callable[[Cell], float] | None = None
    printed: bool = False
    captioned: Callable[[Sequence[Cell]], str] | None = None


def save_tables(exhibit: Exhibit, tables: Tables, records: Mapping[Cell, Record], results: Path) -> None:
    """Write an exhibit's tables; the provenance last, so that a table without it counts as unfinished."""
    folder = results / exhibit.id
    (folder / "provenance.json").unlink(missing_ok=True)
    for name, table in tables.items():
        write_in(folder, f"{name}.csv", table.to_csv(index=False, float_format="%.7g"))
    source = provenance(exhibit, list(tables), [records[cell].notes for cell in exhibit.cells])
    write_in(folder, "provenance.json", json.dumps(source, indent=1) + "\n")


def load_tables(exhibit: Exhibit, results: Path) -> Tables | None:
    """Return an exhibit's tables if all are there and made from exactly its cells and version, else None."""
    folder = results / exhibit.id
    if not (folder / "provenance.json").exists():
        return None
    made = json.loads((folder / "provenance.json").read_text())
    cells = [resolve(key) for key in made["cells"]]
    if (cells, made["version"]) != ([cell.key for cell in exhibit.cells], exhibit.version):
        return None
    paths = {name: folder / f"{name}.csv" for name in made["tables"]}
    if not all(path.exists() for path in paths.values()):
        return None
    return {name: pd.read_csv(path) for name, path in paths.items()}


def provenance(exhibit: Exhibit, tables: Sequence[str], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say where the numbers come from: cells and their parameters, and by what and where they were run.

    "device" counts the runs on each device, of those that note it; "changed" those made from a work tree that
    differed from its commit.
    """

    def each(name: str) -> list[str]:
        return sorted({run.get(name, "unknown") for run in runs})

    return {
        "exhibit": exhibit.id,
        "version": exhibit.version,
        "tables": list(tables),
        "cells": [cell.key for cell in exhibit.cells],
        "tasks": sorted({f"{cell.task.name} version {cell.version}" for cell in exhibit.cells}),
        "data": sorted({cell.data for cell in exhibit.cells}),
        "seeds": sorted({dict(cell.parameters).get("seed", "none") for cell in exhibit.cells}),
        "parameters": [dict(cell.parameters) for cell in exhibit.cells],
        "run": {
            "seconds": round(sum(run.get("seconds", 0.0) for run in runs), 1),
            **{name: each(name) for name in ("commit", "versions", "machine")},
            "device": dict(sorted(Counter(run["device"] for run in runs if "device" in run).items())),
            "changed": sum(run.get("commit", "").endswith(CHANGED) for run in runs),
        },
        "tabulated": origin() | {"at": now()},
    }
