"""What every reader returns: the named arrays of a file, before anybody asks which of them are layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from netsci.io.guess import Guess

Orientation = Literal["out_in", "in_out", "kernel", "swapped"]
FileOrientation = Literal["out_in", "in_out", "by_name"]


class OpenGuess(Guess):
    """A guess that leaves open which links exist, so that nothing is said about sparsity."""


@dataclass(frozen=True)
class Use:
    """How a file itself says that one array is used; such an array is a layer whatever its name is.

    Parameters
    ----------
    orientation : the order of the array's axes: "out_in" [out, in, *kernel], "in_out" [in, out], "kernel"
        [*kernel, in, out] as in Keras, or "swapped" [in, out, *kernel] as in torch's transposed convolutions.
    after : the arrays and the inputs of the network whose values the layer reads, or None where the file does
        not say: then it reads the layer before it in the list.
    groups : of a convolution; the array holds the channels of one group.
    recurrent : whether it maps a population onto itself.
    channels_last : whether a flatten before it counts positions first and channels fastest.
    name : what the layer is called, if not like the array.
    """

    orientation: Orientation
    after: tuple[str, ...] | None = None
    groups: int = 1
    recurrent: bool = False
    channels_last: bool = False
    name: str = ""


@dataclass
class Contents:
    """The arrays of two or more dimensions of one file.

    Parameters
    ----------
    kind : what the file is, for people.
    arrays : by name, in the order of the file; dense, or sparse where the file stores a pattern.
    orientation : the order of a matrix's axes: "out_in" [postsynaptic, presynaptic] as in torch, "in_out", or
        "by_name" where only the names can tell (npz).
    ordered : whether the order of the arrays is that of the layers (a torch dict) or means nothing.
    small : names of all other arrays (biases, scalars), which say what their neighbours are.
    notes : what the user should know.
    lengths : how many numbers each one-dimensional array holds: a bias tells which side of its matrix is out.
    uses : where the file says which arrays are layers and how they lie, all of them; else empty.
    stored : the names under which the file keeps its arrays, where they differ (parts of a sparse matrix).
    """

    kind: str
    arrays: dict[str, Any]
    orientation: FileOrientation
    ordered: bool
    small: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    lengths: dict[str, int] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)

    @cached_property
    def vector_owners(self) -> dict[str, list[str]]:
        """The modules that hold an array of one dimension, by the module that they lie in."""
        found: dict[str, list[str]] = {}
        for owner in dict.fromkeys(name.rpartition(".")[0] for name in self.lengths):
            found.setdefault(owner.rpartition(".")[0], []).append(owner)
        return found

    @property
    def names(self) -> set[str]:
        """The names of all arrays as they are here and as the file keeps them."""
        return {*self.arrays, *self.small, *self.stored}
