"""Former names of fields and values of recipes.

`Recipe.replace`, `Recipe.of` and the parts of a recipe will always read them. Names of runs are made of the
former names (`write_old_names`), so that renaming a field changes the name of no run.
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
    """Replace former names of fields and former values by the present ones.

    Raises ValueError if a field is given under both of its names.

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
    """Replace present names of fields and present values by the first ones: names of runs are made of these.

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
    """Replace former values by the present ones in a new frozen dataclass."""
    for name, value in read_old_names({f.name: getattr(part, f.name) for f in fields(part)}).items():
        object.__setattr__(part, name, value)
