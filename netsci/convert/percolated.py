"""Neurons that lie on a path from the input to the output, along links that exist.

Every link carries 1, every other number stays what it is for: a unit is reached if its value is above 0, and
needed if the output's gradient by it is. Both inputs of a product must be reached. A softmax of what is not
reached is a mean over places, so it is reached all the same. A channel of a convolution is live if one of
its places is, as in `netsci.graph.live_units`, where it is one unit. Each token has units of its own: those
of a token that nothing reads (all but the class token, in a transformer's last block) are not live.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from netsci.convert.layers import Layer
from netsci.convert.program import Program, Step
from netsci.convert.rewriting import reads_convolution
from netsci.convert.windows import split_time

SAME = ("norm", "shift", "scale", "activation", "neurons", "gelu", "layer norm")


def find_live(network: Any) -> dict[str, NDArray[np.bool_]]:
    """Return for each population of a network, by name, which of its units are live: bool [units]."""
    program: Program = network.program
    values: dict[int, Any] = {}
    with torch.enable_grad():
        for place, step in enumerate(program.steps):
            values[place] = _reach(place, step, values, program)
        out = values[len(program.steps) - 1]
        watched = [values[place] for place in network.neurons]
        needs = torch.autograd.grad(out.sum(), watched, allow_unused=True)
    found = {}
    for place, need in zip(network.neurons, needs, strict=True):
        reached = split_time(values[place].detach(), program.steps[place], 1)[0, 0] > 0
        wanted = torch.zeros_like(reached)
        if need is not None:
            wanted = split_time(need, program.steps[place], 1)[0, 0] > 0
        live = reached & wanted
        if live.ndim == 3 and _has_channels(program, place):
            live = live.flatten(1).any(1)[:, None, None].expand(live.shape)
        found[program.steps[place].name] = np.asarray(live).ravel()
    return found


def _has_channels(program: Program, place: int) -> bool:
    read = [program.steps[one].layer for one in program.users(place)]
    return reads_convolution(program, place) or any(one is not None and one.convolves for one in read)


def _reach(place: int, step: Step, values: dict[int, Any], program: Program) -> Any:
    """Return what a step gives where every link carries 1, float64 for one image."""
    if step.kind == "input":
        return torch.ones(1, *program.shape, dtype=torch.float64, requires_grad=True)
    if step.kind == "constant":
        found = step.run(values, 1)
        wide = isinstance(found, Tensor) and found.is_floating_point()
        return torch.ones_like(found, dtype=torch.float64) if wide and step.axis is not None else found
    moving = [one for one in step.inputs if program.steps[one].axis is not None]
    x = values[moving[0]] if moving else None
    if step.layer is not None:
        return _even(_along_links(step.layer, values[step.inputs[0]]))
    if step.kind in SAME:
        return _even(x)
    if step.kind == "softmax":
        return 1.0 + _even(x)
    if step.kind == "add":
        return _even(sum(values[one] for one in moving))
    found = step.run(values, 1)
    return _even(found) if isinstance(found, Tensor) else found


def _even(x: Any) -> Tensor:
    """Return numbers at least 0 with a largest of 1, so that sums over deep networks stay finite."""
    top = float(x.detach().max()) if x.numel() else 0.0
    scaled: Tensor = x / top if top > 0 else x * 1.0
    return scaled


def _along_links(layer: Layer, x: Tensor) -> Tensor:
    """Return the sums over links, each of weight 1."""
    links = torch.from_numpy(layer.links.astype(np.float64).toarray())
    module = layer.module
    if not layer.convolves:
        return x @ links
    groups = getattr(module, "groups", 1)
    k = module.kernel_size
    kernel = (k, k) if isinstance(k, int) else tuple(k)
    if groups > 1:
        rows, columns = links.shape[0] // groups, links.shape[1] // groups
        links = torch.cat(
            [links[i * rows : (i + 1) * rows, i * columns : (i + 1) * columns] for i in range(groups)], 1
        )
    weight = links.T.reshape(links.shape[1], -1, *kernel)
    like = nn.Conv2d(1, 1, 1)
    given = {name: getattr(module, name, getattr(like, name)) for name in ("stride", "padding", "dilation")}
    return functional.conv2d(x, weight, groups=groups, **given)
