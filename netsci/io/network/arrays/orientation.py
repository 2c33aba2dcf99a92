"""Which way the arrays of a file lie, and the one place that turns them to [presynaptic, postsynaptic]."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import beside, list_names
from netsci.io.network.contents import Contents, Orientation

_GPT2 = re.compile(
    r"(^|\.)(c_(attn|fc|proj)|q_attn)\.(weight(_orig|_v)?|parametrizations\.weight\.original1?)$"
)
_TO_HEADS = re.compile(r"(query|key|value)(_dense)?")
_FROM_HEADS = re.compile(r"out|output_dense|attention_output")
_NORM = re.compile(r"(^|[._])(\w*?norm[a-z]*|bn|gn|ln)(\d*)$")


def orientations_by_neighbours(
    names: list[str], contents: Contents
) -> tuple[dict[str, Orientation], list[str]]:
    """Return the arrays stored [in, out] as what lies beside them shows, with their orientation, and notes.

    A bias, and a norm behind a convolution, has one number for each output of the layer. GPT-2 stores its
    linear layers [in, out] under torch's names, and a transposed convolution is [in, out, *kernel].
    """
    by_bias = _by_bias(names, contents)
    by_norm = _by_norm(names, contents, by_bias)
    by_chain = _by_chain(names, contents, by_bias | by_norm)
    notes = []
    for found, why in ((by_bias, "biases"), (by_norm, "norms behind them")):
        if found:
            shown = list_names(list(map(printable, found)))
            notes.append(f"stored [in, out], not [out, in], as their {why} show: {shown}")
    if by_chain:
        shown = list_names(list(map(printable, by_chain)))
        notes.append(
            Guess(f"read as transposed convolutions [in, out, *kernel], since only so they chain: {shown}")
        )
    return by_bias | by_norm | by_chain, notes


def _by_bias(names: list[str], contents: Contents) -> dict[str, Orientation]:
    found: dict[str, Orientation] = {}
    for name in names:
        shape = contents.arrays[name].shape
        if not _is_open(name, contents):
            continue
        length = contents.lengths.get(beside(name, "bias"))
        if length == shape[1] != shape[0]:
            found[name] = "in_out" if len(shape) == 2 else "swapped"
    if any(_GPT2.search(name) for name in found):  # its square layers are stored like the others
        found |= dict.fromkeys((name for name in names if _GPT2.search(name)), "in_out")
    return found


def _is_open(name: str, contents: Contents) -> bool:
    known = contents.uses.get(name) or is_kernel(name)
    return not known and name in contents.arrays and orientation_from_name(name, contents) == "out_in"


def _by_norm(names: list[str], contents: Contents, known: dict[str, Orientation]) -> dict[str, Orientation]:
    """Return convolutions without bias whose norm has as many numbers as their second side."""
    found: dict[str, Orientation] = {}
    for name in names:
        shape = contents.arrays[name].shape
        has_bias = beside(name, "bias") in contents.lengths
        free = len(shape) > 2 and name not in known and not has_bias and _is_open(name, contents)
        if free and norm_after(name, contents) == shape[1] != shape[0]:
            found[name] = "swapped"
    return found


def norm_after(name: str, contents: Contents) -> int | None:
    """Return how many numbers the norm behind a layer has: the next number of its module, or of its name."""
    owner = beside(name, "").rstrip(".")
    parent, dot, last = owner.rpartition(".")
    number = re.search(r"\d+$", last)
    options: list[str] = []
    if last.isdecimal():
        options.append(f"{parent}{dot}{int(last) + 1}")
    else:
        end = number[0] if number else ""
        for other in contents.vector_owners.get(parent, []):
            found = _NORM.search(other.rpartition(".")[2].lower())
            if found and found[3] == end:
                options.append(other)
    for option in options:
        lengths = [
            contents.lengths.get(f"{option}.{part}") for part in ("running_mean", "running_var", "weight")
        ]
        # A norm has a mean, or a weight and a bias of one length; a layer's weight has two dimensions.
        if lengths[0] is not None or (lengths[2] is not None and f"{option}.weight" not in contents.arrays):
            return lengths[0] if lengths[0] is not None else lengths[2]
    return None


def _by_chain(names: list[str], contents: Contents, known: dict[str, Orientation]) -> dict[str, Orientation]:
    """Return convolutions that nothing else tells, and that chain only as [in, out, *kernel].

    Either all of the file do, or one follows a layer that is known to lie so.
    """
    order = names if contents.ordered else sorted(names, key=_numbers)
    kernels = [n for n in order if contents.arrays[n].ndim > 2]
    shapes = {n: contents.arrays[n].shape for n in kernels}
    free = {
        n for n in kernels
        if n not in known and _is_open(n, contents) and beside(n, "bias") not in contents.lengths
        and norm_after(n, contents) is None and shapes[n][0] != shapes[n][1]
    }  # fmt: skip
    pairs = list(itertools.pairwise(kernels))
    if pairs and len(free) == len(kernels):
        turned = all(shapes[a][1] == shapes[b][0] for a, b in pairs)
        plain = any(shapes[a][0] == shapes[b][1] for a, b in pairs)
        return dict.fromkeys(kernels, "swapped") if turned and not plain else {}
    found: dict[str, Orientation] = {}
    for before, name in pairs:
        follows = (known | found).get(before) == "swapped" and shapes[before][1] == shapes[name][0]
        if name in free and follows and shapes[name][1] != shapes[before][1]:
            found[name] = "swapped"
    return found


def _numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def is_kernel(name: str) -> bool:
    """Return whether the array's name ends in kernel: flax and Keras call weights so."""
    return name.lower().endswith("kernel")


def orientation_from_name(name: str, contents: Contents) -> Orientation:
    """Return the orientation of an array by its name and the kind of file."""
    if is_kernel(name):
        return "kernel"
    if re.search(r"_to_[^.]+\.w$", name):  # BindsNET's connections, from one population to another
        return "in_out"
    torch_named = re.search(r"\.(weight|mask)[^.]*$", name) is not None
    outward = contents.orientation == "out_in" or (contents.orientation == "by_name" and torch_named)
    return "out_in" if outward else "in_out"


def merge_heads(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return [in, out] for a kernel that has an axis for the heads of attention, else the same shape."""
    owner = re.split(r"[./]", name.lower())[-2:][0]
    if len(shape) == 3 and _TO_HEADS.fullmatch(owner):
        return (shape[0], shape[1] * shape[2])
    if len(shape) == 3 and _FROM_HEADS.fullmatch(owner):
        return (shape[0] * shape[1], shape[2])
    return shape


def as_matrix(array: Any, shape: tuple[int, ...], how: Orientation) -> Any:
    """Return [presynaptic, postsynaptic]; the row of a convolution is channel x positions + position."""
    if sp.issparse(array):
        return sp.csr_array(array.T) if how == "out_in" else sp.csr_array(array)
    array = array.reshape(shape)
    if array.ndim == 2:
        return array.T if how == "out_in" else array
    if how == "swapped":
        array = array.swapaxes(0, 1)
    elif how == "kernel":
        array = np.moveaxis(array, (-1, -2), (0, 1))
    return array.reshape(array.shape[0], -1).T
