"""How the papers' numbers are made: a Cell is run once, an Exhibit turns its cells into tables and a figure.

    Cell (task, parameters) -> run -> Record -> Exhibit.tabulate -> tidy tables -> Exhibit.draw -> figure

A cell is known by the hash of its task, parameters and data. Its record is written atomically and never made
twice. Tables carry their provenance and are committed; drawing needs the tables only.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import io
import json
import os
import platform
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from netsci.io.files import write_atomically

Tables = dict[str, pd.DataFrame]
CHANGED = " with changes"  # after the commit of a run whose work tree differed from it
REPORTED_PACKAGES = ("netsci-suite", "numpy", "scipy", "numba", "torch", "scikit-learn", "powerlaw")


@dataclass(frozen=True)
class Cell:
    """One run: a task ("module:function", versioned) with its parameters and the data it reads.

    The function takes the parameters as keywords and returns a Record; raise `version` when its numbers
    change. `data` identifies the data: a name, a version, a checksum. The record of a cell that is `kept` is
    committed, because making it takes hours.
    """

    task: str
    version: int
    data: str
    parameters: tuple[tuple[str, Any], ...]
    kept: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, task: str, *, version: int, data: str, kept: bool = False, **parameters: Any) -> Cell:
        """Make a cell of keyword parameters (numbers, strings, booleans, None and tuples of them)."""
        return cls(task, version, data, tuple(sorted(parameters.items())), kept)

    def __getitem__(self, name: str) -> Any:
        return dict(self.parameters)[name]

    @property
    def key(self) -> str:
        """The first 16 hexadecimal digits of the hash of everything that decides the numbers."""
        text = json.dumps([self.task, self.version, self.data, self.parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def run(self, folder: Path | None = None) -> Record:
        """Import the task's module and run it.

        A task with a parameter `folder` may keep there what lets it go on after it was stopped.
        """
        module, name = self.task.split(":")
        function = getattr(importlib.import_module(module), name)
        keeps = {"folder": folder} if "folder" in inspect.signature(function).parameters else {}
        record = function(**dict(self.parameters), **keeps)
        if not isinstance(record, Record):
            raise TypeError(f"task {self.task} must return a Record; got {type(record).__name__}")
        return record


@dataclass(frozen=True)
class Record:
    """What a run leaves: named arrays, and notes that JSON can hold."""

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the record atomically as one npz file."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays, notes=np.array(json.dumps(self.notes)))
        write_in(path.parent, path.name, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read a record."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(arrays, json.loads(str(arrays.pop("notes"))))


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


def record_path(results: Path, cell: Cell) -> Path:
    """Where the record of a cell lies."""
    return (
        results
        / ("records" if cell.kept else "runs")
        / f"{cell.task.split(':')[0].rsplit('.', 1)[-1]}-{cell.key}.npz"
    )


def run_cells(
    cells: Iterable[Cell], results: Path, *, jobs: int = 1, done: Callable[[Cell], None] = lambda cell: None
) -> dict[Cell, Record]:
    """Run the cells that have no record yet, `jobs` at a time, and return the records of all.

    A run that fails lets the others go on; its exception is raised when they are done.
    """
    wanted = list(dict.fromkeys(cells))
    missing = []
    for cell in wanted:
        if record_path(results, cell).exists():
            done(cell)
        else:
            missing.append(cell)
    for cell in _run_missing(missing, results, jobs):
        done(cell)
    return {cell: Record.load(record_path(results, cell)) for cell in wanted}


def _run_missing(missing: Sequence[Cell], results: Path, jobs: int) -> Iterator[Cell]:
    failed: list[Exception] = []
    if jobs <= 1 or len(missing) <= 1:
        for cell in missing:
            try:
                _run_and_save(cell, results)
            except Exception as error:
                failed.append(error)
            else:
                yield cell
        if failed:
            raise failed[0]
        return
    # spawn: torch and numba threads do not survive a fork
    with ProcessPoolExecutor(min(jobs, len(missing)), mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(_run_and_save, cell, results): cell for cell in missing}
        for future in as_completed(futures):
            problem = future.exception()
            if problem is None:
                yield futures[future]
            elif isinstance(problem, Exception):
                failed.append(problem)
            else:
                raise problem
    if failed:
        raise failed[0]


def _run_and_save(cell: Cell, results: Path) -> None:
    start = time.perf_counter()
    path = record_path(results, cell)
    partial = path.with_suffix(".partial")
    record = cell.run(partial)
    record.notes.update(
        cell=cell.key, seconds=round(time.perf_counter() - start, 3), run_at=_now(), **origin()
    )
    record.save(path)
    shutil.rmtree(partial, ignore_errors=True)


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
    if (made["cells"], made["version"]) != ([cell.key for cell in exhibit.cells], exhibit.version):
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
        "tasks": sorted({f"{cell.task} version {cell.version}" for cell in exhibit.cells}),
        "data": sorted({cell.data for cell in exhibit.cells}),
        "seeds": sorted({dict(cell.parameters).get("seed", "none") for cell in exhibit.cells}),
        "parameters": [dict(cell.parameters) for cell in exhibit.cells],
        "run": {
            "seconds": round(sum(run.get("seconds", 0.0) for run in runs), 1),
            **{name: each(name) for name in ("commit", "versions", "machine")},
            "device": dict(sorted(Counter(run["device"] for run in runs if "device" in run).items())),
            "changed": sum(run.get("commit", "").endswith(CHANGED) for run in runs),
        },
        "tabulated": origin() | {"at": _now()},
    }


def origin() -> dict[str, str]:
    """Return the commit, the versions and the machine that numbers made now come from."""
    versions = ", ".join(f"{package} {_version(package)}" for package in REPORTED_PACKAGES)
    return {
        "commit": _commit(),
        "versions": f"Python {platform.python_version()}, {versions}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _version(package: str) -> str:
    """Return an installed version; a run needs not all of the packages."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def write_in(folder: Path, name: str, content: bytes | str) -> None:
    """Write a file atomically, making its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / name, content)


def _commit() -> str:
    """The commit of the source tree, marked when files differ from it."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "../netsci", "../analysis/*.py")
        return git("rev-parse", "HEAD") + (CHANGED if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
