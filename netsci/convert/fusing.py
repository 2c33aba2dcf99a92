"""A population and the layer that reads it as one operation: spikes stay bytes, -1, 0 and 1.

The threshold goes into the layer's values, W' = theta W by input unit (of a convolution by channel), so that
nothing is multiplied at each step. A sparse layer reads the bytes, a large dense one adds the rows of the
inputs that fire; negative spikes are few, and are taken off in a second pass. Convolutions whose inputs have
thresholds of their own in a channel (snm) read numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.convert.layers import Layer, scale_inputs
from netsci.convert.neurons import Neuron, State, run_steps, units_first
from netsci.convert.program import Program
from netsci.spiking.events import (
    BitRows,
    as_rows,
    count_behind,
    currents_of_spikes,
    few,
    fire_behind,
    layer_on_spikes,
    reads_bits,
    way_of,
)
from netsci.spiking.plain import dense_weight_of

PROBE = 2
AT_ONCE = 128  # inputs whose spikes become numbers together, so that they stay in the cache


@dataclass(frozen=True, eq=False)
class Fused:
    """A layer that reads spikes: the place of the neurons, and the layer with their thresholds in it.

    signed : whether a spike may be -1.
    """

    neurons: int
    layer: Layer
    signed: bool


def find_fused(program: Program, neurons: dict[int, Neuron]) -> dict[int, Fused]:
    """Return the layers that read one population, unit by unit, by their places."""
    found = {}
    for place, step in enumerate(program.steps):
        if step.layer is None or step.axis != 0 or step.places != 1:
            continue
        source = _find_neurons(program, neurons, step.inputs[0])
        if source is None:
            continue
        sample, read = program.steps[source].sample, program.steps[step.inputs[0]].sample
        theta = neurons[source].theta.expand(sample).reshape(read)
        if step.layer.convolves:
            theta = theta.flatten(1) if len(read) == 3 else torch.empty(0, 0)
            if not theta.numel() or not bool((theta == theta[:, :1]).all()):
                continue
            theta = theta[:, 0]
        elif len(read) != 1 or len(step.sample) != 1:
            continue
        layer = scale_inputs(step.layer, theta.contiguous())
        found[place] = Fused(source, layer, neurons[source].kind != "if")
    return found


def _find_neurons(program: Program, neurons: dict[int, Neuron], place: int) -> int | None:
    """Return the population that a step repeats, in the same order of units; None if it does not."""
    path: list[int] = []
    while place not in neurons:
        step = program.steps[place]
        if step.kind != "move" or len(step.inputs) != 1:
            return None
        path.insert(0, place)
        place = step.inputs[0]
    step = program.steps[place]
    if neurons[place].compat or step.axis != 0 or step.places != 1:
        return None
    numbers = torch.arange(float(PROBE * np.prod(step.sample))).reshape(PROBE, *step.sample)
    values: dict[int, Any] = {place: numbers}
    for one in path:
        values[one] = program.steps[one].run(values, PROBE)
    last = values[path[-1]] if path else numbers
    same = len(last) == PROBE and last.numel() == numbers.numel()
    return place if same and bool(torch.equal(last.flatten(), numbers.flatten())) else None


def apply_to_spikes(fused: Fused, spikes: Tensor) -> Tensor:
    """Return the currents [T x images, units...] of a layer from spikes int8 [T, images, units...]."""
    module: Callable[[Tensor], Tensor] = fused.layer.module
    if not fused.layer.convolves and spikes.ndim > 3:
        spikes = spikes.flatten(2)
    if fused.layer.convolves or spikes.device.type != "cpu" or not spikes.numel():
        return module(spikes.flatten(0, 1).to(torch.float32))
    negative = spikes < 0 if fused.signed else None
    if negative is None or not bool(negative.any()):
        return _apply_to_bytes(module, spikes)
    taken = _apply_to_bytes(module, negative.to(torch.int8), bias=False)
    return _apply_to_bytes(module, (spikes > 0).to(torch.int8)) - taken


def find_joined(
    program: Program, neurons: dict[int, Neuron], fused: dict[int, Fused], reads: dict[int, tuple[int, ...]]
) -> dict[int, int]:
    """Return the layer whose currents a population alone reads, and which may run with it, by its place."""
    readers = Counter(used for used_here in reads.values() for used in used_here)
    found = {}
    for place, neuron in neurons.items():
        layer = program.steps[place].inputs[0]
        one = fused.get(layer)
        if one is None or readers[layer] != 1 or one.signed or one.layer.convolves or neuron.kind != "if":
            continue
        if program.steps[place].sample == program.steps[layer].sample:
            found[place] = layer
    return found


def fire_joined(fused: Fused, neuron: Neuron, spikes: Tensor | BitRows, state: State) -> Tensor:
    """Return the spikes int8 [T, images, units] of neurons behind a layer that reads such spikes.

    What `run_steps` makes of the currents of `apply_to_spikes`, to the last bit. Where spikes can be bits the
    currents of a neuron are never all in memory.
    """
    rows = _read_rows(fused, spikes)
    if rows is None:
        assert isinstance(spikes, Tensor)
        currents = apply_to_spikes(fused, spikes).reshape(*spikes.shape[:2], -1)
        return run_steps(neuron, currents, state)
    theta, membrane = _open(neuron, state)
    fired = fire_behind(fused.layer.module, rows, theta, membrane)
    _close(state, membrane, rows.steps)
    return torch.from_numpy(fired.view(np.int8)).permute(1, 2, 0)


def count_joined(
    fused: Fused, neuron: Neuron, spikes: Tensor | BitRows, state: State, counts: Tensor | None
) -> Tensor:
    """Return counts int32 [images, units] plus the spikes of `fire_joined` over T; None stands for 0."""
    rows = _read_rows(fused, spikes)
    if rows is None:
        return add_steps(fire_joined(fused, neuron, spikes, state), counts)
    theta, membrane = _open(neuron, state)
    found = np.zeros(membrane.shape, np.int32) if counts is None else counts.T.numpy()
    count_behind(fused.layer.module, rows, theta, membrane, found)
    _close(state, membrane, rows.steps)
    return torch.from_numpy(found).T


def add_steps(spikes: Tensor, counts: Tensor | None) -> Tensor:
    """Return counts [images, units...] plus the spikes [T, images, units...] over T; None stands for 0."""
    from netsci.convert._neuron_kernels import add_steps_rows

    if spikes.device.type == "cpu" and units_first(spikes):
        rows = spikes.permute(2, 0, 1)
        held = torch.zeros((len(rows), rows.shape[2]), dtype=torch.int32) if counts is None else counts.T
        add_steps_rows(rows.numpy(), held.numpy())
        return held.T
    found = spikes.sum(0, dtype=torch.int32)
    return found if counts is None else counts + found


def _read_rows(fused: Fused, spikes: Tensor | BitRows) -> BitRows | None:
    """Return spikes as the kernels behind bits take them, None where they do not take them."""
    if isinstance(spikes, BitRows):
        return spikes
    spikes = spikes.flatten(2)
    samples = spikes.shape[0] * spikes.shape[1]
    if spikes.device.type != "cpu" or not reads_bits(fused.layer.module, samples, spikes.shape[2]):
        return None
    rows = spikes.permute(2, 0, 1)
    return as_rows((rows if units_first(spikes) else rows.contiguous()).numpy().view(np.uint8))


def _open(neuron: Neuron, state: State) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return thresholds [units] and membranes [units, images]."""
    membrane = state.membrane.T.contiguous()
    return neuron.theta.expand(len(membrane)).contiguous().numpy(), membrane.numpy()


