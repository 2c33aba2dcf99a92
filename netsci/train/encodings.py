"""Encodings: turn a batch of the data into the input of a network.

    direct   the image itself, float32, [B, ...], in [0, 1] unless the recipe normalises; a spiking network
             sees it at every step
    rate     Bernoulli spikes with the intensity as probability, [T, B, ...]; if not spiking, the image itself
    events   numbers of events of data with a time axis, [T, B, ...]; if not spiking, their mean over time

An encoding is a function (inputs, x, rng) that returns the input of the network. x is a uint8 or float batch
[B, C, H, W], or [B, T, C, H, W] with a time axis; for a flat network (an mlp) [C H W, B] or [C H W, T, B],
the memory order of sparse layers. `inputs`, a `netsci.train.Inputs`, has the attributes recipe, full (the
value of a pixel of intensity 1) and flat. Register your own with netsci.train.ENCODINGS.register(name,
function).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from netsci.train.inputs import Inputs


def direct(inputs: Inputs, x: Tensor, rng: np.random.Generator) -> Tensor:
    """Return intensities [B, ...]."""
    x = inputs.normalise(inputs.scale(x))
    return x.t() if inputs.flat else x


def rate(inputs: Inputs, x: Tensor, rng: np.random.Generator) -> Tensor:
    """Return spikes [T, B, ...]: at each step a pixel spikes with the probability pixel / full."""
    import torch

    if not inputs.recipe.net.spiking:
        return direct(inputs, x, rng)
    steps = inputs.recipe.task.steps
    # Flat models: from [features, B] to the memory order [features, T, B].
    x = x[:, None, :].expand(-1, steps, -1) if inputs.flat else x[None].expand(steps, *x.shape)
    if x.device.type == "cpu":
        noise = torch.from_numpy(rng.integers(0, inputs.full, size=tuple(x.shape), dtype=np.uint8))
    else:
        generator = torch.Generator(x.device).manual_seed(int(rng.integers(2**62)))
        noise = torch.randint(
            0, inputs.full, x.shape, generator=generator, device=x.device, dtype=torch.uint8
        )
    spikes = (noise < x).to(torch.float32)
    return spikes.permute(1, 2, 0) if inputs.flat else spikes


def events(inputs: Inputs, x: Tensor, rng: np.random.Generator) -> Tensor:
    """Return events over time, from [features, T, B] or [B, T, C, H, W] to [T, B, ...]."""
    x = inputs.scale(x)
    if not inputs.recipe.net.spiking:
        return x.mean(1).t() if inputs.flat else x.mean(1)
    return x.permute(1, 2, 0) if inputs.flat else x.transpose(0, 1)
