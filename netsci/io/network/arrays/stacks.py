"""Weights of three dimensions: a convolution in one dimension, or a stack of matrices (ensemble, experts).

[n, a, b] is a convolution only with evidence: its name, a bias or a norm of length n, a neighbour that fits.
It is a stack of n matrices with evidence of that: a bias for each member, its name, a neighbour that fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import beside, describe, list_names
from netsci.io.network.arrays.orientation import is_kernel, norm_after
from netsci.io.network.contents import Contents, Orientation

_CONVOLUTION = re.compile(r"conv|cnn|tcn|wave|kernel|downsample|upsample|deconv|patch|stem|filter")
_STACK = re.compile(r"expert|ensemble|member|moe|particle|replica|bank")
_BILINEAR = re.compile(r"bilinear|(^|[._])bil(\d|[._]|$)|biaffine")


@dataclass(frozen=True)
class Stack:
    """An array of n matrices, each [in, out] or [out, in]."""

    orientation: Orientation


def judge(
    path: Path, contents: Contents, chosen: list[str], wanted: list[str], notes: list[str]
) -> tuple[dict[str, Stack], set[str]]:
    """Return the stacks among weights, and what is no layer (bilinear forms); the others are convolutions.

    wanted : those of the chosen arrays that are read; the others are neighbours.

    Raises
    ------
    CheckpointError
        If nothing tells whether an array is a convolution or a stack.
    """
    stacks: dict[str, Stack] = {}
    bilinear: list[str] = []
    unclear: list[str] = []
    for name in wanted:
        array = contents.arrays[name]
        if array.ndim != 3 or name in contents.uses or is_kernel(name) or "lora" in name.lower():
            continue
        if _BILINEAR.search(name.lower()):
            bilinear.append(name)
            continue
        found = _judge_one(name, contents, chosen)
        if found is None:
            unclear.append(name)
        elif isinstance(found, Stack):
            stacks[name] = found
    if unclear:
        raise CheckpointError(
            path,
            f"nothing tells whether {list_names([describe(n, contents.arrays[n]) for n in unclear])} is a "
            "convolution in one dimension or a stack of matrices (an ensemble, experts)",
            "save it with its bias, call it conv or experts, or save its matrices one by one; "
            "--select NAME (select=) reads other layers",
        )
    if bilinear:
        notes.append(
            Guess(
                f"bilinear forms read two inputs at once and are no layers of links: "
                f"{list_names([describe(n, contents.arrays[n]) for n in bilinear])}; nothing is read "
                "across them"
            )
        )
    for name, stack in stacks.items():
        n, a, b = contents.arrays[name].shape
        sides = (a, b) if stack.orientation == "in_out" else (b, a)
        notes.append(
            Guess(f"{printable(name)} is a stack of {n} matrices {sides[0]} x {sides[1]}, each drawn apart")
        )
    return stacks, set(bilinear)


def _judge_one(name: str, contents: Contents, chosen: list[str]) -> Stack | str | None:
    """Return "convolution", a stack, or None where nothing tells."""
    n, a, _ = contents.arrays[name].shape
    by_bias = _by_bias(name, contents)
    if by_bias:
        return by_bias
    convolves = _CONVOLUTION.search(name.lower()) is not None
    stacked = _STACK.search(name.lower()) is not None
    if convolves and not stacked:
        return "convolution"
    if norm_after(name, contents) in (n, a) or f"{beside(name, 'weight')}_g" in contents.arrays:
        return "convolution"
    orientation = _find_chained_stack(name, contents, chosen)
    if stacked:
        return orientation or Stack("in_out")
    fits = _fits_as_convolution(name, contents, chosen)
    if fits and not orientation:
        return "convolution"
    return orientation if orientation and not fits else None


def _by_bias(name: str, contents: Contents) -> Stack | str | None:
    n, a, b = contents.arrays[name].shape
    bias = beside(name, "bias")
    options = [
        bias,
        f"{name}_bias",
        re.sub(r"(^|[._])(w|W|weights?)(_?\d*)$", r"\1b\3", name),
        re.sub(r"weights?", "bias", name),
    ]
    length = next((contents.lengths[one] for one in options if one != name and one in contents.lengths), None)
    if length is not None and length in (n, a):
        return "convolution"
    shape = next(
        (contents.arrays[one].shape for one in options if one != name and one in contents.arrays), None
    )
    if shape in ((n, 1, b), (n, b)):
        return Stack("in_out")
    return Stack("out_in") if shape in ((n, a, 1), (n, a)) else None


def _near(name: str, contents: Contents, chosen: list[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of the weights before and after, in the order of the file or of the numbers."""
    from netsci.io.network.arrays.naming import natural_key

    order = chosen if contents.ordered else sorted(chosen, key=natural_key)
    place = order.index(name)
    before = contents.arrays[order[place - 1]].shape if place else ()
    after = contents.arrays[order[place + 1]].shape if place + 1 < len(order) else ()
    return before, after


def _fits_as_convolution(name: str, contents: Contents, chosen: list[str]) -> bool:
    n, a, _ = contents.arrays[name].shape
    before, after = _near(name, contents, chosen)
    fed = len(before) >= 2 and before[0] == a
    feeds = (len(after) >= 3 and after[1] == n) or (len(after) == 2 and after[1] % n == 0)
    # [in, out, kernel] of transposed convolutions
    turned = (len(before) == 3 and before[1] == n) or (len(after) == 3 and after[0] == a)
    return fed or feeds or turned


def _find_chained_stack(name: str, contents: Contents, chosen: list[str]) -> Stack | None:
    n, a, b = contents.arrays[name].shape
    for other, first in zip(_near(name, contents, chosen), (True, False), strict=True):
        if len(other) != 3 or other[0] != n:
            continue
        ends, begins = (other, (n, a, b)) if first else ((n, a, b), other)
        if ends[2] == begins[1] and ends[1] != begins[2]:
            return Stack("in_out")
        if ends[1] == begins[2] and ends[2] != begins[1]:
            return Stack("out_in")
        if ends[2] == begins[1]:
            return Stack("in_out")
    return None
