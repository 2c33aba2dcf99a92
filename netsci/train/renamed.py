"""Names that fields and values of recipes had before: they are read for good.

`Recipe.replace`, `Recipe.of` and the parts of a recipe read them. Names of runs are made of them
(`write_old_names`), so a rename changes the name of no run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

# former name of a field -> its present name, and pairs of a former value and the present one
RENAMED: dict[str, tuple[str, tuple[tuple[Any, Any], ...]]] = {
    "course": ("lr_schedule", ()),
    "augment": ("augment", ((False, "none"), (True, "crop_flip"))),
}


def read_old_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values under the present names of their fields, and renamed values as they are called now.

    Raises ValueError if a field is there under both of its names.

    Examples
    --------
    >>> read_old_names({"course": "cosine", "augment": True, "lr": 0.1})
    {'lr_schedule': 'cosine', 'augment': 'crop_flip', 'lr': 0.1}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        present, renamed = RENAMED.get(name, (name, ()))
        if present in found or (present != name and present in values):
            raise ValueError(f"{name} is the former name of {present}: give one of them, not both")
        found[present] = next((new for old, new in renamed if _same(value, old)), value)
    return found


def write_old_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by field as they were called at first: what the names of runs are made of.

    Examples
    --------
    >>> write_old_names({"lr_schedule": "cosine", "augment": "crop_flip", "lr": 0.1})
    {'course': 'cosine', 'augment': True, 'lr': 0.1}
    """
    former = {present: (name, renamed) for name, (present, renamed) in RENAMED.items()}
    found: dict[str, Any] = {}
    for present, value in values.items():
        name, renamed = former.get(present, (present, ()))
        found[name] = next((old for old, new in renamed if _same(value, new)), value)
    return found


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and value == other  # 1 is not True


def read_old_values(part: Any) -> None:
    """Put the present value in place of one that was renamed, in a dataclass that is being made."""
    for name, value in read_old_names({f.name: getattr(part, f.name) for f in fields(part)}).items():
        object.__setattr__(part, name, value)
