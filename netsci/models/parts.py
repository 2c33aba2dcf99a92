"""Parts of the convolutional and attention models.

Shapes over time are [T, batch, ...]. A layer without memory (convolution, pooling, normalisation) sees time
and batch as one axis; only neurons run along time. Under direct encoding the input [batch, ...] is constant,
so the first layer is computed once and its current goes to every step.

Reading: in training, batch statistics of an image repeated T times equal those of one copy, so computing the
first convolution and its normalisation once changes no activation (only the stored running variance, by the
factor (n - 1/T) / (n - 1) of its unbiased form, n = batch H W).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import nn

from netsci.arguments import as_count, check_iterable, shorten
from netsci.graph.chain import transpose_hint
from netsci.graph.checks import as_links, as_whole
from netsci.models.architecture import Activation, Neuron
from netsci.sparse import SparseConv2d, SparseLinear
from netsci.sparse.conv import dense_form
from netsci.sparse.shapes import fused_parts

Links = Mapping[str, sp.csr_array]
Layer = Callable[[torch.Tensor], torch.Tensor]


def links_by_name(links: Any, order: Sequence[str]) -> dict[str, sp.csr_array]:
    """Return links by layer name.

    order : names of the layers to which a matrix, or a sequence of matrices, belongs. If empty, links must be
    a mapping.

    Parameters
    ----------
    links : None; a mapping from layer name to matrix; one matrix, for the first layer of `order`; or a
        sequence of matrices (None leaves a layer dense). Matrices are [presynaptic, postsynaptic].

    Raises
    ------
    ValueError, TypeError
        If there are more matrices than layers, or one is not a matrix of links.

    Examples
    --------
    >>> links_by_name([None, [[1, 0]]], ("fc1", "fc2"))["fc2"].toarray().tolist()
    [[True, False]]
    """
    if links is None:
        return {}
    if isinstance(links, Mapping):
        chosen = dict(links)
    elif not order:
        raise TypeError(f"links must be a dict from layer name to matrix; got {type(links).__name__}")
    elif isinstance(links, (list, tuple)):
        if len(links) > len(order):
            raise ValueError(
                f"links must have at most {len(order)} matrices, for the layers {list(order)}; got "
                f"{len(links)}: pass a dict {{layer name: matrix}} if you mean other layers"
            )
        chosen = dict(zip(order, links, strict=False))
    else:
        chosen = {order[0]: links}
    return {
        name: as_links(matrix, f"links[{name!r}]") for name, matrix in chosen.items() if matrix is not None
    }


def check_names(links: Links, model: nn.Module) -> None:
    """Raise ValueError if links name a layer that the model does not have."""
    known = set(link_shapes(model))
    unknown = sorted(set(links) - known)
    if unknown:
        raise ValueError(f"links must name layers of the model, {sorted(known)}; got {unknown}")


def link_shape(module: nn.Module) -> tuple[int, int] | None:
    """Return the shape of a layer's links, (in, out) or (in k^2, out); None for another module.

    Examples
    --------
    >>> link_shape(nn.Conv2d(3, 8, 5)), link_shape(nn.Linear(4, 2)), link_shape(nn.ReLU())
    ((75, 8), (4, 2), None)
    """
    if isinstance(module, (SparseLinear, SparseConv2d)):
        return module.n_rows, module.n_columns
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        return module.in_channels * height * width, module.out_channels
    return None


def link_shapes(model: nn.Module) -> dict[str, tuple[int, int]]:
    """Return the shape of links, (in, out) or (in k^2, out), of every linear layer and convolution.

    A fused layer qkv counts as three, ".q", ".k" and ".v", see `netsci.sparse.shapes.fused_parts`.

    Build the dense model on the meta device to learn the shapes at no cost.

    Examples
    --------
    >>> link_shapes(nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Linear(4, 1)))
    {'0': (18, 4), '2': (4, 1)}
    """
    shapes: dict[str, tuple[int, int]] = {}
    for name, module in model.named_modules():
        shape, parts = link_shape(module), fused_parts(name, module)
        if parts and shape is not None:
            shapes |= {f"{name}.{part}": (shape[0], shape[1] // len(parts)) for part in parts}
        elif shape is not None:
            shapes[name] = shape
    return shapes


def runs_over_time(activation: nn.Module) -> bool:
    """Return whether an activation is a neuron over time: whether it has a method `step`.

    See `netsci.spiking.unroll`.

    Examples
    --------
    >>> runs_over_time(nn.ReLU())
    False
    """
    return hasattr(activation, "step")


def linear(
    links: Links, name: str, inputs: int, outputs: int, *, dense: type[nn.Linear] = nn.Linear
) -> nn.Module:
    """Return a linear layer with bias: sparse if links has its name, else of the class `dense`."""
    if name not in links:
        return dense(inputs, outputs)
    return SparseLinear(_fitting(links[name], name, (inputs, outputs)))


def convolution(
    links: Links,
    name: str,
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    bias: bool = False,
) -> nn.Module:
    """Return a convolution: sparse ([inputs k^2, outputs]) if links has its name, else dense."""
    if name not in links:
        kind = dense_form(kernel, stride, padding)
        return kind(inputs, outputs, kernel, stride=stride, padding=padding, bias=bias)
    fitting = _fitting(links[name], name, (inputs * kernel**2, outputs))
    return SparseConv2d(fitting, kernel, stride=stride, padding=padding, bias=bias)


def _fitting(links: sp.csr_array, name: str, shape: tuple[int, int]) -> sp.csr_array:
    if links.shape != shape:
        raise ValueError(
            f"links[{name!r}] must be [presynaptic, postsynaptic] = {list(shape)}; it is {list(links.shape)}"
            + transpose_hint(links.shape[::-1] == shape)
        )
    return links


def start_firing(layer: nn.Module, neuron: nn.Module, *, averaged: bool = False) -> None:
    """Draw weights from N(0, 4 threshold^2 / fan-in), in place, and set the bias to 0.

    `averaged` doubles the variance, for inputs after an average pooling of spikes over 2x2. Before an
    activation that does not run over time, such as ReLU, the variance is 2 / fan-in. The fan-in is the mean
    number of links of an output.

    Use it for layers without normalisation: with torch's initial weights, a twelfth of that variance, the
    neurons stay silent. With LIF(0.5), inputs with a firing rate of 0.1 give outputs with about that rate.

    Reading: ours; S0 eq. 3 sets sparse linear layers only, and may be applied afterwards.
    """
    shape = link_shape(layer)
    if shape is None:
        raise TypeError(f"layer must be linear or a convolution; got {type(layer).__name__}")
    sparse = isinstance(layer, (SparseLinear, SparseConv2d))
    weight: Any = layer.values if sparse else layer.weight
    fan_in = max(weight.numel() / shape[1], 1.0)
    if runs_over_time(neuron):
        variance = (8.0 if averaged else 4.0) / fan_in
        nn.init.normal_(weight, 0.0, float(getattr(neuron, "threshold", 1.0)) * math.sqrt(variance))
    else:
        nn.init.normal_(weight, 0.0, math.sqrt(2.0 / fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


def activation_like(neuron: Neuron) -> Activation:
    """Return a function that makes an activation: a copy of the given module, or LIF with alpha 0.5.

    Each layer needs its own module, so that hooks can tell the layers apart. A function is returned itself.

    Examples
    --------
    >>> activation_like(nn.ReLU)(), activation_like(nn.Tanh())()
    (ReLU(), Tanh())
    """
    if neuron is None:
        from netsci.spiking import LIF  # the default of whoever names no activation

        return LIF
    if isinstance(neuron, nn.Module):
        return lambda: copy.deepcopy(neuron)
    if not callable(neuron):
        raise TypeError(f"neuron must be a module, a function that makes one, or None; got {shorten(neuron)}")

    def make() -> nn.Module:
        try:
            made = neuron()
        except TypeError as error:
            raise TypeError(
                f"neuron must be a function without arguments that makes a module; got {shorten(neuron)}"
            ) from error
        if not isinstance(made, nn.Module):
            raise TypeError(f"neuron must make a module; {shorten(neuron)} makes {shorten(made)}")
        return made

    return make


def fire(neuron: nn.Module, current: torch.Tensor, steps: int | None = None) -> torch.Tensor:
    """Return spikes [T, batch, ...] of currents of the same shape, or of a constant one [batch, ...].

    An activation that does not run over time acts on each step alone; a constant current is then one step.
    """
    # Through the module, not by unroll(), so that hooks see it.
    if not runs_over_time(neuron):
        return neuron(current)[None] if steps is not None else at_each_step(neuron, current)
    spikes: torch.Tensor = neuron(current) if steps is None else neuron(current, steps=steps)
    return spikes


def at_each_step(layer: Layer, x: torch.Tensor) -> torch.Tensor:
    """Apply a layer without memory to [T, batch, ...]: time and batch as one axis.

    Examples
    --------
    >>> at_each_step(nn.MaxPool2d(2), torch.zeros(3, 2, 1, 4, 4)).shape
    torch.Size([3, 2, 1, 2, 2])
    """
    out = layer(x.flatten(0, 1))
    return out.reshape(*x.shape[:2], *out.shape[1:])


def first_spikes(
    layer: Layer, neuron: nn.Module, x: torch.Tensor, shape: Sequence[int], steps: int, gain: float = 1.0
) -> torch.Tensor:
    """Return the first layer's spikes [T, batch, ...]: of images [batch, C, H, W] or of events over time.

    For images the layer is computed once; its current, times `gain`, is the input of each of `steps` steps.
    Events [T, batch, C, H, W] have their own T.

    Raises ValueError if the input is neither.
    """
    if tuple(x.shape[-len(shape) :]) != tuple(shape) or x.ndim - len(shape) not in (1, 2):
        raise ValueError(
            f"x must be [batch, {', '.join(map(str, shape))}] or events with T before; got {list(x.shape)}"
        )
    if x.ndim == len(shape) + 1:
        return fire(neuron, scale(layer(x), gain), steps)
    return fire(neuron, scale(at_each_step(layer, x), gain))


def scale(current: torch.Tensor, gain: float) -> torch.Tensor:
    """Return gain * current; the current itself at gain 1."""
    return current if gain == 1.0 else current * gain


def check_sizes(
    input_shape: Sequence[int], classes: int, steps: int
) -> tuple[tuple[int, int, int], int, int]:
    """Return the input shape (C, H, W), the number of classes and of steps as whole numbers of at least 1.

    Raises TypeError or ValueError if one is not.
    """
    check_iterable(input_shape, "input_shape", "(channels, height, width)")
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (channels, height, width); got {input_shape!r}")
    named = [("input_shape", size) for size in input_shape] + [("classes", classes), ("steps", steps)]
    whole = [as_whole(value, name) for name, value in named]
    for (name, _), value in zip(named, whole, strict=True):
        as_count(value, name, 1, 10_000_000)
    return (whole[0], whole[1], whole[2]), whole[3], whole[4]
