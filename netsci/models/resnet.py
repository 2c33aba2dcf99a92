"""ResNet-18, spiking or not: basic blocks of two 3x3 convolutions with batch normalisation and activations.

    residual = "current"   block(s) = LIF(BN(conv2(LIF(BN(conv1(s))))) + shortcut(s))
    residual = "spike"     block(s) = LIF(BN(conv2(LIF(BN(conv1(s)))))) + shortcut(s)

The shortcut is s itself, or BN(conv 1x1 of stride 2) where the size changes, which "spike" sends through LIF.
With "current" (the default, as in the non-spiking network) all signals are binary, so every synaptic
operation is an addition. At threshold 1 a spike on the shortcut makes its neuron fire. With "spike" (SEW-ADD,
Fang et al. 2021) outputs are counts of spikes.

With an activation without time, such as ReLU, "current" is the residual network of He et al. itself; T is 1.

Class scores: linear layer on the mean over pixels at each step, and by default its mean over time ("sum").
Parameter names are torchvision's (conv1, bn1, layer1.0.conv1, ..., layer2.0.downsample.0, fc), so that
weights of a dense ResNet-18 load.

Source: S0 appendix (ResNet-18, convolutions by CHT-Conv).
Reading: S0 prints no residual form; the choice is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from netsci.arguments import check_iterable
from netsci.graph.checks import as_whole, check_choice
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture, Neuron
from netsci.models.parts import (
    Links,
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
)
from netsci.models.readout import check_readout, read_out
from netsci.models.stochastic_depth import depths
from netsci.sparse import SparseConv2d

STEM_POOLS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut; see the module for the equations."""

    def __init__(
        self,
        links: Links,
        name: str,
        inputs: int,
        outputs: int,
        *,
        stride: int,
        activation: Activation,
        residual: str,
        depth: nn.Module | None,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.stochastic_depth = depth
        self.conv1 = convolution(links, f"{name}.conv1", inputs, outputs, 3, stride=stride, padding=1)
        self.bn1, self.neuron1 = nn.BatchNorm2d(outputs), activation()
        self.conv2 = convolution(links, f"{name}.conv2", outputs, outputs, 3, padding=1)
        self.bn2, self.neuron2 = nn.BatchNorm2d(outputs), activation()
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            shortcut = convolution(links, f"{name}.downsample.0", inputs, outputs, 1, stride=stride)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))
            if residual == "spike":
                self.neuron3 = activation()

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        """Return [T, batch, outputs, H/stride, W/stride] of s [T, batch, inputs, H, W]."""
        hidden = fire(self.neuron1, at_each_step(lambda frames: self.bn1(self.conv1(frames)), s))
        current = at_each_step(lambda frames: self.bn2(self.conv2(frames)), hidden)
        keep = self.stochastic_depth
        shortcut = s if self.downsample is None else at_each_step(self.downsample, s)
        if self.residual == "current":
            return fire(self.neuron2, (current if keep is None else keep(current)) + shortcut)
        if self.downsample is not None:
            shortcut = fire(self.neuron3, shortcut)
        spikes = fire(self.neuron2, current)
        return (spikes if keep is None else keep(spikes)) + shortcut


