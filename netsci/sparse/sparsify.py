"""Make a finished module sparse in one call, and dense again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator
from torch import nn

from netsci.arguments import check_choice, check_generator, shorten
from netsci.sparse.chosen_links import (
    MAGNITUDE,
    check_weights,
    choose_densities,
    draw_links,
    find_layers,
    is_masks,
    layer_and_part,
    read_masks,
    say_nothing_sparse,
)
from netsci.sparse.converting import to_dense, to_sparse
from netsci.sparse.layer import SparseLayer
from netsci.sparse.shapes import check_module
from netsci.sparse.side_by_side import SideBySide
from netsci.topology.initial import INITIAL

Options = Mapping[str, Any] | None
Rng = Generator | None


def sparsify(
    module: nn.Module,
    masks_or_sparsity: Any,
    *,
    allocation: str = "uniform",
    initial: str = MAGNITUDE,
    initial_options: Options = None,
    rng: Rng = None,
) -> nn.Module:
    """Make layers of a module sparse in place, and return the module; `densify` makes them dense again.

    nn.Linear becomes `SparseLinear`, nn.Conv2d `SparseConv2d`, with the same weights at the links that stay.
    A linear layer called qkv with three times as many outputs as inputs becomes a `SideBySide` of three,
    "qkv.q", "qkv.k" and "qkv.v". Sparse layers get other links. Names of layers, biases, types, devices,
    modes and hooks stay. In the state dict "fc.weight" becomes "fc.values", "fc.start" and "fc.column";
    `dense_state` returns the state with the keys of the dense module. Make the optimizer afterwards. A
    forward that reads `layer.weight` itself, in place of calling the layer, would train nothing.

    Parameters
    ----------
    module : any module; a layer alone is replaced in what is returned.
    masks_or_sparsity : {layer name: links}, links [presynaptic, postsynaptic] (torch's weight.T; of a
        convolution [in k k, out]); or the share of absent links in [0, 1), a number, or a mapping from
        "conv", "linear", names or patterns of names to shares, see `netsci.topology.densities`. A number is
        that of all layers but the last linear layer and a patch embedding.
    allocation : how a share is spread over layers, "uniform", "erdos_renyi" or "erk".
    initial : which links stay: "magnitude" (the largest absolute weights of each layer, of equal ones those
        that come first) or a name in `netsci.topology.INITIAL`. initial_options : options of that function.
    rng : generator of an initial topology.

    Raises
    ------
    TypeError, ValueError
        If a name matches no layer, links have another shape or there are none, a named layer cannot be
        sparse, or weights are not finite. The module has not changed then. A layer that cannot be sparse
        (groups, dilation, a class of its own) and is not named stays dense, and a warning says so.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> sparsify(net, 0.75)[0].n_links, type(net[2]).__name__
    (12, 'Linear')
    """
    check_module(module)
    check_choice(initial, (MAGNITUDE, *INITIAL), "initial")
    options = _check_options(initial, initial_options)
    if initial != MAGNITUDE:
        check_generator(rng)
    shapes, barred = find_layers(module)
    if is_masks(masks_or_sparsity):
        links = read_masks(masks_or_sparsity, shapes, barred, module)
    else:
        wanted = choose_densities(module, masks_or_sparsity, allocation, shapes, barred)
        if not wanted:
            raise ValueError(say_nothing_sparse(masks_or_sparsity, shapes, barred))
        links = {
            name: draw_links(module, name, shapes[name], density, initial, options, rng)
            for name, density in wanted.items()
        }
    for name in links:
        check_weights(module, name)
    return _replace(module, _sparse_layers_of(module, links))


def densify(module: nn.Module) -> nn.Module:
    """Make the sparse layers of a module dense in place, and return the module; absent links weigh 0.

    A layer that `sparsify` has changed becomes what it was. Names, types, devices, modes and hooks stay.

    Examples
    --------
    >>> net = densify(sparsify(nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 2)), 0.75))
    >>> list(net.state_dict()), int((net[0].weight != 0).sum())
    (['0.weight', '0.bias', '1.weight', '1.bias'], 12)
    """
    check_module(module)
    made: dict[nn.Module, nn.Module] = {}
    inside: set[nn.Module] = set()
    for one in module.modules():
        if isinstance(one, (SideBySide, SparseLayer)) and one not in inside:
            made[one] = to_dense(one)
            inside |= set(one.modules())
    return _replace(module, made)


def _check_options(initial: str, options: Any) -> dict[str, Any]:
    """Return the options of an initial topology; raise TypeError or ValueError if it has no such options."""
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"initial_options must be a mapping of options, or None; got {shorten(options)}")
    known = [] if initial == MAGNITUDE else list(inspect.signature(INITIAL[initial]).parameters)[2:]
    allowed = [name for name in known if name != "rng"]
    for name in options:
        if name not in allowed:
            raise ValueError(
                f"initial_options must name options of {initial}, {', '.join(allowed) or 'which has none'}; "
                f"got {shorten(name)}"
            )
    return dict(options)


def _sparse_layers_of(module: nn.Module, links: Mapping[str, sp.csr_array]) -> dict[nn.Module, Any]:
    """Return what replaces each layer: a new layer, or links for one that is sparse already."""
    made: dict[nn.Module, Any] = {}
    parts: dict[str, dict[str, sp.csr_array]] = {}
    for name, matrix in links.items():
        layer, part = layer_and_part(module, name)
        if isinstance(layer, SparseLayer):
            made[layer] = matrix
        elif part < 0:
            made[layer] = to_sparse(layer, [matrix])
        else:
            parts.setdefault(name.rpartition(".")[0], {})[name[-1]] = matrix
    for name, own in parts.items():
        fused: Any = module.get_submodule(name)
        every = sp.csr_array(np.ones((fused.in_features, fused.out_features // 3), bool))
        made[fused] = to_sparse(fused, [own.get(part, every) for part in "qkv"])
    return made


def _replace(module: nn.Module, made: Mapping[nn.Module, Any]) -> nn.Module:
    """Put new layers in the places of old ones, everywhere where these stand; nothing here can fail."""
    for layer, new in made.items():
        if not isinstance(new, nn.Module):
            layer.rewire(new)  # type: ignore[operator]
    for parent in list(module.modules()):
        for name, child in parent._modules.items():
            new = made.get(child) if child is not None else None
            if isinstance(new, nn.Module):
                parent._modules[name] = new
    new = made.get(module)
    return new if isinstance(new, nn.Module) else module
