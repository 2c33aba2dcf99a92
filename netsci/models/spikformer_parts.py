"""The parts of a Spikformer: its stem of convolutions, and blocks of attention and two linear layers.

`netsci.models.spikformer` gives their equations.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from netsci.models.architecture import Activation
from netsci.models.linear import normalise
from netsci.models.parts import Links, at_each_step, convolution, fire, first_spikes, linear, scale
from netsci.spiking.plain import has_hooks


@dataclass(frozen=True)
class Settings:
    """What all layers share."""

    steps: int
    activation: Activation
    attention_activation: Activation
    gain: float
    scale: float
    unused_norms: bool


class SpikingLinear(nn.Module):
    """Linear layer, batch normalisation over its outputs, neurons: [T, batch, tokens, in] -> spikes."""

    def __init__(self, links: Links, name: str, inputs: int, outputs: int, settings: Settings) -> None:
        super().__init__()
        self.linear = linear(links, f"{name}.linear", inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)
        self.neuron = settings.activation()
        self.gain = settings.gain

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return spikes [T, batch, tokens, out]."""
        current = scale(normalise(self.norm, self.linear(x)), self.gain)
        if has_hooks(self.neuron):
            return fire(self.neuron, current)
        # Tokens as part of the batch: so neurons take the order in which sparse layers leave memory, [out, T,
        # batch, tokens], without a copy. Hooks are told the units of a sample: they see the tokens apart.
        return fire(self.neuron, current.flatten(1, 2)).reshape(current.shape)


class Attention(nn.Module):
    """Spiking self-attention without softmax: LIF((q k^T) v scale) head by head, then a projection."""

    def __init__(self, links: Links, name: str, width: int, heads: int, settings: Settings) -> None:
        super().__init__()
        self.heads, self.scale, self.gain = heads, settings.scale, settings.gain
        self.q = SpikingLinear(links, f"{name}.q", width, width, settings)
        self.k = SpikingLinear(links, f"{name}.k", width, width, settings)
        self.v = SpikingLinear(links, f"{name}.v", width, width, settings)
        self.neuron = settings.attention_activation()
        self.proj = SpikingLinear(links, f"{name}.proj", width, width, settings)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return spikes [T, batch, tokens, d] of x of the same shape."""
        # To [T, batch, heads, tokens, d / heads].
        shape = (*x.shape[:-1], self.heads, -1)
        q, k, v = (part(x).reshape(shape).transpose(2, 3) for part in (self.q, self.k, self.v))
        current = (q @ k.transpose(-2, -1)) @ v * (self.scale * self.gain)
        spikes: torch.Tensor = self.proj(fire(self.neuron, current.transpose(2, 3).flatten(-2)))
        return spikes


class Block(nn.Module):
    """Attention, then two linear layers, each added to what came in."""

    def __init__(
        self, links: Links, name: str, width: int, heads: int, hidden: int, settings: Settings
    ) -> None:
        super().__init__()
        if settings.unused_norms:
            self.norm1 = nn.LayerNorm(width).requires_grad_(False)
            self.norm2 = nn.LayerNorm(width).requires_grad_(False)
        self.attn = Attention(links, f"{name}.attn", width, heads, settings)
        self.fc1 = SpikingLinear(links, f"{name}.fc1", width, hidden, settings)
        self.fc2 = SpikingLinear(links, f"{name}.fc2", hidden, width, settings)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [T, batch, tokens, d] of x of the same shape."""
        x = x + self.attn(x)
        out: torch.Tensor = x + self.fc2(self.fc1(x))
        return out


class Stem(nn.Module):
    """Convolutions that turn images or events into tokens (spiking patch splitting)."""

    def __init__(self, links: Links, shape: tuple[int, int, int], width: int, settings: Settings) -> None:
        super().__init__()
        channels = [shape[0], width // 8, width // 4, width // 2, width, width]
        self.shape, self.gain, self.steps = shape, settings.gain, settings.steps
        self.convs = nn.ModuleList(
            convolution(links, f"stem.convs.{i}", channels[i], channels[i + 1], 3, padding=1)
            for i in range(5)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in channels[1:])
        self.neurons = nn.ModuleList(settings.activation() for _ in range(5))
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return tokens [T, batch, H/4 W/4, d]."""
        layers = [nn.Sequential(*pair) for pair in zip(self.convs, self.norms, strict=True)]
        s = first_spikes(layers[0], self.neurons[0], x, self.shape, self.steps, self.gain)
        for i in range(1, 4):
            s = self._fire(i, at_each_step(layers[i], s))
            if i >= 2:
                s = at_each_step(self.pool, s)
        return (s + self._fire(4, at_each_step(layers[4], s))).flatten(3).transpose(2, 3).contiguous()

    def _fire(self, i: int, current: torch.Tensor) -> torch.Tensor:
        return fire(self.neurons[i], scale(current, self.gain))
