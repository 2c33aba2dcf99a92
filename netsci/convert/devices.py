"""A network on another device, and products there in single precision."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from netsci.convert.program import Program, Step


def move_network(network: Any, on: str) -> Any:
    """Return a copy of a network on a device, such as "cuda"; its neurons then run as torch operations."""
    program = network.program
    moved = Program(tuple(_move_step(step, on) for step in program.steps), program.shape)
    neurons = {place: _move_neuron(one, on) for place, one in network.neurons.items()}
    return replace(network, program=moved, neurons=neurons)


def _move_neuron(neuron: Any, on: str) -> Any:
    if isinstance(neuron, nn.Module):
        return copy.deepcopy(neuron).to(on)
    return replace(neuron, theta=neuron.theta.to(on))


def _move_step(step: Step, on: str) -> Step:
    layer, function = step.layer, step.function
    if layer is not None:
        layer = replace(layer, module=copy.deepcopy(layer.module).to(on))
    if isinstance(function, nn.Module):
        function = copy.deepcopy(function).to(on)
    value: Any = step.value
    value = value.to(on) if isinstance(value, Tensor) else value
    return replace(step, layer=layer, function=function, value=value)


@contextmanager
def exact_products() -> Iterator[None]:
    """Keep products of a CUDA device in single precision while something runs; the settings come back.

    TF32, which torch switches on for convolutions, has ten bits: membranes at a threshold would fire at other
    steps than on the CPU.

    Examples
    --------
    >>> with exact_products():
    ...     torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    (False, False)
    """
    settings: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [one.allow_tf32 for one in settings]
    try:
        for one in settings:
            one.allow_tf32 = False
        yield
    finally:
        for one, value in zip(settings, before, strict=True):
            one.allow_tf32 = value
