"""Names of runs: what differs from the defaults, in one written form, so that a new field changes no name.

    name = task-hash(task, version, data, values that differ from the defaults of the version)

`defaults.json` freezes the defaults of every version of a task: a changed default is a new version. A field
that is added changes no name, as long as it has its default. `aliases.json` leads from the names that runs
had before to those that they have now; nothing computes the old ones any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
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


def find_differing(task: str, version: int, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the written form of the values that differ from the frozen defaults of a task's version.

    Examples
    --------
    >>> find_differing("s0-training", 1, {"lr": 0.001, "batch": 32})
    {'batch': '32'}
    """
    frozen = frozen_defaults(task, version)
    written = {name: write_value(value) for name, value in values.items()}
    return {name: text for name, text in sorted(written.items()) if frozen.get(name) != text}


def make_key(task: str, version: int, data: str, values: Mapping[str, Any]) -> str:
    """Return the hash in the name of a run, 16 hexadecimal digits.

    Examples
    --------
    >>> make_key("t", 1, "d", {"a": 1}) == make_key("t", 1, "d", {"a": 1.0})
    True
    """
    differing = list(find_differing(task, version, values).items())
    text = json.dumps([task, version, data, differing])
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def frozen_defaults(task: str, version: int) -> dict[str, str]:
    """Return the written form of the frozen defaults of a task's version, {} of one that has none.

    Examples
    --------
    >>> frozen_defaults("s0-training", 1)["lr"]
    '0.001'
    """
    return _all_defaults().get(task, {}).get(str(version), {})


@cache
def _all_defaults() -> dict[str, dict[str, dict[str, str]]]:
    stored = json.loads((HERE / "defaults.json").read_text())
    return {
        task: {
            version: {name: write_value(value) for name, value in values.items()}
            for version, values in versions.items()
        }
        for task, versions in stored.items()
    }


@cache
def read_aliases() -> dict[str, str]:
    """Return the name that a run has now by each name that it had before.

    Examples
    --------
    >>> read_aliases()["s0_training-00f2ce36db2d8e08"].startswith("s0-training-")
    True
    """
    aliases: dict[str, str] = json.loads((HERE / "aliases.json").read_text())
    return aliases


@cache
def _present_keys() -> dict[str, str]:
    return {old[-DIGITS:]: new[-DIGITS:] for old, new in read_aliases().items()}


def resolve(key: str) -> str:
    """Return the key that a run has now, from a present or an earlier one.

    Examples
    --------
    >>> resolve("not an earlier key")
    'not an earlier key'
    """
    return _present_keys().get(key, key)


@cache
def _earlier_names() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for old, new in read_aliases().items():
        found.setdefault(new, []).append(old)
    return {new: tuple(names) for new, names in found.items()}


def earlier_names(name: str) -> tuple[str, ...]:
    """Return the names that a run had before, () if none.

    Examples
    --------
    >>> earlier_names("a new run")
    ()
    """
    return _earlier_names().get(name, ())
