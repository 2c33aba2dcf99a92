"""Choose the links of a module's layers: of masks, or of shares of absent links."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.random import Generator
from torch import nn

from netsci.arguments import shorten
from netsci.graph.chain import transpose_hint
from netsci.graph.checks import as_links
from netsci.sparse.converting import matrix_of, unfit
from netsci.sparse.layer import SparseLayer
from netsci.sparse.shapes import fused_parts, layer_shapes
from netsci.sparse.side_by_side import SideBySide
from netsci.topology.allocation import WILD, LayerShape, as_entries, densities
from netsci.topology.cells import links_of
from netsci.topology.initial import INITIAL

MAGNITUDE = "magnitude"
Shapes = dict[str, LayerShape]


_SOME = (nn.Conv1d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Bilinear)
OTHERS = (nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase, *_SOME)  # layers with links that stay dense


def find_layers(module: nn.Module) -> tuple[Shapes, dict[str, str]]:
    """Return the layers that may be sparse, and why others may not, by name."""
    owners: dict[int, set[nn.Module]] = {}
    for one in module.modules():
        for parameter in one.parameters(recurse=False):
            owners.setdefault(id(parameter), set()).add(one)
    barred: dict[str, str] = {}
    for name, layer in module.named_modules():
        if isinstance(layer, OTHERS):
            barred[name] = (
                f"a {type(layer).__name__} has no sparse form here, but nn.Linear and nn.Conv2d have"
            )
        if not isinstance(layer, (nn.Linear, nn.Conv2d)):
            continue
        shared = any(len(owners[id(parameter)]) > 1 for parameter in layer.parameters(recurse=False))
        reason = "it shares its parameters with another module" if shared else unfit(layer)
        if reason:
            barred[name] = reason
            barred |= {f"{name}.{part}": reason for part in fused_parts(name, layer)}
    return layer_shapes(module), barred


def is_masks(given: Any) -> bool:
    """Return whether these are masks by name; raise TypeError where numbers and matrices are mixed."""
    if not isinstance(given, Mapping) or not given:
        return False
    numbers = [isinstance(value, (int, float)) for value in given.values()]
    if any(numbers) and not all(numbers):
        raise TypeError("masks_or_sparsity must hold matrices or shares, not both")
    return not any(numbers)


def read_masks(
    masks: Mapping[str, Any], shapes: Shapes, barred: Mapping[str, str], module: nn.Module
) -> dict[str, sp.csr_array]:
    """Return masks as links by name, those of a fused layer as those of its parts."""
    links: dict[str, sp.csr_array] = {}
    for name, mask in masks.items():
        parts = _parts_of(module, name)
        known = name in shapes or parts
        if not known or name in barred:
            raise ValueError(_unknown(name, shapes, barred))
        if isinstance(mask, torch.Tensor):
            mask = mask.detach().cpu().numpy()
        if getattr(mask, "ndim", 2) == 4:
            raise ValueError(
                f"mask of {name!r} must be [in k k, out]; its shape is {tuple(mask.shape)}: pass "
                "mask.reshape(len(mask), -1).T"
            )
        found = as_links(mask, f"mask of {name!r}")
        own = [shapes[part] for part in parts] if parts else [shapes[name]]
        shape = (own[0].inputs * own[0].rows_per_unit, sum(one.outputs for one in own))
        if found.shape != shape:
            raise ValueError(
                f"mask of {name!r} must be [presynaptic, postsynaptic] = {list(shape)}; it is "
                f"{list(found.shape)}" + transpose_hint(found.shape[::-1] == shape)
            )
        columns = found.tocsc()
        width = own[0].outputs
        for place, part in enumerate(parts or [name]):
            links[part] = sp.csr_array(columns[:, place * width : (place + 1) * width])
            if not links[part].nnz:
                raise ValueError(f"mask of {part!r} must have at least one link; it has none")
    return links


def _parts_of(module: nn.Module, name: str) -> list[str]:
    """Return the names of the parts of a fused layer, dense or sparse; [] for another name."""
    layer = dict(module.named_modules()).get(name) if isinstance(name, str) else None
    if layer is None:
        return []
    parts = layer.names if isinstance(layer, SideBySide) else fused_parts(name, layer)
    return [f"{name}.{part}" for part in parts]


def choose_densities(
    module: nn.Module, sparsity: Any, allocation: str, shapes: Shapes, barred: Mapping[str, str]
) -> dict[str, float]:
    """Return the densities of the layers that get links; say which ones stay dense though they match."""
    entries = as_entries(sparsity, "sparsity")
    named = [name for name in entries if name in barred]
    if named:
        raise ValueError(_unknown(named[0], shapes, barred))
    entries = {_with_parts(module, entry): share for entry, share in entries.items()}
    shown = densities(shapes, entries, allocation)
    left = {name: shape for name, shape in shapes.items() if name not in barred}
    if not left:
        raise ValueError(f"module has no layer that could be sparse{_list_barred(barred)}")
    matched = {name for name in barred if shown.get(name, 1.0) < 1.0}
    kinds = {n: _kind_of(one) for n, one in module.named_modules()}
    matched |= {name for name in barred if name not in shapes and _asks(entries, name, kinds.get(name, ""))}
    if matched:
        reasons = "; ".join(f"{name} ({barred[name]})" for name in sorted(matched))
        warnings.warn(f"these layers stay dense: {reasons}", UserWarning, stacklevel=3)
        entries = {entry: share for entry, share in entries.items() if _matches(entry, left)}
    wanted = densities(left, entries, allocation)
    return {name: density for name, density in wanted.items() if density < 1.0 or _is_sparse(module, name)}


def _kind_of(layer: nn.Module) -> str:
    """Return the kind of entries that speak of a layer: "linear", "conv", "" of any other."""
    if isinstance(layer, (nn.Linear, nn.Bilinear, nn.MultiheadAttention)):
        return "linear"
    return "conv" if type(layer).__name__.startswith("Conv") else ""


def _asks(entries: Mapping[str, float], name: str, kind: str) -> bool:
    """Return whether entries ask for a layer that has no place among the shapes, such as one with groups."""
    return any(entry in ("", kind) or (_is_wild(entry) and fnmatchcase(name, entry)) for entry in entries)


def _matches(entry: str, shapes: Shapes) -> bool:
    kinds = {shape.kind for shape in shapes.values()}
    return not entry or entry in shapes or entry in kinds or any(fnmatchcase(name, entry) for name in shapes)


def _with_parts(module: nn.Module, entry: Any) -> Any:
    """Return an entry that names fused layers as one that names their parts."""
    names = dict(module.named_modules())
    if not isinstance(entry, str):
        return entry
    fused = [
        n
        for n in names
        if (n == entry or (_is_wild(entry) and fnmatchcase(n, entry))) and _parts_of(module, n)
    ]
    return f"{entry}.[qkv]" if fused else entry


def _is_wild(entry: str) -> bool:
    return any(letter in WILD for letter in entry)


def _is_sparse(module: nn.Module, name: str) -> bool:
    return isinstance(dict(module.named_modules()).get(name), SparseLayer)


def _unknown(name: Any, shapes: Shapes, barred: Mapping[str, str]) -> str:
    if name in barred:
        return f"layer {name!r} cannot be sparse: {barred[name]}"
    known = [one for one in shapes if one not in barred]
    return f"{name!r} matches no layer that could be sparse: name one of {', '.join(known)}" + _list_barred(
        barred
    )


def say_nothing_sparse(sparsity: Any, shapes: Shapes, barred: Mapping[str, str]) -> str:
    """Say why a sparsity makes no layer sparse, and what to give.

    Examples
    --------
    >>> say_nothing_sparse(0.0, {}, {})
    'masks_or_sparsity must be above 0 for some layer; got 0.0: give a share such as 0.9, or masks by name'
    """
    if not any(as_entries(sparsity, "sparsity").values()):
        return (
            f"masks_or_sparsity must be above 0 for some layer; got {shorten(sparsity)}: give a share such "
            "as 0.9, or masks by name"
        )
    free = [name for name in shapes if name not in barred]
    return (
        "masks_or_sparsity makes no layer sparse, since the last linear layer stays dense unless its name is "
        f"given: name one of {', '.join(free) or 'none, the module has no layer'}{_list_barred(barred)}"
    )


def _list_barred(barred: Mapping[str, str]) -> str:
    return "".join(f"; {name} stays dense, {reason}" for name, reason in barred.items())


def draw_links(
    module: nn.Module,
    name: str,
    shape: LayerShape,
    density: float,
    initial: str,
    options: Mapping[str, Any],
    rng: Generator | None,
) -> sp.csr_array:
    """Return the links of a layer: the heaviest of its weights, or an initial topology."""
    size = (shape.inputs * shape.rows_per_unit, shape.outputs)
    count = round(density * shape.cells)
    if initial != MAGNITUDE:
        return INITIAL[initial](size, count, rng=rng, **options)
    check_weights(module, name)
    layer, part = layer_and_part(module, name)
    strength = matrix_of(_weight_of(layer, part)).abs().to("cpu", torch.float64).numpy().ravel()
    if isinstance(layer, SparseLayer):
        if count > layer.n_links:
            raise ValueError(
                f"layer {name!r} has {layer.n_links} links, and {count} cannot be chosen of them: densify() "
                "first, pass masks, or take another initial"
            )
        strength[np.setdiff1d(np.arange(len(strength)), layer.structure.cells.cpu().numpy())] = -1.0
    return links_of(np.argsort(-strength, kind="stable")[:count], size)


def check_weights(module: nn.Module, name: str) -> None:
    """Raise ValueError if a weight of a layer, or of a part of a fused one, is infinite or NaN.

    Examples
    --------
    >>> check_weights(nn.Sequential(nn.Linear(2, 2)), "0")
    """
    layer, part = layer_and_part(module, name)
    weights = layer.values if isinstance(layer, SparseLayer) else _weight_of(layer, part)
    if not bool(torch.isfinite(weights).all()):
        raise ValueError(
            f"weights of layer {name!r} must be finite; some are NaN or infinite: load or train it anew"
        )


def _weight_of(layer: Any, part: int) -> Any:
    """Return the weights of a layer, or of a third of it."""
    return layer.weight.chunk(3)[part] if part >= 0 else layer.weight


def layer_and_part(module: nn.Module, name: str) -> tuple[nn.Module, int]:
    """Return the layer whose links have this name, and which third of a fused one, else -1."""
    whole, _, part = name.rpartition(".")
    names = dict(module.named_modules())
    if name in names:
        return names[name], -1
    return names[whole], "qkv".index(part)
