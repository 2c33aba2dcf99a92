"""Spikformer: a spiking transformer whose attention has no softmax.

    stem   convolutions of d/8, d/4, d/2, d channels, each BN + LIF, max pooling (3, 2, 1) after the third and
           the fourth, then x + LIF(BN(conv(x))): its H/4 x W/4 pixels are the tokens x [T, batch, tokens, d]
    block  q, k, v = LIF(BN(linear(x)));  a = LIF((q k^T) v scale), head by head
           x <- x + LIF(BN(proj(a)));     x <- x + LIF(BN(fc2(LIF(BN(fc1(x))))))
    head   linear of the mean over tokens; class scores are its mean over time

Binary spikes q, k, v: the attention map counts coincidences. Additions make x a whole number, not a spike.

Source: S0 section 4; spec of the model by Zhou et al., Spikformer (ICLR 2023), its CIFAR configuration.
Reading: "LIF tau 2" is v <- v + (I - v) / tau, which is our v <- alpha v + gain I with alpha = 1 - 1/tau and
gain = 1/tau, both 0.5. The gain multiplies the current, threshold and surrogate stay as they are, so that
gradients agree too (our LIF at threshold 2 fires alike, but its surrogate would be half as wide). The
neurons after attention have threshold 0.5 in the same units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from netsci.arguments import as_count, check_flag, check_number
from netsci.graph.checks import as_whole
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture
from netsci.models.parts import (
    activation_like,
    check_names,
    check_sizes,
    linear,
    links_by_name,
)
from netsci.models.spikformer_parts import Block, Settings, Stem


class Spikformer(nn.Module):
    """The spiking transformer; call `spikformer` to build one.

    input_shape : (C, H, W). classes : number of class scores. depth : blocks. width : units of a token, a
    multiple of 8 and of heads. mlp_ratio : hidden units of a block, in widths. links : matrices [in, out] by
    layer name, None for a dense network. settings : neurons and factors that all layers share.

    It maps images [batch, C, H, W], or events [T, batch, C, H, W], to class scores [batch, classes].
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        depth: int,
        width: int,
        heads: int,
        mlp_ratio: int,
        links: Any,
        settings: Settings,
    ) -> None:
        super().__init__()
        shape, self.classes, self.steps = check_sizes(input_shape, classes, settings.steps)
        for value, name in ((width, "width"), (heads, "heads"), (mlp_ratio, "mlp_ratio")):
            if as_whole(value, name) > 100_000:
                raise ValueError(f"{name} must be at most 100,000; got {value}")
        as_count(depth, "depth", 1, 1000)
        if width % 8 or width < 8 or heads < 1 or width % heads or depth < 1 or mlp_ratio < 1:
            raise ValueError(
                "width must be a multiple of 8 and of heads, depth and mlp_ratio at least 1; got "
                f"width {width}, heads {heads}, depth {depth}, mlp_ratio {mlp_ratio}"
            )
        self.width, self.n_heads = width, heads
        self.sparse_names = tuple(
            f"blocks.{i}.{part}.linear"
            for i in range(as_whole(depth, "depth"))
            for part in ("attn.q", "attn.k", "attn.v", "attn.proj", "fc1", "fc2")
        )
        given = links_by_name(links, ())
        self.stem = Stem(given, shape, width, settings)
        self.blocks = nn.ModuleList(
            Block(given, f"blocks.{i}", width, heads, width * mlp_ratio, settings) for i in range(depth)
        )
        self.head = linear(given, "head", width, self.classes)
        check_names(given, self)

    @property
    def neuron(self) -> nn.Module:
        """The neuron of the first layer; all but those after attention are alike."""
        first: nn.Module = self.stem.neurons[0]
        return first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return class scores [batch, classes] of images [batch, C, H, W] or events [T, batch, C, H, W]."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        scores: torch.Tensor = self.head(x.mean(2)).mean(0)
        return scores

    def wiring(self) -> list[wiring.Wire]:
        """Return the graph of its linear layers; see `netsci.models.wiring`.

        The stem is left out: its convolutions are no part of the graph, and stream0 is the input population.
        Populations are the residual streams, which tokens share, and the units in between:
        stream0 -> q, k, v -> attention -> middle -> hidden -> stream1 -> ... -> classes.
        """
        wires: list[wiring.Wire] = []
        for i in range(len(self.blocks)):
            stream, middle, after = f"stream{i}", f"middle{i}", f"stream{i + 1}"
            q, k, v, attention, hidden = (f"{part}{i}" for part in ("q", "k", "v", "attention", "hidden"))
            block = f"blocks.{i}"
            wires += [
                wiring.layer(self, f"{block}.attn.q.linear", stream, q),
                wiring.layer(self, f"{block}.attn.k.linear", stream, k),
                wiring.layer(self, f"{block}.attn.v.linear", stream, v),
                wiring.heads(q, attention, self.width, self.n_heads),
                wiring.heads(k, attention, self.width, self.n_heads),
                wiring.identity(v, attention, self.width),
                wiring.layer(self, f"{block}.attn.proj.linear", attention, middle),
                wiring.identity(stream, middle, self.width),
                wiring.layer(self, f"{block}.fc1.linear", middle, hidden),
                wiring.layer(self, f"{block}.fc2.linear", hidden, after),
                wiring.identity(middle, after, self.width),
            ]
        return [*wires, wiring.layer(self, "head", f"stream{len(self.blocks)}", "classes")]


