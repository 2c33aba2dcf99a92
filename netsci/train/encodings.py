"""Encodings: from a batch of the data, as bytes, to what a network sees.

    direct   the image itself, float32 in [0, 1], [B, ...]: a network over time sees it at every step
    rate     Bernoulli spikes of the pixels' intensity, [T, B, ...]; without time the image itself
    events   the numbers of events of data that have time, [T, B, ...]; without time their mean frame

`ENCODINGS` knows them by name: functions of (inputs, x, rng). x is a batch as `netsci.train.Inputs` holds it:
[B, C, H, W] or [B, T, C, H, W]; for a flat network [C H W, B] or [C H W, T, B], the order in which sparse
layers work. `inputs` tells the recipe, `full` (the value of a pixel that is 1) and `flat`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from netsci.train.inputs import Inputs


def direct(inputs: Inputs, x: Tensor, rng: np.random.Generator) -> Tensor:
    """Return intensities [B, ...]."""
    x = inputs.scale(x)
    return x.t() if inputs.flat else x


def rate(inputs: Inputs, x: Tensor, rng: np.random.Generator) -> Tensor:
    """Return Bernoulli spikes [T, B, ...] with the probability pixel / full a step."""
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
