"""Names of runs: what differs from the defaults, in one written form, so that a new field changes no name.

    name = task-hash(task, version, data, values that differ from the frozen defaults of the version)

The frozen defaults of every version of a task, and the names that runs had before, are data of a project: a
`Names` reads them from its files and computes no earlier name. A project that has none needs no file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

DIGITS = 16  # hexadecimal ones of a hash


def write_value(value: Any) -> str:
    """Return the one written form of a value: numbers, texts, booleans, None, and lists and dicts of them.

    1 and 1.0 are the same, so are a tuple and a list, and a numpy scalar and Python's number. True is not 1.

    Raises
    ------
    TypeError
        If it is another object, whose text would not be the same in each run.

    Examples
    --------
    >>> write_value((1.0, 2.5, True)), write_value([1, 2.5, True])
    ('[1, 2.5, true]', '[1, 2.5, true]')
    """
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _plain(item) for name, item in value.items()}
    raise TypeError(
        f"a parameter of a run must be a number, a text, True, False, None, or a list or dict of them; got "
        f"{value!r}, a {type(value).__name__}"
    )


@dataclass(frozen=True, eq=False)
class Names:
    """What names of runs rest on: frozen defaults, and the names that runs had before.

    defaults : by task and version (as text), the value of each parameter that a name leaves out. A changed
    default is a new version; a new parameter is a new line.
    aliases : the present name of a run by each of its earlier ones.

    Examples
    --------
    >>> names = Names({"t": {"1": {"lr": 0.1}}}, {"old-0": "t-1"})
    >>> names.find_differing("t", 1, {"lr": 0.1, "batch": 32}), names.find_earlier("t-1")
    ({'batch': '32'}, ('old-0',))
    """

    defaults: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, defaults: str | Path, aliases: str | Path | None = None) -> Names:
        """Read the frozen defaults, and the aliases if there are any, from two JSON files."""
        paths = (defaults, *([] if aliases is None else [aliases]))
        return cls(*(json.loads(Path(path).read_text(encoding="utf-8")) for path in paths))

    def find_frozen(self, task: str, version: int) -> dict[str, str]:
        """Return the written form of the frozen defaults of a task's version, {} of one that has none."""
        return self._written.get((task, str(version)), {})

    def find_differing(self, task: str, version: int, values: Mapping[str, Any]) -> dict[str, str]:
        """Return the written form of the values that differ from the frozen defaults of a task's version."""
        frozen = self.find_frozen(task, version)
        written = {name: write_value(value) for name, value in values.items()}
        return {name: text for name, text in sorted(written.items()) if frozen.get(name) != text}

    def make_key(self, task: str, version: int, data: str, values: Mapping[str, Any]) -> str:
        """Return the hash in the name of a run, 16 hexadecimal digits."""
        differing = list(self.find_differing(task, version, values).items())
        text = json.dumps([task, version, data, differing])
        return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]

    def resolve(self, key: str) -> str:
        """Return the key that a run has now, from a present or an earlier one."""
        return self._present.get(key, key)

    def find_earlier(self, name: str) -> tuple[str, ...]:
        """Return the names that a run had before, () if none."""
        return self._earlier.get(name, ())

    @cached_property
    def _written(self) -> dict[tuple[str, str], dict[str, str]]:
        return {
            (task, version): {name: write_value(value) for name, value in values.items()}
            for task, versions in self.defaults.items()
            for version, values in versions.items()
        }

    @cached_property
    def _present(self) -> dict[str, str]:
        return {old[-DIGITS:]: new[-DIGITS:] for old, new in self.aliases.items()}

    @cached_property
    def _earlier(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for old, new in self.aliases.items():
            found[new] = (*found.get(new, ()), old)
        return found
