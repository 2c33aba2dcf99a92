"""Layers of a conversion: a copy of the weights, and beside it the links, which no later step may change.

Links are found once, in the network that is converted. A sparse layer says them. In a dense one they are the
mask of torch.nn.utils.prune if there is one, else the weights that are not 0. From then on a weight may
become 0, for instance where a normalisation multiplies by 0, and its link still exists.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.convert.recording import Unconvertible
from netsci.sparse import SparseConv2d
from netsci.sparse.layer import SparseLayer
from netsci.spiking.record_adapters import Synapses

CONVOLUTIONS = (SparseConv2d, nn.Conv2d)


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer or convolution of a program.

    module : a copy that belongs to the program; it is never trained. links : bool, CSR [presynaptic,
    postsynaptic], of a convolution [in channels k k, out channels].
    """

    module: Any
    links: sp.csr_array

    @cached_property
    def fans(self) -> dict[tuple[int, ...], NDArray[np.int64]]:
        """The links that leave each unit, by the shape of an input, as far as `fan_out` was asked."""
        return {}

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution."""
        return isinstance(self.module, CONVOLUTIONS)

    @property
    def channel_axis(self) -> int:
        """The axis of the output that holds channels or units, counted from the end."""
        return -3 if self.convolves else -1

    @property
    def n_outputs(self) -> int:
        """Output channels, or units."""
        return int(self.links.shape[1])

    @cached_property
    def synapses(self) -> Synapses:
        """What is needed to count operations at each presynaptic unit."""
        leaving = np.diff(self.links.indptr).astype(np.float64)
        weight = self.module.values if isinstance(self.module, SparseLayer) else self.module.weight
        possible = int(np.prod(self.links.shape)) if isinstance(self.module, SparseLayer) else weight.numel()
        if not self.convolves:
            return Synapses(self.module, 1, leaving, self.links.nnz, possible)
        k = self.module.kernel_size
        kernel = (k, k) if isinstance(k, int) else tuple(k)
        shaped = leaving.reshape(self.module.in_channels, 1, *kernel)
        return Synapses(self.module, 3, shaped, self.links.nnz, possible)


def copy_layer(module: Any, name: str) -> Layer:
    """Return a copy of a linear layer or a convolution, with its links.

    Raises `Unconvertible` if a weight is NaN or infinite, or there is no link.
    """
    if isinstance(module, SparseLayer):
        own: Any = copy.deepcopy(module)
    elif isinstance(module, nn.Linear):
        own = nn.Linear(module.in_features, module.out_features, bias=module.bias is not None)
    else:
        own = _like_convolution(module)
    if not isinstance(module, SparseLayer):
        own.weight = nn.Parameter(module.weight.detach().clone())
        own.bias = None if module.bias is None else nn.Parameter(module.bias.detach().clone())
    links = find_links(module)
    for what, found in (("weights", weights(own)), ("biases", own.bias)):
        if found is not None and not bool(torch.isfinite(found).all()):
            raise Unconvertible(
                f"layer {name!r} has {what} that are NaN or infinite: train it again, or mend them"
            )
    if not links.nnz:
        raise Unconvertible(
            f"layer {name!r} has no links, so nothing reaches what follows: give it at least one, or remove "
            "the layer"
        )
    own.requires_grad_(False)
    return Layer(own.eval(), links)


def _like_convolution(module: nn.Conv2d) -> nn.Conv2d:
    """Return a convolution of the same form."""
    given: dict[str, Any] = {
        name: getattr(module, name) for name in ("stride", "padding", "dilation", "groups", "padding_mode")
    }
    given["bias"] = module.bias is not None
    return nn.Conv2d(module.in_channels, module.out_channels, module.kernel_size, **given)  # type: ignore[arg-type]


def find_links(module: Any) -> sp.csr_array:
    """Return the links of a layer, bool CSR [presynaptic, postsynaptic]; see the module.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> layer.weight.data = torch.tensor([[0.0, 3.0]])
    >>> find_links(layer).toarray().tolist()
    [[False], [True]]
    """
    if isinstance(module, SparseLayer):
        return module.links
    mask: Any = getattr(module, "weight_mask", None)
    if not isinstance(mask, Tensor) or mask.shape != module.weight.shape:
        mask = module.weight.detach()
    return links_of(np.asarray((mask != 0).cpu()), getattr(module, "groups", 1))


def links_of(mask: NDArray[np.bool_], groups: int = 1) -> sp.csr_array:
    """Return the links of a mask [out, in] or [out, in / groups, k, k], bool CSR [presynaptic, postsynaptic].

    Examples
    --------
    >>> links_of(np.array([[False, True]])).toarray().tolist()
    [[False], [True]]
    """
    if groups == 1:
        return sp.csr_array(mask.reshape(len(mask), -1).T)
    parts = [part.reshape(len(part), -1).T for part in np.split(mask, groups)]
    return sp.csr_array(sp.block_diag(parts, format="csr"))


def mask_of(links: sp.csr_array, shape: tuple[int, ...], groups: int = 1) -> NDArray[np.bool_]:
    """Return the mask of links in the shape of a weight: what `links_of` turns into these links.

    Examples
    --------
    >>> mask_of(sp.csr_array([[False], [True]]), (1, 2)).tolist()
    [[False, True]]
    """
    each, rows = shape[0] // groups, links.shape[0] // groups
    parts = [links[g * rows : (g + 1) * rows, g * each : (g + 1) * each] for g in range(groups)]
    return np.concatenate([part.toarray().T for part in parts]).reshape(shape).astype(bool)


def weights(module: Any) -> Tensor:
    """Return the values of a sparse layer, or the weight of a dense one, as they are stored."""
    found: Tensor = module.values if isinstance(module, SparseLayer) else module.weight
    return found.detach()


def scale_outputs(layer: Layer, scale: Tensor, shift: Tensor) -> Layer:
    """Return the layer that computes scale * layer(x) + shift, one number for each output; the links stay.

    Examples
    --------
    >>> layer = copy_layer(nn.Linear(2, 2), "fc")
    >>> zero = scale_outputs(layer, torch.tensor([0.0, 1.0]), torch.zeros(2))
    >>> zero.links.nnz, int((zero.module.weight == 0).sum())
    (4, 2)
    """
    module = copy.deepcopy(layer.module)
    columns = torch.from_numpy(layer.links.indices.astype(np.int64))
    with torch.no_grad():
        if isinstance(module, SparseLayer):
            module.values.mul_(scale[columns])
        else:
            module.weight.mul_(scale.reshape(-1, *[1] * (module.weight.ndim - 1)))
        bias = shift if module.bias is None else module.bias * scale + shift
    module.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return replace(layer, module=module)


def scale_inputs(layer: Layer, scale: Tensor) -> Layer:
    """Return the layer that computes layer(scale * x), one number for each input unit or channel.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> layer = copy_layer(SparseLinear([[1], [1]], bias=False), "fc")
    >>> double = scale_inputs(layer, torch.tensor([2.0, 2.0]))
    >>> bool((double.module.values == 2 * layer.module.values).all())
    True
    """
    module = copy.deepcopy(layer.module)
    with torch.no_grad():
        if isinstance(module, SparseLayer):
            rows_each = layer.links.shape[0] // len(scale)
            rows = np.repeat(np.arange(layer.links.shape[0]), np.diff(layer.links.indptr)) // rows_each
            module.values.mul_(scale[torch.from_numpy(rows)])
        else:
            groups = getattr(module, "groups", 1)
            own = scale.reshape(groups, -1).repeat_interleave(len(module.weight) // groups, 0)
            module.weight.mul_(own.reshape(*own.shape, *[1] * (module.weight.ndim - 2)))
    return replace(layer, module=module)


def fan_out(layer: Layer, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the existing links that leave each unit of an input of this shape, int64, without padding.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> fan_out(copy_layer(SparseLinear([[1, 1], [0, 1]]), "fc"), (3, 2)).tolist()
    [2, 1, 2, 1, 2, 1]
    """
    if shape not in layer.fans:
        own = layer.synapses.fan_out(shape if layer.convolves else shape[-1:])
        layer.fans[shape] = own if layer.convolves else np.tile(own, int(np.prod(shape[:-1])))
        layer.fans[shape].setflags(write=False)
    return layer.fans[shape]
