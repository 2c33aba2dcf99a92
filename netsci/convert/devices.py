"""A network on another device."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from torch import Tensor

from netsci.convert.program import Program, Step
from netsci.convert.stream import Network


def move_network(network: Network, on: str) -> Network:
    """Return a copy of a network on a device, such as "cuda"; its neurons then run as torch operations."""
    program = network.program
    steps = tuple(_move_step(step, on) for step in program.steps)
    neurons = {place: replace(one, theta=one.theta.to(on)) for place, one in network.neurons.items()}
    return Network(Program(steps, program.shape), neurons)


def _move_step(step: Step, on: str) -> Step:
    layer = step.layer
    if layer is not None:
        layer = replace(layer, module=copy.deepcopy(layer.module).to(on))
    value: Any = step.value
    return replace(step, layer=layer, value=value.to(on) if isinstance(value, Tensor) else value)
