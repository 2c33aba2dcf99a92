"""Convolutional networks with a sparse classifier, spiking or not: 2Conv2FC and 6Conv2FC.

    conv2fc2   15C3 - average pool 2 - 40C3 - average pool 2 - 300 - classes
    conv6fc2   [128C3] x 2 - max pool 2 - [256C3] x 2 - max pool 2 - [512C3] x 2 - 512 - classes

An activation, LIF neurons by default, follows every convolution and every linear layer. Convolutions have no
bias, linear layers have one. Only conv6fc2 has batch normalisation, after each convolution. Pooling acts on
spikes. With an activation such as ReLU the network does not run over time: T is 1, and the class scores are
the currents of the output layer.

The classifier is a multilayer perceptron (`netsci.models.mlp`: `SpikingMLP`, or `MLP` without time) over the
flattened last feature maps [C, H, W] -> C H W: its layers are called classifier.layers.0 (S0's FC1) and .1.

Source: S0 appendix A.5.
Reading: A.5 lists five convolutions for 6Conv2FC; all printed sparsities need six.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netsci.graph.checks import check_number
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture, Neuron
from netsci.models.conv_net import ConvNet


def conv2fc2(
    input_shape: Sequence[int] = (1, 28, 28),
    classes: int = 10,
    *,
    links: Any = None,
    padding: int = 1,
    pooling: str = "average",
    bias: bool = False,
    dropout: float = 0.0,
    neuron: Neuron = None,
    steps: int = 8,
    readout: str = "rate",
) -> ConvNet:
    """Build 15C3 - AvgPool2 - 40C3 - AvgPool2 - 300 - classes (15C3: 15 channels, 3 x 3), spiking by default.

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs.
    links : a matrix for the first linear layer (with padding 1 [40 * H/4 * W/4, 300]), a list of two for both
        linear layers, or {layer name: matrix}. None makes a dense network.
    padding : of the convolutions, 1 or 0. bias : whether they have biases.
    pooling : "average" or "max". dropout : of the hidden units of the classifier.
    neuron, steps, readout : as in `netsci.models.mlp.mlp`.

    Examples
    --------
    >>> model = conv2fc2()
    >>> sum(parameter.numel() for parameter in model.parameters())
    596845

    Source: S0 appendix A.5.
    Reading: the padding is not printed.
    """
    return ConvNet(
        input_shape,
        classes,
        channels=(15, "P", 40, "P"),
        hidden=300,
        pooling=pooling,
        norm=False,
        padding=padding,
        links=links,
        neuron=neuron,
        steps=steps,
        readout=readout,
        bias=bias,
        dropout=dropout,
    )


def conv6fc2(
    input_shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    *,
    links: Any = None,
    width: float = 1.0,
    pooling: str = "max",
    dropout: float = 0.0,
    neuron: Neuron = None,
    steps: int = 8,
    readout: str = "rate",
) -> ConvNet:
    """Build [128C3]x2 - MaxPool2 - [256C3]x2 - MaxPool2 - [512C3]x2 - 512 - classes, spiking by default.

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs.
    links : a matrix for the first linear layer [512 * H/4 * W/4, 512], a list of two for both linear layers,
        or {layer name: matrix}. None makes a dense network.
    width : factor on all channels and on the 512 hidden units, rounded to whole numbers of at least 1.
    pooling : "average" or "max". dropout : of the hidden units of the classifier.
    neuron, steps, readout : as in `netsci.models.mlp.mlp`.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):
    ...     model = conv6fc2()
    >>> sum(parameter.numel() for parameter in model.parameters())
    21361034

    Source: S0 appendix A.5.
    """
    check_number(width, "width")
    if not 0 < width < float("inf"):
        raise ValueError(f"width must be a finite factor above 0; got {width!r}")
    sizes = [max(1, round(size * width)) for size in (128, 256, 512)]
    return ConvNet(
        input_shape,
        classes,
        channels=(sizes[0], sizes[0], "P", sizes[1], sizes[1], "P", sizes[2], sizes[2]),
        hidden=sizes[2],
        pooling=pooling,
        norm=True,
        padding=1,
        links=links,
        neuron=neuron,
        steps=steps,
        readout=readout,
        dropout=dropout,
    )


def _build_with(make: Callable[..., ConvNet]) -> Callable[..., ConvNet]:
    """Return how a recipe builds one of these networks; see `netsci.models.architecture`."""

    def build(
        shape: tuple[int, ...],
        classes: int,
        activation: Activation,
        links: Mapping[str, Any],
        **options: Any,
    ) -> ConvNet:
        return make(shape, classes, links=links or None, neuron=activation, **options)

    return build


_TAKES = frozenset({"steps", "activation", "readout", "pooling", "dropout"})
CONV2FC2 = Architecture(_build_with(conv2fc2), _TAKES | {"padding", "bias"}, wiring.default_sparse)
CONV6FC2 = Architecture(_build_with(conv6fc2), _TAKES | {"width"}, wiring.default_sparse)
