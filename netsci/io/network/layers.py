"""Find the layers among the arrays of a file, and the orientation of each.

Linear weights are 2-D, convolutions [out, in, *kernel]; biases, norms, embeddings and buffers are neither. A
mask beside its weights is one layer with them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_matrix
from netsci.io.network.contents import Contents, Orientation, Use
from netsci.io.network.orientation import (
    as_matrix,
    is_kernel,
    merge_heads,
    orientation_from_bias,
    orientation_from_name,
)
from netsci.io.network.packed import is_packed, packing_error
from netsci.io.network.structure import in_groups

_WEIGHT_LEAF = re.compile(r"^(weight(_orig|_v)?|kernel|original1?)$")
_NOT_LAYER_LEAF = re.compile(
    r"bias|^running_|^num_batches|token|^pos(_|$)|position|^pe$|embed|_emb$|cache|freq|rel_pos|_index$|"
    r"anchors|weight_g$|weight_u$|original0$|attn_mask|causal|^grid$|^mem(brane)?$|spikes?$|"
    r"^(spk|syn)(_rec)?$|history|confusion|^(images?|labels?|targets?|[xy]_(train|test|val)\w*)$"
)
# Of one row or column: biases as NumPy code keeps them, states of neurons.
_NOT_LAYER_LINE = re.compile(r"^b_?[a-z]?\d*$|^(v|x|s|theta|refrac_count)$")
_NORM = re.compile(r"norm|(^|_)(bn|ln)\d*$")
_EMBEDDING = re.compile(r"embed|_emb$|^emb$|^w[tp]e$")
_RECURRENT = re.compile(r"recurrent|(^|[._])rec([._]|$)|weight_hh|hidden_hidden|h2h")
_STACKED = {
    re.compile(r"in_proj_weight$|qkv"): "stacks q, k and v",
    re.compile(r"weight_(ih|hh)_l\d"): "stacks the gates of a recurrent unit where it has several",
}
# Networks of these names in one file stand side by side, even where their widths would fit.
_SEVERAL = tuple(
    re.compile(rf"(net|model|module)?_?({names})(_?(net|network|model|state_dict))?")
    for names in ("g|d|gen|disc|generator|discriminator", "actor|critic\\d?|policy|value", "teacher|student")
)


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


def find_layers(path: Path, contents: Contents) -> tuple[list[Layer], list[str]]:
    """Return the layers of a file in its order, and notes; raises CheckpointError where there are none."""
    notes: list[str] = []
    arrays = contents.arrays
    pairs, alone = _pair_masks(arrays)
    masks = alone | set(pairs.values())
    chosen = [name for name in arrays if name not in masks and _is_layer(name, arrays, contents.small)]
    if contents.uses:
        chosen = [name for name in arrays if name in contents.uses and _is_numeric(arrays[name])]
    # Masks alone are a network too, but beside weights of their own they are something else (attention).
    chosen = chosen or [name for name in arrays if name in alone and _is_numeric(arrays[name])]
    if not chosen:
        raise _no_layers(path, contents)
    starts = _networks(chosen, notes)
    by_bias = orientation_from_bias(chosen, contents)
    if by_bias:
        names = list_names(list(map(printable, by_bias)))
        notes.append(f"stored [in, out], not [out, in], as their biases show: {names}")
    layers = [
        _layer(path, name, contents, pairs.get(name), name in alone, name in starts, by_bias.get(name))
        for name in chosen
    ]
    taken = {*chosen, *pairs.values()}
    skipped = [_describe(name, arrays[name]) for name in arrays if name not in taken]
    if skipped:
        notes.append(f"not layers: {list_names(skipped)}")
    masked = sum(name in pairs for name in chosen)
    if masked:
        notes.append(f"explicit masks decide which links exist ({masked} of {len(layers)} layers)")
    for pattern, what in _STACKED.items():
        stacks = [layer.name for layer in layers if pattern.search(layer.array)]
        if stacks:
            notes.append(f"{list_names(stacks)}: {what}, one layer here")
    return layers, notes


def layer_name(name: str) -> str:
    """Return the name of a layer: its parameter's name without the suffix for weights.

    >>> layer_name("net.0.weight_orig"), layer_name("attn.in_proj_weight"), layer_name("weight")
    ('net.0', 'attn.in_proj_weight', 'weight')
    """
    short = re.sub(r"\.parametrizations\.weight\.original1?$", "", name)
    short = re.sub(r"(?<=.)[._](weight_orig|weight_v|weight|kernel|weight_mask|mask)$", "", short)
    # What a suffix stands on must stay a name: "in_proj_weight" is not the weight of a module "in_proj".
    kept = name if re.search(r"[^.]_weight$", name) else short
    return printable(re.sub(r"_orig$", "", kept))


def _pair_masks(arrays: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
    """Return the mask of each masked array, and the masks that stand alone."""
    pairs: dict[str, str] = {}
    alone: set[str] = set()
    for name in arrays:
        bases = _find_masked(name)
        if not bases:
            continue
        partner = next((base for base in bases if base in arrays and base != name), None)
        if partner is None:
            alone.add(name)
        else:
            pairs[partner] = name
    return pairs, alone


def _find_masked(name: str) -> list[str]:
    """Return which arrays a mask of this name may belong to, best first; nothing where it is no mask."""
    if match := re.fullmatch(r"(.+)[._]masks?", name):
        base = match[1]
        return [f"{base}_orig", f"{base}.weight_orig", f"{base}.weight", f"{base}_weight", base]
    if match := re.fullmatch(r"masks?[._](.+)", name):
        base = match[1]
        return [f"{base}.weight", f"weight_{base}", f"weight.{base}", f"w_{base}", base]
    return [name] if name in ("mask", "masks") else []


def _is_numeric(array: Any) -> bool:
    return 0 not in array.shape and array.dtype.kind in "biuf" and array.ndim <= 5


def _is_layer(name: str, arrays: dict[str, Any], small: set[str]) -> bool:
    """Whether an array of two or more dimensions is a layer, by its name and shape."""
    array = arrays[name]
    if not _is_numeric(array) or f"{name}_orig" in arrays:
        return False
    parts = name.lower().split(".")
    leaf = parts[-1]
    is_weight = _WEIGHT_LEAF.match(leaf) is not None
    if _NOT_LAYER_LEAF.search(leaf) and not is_weight:
        return False
    if (min(array.shape[:2]) == 1 and _NOT_LAYER_LINE.match(leaf)) or is_packed(name, arrays, small):
        return False
    owner = parts[-2] if is_weight and len(parts) > 1 else leaf
    if is_weight and _NORM.search(owner):
        return False
    if is_weight and array.ndim == 2 and _EMBEDDING.search(owner):
        # nn.Embedding has no bias; a linear layer that is merely called "embed" has one.
        return re.sub(r"weight\w*$|kernel$", "bias", name) in small
    if array.ndim == 2:
        return True
    # [1, n, d] without "weight" in its name is a learned token or position.
    return is_weight or "weight" in leaf or (array.ndim > 3 and array.shape[0] > 1)


def _networks(names: list[str], notes: list[str]) -> set[str]:
    """Return the first layer of each further network where the names tell of several (a GAN), and note it."""
    owners = {name: name.lower().split(".")[0] for name in names}
    for group in _SEVERAL:
        found = list(dict.fromkeys(owner for owner in owners.values() if group.fullmatch(owner)))
        if len(found) > 1:
            notes.append(
                f"{len(found)} networks, kept apart: {list_names([printable(one) for one in found])}"
            )
            return {next(n for n in names if owners[n] == owner) for owner in found}
    return set()


def _layer(
    path: Path,
    name: str,
    contents: Contents,
    mask_name: str | None,
    only_mask: bool,
    starts: bool,
    by_bias: Orientation | None,
) -> Layer:
    array = contents.arrays[name]
    mask = contents.arrays[mask_name] if mask_name else None
    if mask is not None and mask.shape != array.shape:
        raise CheckpointError(
            path,
            f"the mask of {printable(name)} is {list(mask.shape)}, its weights {list(array.shape)}",
            "save mask and weights of one shape",
        )
    if mask is not None or only_mask:
        _check_mask(path, mask_name or name, array if mask is None else mask)
    use = contents.uses.get(name) or Use(
        by_bias or orientation_from_name(name, contents), channels_last=is_kernel(name)
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
        printable(use.name) if use.name else layer_name(name),
        values,
        cut,
        positions,
        # SLAYER keeps linear layers as [out, in, 1, 1, 1].
        convolution=len(shape) > 2 and not (len(shape) == 5 and positions == 1),
        recurrent=use.recurrent or _RECURRENT.search(name.lower()) is not None,
        array=name,
        after=use.after,
        channels_last=use.channels_last,
        starts=starts,
        groups=use.groups,
    )


def _check_mask(path: Path, name: str, mask: Any) -> None:
    """Raise CheckpointError for a mask with NaN, which differs from zero and would count as links."""
    values = mask.data if sp.issparse(mask) else mask
    if values.dtype.kind in "fc" and not np.isfinite(values).all():
        raise CheckpointError(
            path,
            f"the mask {printable(name)} holds NaN or infinite values",
            "save it again with 1 (or True) where a link is and 0 elsewhere",
        )


def _describe(name: str, array: Any) -> str:
    kind = "" if array.dtype.kind in "biuf" else f" of {array.dtype}"
    return f"{printable(name)} {list(array.shape)}{kind}"


def list_names(names: list[str]) -> str:
    """List the first six names, and say how many more there are."""
    rest = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + rest


def _no_layers(path: Path, contents: Contents) -> CheckpointError:
    if any(is_packed(name, contents.arrays, contents.small) for name in contents.arrays):
        return packing_error(path)
    held = [_describe(name, array) for name, array in contents.arrays.items()]
    held = held or [printable(name) for name in sorted(contents.small)]
    what = f"it holds {list_names(held)}" if held else "it holds no arrays"
    return CheckpointError(
        path,
        f"no layer found in this {contents.kind}: {what}",
        "a layer is a matrix [out, in] or a convolution [out, in, *kernel] of real numbers",
    )
