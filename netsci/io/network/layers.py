"""Find the layers among the arrays of a file, and the orientation of each.

Linear weights are 2-D, convolutions [out, in, *kernel]; biases, norms, embeddings and buffers are neither. A
mask beside its weights is one layer with them.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_count, check_matrix
from netsci.io.network.arrays.masks import check_mask, tie_masks
from netsci.io.network.arrays.naming import describe, is_layer, is_numeric, layer_name, list_names
from netsci.io.network.arrays.orientation import (
    as_matrix,
    is_kernel,
    merge_heads,
    orientation_from_name,
    orientations_by_neighbours,
)
from netsci.io.network.arrays.packed import refuse_packed
from netsci.io.network.arrays.stacks import Stack, judge
from netsci.io.network.contents import Contents, Orientation, Use
from netsci.io.network.selection import is_selected, not_there
from netsci.io.network.structure import in_groups

_RECURRENT = re.compile(r"recurrent|(^|[._])rec([._]|$)|weight_hh|hidden_hidden|h2h")
_STACKED = {
    re.compile(r"in_proj_weight$|qkv|c_attn\.|query_key_value"): "stacks q, k and v",
    re.compile(r"weight_(ih|hh)_l\d"): "stacks the gates of a recurrent unit where it has several",
}


@dataclass(frozen=True)
class Layer:
    """One layer before it is joined to others.

    Parameters
    ----------
    name : of the layer in the file.
    values : [presynaptic, postsynaptic], dense or sparse (the stored pattern is the structure), or None where
        the file holds only a mask.
    mask : the same shape, or None; decides which links exist.
    positions : rows that each input channel owns: kernel height x width, 1 for a linear layer.
    convolution, recurrent : what it is.
    array : the name in the file of the array that it comes from.
    after : the arrays and inputs of the network that it reads, or None where the file does not say.
    channels_last : whether a flatten before it counts positions first and channels fastest.
    starts : whether it is the first of another network in the same file.
    groups : of a convolution; each reads its own part of the channels.
    member : its place in a stack of matrices, or None where it is no part of one.
    into : the array whose population it fills as well (a low-rank update of its layer), or nothing.
    beside : the array whose source it shares, if that is as wide, or nothing.
    aside : whether the layer behind it reads what is before it (the first half of a low-rank update).
    """

    name: str
    values: Any
    mask: Any
    positions: int = 1
    convolution: bool = False
    recurrent: bool = False
    array: str = ""
    after: tuple[str, ...] | None = None
    channels_last: bool = False
    starts: bool = False
    groups: int = 1
    member: int | None = None
    into: str = ""
    beside: str = ""
    aside: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns: presynaptic, postsynaptic."""
        rows, columns = (self.mask if self.values is None else self.values).shape
        return int(rows), int(columns)

    @property
    def channels(self) -> int:
        """Units on the presynaptic side: input neurons or channels."""
        return self.shape[0] // self.positions

    def turn(self) -> Layer:
        """Return the transposed layer; a convolution stays, as its orientation is known."""
        if self.convolution:
            return self
        values, mask = (None if m is None else m.T for m in (self.values, self.mask))
        return replace(self, values=values, mask=mask)


def find_layers(path: Path, contents: Contents, select: str | None = None) -> tuple[list[Layer], list[str]]:
    """Return the layers of a file in its order, and notes; raises CheckpointError where there are none.

    select : the name of a layer, or what the names of several begin with; the others are not looked at.
    """
    notes: list[str] = []
    arrays = contents.arrays
    if select is None:
        refuse_packed(path, contents)
    named = [name for name in arrays if is_layer(name, contents)]
    ties = tie_masks(path, contents, named)
    notes += ties.notes
    not_weights = ties.alone | ties.apart | set(ties.pairs.values())
    chosen = [name for name in named if name not in not_weights]
    if contents.uses:
        chosen = [name for name in arrays if name in contents.uses and is_numeric(arrays[name])]
    # Masks alone are a network too, but beside weights of their own they are something else (attention).
    chosen = chosen or [name for name in arrays if name in ties.alone and is_numeric(arrays[name])]
    if not chosen:
        raise _no_layers(path, contents)
    wanted = [name for name in chosen if select is None or _may_be(_choose_name(name, contents), select)]
    if select is not None and not wanted:
        raise not_there(path, select, [_choose_name(name, contents) for name in chosen])
    stacks, bilinear = judge(path, contents, chosen, wanted, notes)
    chosen = [name for name in wanted if name not in bilinear]
    if wanted and not chosen:
        raise _no_layers(path, contents)
    turned, said = orientations_by_neighbours([n for n in chosen if n not in stacks], contents)
    notes += said
    layers: list[Layer] = []
    for name in chosen:
        mask = ties.pairs.get(name)
        if name in stacks:
            layers += _members(path, name, contents, mask, stacks[name])
        else:
            layers.append(_layer(path, name, contents, mask, name in ties.alone, turned.get(name)))
    check_count(path, len(layers), "layers")
    taken = {*chosen, *ties.pairs.values()} | ties.apart | bilinear
    skipped = [n for n in arrays if n not in taken]
    if skipped and select is None:
        notes.append(f"not layers: {list_names([describe(name, arrays[name]) for name in skipped])}")
    masked = sum(name in ties.pairs for name in chosen)
    if masked:
        notes.append(f"explicit masks decide which links exist ({masked} of {len(chosen)} layers)")
    for pattern, what in _STACKED.items():
        found = [layer.name for layer in layers if pattern.search(layer.array)]
        if found:
            notes.append(f"{list_names(found)}: {what}, one layer here")
    return _across(layers, wanted, bilinear), notes


