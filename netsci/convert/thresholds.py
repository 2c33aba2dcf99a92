"""Fold thresholds into the layers, so that every threshold is 1 and every spike is 0 or 1 on the wire.

    W' = W[i, j] theta_before[i] / theta[j],  b' = b[j] / theta[j]

i is an input unit or channel of a layer, j an output. A layer that no neurons follow (the read-out) keeps its
outputs. Values change at existing links only; thresholds are above 0, so signs stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from netsci.convert.building import describe
from netsci.convert.folding import PROBE, spread_channels
from netsci.convert.layers import Layer, scale_inputs, scale_outputs
from netsci.convert.program import Program, Step
from netsci.convert.recording import Unconvertible
from netsci.convert.stream import Network

EVEN = ("move", "average", "join")


def fold_thresholds(network: Network) -> Network:
    """Return the network whose thresholds are all 1, with the same spikes up to rounding.

    Raises
    ------
    Unconvertible
        If a threshold is 0, or a layer, a mean or a sum reads spikes in a way that no scale of its input
        units allows (a mean over channels with different thresholds, a residual sum with the current of a
        layer).

    Examples
    --------
    >>> from netsci.convert import convert
    >>> ann = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).eval()
    >>> folded = fold_thresholds(convert(ann, "qcfs", theta=2.0).network)
    >>> [one.theta.tolist() for one in folded.neurons.values()]
    [1.0]
    """
    program, steps = network.program, list(network.program.steps)
    values, neurons = _send_thresholds(network), {}
    for place, step in enumerate(program.steps):
        if step.layer is not None and step.inputs[0] in values:
            before = _input_scale(step.layer, values[step.inputs[0]], describe(step))
            steps[place] = replace(step, layer=scale_inputs(step.layer, before))
    for place, neuron in network.neurons.items():
        layer = _find_layer(program, place)
        found = steps[layer].layer
        if found is None:
            raise Unconvertible(
                f"{describe(steps[place])} follows no layer, so its threshold cannot be folded"
            )
        theta = _output_scale(program, network, place, layer, found)
        scaled = scale_outputs(found, 1.0 / theta, torch.zeros(found.n_outputs))
        steps[layer] = replace(steps[layer], layer=scaled)
        neurons[place] = replace(neuron, theta=torch.tensor(1.0))
    return Network(Program(tuple(steps), program.shape), neurons)


def _send_thresholds(network: Network) -> dict[int, Tensor]:
    """Return the threshold of each unit behind steps that keep it, for a batch of two."""
    values: dict[int, Any] = {}
    for place, step in enumerate(network.program.steps):
        if place in network.neurons:
            axis = step.axis or 0
            theta = network.neurons[place].theta
            if not bool((theta > 0).all()):
                raise Unconvertible(
                    f"{describe(step)} has a threshold of 0, by which no weight can be divided"
                )
            rows = theta.expand(step.sample).expand(PROBE * step.places, *step.sample)
            values[place] = rows.movedim(0, axis).clone()
        elif any(used in values for used in step.inputs) and step.layer is None:
            if step.kind not in EVEN or any(used not in values for used in step.inputs):
                raise Unconvertible(
                    f"{describe(step)} mixes spikes with other numbers, so their thresholds cannot be folded"
                )
            values[place] = _send(step, values) if step.kind == "average" else step.run(values, PROBE)
    return values


def _send(step: Step, values: dict[int, Any]) -> Tensor:
    """Return the scale of each unit behind an average: the threshold that all units in its window share.

        mean(theta s) = theta mean(s)

    Padding and weights of the window change neither side. Raises `Unconvertible` where thresholds in a window
    differ, as no scale stands for them.
    """
    wide = {used: values[used].double() for used in step.inputs}
    ones = step.run({used: torch.ones_like(value) for used, value in wide.items()}, PROBE)
    squares = step.run({used: value**2 for used, value in wide.items()}, PROBE)
    seen = ones > 0  # a window of padding alone says 0 at any scale
    scale = torch.where(seen, step.run(wide, PROBE) / ones, 1.0)
    apart = torch.where(seen, squares / ones, 1.0) - scale**2  # their variance
    if bool((apart > 1e-10 * scale**2).any()):
        raise Unconvertible(
            f"{describe(step)} averages units whose thresholds differ, so they cannot be folded: give them "
            "one threshold, or average the pixels of a channel alone"
        )
    return scale.float()


def _input_scale(layer: Layer, value: Tensor, said: str) -> Tensor:
    """Return the threshold of each input unit or channel of a layer."""
    axis = -3 if layer.convolves else -1
    rows = value.movedim(axis, 0)
    flat = rows.reshape(len(rows), -1)
    if not bool(torch.allclose(flat, flat[:, :1].expand_as(flat), rtol=1e-6, atol=0.0)):
        raise Unconvertible(
            f"{said} reads units whose thresholds differ within a channel: they cannot be folded"
        )
    return flat[:, 0].clone()


def _find_layer(program: Program, place: int) -> int:
    """Return the layer that alone feeds a population, through moves."""
    step = program.steps[place]
    while True:
        (place,) = step.inputs
        step = program.steps[place]
        if step.layer is not None:
            return place
        if step.kind != "move" or len(step.inputs) != 1:
            raise Unconvertible(
                f"{describe(step)} stands between a layer and its neurons, so none can be folded there"
            )


def _output_scale(program: Program, network: Network, place: int, layer: int, found: Layer) -> Tensor:
    """Return the threshold of each output unit or channel of the layer before a population."""
    if len(program.users(layer)) > 1:
        raise Unconvertible(
            f"{describe(program.steps[layer])} feeds more than its neurons: it cannot be scaled"
        )
    path: list[int] = []
    at = program.steps[place].inputs[0]
    while at != layer:
        path.insert(0, at)
        at = program.steps[at].inputs[0]
    numbers = torch.arange(found.n_outputs, dtype=torch.float32)
    values: dict[int, Any] = {layer: spread_channels(program.steps[layer], numbers)}
    for one in path:
        values[one] = program.steps[one].run(values, PROBE)
    channels = values[path[-1] if path else layer].long()
    step = program.steps[place]
    theta = network.neurons[place].theta.expand(step.sample).expand(PROBE * step.places, *step.sample)
    theta = theta.movedim(0, step.axis or 0)
    scale = torch.empty(found.n_outputs)
    scale[channels.reshape(-1)] = theta.reshape(-1)
    if not bool((scale[channels] == theta).all()):
        raise Unconvertible(
            f"{describe(step)} has thresholds that differ within a channel, where all share a weight"
        )
    return scale
