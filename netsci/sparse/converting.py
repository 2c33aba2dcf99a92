"""Turn one dense layer into a sparse one with the same weights, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from netsci.sparse.conv import SparseConv2d, dense_form
from netsci.sparse.layer import SparseLayer
from netsci.sparse.linear import SparseLinear
from netsci.sparse.side_by_side import SideBySide

_HOOKS = tuple(name for name in nn.Module().__dict__ if "hook" in name and "state_dict" not in name)


def unfit(layer: nn.Module) -> str:
    """Say why a linear layer or a convolution cannot be sparse; "" where it can.

    Examples
    --------
    >>> unfit(nn.Conv2d(4, 4, 3, groups=2)), unfit(nn.Linear(2, 2))
    ('it has 2 groups of channels', '')
    """
    if isinstance(layer, SparseLayer):
        return ""
    forward: Any = type(layer).forward
    known = forward in (nn.Linear.forward, nn.Conv2d.forward) or forward.__module__.startswith("netsci.")
    initial: Any = type(layer).__init__
    if not known or "forward" in vars(layer) or initial not in (nn.Linear.__init__, nn.Conv2d.__init__):
        return f"{type(layer).__name__} is a class of its own, whose forward may use its weights otherwise"
    weight: Any = layer.weight
    if hasattr(layer, "parametrizations") or not isinstance(weight, nn.Parameter):
        return "its weight is computed from other parameters (a parametrization): remove that first"
    if weight.is_meta:
        return "its weights are on the meta device: load them first"
    if not weight.is_floating_point():
        return f"its weights are {weight.dtype}"
    return _unfit_convolution(layer) if isinstance(layer, nn.Conv2d) else ""


def _unfit_convolution(layer: nn.Conv2d) -> str:
    if layer.groups > 1:
        return f"it has {layer.groups} groups of channels"
    if tuple(layer.dilation) != (1, 1):
        return f"its kernel is dilated by {tuple(layer.dilation)}"
    if layer.padding_mode != "zeros":
        return f"its padding is {layer.padding_mode!r}"
    for name in ("kernel_size", "stride", "padding"):
        value = getattr(layer, name)
        if isinstance(value, str) or len(set(value)) != 1:
            return f"its {name} is {value!r}, not one number for both directions"
    return ""


def matrix_of(weight: Tensor) -> Tensor:
    """Return a weight [out, in] or [out, in, k, k] as a matrix [presynaptic, postsynaptic], a view."""
    return weight.detach().reshape(weight.shape[0], -1).T


def to_sparse(layer: nn.Module, links: Sequence[sp.csr_array]) -> nn.Module:
    """Return the sparse layer with these links and the weights of a dense layer at them.

    One matrix of links makes a `SparseLinear` or `SparseConv2d`, several a `SideBySide` of q, k and v. The
    bias is the same Parameter (its parts are new ones in a `SideBySide`). Device, type, mode and hooks are
    those of the layer.
    """
    dense: Any = layer
    if len(links) == 1:
        made = _one(dense, dense.weight, dense.bias, links[0])
    else:
        weights = dense.weight.detach().chunk(len(links))
        biases: list[Any] = [None] * len(links)
        if dense.bias is not None:
            biases = [_like(part.clone(), dense.bias) for part in dense.bias.detach().chunk(len(links))]
        parts = zip(weights, biases, links, strict=True)
        made = SideBySide(dict(zip("qkv", (_one(dense, *part) for part in parts), strict=True)))
    made.dense_type = type(dense)
    return _dress(made, dense)


def _one(dense: Any, weight: Tensor, bias: Any, links: sp.csr_array) -> Any:
    """Return a sparse layer with a part of the weights of a dense one."""
    fixed = torch.Generator()  # torch's global state does not move; the values are set below
    common: dict[str, Any] = {"bias": False, "dtype": weight.dtype, "generator": fixed}
    made: Any
    if isinstance(dense, nn.Conv2d):
        side, stride, padding = (value[0] for value in (dense.kernel_size, dense.stride, dense.padding))
        made = SparseConv2d(links, side, stride=stride, padding=padding, **common)  # type: ignore[arg-type]
    else:
        made = SparseLinear(links, **common)
    made.to(weight.device)
    made.values.data = values_at_links(made, weight)
    made.values.requires_grad_(dense.weight.requires_grad)
    made.bias = bias
    return made


def values_at_links(layer: SparseLayer, weight: Tensor) -> Tensor:
    """Return the values [n_links] that a dense weight, shaped as torch has it, holds at a layer's links."""
    return matrix_of(weight).reshape(-1)[layer.structure.cells.to(weight.device)]


def to_dense(layer: nn.Module) -> nn.Module:
    """Return the dense layer with the weights of a sparse one, 0 where there is no link.

    Examples
    --------
    >>> to_dense(SparseLinear([[1, 0], [1, 1]], bias=False)).weight[1, 0].item()
    0.0
    """
    sparse: Any = layer
    weight = sparse.weight
    placed = {"device": "meta", "dtype": weight.dtype, "bias": sparse.bias is not None}
    if isinstance(sparse, SparseConv2d):
        sides = (sparse.kernel_size, sparse.stride, sparse.padding)
        kind: Any = getattr(sparse, "dense_type", dense_form(*sides))
        made = kind(sparse.in_channels, sparse.out_channels, *sides, **placed)
    else:
        kind = getattr(sparse, "dense_type", nn.Linear)
        made = kind(sparse.in_features, sparse.out_features, **placed)
    trained = sparse.parts[0].values if isinstance(sparse, SideBySide) else sparse.values
    made.weight = _like(weight.contiguous(), trained)
    if sparse.bias is not None:
        own = isinstance(sparse.bias, nn.Parameter)
        made.bias = sparse.bias if own else _like(sparse.bias, sparse.parts[0].bias)
    return _dress(made, sparse)


def _like(values: Tensor, parameter: Tensor) -> nn.Parameter:
    return nn.Parameter(values, requires_grad=parameter.requires_grad)


def _dress(made: nn.Module, before: nn.Module) -> nn.Module:
    """Give a layer the mode and the hooks of the one that it replaces; handles of hooks stay valid."""
    made.train(before.training)
    for name in _HOOKS:
        if name in vars(before):
            vars(made)[name] = vars(before)[name]
    return made
