"""A population and the layer that reads it as one operation: spikes stay bytes, 0 and 1.

The threshold goes into the layer's values, W' = theta W by input unit, so that nothing is multiplied at each
step. A sparse layer reads the bytes, a large dense one adds the rows of the inputs that fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.convert.layers import Layer, scale_inputs
from netsci.convert.neurons import Neuron, units_first
from netsci.convert.program import Program
from netsci.spiking.events import currents_of_spikes, few, layer_on_spikes, way_of
from netsci.spiking.plain import dense_weight_of

PROBE = 2
AT_ONCE = 256  # inputs whose spikes become numbers together, so that they stay in the cache


@dataclass(frozen=True, eq=False)
class Fused:
    """A layer that reads spikes: the place of the neurons, and the layer with their thresholds in it."""

    neurons: int
    layer: Layer


def find_fused(program: Program, neurons: dict[int, Neuron]) -> dict[int, Fused]:
    """Return the linear layers that read one population of "if" neurons, unit by unit, by their places."""
    found = {}
    for place, step in enumerate(program.steps):
        if step.layer is None or step.layer.convolves or step.axis != 0 or step.places != 1:
            continue
        source = _find_neurons(program, neurons, step.inputs[0])
        if source is None or len(program.steps[source].sample) != 1 or len(step.sample) != 1:
            continue
        theta = neurons[source].theta.expand(program.steps[source].sample).contiguous()
        found[place] = Fused(source, scale_inputs(step.layer, theta))
    return found


def _find_neurons(program: Program, neurons: dict[int, Neuron], place: int) -> int | None:
    """Return the population that a step repeats, sample by sample and unit by unit; None if it does not."""
    path: list[int] = []
    while place not in neurons:
        step = program.steps[place]
        if step.kind != "move" or len(step.inputs) != 1:
            return None
        path.insert(0, place)
        place = step.inputs[0]
    step = program.steps[place]
    if neurons[place].kind != "if" or step.axis != 0 or step.places != 1:
        return None
    numbers = torch.arange(float(PROBE * np.prod(step.sample))).reshape(PROBE, *step.sample)
    values: dict[int, Any] = {place: numbers}
    for one in path:
        values[one] = program.steps[one].run(values, PROBE)
    last = values[path[-1]] if path else numbers
    return place if last.shape == numbers.shape and bool(torch.equal(last, numbers)) else None


def apply_to_spikes(fused: Fused, spikes: Tensor) -> Tensor:
    """Return the currents [T x images, units] of a layer from spikes int8 [T, images, units]."""
    module = fused.layer.module
    if spikes.device.type != "cpu" or not spikes.numel():
        found: Tensor = module(spikes.flatten(0, 1).to(torch.float32))
        return found
    rows = spikes.permute(2, 0, 1) if units_first(spikes) else spikes.permute(2, 0, 1).contiguous()
    flat = rows.reshape(len(rows), -1).numpy().view(np.uint8)
    like = torch.empty((1, 1, len(rows))).expand(*spikes.shape)
    way = way_of(module, like)
    if way == "csr":
        return layer_on_spikes(module, like, flat).flatten(0, 1)
    weight = dense_weight_of(module).detach()
    memory = currents_of_spikes(flat, weight) if way == "firing" and few(flat) else _multiply(weight, flat)
    if module.bias is not None:
        memory += module.bias.detach()[:, None]
    return memory.T


def _multiply(weight: Tensor, spikes: Any) -> Tensor:
    """Return weight [out, in] @ spikes [in, samples], the spikes of AT_ONCE inputs at a time."""
    sums = weight.new_zeros((len(weight), spikes.shape[1]))
    for first in range(0, len(spikes), AT_ONCE):
        part = torch.from_numpy(spikes[first : first + AT_ONCE]).to(weight.dtype)
        sums.addmm_(weight[:, first : first + AT_ONCE], part)
    return sums
