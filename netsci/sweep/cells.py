"""Cells: one run each, of a task with its parameters, which can be made in any process of any machine.

Cell (task, version, data, parameters) -> name -> run -> Record (`netsci.sweep.records`)
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from netsci.arguments import check_mapping, check_text, shorten
from netsci.sweep.names import Names, write_value
from netsci.sweep.records import Record


@dataclass(frozen=True)
class Task:
    """A function that makes records: its name for good, and where it lives now ("module:function").

    The name is part of the names of its runs, the place is not: a task may move.
    names : frozen defaults and earlier names of its runs, where there are any.

    Raises ValueError for a place that is none, or one in the script that is running: workers import it.
    """

    name: str
    where: str
    names: Names = field(default_factory=Names, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_text(self.where, "where")
        module, _, function = self.where.partition(":")
        if not (module and function) or module == "__main__":
            raise ValueError(
                f"where must be 'module:function', in a file that workers can import (not __main__): "
                f"move the function to one, such as 'tasks:run'; got {self.where!r}"
            )

    def load(self) -> Callable[..., Record]:
        """Import and return the function."""
        module, name = self.where.split(":")
        function: Callable[..., Record] = getattr(importlib.import_module(module), name)
        return function


@dataclass(frozen=True, eq=False)
class Cell:
    """One run: a task, versioned, with its parameters and the data it reads.

    The function takes the parameters as keywords and returns a Record; raise `version` when its numbers
    change. `data` identifies the data: a name, a version, a checksum. The record of a cell that is `kept` is
    committed, because making it takes hours. `aside` are parameters that change no number of the record, such
    as what to write beside it: they are not part of the name. Cells of the same name are equal.

    Examples
    --------
    >>> cell = Cell.of(Task("toy", "tasks:run"), version=1, data="none", seed=3)
    >>> cell["seed"], cell.name
    (3, 'toy-77c0d7a78ac47572')
    """

    task: Task
    version: int
    data: str
    parameters: tuple[tuple[str, Any], ...]
    kept: bool = False
    aside: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(
        cls,
        task: Task,
        *,
        version: int,
        data: str,
        kept: bool = False,
        defaults: Mapping[str, Any] | None = None,
        aside: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Cell:
        """Make a cell of keyword parameters (numbers, texts, booleans, None and tuples of them).

        defaults : what the code takes for a parameter that is not given. A parameter that is new, so that the
        version's frozen defaults do not know it, and has its default is left out: names stay as they are.
        aside : parameters of the task that change no number, and so no name.
        """
        if not isinstance(task, Task):
            raise TypeError(f"task must be a netsci.sweep.Task; got {shorten(task)}")
        for name, value in (("defaults", defaults), ("aside", aside)):
            check_mapping(value, name)
        if twice := sorted(parameters.keys() & (aside or {}).keys()):
            raise ValueError(f"{twice[0]} must be given once: as a parameter, or aside")
        frozen, defaults = task.names.find_frozen(task.name, version), defaults or {}
        given = {
            name: value
            for name, value in parameters.items()
            if name in frozen or name not in defaults or write_value(value) != write_value(defaults[name])
        }
        return cls(
            task, version, data, tuple(sorted(given.items())), kept, tuple(sorted((aside or {}).items()))
        )

    def __getitem__(self, name: str) -> Any:
        return dict(self.parameters)[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    @cached_property
    def key(self) -> str:
        """The first 16 hexadecimal digits of the hash of what the cell is."""
        return self.task.names.make_key(self.task.name, self.version, self.data, dict(self.parameters))

    @property
    def name(self) -> str:
        """What the cell and its record are called."""
        return f"{self.task.name}-{self.key}"

    @property
    def all_names(self) -> tuple[str, ...]:
        """Its name, and those that it had before."""
        return (self.name, *self.task.names.find_earlier(self.name))

    def run(self, folder: Path | None = None) -> Record:
        """Import the task and run it.

        A task with a parameter `folder` may keep there what lets it go on after it was stopped, and put into
        its subfolder "kept" what is to stay.
        """
        function = self.task.load()
        keeps = {"folder": folder} if "folder" in inspect.signature(function).parameters else {}
        record = function(**dict(self.parameters), **dict(self.aside), **keeps)
        if not isinstance(record, Record):
            raise TypeError(f"task {self.task.where} must return a Record; got {type(record).__name__}")
        return record
