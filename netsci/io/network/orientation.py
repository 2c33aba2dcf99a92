"""Which way the arrays of a file lie, and the one place that turns them to [presynaptic, postsynaptic]."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.network.contents import Contents, Orientation

_GPT2 = re.compile(r"(^|\.)c_(attn|fc|proj)\.weight$")
_TO_HEADS = re.compile(r"(query|key|value)(_dense)?")
_FROM_HEADS = re.compile(r"out|output_dense|attention_output")


def orientation_from_bias(names: list[str], contents: Contents) -> dict[str, Orientation]:
    """Return the arrays whose bias shows that they are stored [in, out], with their orientation.

    A bias has one number for each output of the layer. GPT-2 stores its linear layers [in, out] under torch's
    names, and a transposed convolution is [in, out, *kernel].
    """
    found: dict[str, Orientation] = {}
    for name in names:
        shape = contents.arrays[name].shape
        known = contents.uses.get(name) or is_kernel(name)
        if known or orientation_from_name(name, contents) != "out_in":
            continue
        length = contents.lengths.get(re.sub(r"weight\w*$", "bias", name))
        if name in contents.arrays and length == shape[1] != shape[0]:
            found[name] = "in_out" if len(shape) == 2 else "swapped"
    if any(_GPT2.search(name) for name in found):  # its square layers are stored like the others
        found |= dict.fromkeys((name for name in names if _GPT2.search(name)), "in_out")
    return found


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