def spikformer(
    input_shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    *,
    depth: int = 8,
    width: int = 512,
    heads: int = 8,
    mlp_ratio: int = 4,
    links: Any = None,
    steps: int = 4,
    neuron: nn.Module | None = None,
    attention_neuron: nn.Module | None = None,
    gain: float = 0.5,
    scale: float = 0.125,
    unused_norms: bool = True,
) -> Spikformer:
    """Build a Spikformer for small images (CIFAR) or events; S0's is 8-512 with 8 heads and T = 4.

    The network takes images [batch, C, H, W], shown at every step, or events [T, batch, C, H, W], and returns
    class scores [batch, classes].

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs. depth : number of blocks. width : units of a token.
    heads : of the attention, a divisor of width. mlp_ratio : hidden units of a block's MLP over width.
    links : {layer name: matrix [in, out]}, such as "blocks.0.attn.q.linear" (all: model.sparse_names); the
        rest is dense. None makes all dense.
    steps : number T of time steps for images without a time axis.
    neuron, attention_neuron : LIF(0.5, 1) and LIF(0.5, 0.5), reset detached, by default (None).
    gain : factor on every current, 1/tau; scale : factor on the attention product.
    unused_norms : keep the two layer norms a block (norm1, norm2) that the published model owns and never
        applies, here without gradients: parameter counts are then the published ones.

    Raises
    ------
    ValueError, TypeError
        If a size does not fit or links do not fit a layer.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = spikformer(depth=4, width=384, heads=12)
    >>> sum(parameter.numel() for parameter in model.parameters())
    9330874
    """
    from netsci.spiking import LIF  # its neurons are part of its definition

    check_number(gain, "gain")
    check_number(scale, "scale")
    check_flag(unused_norms, "unused_norms")
    settings = Settings(
        steps,
        activation_like(LIF(0.5, 1.0, detach_reset=True) if neuron is None else neuron),
        activation_like(LIF(0.5, 0.5, detach_reset=True) if attention_neuron is None else attention_neuron),
        float(gain),
        float(scale),
        unused_norms,
    )
    sizes: dict[str, int] = {"depth": depth, "width": width, "heads": heads, "mlp_ratio": mlp_ratio}
    return Spikformer(input_shape, classes, **sizes, links=links, settings=settings)


def spikformer_tiny(input_shape: Sequence[int] = (1, 8, 8), classes: int = 10, **options: Any) -> Spikformer:
    """Build a Spikformer of 2 blocks, 64 units wide with 4 heads, for small images.

    input_shape : (C, H, W). classes : number of outputs. options : keywords of `spikformer`, such as steps,
    the number T of time steps, 4 by default. The network takes images [batch, C, H, W], shown at every step,
    or events [T, batch, C, H, W], and returns class scores [batch, classes].

    Examples
    --------
    >>> spikformer_tiny(steps=2)(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 10])
    """
    return spikformer(input_shape, classes, **({"depth": 2, "width": 64, "heads": 4} | options))


def _build(
    shape: tuple[int, ...], classes: int, activation: Activation, links: Mapping[str, Any], **options: Any
) -> Spikformer:
    """Build the network of a recipe, whose neurons are its own; see `netsci.models.architecture`."""
    return spikformer(shape, classes, links=links or None, **options)


ARCHITECTURE = Architecture(
    _build,
    takes=frozenset({"steps", "depth", "width", "heads", "mlp_ratio", "gain", "scale", "unused_norms"}),
    sparse=wiring.default_sparse,
)