def _close(state: State, membrane: NDArray[np.float32], steps: int) -> None:
    state.membrane = torch.from_numpy(membrane).T
    state.steps += steps


def _apply_to_bytes(module: Any, spikes: Tensor, *, bias: bool = True) -> Tensor:
    """Return the currents [T x images, units] of a linear layer from spikes 0 and 1, [T, images, units]."""
    rows = spikes.permute(2, 0, 1) if units_first(spikes) else spikes.permute(2, 0, 1).contiguous()
    flat = rows.reshape(len(rows), -1).numpy().view(np.uint8)
    like = torch.empty((1, 1, len(rows))).expand(*spikes.shape)
    way = way_of(module, like)
    if way == "csr":
        memory = layer_on_spikes(module, like, flat).flatten(0, 1)
        return memory if bias or module.bias is None else memory - module.bias.detach()
    weight = dense_weight_of(module).detach()
    memory = currents_of_spikes(flat, weight) if way == "firing" and few(flat) else _multiply(weight, flat)
    if module.bias is not None and bias:
        memory += module.bias.detach()[:, None]
    return memory.T


def _multiply(weight: Tensor, spikes: Any) -> Tensor:
    """Return weight [out, in] @ spikes [in, samples], the spikes of AT_ONCE inputs at a time."""
    sums = weight.new_zeros((len(weight), spikes.shape[1]))
    room = weight.new_empty((min(AT_ONCE, len(spikes)), spikes.shape[1]))
    for first in range(0, len(spikes), AT_ONCE):
        part = torch.from_numpy(spikes[first : first + AT_ONCE])
        sums.addmm_(weight[:, first : first + AT_ONCE], room[: len(part)].copy_(part))
    return sums
