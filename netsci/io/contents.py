"""What every reader returns: the named arrays of a file, before anybody asks which of them are layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Orientation = Literal["out_in", "in_out", "by_name"]


@dataclass
class Contents:
    """The arrays of two or more dimensions of one file.

    Parameters
    ----------
    kind : what the file is, for people.
    arrays : by name, in the order of the file; dense, or sparse where the file stores a pattern.
    orientation : how matrices lie: "out_in" [postsynaptic, presynaptic] as torch keeps them, "in_out", or
        "by_name" where only the names can tell (npz).
    ordered : whether the order of the arrays is that of the layers (a torch dict) or means nothing.
    small : names of all other arrays (biases, scalars), which say what their neighbours are.
    notes : what the user should know.
    """

    kind: str
    arrays: dict[str, Any]
    orientation: Orientation
    ordered: bool
    small: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