class ResNet(nn.Module):
    """A residual network as `resnet18` builds it; the parameters are described there.

    `neuron` decides whether it spikes over time or not (nn.ReLU). `SpikingResNet` is an older name of this
    class.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        links: Any,
        width: int,
        blocks: Sequence[int],
        stem: str,
        pooling: str,
        stochastic_depth: float,
        residual: str,
        neuron: Neuron,
        steps: int,
        readout: str,
    ) -> None:
        super().__init__()
        self.input_shape, self.classes, self.steps = check_sizes(input_shape, classes, steps)
        check_choice(stem, ("cifar", "imagenet"), "stem")
        check_choice(residual, ("current", "spike"), "residual")
        check_choice(pooling, tuple(STEM_POOLS), "pooling")
        activation = activation_like(neuron)
        check_iterable(blocks, "blocks", "a list with the number of blocks of each stage")
        if as_whole(width, "width") < 1 or not len(blocks) or min(as_whole(n, "blocks") for n in blocks) < 1:
            raise ValueError(f"width and each of blocks must be at least 1; got {width} and {blocks!r}")
        sizes = [width * 2**stage for stage in range(len(blocks))]
        self.widths, self.depths = tuple(sizes), tuple(blocks)
        given = links_by_name(links, ())
        channels = self.input_shape[0]
        kernel, stride = (3, 1) if stem == "cifar" else (7, 2)
        self.conv1 = convolution(given, "conv1", channels, width, kernel, stride=stride, padding=kernel // 2)
        self.bn1, self.neuron1 = nn.BatchNorm2d(width), activation()
        self.pool = STEM_POOLS[pooling](3, 2, 1) if stem == "imagenet" else None
        left_out = iter(depths(stochastic_depth, sum(blocks), axis=1))
        for stage, (size, depth) in enumerate(zip(sizes, blocks, strict=True)):
            before = sizes[max(stage - 1, 0)]
            made = [
                BasicBlock(
                    given,
                    f"layer{stage + 1}.{i}",
                    size if i else before,
                    size,
                    stride=2 if stage and not i else 1,
                    activation=activation,
                    residual=residual,
                    depth=next(left_out),
                )
                for i in range(depth)
            ]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self.fc = linear(given, "fc", sizes[-1], self.classes)
        check_readout(readout, self.neuron1)
        self.readout = readout if runs_over_time(self.neuron1) else "sum"
        self.output_neuron = activation() if self.readout == "rate" else None
        check_names(given, self)

    @property
    def sparse_names(self) -> tuple[str, ...]:
        """Names of the layers that evolve: convolutions of the blocks, and of the stem if sparse."""
        outside = ("fc",) if isinstance(self.conv1, SparseConv2d) else ("conv1", "fc")
        return tuple(name for name in wiring.link_shapes(self) if name not in outside)

    @property
    def neuron(self) -> nn.Module:
        """The activation of the first layer; all are alike."""
        return self.neuron1

    def stages(self) -> list[nn.Sequential]:
        """Return the stages layer1, layer2, ..."""
        return [getattr(self, f"layer{stage + 1}") for stage in range(len(self.widths))]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return class scores [batch, classes] of images [batch, C, H, W] or events [T, batch, C, H, W]."""
        s = first_spikes(
            lambda image: self.bn1(self.conv1(image)), self.neuron1, x, self.input_shape, self.steps
        )
        if self.pool is not None:
            s = at_each_step(self.pool, s)
        for stage in self.stages():
            s = stage(s)
        current = self.fc(s.mean((-2, -1)))
        return read_out(current, self.output_neuron or self.neuron, self.readout)

    def wiring(self) -> list[wiring.Wire]:
        """Return the graph from the channels of the first convolution to the classes.

        Every block is a population of its first convolution's channels (conv) and one of its sums (block);
        see `netsci.models.wiring`. A dense stem is left out: conv1, from the image to the input population,
        is not percolated. A sparse one is the first projection.
        """
        wires: list[wiring.Wire] = []
        if isinstance(self.conv1, SparseConv2d):
            wires.append(wiring.layer(self, "conv1", "image", "stem"))
        source, inputs = "stem", self.widths[0]
        for stage, (size, depth) in enumerate(zip(self.widths, self.depths, strict=True), start=1):
            for i in range(depth):
                name = f"layer{stage}.{i}"
                hidden, target = f"conv{stage}.{i}", f"block{stage}.{i}"
                wires += [
                    wiring.layer(self, f"{name}.conv1", source, hidden),
                    wiring.layer(self, f"{name}.conv2", hidden, target),
                ]
                if self.get_submodule(name).downsample is None:
                    wires.append(wiring.identity(source, target, inputs))
                else:
                    wires.append(wiring.layer(self, f"{name}.downsample.0", source, target))
                source, inputs = target, size
        return [*wires, wiring.layer(self, "fc", source, "classes")]


def resnet18(
    input_shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    *,
    links: Any = None,
    width: int = 64,
    blocks: Sequence[int] = (2, 2, 2, 2),
    stem: str = "cifar",
    pooling: str = "max",
    stochastic_depth: float = 0.0,
    residual: str = "current",
    neuron: Neuron = None,
    steps: int = 4,
    readout: str = "sum",
) -> ResNet:
    """Build a ResNet-18, spiking by default.

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs. The network takes images [batch, C, H, W] or events
        [T, batch, C, H, W] and returns class scores [batch, classes].
    links : {layer name: matrix}, of a convolution with kernels of side k [in * k^2, out], row = channel * k^2
        + place in the kernel. Other layers are dense; None makes all dense. model.sparse_names are the layers
        that S0 makes sparse.
    width : channels of the first stage, 64 in ResNet-18; they double from stage to stage.
    blocks : blocks of each stage.
    stem : "cifar", 3x3 without pooling, or "imagenet", 7x7 of stride 2 and a pooling.
    pooling : of the stem "imagenet", "max" or "average".
    stochastic_depth : probability, in the last block, of leaving out the branch of a sample in training; it
        rises along a line from 0 in the first block.
    residual : what a block adds to its shortcut, "current" (before the neuron) or "spike" (after it); see
        `netsci.models.resnet`.
    steps : number of time steps T for images without a time axis.
    neuron : as in `netsci.models.mlp`, None for LIF(); nn.ReLU for the residual network without time.
    readout : "sum", "rate" (with output neurons) or "membrane", see `netsci.models.readout`; without time the
        scores are the linear layer's.

    Raises
    ------
    ValueError, TypeError
        If a size does not fit or links do not fit a layer.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = resnet18()
    >>> sum(parameter.numel() for parameter in model.parameters())
    11173962
    """
    return ResNet(
        input_shape,
        classes,
        links=links,
        width=width,
        blocks=blocks,
        stem=stem,
        pooling=pooling,
        stochastic_depth=stochastic_depth,
        residual=residual,
        neuron=neuron,
        steps=steps,
        readout=readout,
    )


SpikingResNet = ResNet  # the name it had while all of its activations were neurons


def _build(
    shape: tuple[int, ...], classes: int, activation: Activation, links: Mapping[str, Any], **options: Any
) -> ResNet:
    """Build the network of a recipe; see `netsci.models.architecture`."""
    return resnet18(shape, classes, links=links or None, neuron=activation, **options)


ARCHITECTURE = Architecture(
    _build,
    takes=frozenset(
        {
            *("steps", "activation", "readout", "width", "blocks"),
            *("stem", "pooling", "stochastic_depth", "residual"),
        }
    ),
    sparse=wiring.default_sparse,
)
