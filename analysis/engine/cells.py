"""Runs: a Cell is run once, wherever its task lives, and leaves a Record.

    Cell (task, version, data, parameters) -> run -> Record, one npz file, written whole or not at all

A cell is known by its name (`analysis.engine.names`); a record under an earlier name is found, too.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.engine.names import earlier_names, frozen_defaults, make_key, resolve, write_value
from netsci.io.files import write_atomically
from netsci.io.lock import FolderLock

CHANGED = " with changes"  # after the commit of a run whose work tree differed from it
REPORTED_PACKAGES = ("netsci-suite", "numpy", "scipy", "numba", "torch", "scikit-learn", "powerlaw")
FOLDERS = ("records", "runs")  # of records that are committed, and of the others


@dataclass(frozen=True)
class Task:
    """A function that makes records: its name for good, and where it lives now ("module:function").

    The name is part of the names of its runs, the place is not: a task may move. `sets` names the values of a
    recipe that a function with keywords of its own for the rest of a recipe sets itself.
    """

    name: str
    where: str
    sets: tuple[str, ...] = ()

    def load(self) -> Callable[..., Record]:
        """Import and return the function."""
        module, name = self.where.split(":")
        function: Callable[..., Record] = getattr(importlib.import_module(module), name)
        return function

    def defaults(self) -> dict[str, Any]:
        """Return what the function takes for each parameter that is not given, as its code is now.

        They are those of its signature and, if it takes the values of a recipe, the recipe's.
        """
        parameters = inspect.signature(self.load()).parameters
        own = {n: p.default for n, p in parameters.items() if p.default is not p.empty and n != "folder"}
        if all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            return own
        from netsci.train.recipe import Recipe, write_old_names

        left = set(parameters) | set(self.sets)
        return own | {
            name: value for name, value in write_old_names(Recipe().defaults()).items() if name not in left
        }


@dataclass(frozen=True, eq=False)
class Cell:
    """One run: a task, versioned, with its parameters and the data it reads.

    The function takes the parameters as keywords and returns a Record; raise `version` when its numbers
    change. `data` identifies the data: a name, a version, a checksum. The record of a cell that is `kept` is
    committed, because making it takes hours. Cells of the same name are equal.
    """

    task: Task
    version: int
    data: str
    parameters: tuple[tuple[str, Any], ...]
    kept: bool = False

    @classmethod
    def of(
        cls,
        task: Task,
        *,
        version: int,
        data: str,
        kept: bool = False,
        defaults: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Cell:
        """Make a cell of keyword parameters (numbers, texts, booleans, None and tuples of them).

        defaults : what the code takes for a parameter that is not given. A parameter that is new, so that the
        version's frozen defaults do not know it, and has its default is left out: names stay as they are.
        """
        frozen, defaults = frozen_defaults(task.name, version), defaults or {}
        given = {
            name: value
            for name, value in parameters.items()
            if name in frozen or name not in defaults or write_value(value) != write_value(defaults[name])
        }
        return cls(task, version, data, tuple(sorted(given.items())), kept)

    def __getitem__(self, name: str) -> Any:
        return dict(self.parameters)[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    @cached_property
    def key(self) -> str:
        """The first 16 hexadecimal digits of the hash of what the cell is."""
        return make_key(self.task.name, self.version, self.data, dict(self.parameters))

    @property
    def name(self) -> str:
        """What the cell and its record are called."""
        return f"{self.task.name}-{self.key}"

    def run(self, folder: Path | None = None) -> Record:
        """Import the task and run it.

        A task with a parameter `folder` may keep there what lets it go on after it was stopped.
        """
        function = self.task.load()
        keeps = {"folder": folder} if "folder" in inspect.signature(function).parameters else {}
        record = function(**dict(self.parameters), **keeps)
        if not isinstance(record, Record):
            raise TypeError(f"task {self.task.where} must return a Record; got {type(record).__name__}")
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


def record_path(results: Path, cell: Cell) -> Path:
    """Return where the record of a cell is written."""
    return results / FOLDERS[not cell.kept] / f"{cell.name}.npz"


def find_record(results: Path, cell: Cell) -> Path | None:
    """Return where the record of a cell lies, under its name or an earlier one; None if there is none."""
    for name in (cell.name, *earlier_names(cell.name)):
        for folder in (record_path(results, cell).parent, *(results / folder for folder in FOLDERS)):
            if (path := folder / f"{name}.npz").exists():
                return path
    return None


def partial_path(results: Path, cell: Cell) -> Path:
    """Return the folder of what lets a stopped run go on: that of an earlier name if one is there."""
    path = record_path(results, cell).with_suffix(".partial")
    for name in (cell.name, *earlier_names(cell.name)):
        for folder in (path.parent, *(results / folder for folder in FOLDERS)):
            if (found := folder / f"{name}.partial").is_dir():
                return found
    return path


def load_record(results: Path, cell: Cell) -> Record:
    """Read the record of a cell.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If the file with its name holds the record of another cell.
    """
    path = find_record(results, cell)
    if path is None:
        raise FileNotFoundError(f"there is no record of {cell.name} in {results}: run the cell")
    record = Record.load(path)
    key = record.notes.get("cell", cell.key)
    if resolve(key) != cell.key:
        raise ValueError(f"{path} holds the record of the run {key}, not of {cell.key}: delete or rename it")
    return record


def run_and_save(cell: Cell, results: Path) -> None:
    """Run a cell and write its record, unless another process has written it meanwhile.

    Raises FolderHeldError while another process runs the cell.
    """
    path, partial = record_path(results, cell), partial_path(results, cell)
    try:
        with FolderLock(partial) as lock:
            if find_record(results, cell) is None:
                record = make_record(cell, partial)
                lock.check()
                record.save(path)
            shutil.rmtree(partial, ignore_errors=True)
    finally:
        with suppress(OSError):
            partial.rmdir()  # unless it holds what lets the run go on


def make_record(cell: Cell, partial: Path) -> Record:
    """Run a cell, and add to its record's notes what made it."""
    start = time.perf_counter()
    record = cell.run(partial)
    seconds = round(time.perf_counter() - start, 3)
    record.notes.update(cell=cell.key, seconds=seconds, run_at=now(), **origin())
    return record


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


def write_in(folder: Path, name: str, content: bytes | str) -> Path:
    """Write a file atomically, making its folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / name, content)
    return folder / name


def _commit() -> str:
    """Return the commit of the source tree, marked when files differ from it."""
    root = Path(__file__).parents[2]

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "netsci", "analysis/*.py", "analysis/*.json")
        return git("rev-parse", "HEAD") + (CHANGED if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
