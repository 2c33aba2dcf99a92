"""The nodes of a converted network as NIR has them: layers, IF neurons at threshold 1, pools, flattens.

A step that only gives an image another shape (a time axis of length 1, squeezed or not) needs no node. What
NIR has no node for is refused by its name.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.convert.building import describe, halve
from netsci.convert.folding import PROBE
from netsci.convert.layers import Layer, mask_of
from netsci.convert.program import Program, Step
from netsci.convert.recording import Unconvertible
from netsci.convert.storing.functions import name_function
from netsci.convert.stream import Network

Shape = tuple[int, ...]


class Nodes:
    """The nodes so far, their edges, and shape and node of each step's output."""

    def __init__(self, network: Network, steps: int) -> None:
        import nir

        self.nir, self.network, self.steps = nir, network, steps
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.ends: dict[int, tuple[str, Shape]] = {}
        self.layers: dict[str, str] = {}  # name of a layer -> of its node
        program = network.program
        for place, step in enumerate(program.steps):
            if step.axis is not None:
                self._add_step(program, place, step)
        last, shape = self.ends[len(program.steps) - 1]
        self._put("output", nir.Output({"output": np.array(shape)}), last)

    def graph(self, metadata: dict[str, Any]) -> Any:
        """Return the graph of all nodes, whose shapes NIR checks."""
        return self.nir.NIRGraph(nodes=self.nodes, edges=self.edges, metadata=metadata)

    def _put(self, name: str, node: Any, after: str | None) -> str:
        """Add a node under a name that is free; return the name."""
        wanted = name.replace("/", "_") or "layer"
        free, number = wanted, 2
        while free in self.nodes:
            free, number = f"{wanted}_{number}", number + 1
        self.nodes[free] = node
        if after is not None:
            self.edges.append((after, free))
        return free

    def _add_step(self, program: Program, place: int, step: Step) -> None:
        if step.kind == "input":
            name = self._put("input", self.nir.Input({"input": np.array(step.sample)}), None)
            self.ends[place] = name, step.sample
            return
        moving = [used for used in step.inputs if used in self.ends]
        if len(moving) != 1 or (len(step.inputs) != 1 and step.kind != "move"):
            raise _refuse(step, "it joins several outputs, and NIR has no node for that")
        before, shape = self.ends[moving[0]]
        if place in self.network.neurons:
            self.ends[place] = self._put(step.name, self._neuron(shape), before), shape
        elif step.layer is not None:
            self.ends[place] = self._add_layer(step, step.layer, before, shape)
        elif step.kind == "average":
            self.ends[place] = self._add_average(step, program.steps[step.inputs[0]], before, shape)
        elif step.kind == "move" and keeps_order(step, program.steps[moving[0]], moving[0]):
            self.ends[place] = self._reshape(step, before, shape)
        else:
            raise _refuse(step, "NIR has no node for it")

    def _neuron(self, shape: Shape) -> Any:
        one = np.ones(shape, np.float32)
        said = {"v0": 0.5, "reset": "subtract", "fires_at": "v >= threshold", "steps": self.steps}
        return self.nir.IF(r=one, v_threshold=one.copy(), v_reset=np.zeros_like(one), metadata=said)

    def _add_layer(self, step: Step, layer: Layer, before: str, shape: Shape) -> tuple[str, Shape]:
        module = layer.module
        weight, mask = dense_arrays(layer)
        said = {"mask": mask}
        if layer.convolves:
            said |= {"groups": int(getattr(module, "groups", 1))}
            name = self._put(step.name, self._convolution(module, weight, shape, said), before)
            high, wide = step.sample[-2:]
            self.layers[step.name] = name
            return name, (len(weight), high, wide)
        if prod(shape) != weight.shape[1]:
            raise _refuse(step, "it reads several vectors an image, and NIR's linear layers read one")
        if shape != (weight.shape[1],):
            before, shape = self._flatten(before, shape)
        if module.bias is None:
            node = self.nir.Linear(weight=weight, metadata=said)
        else:
            node = self.nir.Affine(weight=weight, bias=module.bias.detach().numpy().copy(), metadata=said)
        self.layers[step.name] = self._put(step.name, node, before)
        return self.layers[step.name], (len(weight),)

    def _convolution(self, module: Any, weight: Any, shape: Shape, said: dict[str, Any]) -> Any:
        if getattr(module, "padding_mode", "zeros") != "zeros" or isinstance(module.padding, str):
            raise Unconvertible(
                f"a convolution pads by {module.padding!r}, {module.padding_mode}; NIR pads with zeros: "
                "write the padding as numbers"
            )
        bias = (
            np.zeros(len(weight), np.float32) if module.bias is None else module.bias.detach().numpy().copy()
        )
        return self.nir.Conv2d(
            input_shape=shape[-2:],
            weight=weight,
            stride=as_pair(module.stride),
            padding=as_pair(module.padding),
            dilation=as_pair(getattr(module, "dilation", 1)),
            groups=1,
            bias=bias,
            metadata=said,
        )

    def _add_average(self, step: Step, read: Step, before: str, shape: Shape) -> tuple[str, Shape]:
        """Add an average pool; a mean over height and width is one pool and a flatten."""
        if len(shape) != 3:
            raise _refuse(step, "only means over height and width are pools")
        side, padding = pool_of(step, read, shape)
        node = self.nir.AvgPool2d(
            kernel_size=np.array(side[0]), stride=np.array(side[1]), padding=np.array(padding)
        )
        name = self._put(step.name or "pool", node, before)
        high, wide = ((shape[1 + i] + 2 * padding[i] - side[0][i]) // side[1][i] + 1 for i in (0, 1))
        found = (shape[0], high, wide)
        if prod(found) != prod(step.sample):
            raise _refuse(step, "its windows are not those of a NIR pool")
        return name, found

    def _reshape(self, step: Step, before: str, shape: Shape) -> tuple[str, Shape]:
        wanted = tuple(side for side in step.sample if side != 1)
        if wanted == tuple(side for side in shape if side != 1):
            return before, shape
        if len(wanted) > 1:
            raise _refuse(step, "it gives another shape than a flat one")
        return self._flatten(before, shape)

    def _flatten(self, before: str, shape: Shape) -> tuple[str, Shape]:
        node = self.nir.Flatten({"input": np.array(shape)}, start_dim=0, end_dim=-1)
        return self._put("flatten", node, before), (prod(shape),)


def dense_arrays(layer: Layer) -> tuple[Any, Any]:
    """Return weight float32 and mask of a layer as torch shapes both, as if it had one group.

    The weight is exactly 0 at missing links. (nir 1.0.8 takes a convolution in groups for one of fewer
    channels.)
    """
    weight = layer.module.weight.detach().numpy()
    groups = int(getattr(layer.module, "groups", 1))
    whole = np.zeros((len(weight), weight.shape[1] * groups, *weight.shape[2:]), np.float32)
    each = len(weight) // groups
    for g in range(groups):
        inputs = slice(g * weight.shape[1], (g + 1) * weight.shape[1])
        whole[g * each : (g + 1) * each, inputs] = weight[g * each : (g + 1) * each]
    return whole, mask_of(layer.links, whole.shape)


def cut_groups(whole: Any, groups: int) -> Any:
    """Return a weight or mask of a convolution in groups: what `dense_arrays` has put side by side."""
    each, inputs = len(whole) // groups, whole.shape[1] // groups
    parts = [whole[g * each : (g + 1) * each, g * inputs : (g + 1) * inputs] for g in range(groups)]
    return np.concatenate(parts)


def keeps_order(step: Step, before: Step, place: int) -> bool:
    """Return whether a step leaves the numbers of each image in their order."""
    if step.axis is None or before.axis is None or step.places != before.places:
        return False
    size = prod(before.sample) * before.places
    rows = torch.arange(float(PROBE * size)).reshape(PROBE * before.places, *before.sample)
    moved = step.run({place: rows.movedim(0, before.axis)}, PROBE)
    return bool(torch.equal(moved.movedim(step.axis, 0).reshape(-1), rows.reshape(-1)))


def pool_of(step: Step, before: Step, shape: Shape) -> tuple[tuple[Shape, Shape], Shape]:
    """Return kernel, stride and padding of an average; refuse what counts or rounds otherwise.

    before : the step that it reads. shape : of what it reads, [channels, height, width] of an image.
    """
    if step.function is halve:
        return ((2, 2), (2, 2)), (0, 0)
    pool = getattr(step.function, "__self__", None)
    if type(pool) is nn.AvgPool2d:
        padding = as_pair(pool.padding)
        plain = not pool.ceil_mode and pool.divisor_override is None
        if not plain or (any(padding) and not pool.count_include_pad):
            raise _refuse(step, "NIR's pools round sizes down, and count padding")
        return (as_pair(pool.kernel_size), as_pair(pool.stride)), padding
    mean = step.function is not None and name_function(step.function, "") in ("Tensor.mean", "torch.mean")
    if mean and _is_mean_of_pixels(step, before, shape):
        return (shape[1:], shape[1:]), (0, 0)
    raise _refuse(step, "NIR has no node for it")


def _is_mean_of_pixels(step: Step, before: Step, shape: Shape) -> bool:
    """Return whether a step gives the mean over height and width of images [channels, height, width]."""
    if step.axis is None or before.axis is None or step.places != 1 or before.places != 1:
        return False
    images = torch.arange(float(PROBE * prod(shape))).sin().reshape(PROBE, *shape)
    given = images.reshape(PROBE, *before.sample).movedim(0, before.axis)
    found = step.run(dict.fromkeys(step.inputs, given), PROBE).movedim(step.axis, 0).reshape(PROBE, -1)
    wanted = images.mean((2, 3))
    return found.shape == wanted.shape and bool(torch.allclose(found, wanted, atol=1e-5))


def as_pair(value: Any) -> tuple[int, int]:
    """Return a number, or a pair of numbers, as a pair."""
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))


def _refuse(step: Step, why: str) -> Unconvertible:
    return Unconvertible(f"{describe(step)} cannot be written to NIR: {why}")
