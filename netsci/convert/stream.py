"""Run a spiking network over images and time: a window of steps of a few images at once.

In a window all steps run layer by layer, with samples [steps x images]. Membranes pass from window to window,
so memory grows neither with the images nor with T. What depends on the image alone is computed once for all
steps; neurons behind it need no membrane (see `netsci.convert.neurons`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from netsci.convert.neurons import Neuron, State, fire_constant, run_steps, start_state
from netsci.convert.program import Program, Step

ROOM = 2**23  # numbers of one step's output that are in memory at a time
WINDOW = 16  # steps that run together


@dataclass(frozen=True)
class Window:
    """Some steps of time: first + 1 to first + steps, of a number of images."""

    first: int
    steps: int
    images: int


# What listens: (place of the step, its output as [steps, images, units...] or [1, images, units...] if it is
# the same at all steps of all windows, the window).
See = Callable[[int, Tensor, Window], None]


@dataclass(frozen=True, eq=False)
class Network:
    """A program whose activations are neurons. neurons : by the place of the activation."""

    program: Program
    neurons: Mapping[int, Neuron]

    def still(self) -> set[int]:
        """Return the steps that no spike reaches: they depend on the image alone."""
        found: set[int] = set()
        for place, step in enumerate(self.program.steps):
            if place not in self.neurons and all(used in found for used in step.inputs):
                found.add(place)
        return found

    def images_at_once(self) -> int:
        """Return how many images run together, so that the largest output of a window fits into ROOM."""
        largest = max(prod(step.sample) * step.places for step in self.program.steps)
        return max(1, min(256, ROOM // max(1, largest * WINDOW)))


def run_network(network: Network, x: Tensor, steps: int, see: See | None = None) -> Tensor:
    """Return the output of the last step of the program at all times, [steps, images, classes].

    x [images, ...], as many as `images_at_once` says. see : called with the output of each step that is no
    constant, after it has run.
    """
    program, still = network.program, network.still()
    held: dict[int, Any] = {}
    out = len(program.steps) - 1
    last = {used: place for used, place in program.last_uses().items() if used not in still}
    states: dict[int, State] = {}
    whole = Window(0, steps, len(x))
    for place in sorted(still):
        step = program.steps[place]
        held[place] = x if step.kind == "input" else step.run(held, len(x))
        if see is not None and step.axis is not None and isinstance(held[place], Tensor):
            see(place, split_time(held[place], step, 1), whole)
    found: list[Tensor] = []
    for first in range(0, steps, WINDOW):
        window = Window(first, min(WINDOW, steps - first), len(x))
        values: dict[int, Any] = {}
        for place, step in enumerate(program.steps):
            if place in still:
                continue
            if place in network.neurons:
                value = _fire(network, place, held, values, states, window)
            else:
                given = {u: values[u] if u in values else _repeat(held[u], program.steps[u], window) for u in step.inputs}
                value = step.run(given, window.steps * window.images)
            values[place] = value
            if see is not None and isinstance(value, Tensor):
                see(place, split_time(value, step, window.steps), window)
            for used in step.inputs:
                if last.get(used) == place:
                    del values[used]
        value = values[out] if out in values else _repeat(held[out], program.steps[out], window)
        found.append(split_time(value, program.steps[out], window.steps))
    return torch.cat(found)


def _fire(
    network: Network,
    place: int,
    held: Mapping[int, Tensor],
    values: Mapping[int, Tensor],
    states: dict[int, State],
    window: Window,
) -> Tensor:
    """Return theta times the spikes of a population in a window, in the shape of its currents."""
    step, neuron = network.program.steps[place], network.neurons[place]
    (source,) = step.inputs
    if source in held:
        current = split_time(held[source], step, 1)[0]
        spikes = fire_constant(neuron, current, window.first, window.steps)
    else:
        currents = split_time(values[source], step, window.steps)
        if place not in states:
            states[place] = start_state(neuron, tuple(currents.shape[1:]), currents.device)
        spikes = run_steps(neuron, currents, states[place])
    return join_time(spikes * neuron.theta.to(spikes.device), step)


def split_time(value: Tensor, step: Step, steps: int) -> Tensor:
    """Return the output of a step, whose samples are [steps x images], as [steps, images, units...]."""
    rows = value.movedim(step.axis or 0, 0)
    lead = (steps, len(rows) // (steps * step.places))
    if step.places > 1:
        return rows.reshape(*lead, step.places, *step.sample)
    return rows.reshape(*lead, *step.sample)


def join_time(value: Tensor, step: Step) -> Tensor:
    """Return [steps, images, units...] in the shape of the output of a step."""
    samples = value.shape[0] * value.shape[1] * step.places
    return value.reshape(samples, *step.sample).movedim(0, step.axis or 0)


def _repeat(value: Any, step: Step, window: Window) -> Any:
    """Return what depends on the image alone once for each step of a window."""
    if step.axis is None or not isinstance(value, Tensor):
        return value
    axis = step.axis
    rows = value.movedim(axis, 0)
    return rows.unsqueeze(0).expand(window.steps, *rows.shape).reshape(-1, *rows.shape[1:]).movedim(0, axis)
