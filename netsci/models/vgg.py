"""VGG-16: thirteen convolutions of 3 x 3 in five groups with pooling, then one to three linear layers.

    features     64 64 P 128 128 P 256 256 256 P 512 512 512 P 512 512 512 P; batch normalisation and an
                 activation after each convolution, P a pooling of 2 x 2
    classifier   hidden layers with an activation and dropout each, then the classes

Convolutions have no bias, linear layers have one. Parameter names are torchvision's, features.N.weight and
classifier.N.weight, so that the convolutions of a published VGG-16 with batch normalisation load. With
neurons over time the currents of the last layer are read out as `netsci.models.readout` says; with an
activation such as ReLU T is 1. Images below 32 pixels lack the last poolings: what is one pixel high or wide
is not pooled.

Source: S1 (VGG-16 on CIFAR-10 and CIFAR-100), S2 (one linear layer).
Reading: S1's figures fit 512-512-512-C with the middle pair sparse, or 512-512-C: `hidden` decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from netsci.arguments import as_count, check_flag, check_iterable, check_number
from netsci.graph.checks import check_choice
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture, Neuron
from netsci.models.conv_net import POOLS
from netsci.models.dropout import Dropout, check_dropout
from netsci.models.parts import (
    activation_like,
    at_each_step,
    check_names,
    check_sizes,
    convolution,
    fire,
    first_spikes,
    linear,
    links_by_name,
    runs_over_time,
    start_firing,
)
from netsci.models.readout import check_readout, read_out

CHANNELS = (64, 64, "P", 128, 128, "P", 256, 256, 256, "P", 512, 512, 512, "P", 512, 512, 512, "P")


class VGG(nn.Module):
    """A VGG network as `vgg16` builds it; the parameters are described there.

    Attributes: `features` and `classifier`, sequences of modules; `neuron`, `steps`, `sparse_names`.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        channels: Sequence[int | str],
        hidden: Sequence[int],
        pooling: str,
        norm: bool,
        dropout: float,
        bias: bool,
        links: Any,
        neuron: Neuron,
        steps: int,
        readout: str,
    ) -> None:
        super().__init__()
        self.input_shape, self.classes, self.steps = check_sizes(input_shape, classes, steps)
        check_choice(pooling, tuple(POOLS), "pooling")
        check_flag(norm, "norm")
        check_flag(bias, "bias")
        check_iterable(hidden, "hidden", "a list with the width of each hidden linear layer, such as (512,)")
        widths = [as_count(width, "an entry of hidden", 1, 10_000_000) for width in hidden]
        if len(widths) > 2:
            raise ValueError(f"hidden must have at most two widths; got {hidden!r}")
        activation = activation_like(neuron)
        given = links_by_name(links, ())
        self.features = self._features(given, channels, pooling, norm, bias, activation)
        self.classifier = self._classifier(given, widths, dropout, activation)
        self.convolution_names = _layers_of(self.features, "features")
        self.linear_names = _layers_of(self.classifier, "classifier")
        self.sparse_names = (*self.convolution_names, *self.linear_names[:-1])
        check_readout(readout, self.neuron)
        self.readout = readout if runs_over_time(self.neuron) else "sum"
        self.output_neuron = activation() if self.readout == "rate" else None
        self._start_firing(norm, pooling == "average")
        check_names(given, self)

    @property
    def neuron(self) -> nn.Module:
        """The activation of the first layer; all are alike."""
        return self.features[self._firing[0]]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return class scores [batch, classes] of images [batch, C, H, W] or events [T, batch, C, H, W]."""
        first = self._firing[0]
        s = first_spikes(self.features[:first], self.neuron, x, self.input_shape, self.steps)
        for place in range(first + 1, len(self.features)):
            module = self.features[place]
            s = fire(module, s) if place in self._firing else at_each_step(module, s)
        s = s.flatten(2)
        for place, module in enumerate(self.classifier):
            if isinstance(module, Dropout):
                s = module.over_time(s)
            else:
                s = fire(module, s) if place % 3 == 1 else module(s)
        return read_out(s, self.output_neuron or self.neuron, self.readout)

    def wiring(self) -> list[wiring.Wire]:
        """Return the chain image -> conv0 -> conv1 -> ... -> hidden layers -> classes.

        A unit of a convolution is a channel; the first linear layer reads H W places of each; see
        `netsci.models.wiring`.
        """
        names = [*self.convolution_names, *self.linear_names]
        populations = ["image", *(f"conv{i}" for i in range(len(self.convolution_names)))]
        populations += [*(f"hidden{i}" for i in range(len(self.linear_names) - 1)), "classes"]
        places = self.feature_shape[1] * self.feature_shape[2]
        return [
            wiring.layer(
                self, name, source, target, rows_per_unit=places if name == self.linear_names[0] else 1
            )
            for name, (source, target) in zip(names, pairwise(populations), strict=True)
        ]

    def _features(
        self,
        links: Any,
        channels: Sequence[int | str],
        pooling: str,
        norm: bool,
        bias: bool,
        activation: Activation,
    ) -> nn.Sequential:
        """Return convolutions, normalisations, activations and poolings, in torchvision's order."""
        modules: list[nn.Module] = []
        firing: list[int] = []
        before, height, width = self.input_shape
        for size in channels:
            if isinstance(size, str):
                fits = min(height, width) > 1
                modules.append(POOLS[pooling]() if fits else nn.Identity())
                height, width = (height // 2, width // 2) if fits else (height, width)
                continue
            name = f"features.{len(modules)}"
            modules.append(convolution(links, name, before, size, 3, padding=1, bias=bias))
            modules += [nn.BatchNorm2d(size)] if norm else []
            firing.append(len(modules))
            modules.append(activation())
            before = size
        self._firing, self.feature_shape = tuple(firing), (before, height, width)
        return nn.Sequential(*modules)

    def _classifier(
        self, links: Any, hidden: Sequence[int], dropout: float, activation: Activation
    ) -> nn.Sequential:
        """Return linear layers, each hidden one with an activation and dropout: places 0, 3 and 6."""
        channels, height, width = self.feature_shape
        sizes = [channels * height * width, *hidden, self.classes]
        drops = check_dropout(dropout) > 0
        modules: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            modules.append(linear(links, f"classifier.{len(modules)}", inputs, outputs))
            modules += [activation(), Dropout(dropout) if drops else nn.Identity()]
        return nn.Sequential(*modules[:-2])

    def _start_firing(self, norm: bool, average: bool) -> None:
        """Draw first weights of the layers without normalisation."""
        for name in () if norm else self.convolution_names:
            place = int(name.rpartition(".")[2])
            pooled = place > 0 and place - 1 not in self._firing
            start_firing(self.features[place], self.neuron, averaged=pooled and average)
        for place, name in enumerate(self.linear_names):
            start_firing(self.get_submodule(name), self.neuron, averaged=not place and average)


def _layers_of(modules: nn.Sequential, start: str) -> tuple[str, ...]:
    return tuple(f"{start}.{name}" for name in wiring.link_shapes(modules))


def vgg16(
    input_shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    *,
    links: Any = None,
    width: float = 1.0,
    hidden: Sequence[int] = (512, 512),
    pooling: str = "average",
    norm: bool = True,
    dropout: float = 0.0,
    bias: bool = False,
    neuron: Neuron = None,
    steps: int = 4,
    readout: str = "sum",
) -> VGG:
    """Build a VGG-16, spiking by default.

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs. The network takes images [batch, C, H, W] or events
        [T, batch, C, H, W] and returns class scores [batch, classes].
    links : {layer name: matrix}, of a convolution [in * 9, out], row = channel * 9 + place in the kernel, of
        a linear layer [in, out]. Other layers are dense; None makes all dense. model.sparse_names are all
        layers but the last.
    width : factor on the channels of all convolutions, rounded to whole numbers of at least 1.
    hidden : widths of the linear layers before the last one: (), (512,) or (512, 512).
    pooling : "average" or "max". norm : whether batch normalisation follows each convolution.
    dropout : probability of dropping a hidden unit of the classifier in training.
    bias : whether convolutions have biases, as published weights without batch normalisation do.
    neuron, steps, readout : as in `netsci.models.resnet.resnet18`.

    Raises
    ------
    ValueError, TypeError
        If a size does not fit or links do not fit a layer.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = vgg16(hidden=())
    >>> sum(parameter.numel() for parameter in model.parameters())
    14724042
    """
    check_number(width, "width")
    if not 0 < width <= 1000:
        raise ValueError(f"width must be a factor above 0, at most 1000; got {width!r}")
    sizes = [size if isinstance(size, str) else max(1, round(size * width)) for size in CHANNELS]
    return VGG(
        input_shape,
        classes,
        channels=sizes,
        hidden=hidden,
        pooling=pooling,
        norm=norm,
        dropout=dropout,
        bias=bias,
        links=links,
        neuron=neuron,
        steps=steps,
        readout=readout,
    )


def _build(
    shape: tuple[int, ...], classes: int, activation: Activation, links: Mapping[str, Any], **options: Any
) -> VGG:
    """Build the network of a recipe; see `netsci.models.architecture`."""
    return vgg16(shape, classes, links=links or None, neuron=activation, **options)


ARCHITECTURE = Architecture(
    _build,
    takes=frozenset(
        {"steps", "activation", "readout", "width", "hidden", "pooling", "norm", "dropout", "bias"}
    ),
    sparse=wiring.default_sparse,
)