def _may_be(name: str, select: str) -> bool:
    return is_selected(name, select) or select.startswith(f"{name}[")


def _choose_name(name: str, contents: Contents) -> str:
    use = contents.uses.get(name)
    return printable(use.name) if use and use.name else layer_name(name)


def _across(layers: list[Layer], wanted: list[str], bilinear: set[str]) -> list[Layer]:
    """Begin a new chain behind each bilinear form, since nothing is read across it."""
    behind = {b for a, b in itertools.pairwise(wanted) if a in bilinear and b not in bilinear}
    return [replace(layer, starts=True) if layer.array in behind else layer for layer in layers]


def _members(path: Path, name: str, contents: Contents, mask_name: str | None, stack: Stack) -> list[Layer]:
    """Return the matrices of a stack as layers of their own, called name[0], name[1] and so on."""
    array = contents.arrays[name]
    mask = contents.arrays[mask_name] if mask_name else None
    _check_shapes(path, name, array, mask_name, mask)
    check_count(path, len(array), "matrices in a stack")
    check_matrix(path, printable(name), array.shape[1:])
    short = layer_name(name)
    layers = []
    for place, matrix in enumerate(array):
        values, cut = (
            None if part is None else as_matrix(part, part.shape, stack.orientation)
            for part in (matrix, None if mask is None else mask[place])
        )
        layers.append(Layer(f"{short}[{place}]", values, cut, array=f"{name}[{place}]", member=place))
    return layers


def _check_shapes(path: Path, name: str, array: Any, mask_name: str | None, mask: Any) -> None:
    if mask is None or mask_name is None:
        return
    if mask.shape != array.shape:
        raise CheckpointError(
            path,
            f"the mask of {printable(name)} is {list(mask.shape)}, its weights {list(array.shape)}",
            "save mask and weights of one shape",
        )
    check_mask(path, mask_name, mask)


def _layer(
    path: Path,
    name: str,
    contents: Contents,
    mask_name: str | None,
    only_mask: bool,
    turned: Orientation | None,
) -> Layer:
    array = contents.arrays[name]
    mask = contents.arrays[mask_name] if mask_name else None
    _check_shapes(path, name, array, mask_name, mask)
    if only_mask:
        check_mask(path, name, array)
    use = contents.uses.get(name) or Use(
        turned or orientation_from_name(name, contents), channels_last=is_kernel(name)
    )
    shape = merge_heads(name, array.shape) if use.orientation == "kernel" else array.shape
    positions = 1
    if len(shape) > 2:
        positions = math.prod(shape[:-2] if use.orientation == "kernel" else shape[2:])
    parts = []
    for part in (array, mask):
        matrix = None if part is None else as_matrix(part, shape, use.orientation)
        if matrix is not None:
            sides = (matrix.shape[0] * use.groups, matrix.shape[1])
            check_matrix(path, printable(name), sides)
            matrix = in_groups(matrix, use.groups) if use.groups > 1 else matrix
        parts.append(matrix)
    values, cut = (None, parts[0]) if only_mask else parts
    return Layer(
        _choose_name(name, contents),
        values,
        cut,
        positions,
        # SLAYER keeps linear layers as [out, in, 1, 1, 1].
        convolution=len(shape) > 2 and not (len(shape) == 5 and positions == 1),
        recurrent=use.recurrent or _RECURRENT.search(name.lower()) is not None,
        array=name,
        after=use.after,
        channels_last=use.channels_last,
        groups=use.groups,
    )


def _no_layers(path: Path, contents: Contents) -> CheckpointError:
    if any("_flat_param" in name for name in contents.small):
        return CheckpointError(
            path,
            "its parameters are flattened by FSDP, many layers to one array",
            "save the whole state dict: FSDP.state_dict_type(model, StateDictType.FULL_STATE_DICT)",
        )
    held = [describe(name, array) for name, array in contents.arrays.items()]
    held = held or [printable(name) for name in sorted(contents.small)]
    what = f"it holds {list_names(held)}" if held else "it holds no arrays"
    return CheckpointError(
        path,
        f"no layer found in this {contents.kind}: {what}",
        "a layer is a matrix [out, in] or a convolution [out, in, *kernel] of real numbers",
    )
