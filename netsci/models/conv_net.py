"""A convolutional network with a sparse classifier, spiking or not; `netsci.models.conv` has S0's two.

The classifier is a multilayer perceptron (`netsci.models.mlp`: `SpikingMLP`, or `MLP` without time) over the
flattened last feature maps [C, H, W] -> C H W: its layers are called classifier.layers.0 (S0's FC1) and .1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from netsci.arguments import as_count, check_flag
from netsci.graph.checks import check_choice
from netsci.models import wiring
from netsci.models.architecture import Neuron
from netsci.models.linear import FeatureMajorLinear
from netsci.models.mlp import perceptron
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
from netsci.models.pooling import AveragePool2
from netsci.sparse import SparseConv2d

POOLS: dict[str, Callable[[], nn.Module]] = {"average": AveragePool2, "max": partial(nn.MaxPool2d, 2)}
CLASSIFIER = ("classifier.layers.0", "classifier.layers.1")


class ConvNet(nn.Module):
    """A convolutional network: 3 x 3 convolutions and pooling, then two linear layers.

    It takes images [batch, C, H, W], shown at every step, or events [T, batch, C, H, W], and returns class
    scores [batch, classes]. `neuron` decides whether it spikes over time (LIF) or not (nn.ReLU).
    `SpikingConvNet` is an older name of this class.

    Parameters
    ----------
    input_shape : (C, H, W).
    channels : number of channels of each convolution; "P" is a pooling of 2x2.
    hidden, classes : number of units of the linear layers.
    pooling : "average" or "max". norm : whether batch normalisation follows each convolution.
    padding : pixels of 0 around the input of each convolution, at least 0.
    bias : whether convolutions have biases. dropout : of the hidden units of the classifier.
    neuron, steps, readout : as in `netsci.models.mlp`; None for neuron makes LIF().
    links : a matrix [in, out] for the first linear layer, a list of two for both, or {layer name: matrix};
        None makes all layers dense.

    Attributes: `convs`, `norms`, `neurons`, `classifier`, `steps`, `neuron`, `sparse_names`.

    Raises
    ------
    ValueError, TypeError
        If the input is too small, or links do not fit a layer.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        channels: Sequence[int | str],
        hidden: int,
        pooling: str,
        norm: bool,
        padding: int,
        links: Any,
        neuron: Neuron,
        steps: int,
        readout: str,
        bias: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_shape, self.classes, self.steps = check_sizes(input_shape, classes, steps)
        check_flag(bias, "bias")
        as_count(padding, "padding", 0, 1000)
        check_choice(pooling, tuple(POOLS), "pooling")
        activation = activation_like(neuron)
        given = links_by_name(links, CLASSIFIER)
        sizes = [self.input_shape[0], *(int(size) for size in channels if size != "P")]
        self.convs = nn.ModuleList(
            convolution(given, f"convs.{i}", before, after, 3, padding=padding, bias=bias)
            for i, (before, after) in enumerate(pairwise(sizes))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) if norm else nn.Identity() for n in sizes[1:])
        self.neurons = nn.ModuleList(activation() for _ in self.convs)
        self.pool = POOLS[pooling]()
        self.pooled = tuple(
            after == "P" for size, after in zip(channels, [*channels[1:], 0], strict=True) if size != "P"
        )
        self.feature_shape = (sizes[-1], *self._feature_size(padding))
        features = sizes[-1] * self.feature_shape[1] * self.feature_shape[2]
        self.classifier = perceptron(
            [
                linear(given, CLASSIFIER[0], features, hidden, dense=FeatureMajorLinear),
                linear(given, CLASSIFIER[1], hidden, self.classes, dense=FeatureMajorLinear),
            ],
            activation,
            steps=self.steps,
            readout=readout,
            dropout=dropout,
        )
        self._start_firing(norm, pooling == "average")
        check_names(given, self)

    @property
    def neuron(self) -> nn.Module:
        """The activation of the first layer; all are alike."""
        return self.neurons[0]

    @property
    def sparse_names(self) -> tuple[str, ...]:
        """Names of the layers that evolve: sparse convolutions, and the first linear layer."""
        sparse = (f"convs.{i}" for i, conv in enumerate(self.convs) if isinstance(conv, SparseConv2d))
        return (*sparse, *CLASSIFIER[:1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return class scores [batch, classes] of images [batch, C, H, W] or events [T, batch, C, H, W]."""
        features = self.features(x)
        classifier: Any = self.classifier
        kind = classifier.layers[0].bias.dtype
        # Under autocast the convolutions may leave a smaller type: the classifier, a small part of the work,
        # keeps the precision of its weights.
        full = features.dtype != kind and torch.is_autocast_enabled(features.device.type)
        with torch.autocast(features.device.type, enabled=False) if full else nullcontext():
            features = features.to(kind) if full else features
            if runs_over_time(self.neuron):
                scores: torch.Tensor = classifier(features)
            else:
                scores = at_each_step(classifier, features).mean(0)
        return scores

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the classifier receives at each step, [T, batch, C H W]."""
        layers = [nn.Sequential(*pair) for pair in zip(self.convs, self.norms, strict=True)]
        s = first_spikes(layers[0], self.neurons[0], x, self.input_shape, self.steps)
        for i, pooled in enumerate(self.pooled):
            if i:
                s = fire(self.neurons[i], at_each_step(layers[i], s))
            if pooled:
                s = at_each_step(self.pool, s)
        return s.flatten(2)

    def wiring(self) -> list[wiring.Wire]:
        """Return the graph of the classifier, features -> hidden -> classes; see `netsci.models.wiring`.

        With dense convolutions every place of every feature map is one unit, and the graph begins there. If a
        convolution is sparse, all are in the graph, image -> conv0 -> conv1 -> ... -> hidden -> classes: a
        unit is a channel, of which the classifier reads H W places.
        """
        first, last = CLASSIFIER
        end = wiring.layer(self, last, "hidden", "classes")
        if not any(isinstance(conv, SparseConv2d) for conv in self.convs):
            return [wiring.layer(self, first, "features", "hidden"), end]
        populations = ["image", *(f"conv{i}" for i in range(len(self.convs)))]
        wires = [
            wiring.layer(self, f"convs.{i}", source, target)
            for i, (source, target) in enumerate(pairwise(populations))
        ]
        places = self.feature_shape[1] * self.feature_shape[2]
        return [*wires, wiring.layer(self, first, populations[-1], "hidden", rows_per_unit=places), end]

    def _start_firing(self, norm: bool, average: bool) -> None:
        """Draw first weights of the layers without normalisation."""
        if not norm:
            for conv, after_pooling in zip(self.convs, (False, *self.pooled), strict=False):
                start_firing(conv, self.neuron, averaged=after_pooling and average)
        classifier: Any = self.classifier
        first, last = classifier.layers
        start_firing(first, self.neuron, averaged=self.pooled[-1] and average)
        start_firing(last, self.neuron)

    def _feature_size(self, padding: int) -> tuple[int, int]:
        """Return height and width of the last feature maps."""
        height, width = self.input_shape[1:]
        for pooled in self.pooled:
            each = 2 if pooled else 1
            height, width = (height + 2 * padding - 2) // each, (width + 2 * padding - 2) // each
        if min(height, width) < 1:
            raise ValueError(
                f"input_shape {self.input_shape} is too small for {len(self.pooled)} convolutions and "
                f"{sum(self.pooled)} poolings: take larger images, or padding=1"
            )
        return height, width


SpikingConvNet = ConvNet  # the name it had while all of its activations were neurons
