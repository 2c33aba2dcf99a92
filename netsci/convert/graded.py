"""Run a DCGS network: graded spikes of both signs, in differential or in rate coding, step by step.

Differential: a zero pass finds what every wire says of an image of zeros, its bias b. The image comes at
t = 1 and zeros after it, so the first layer multiplies once. A wire carries b + x_t, and its decoded value is
phi_t = phi_{t-1} + x_t / t with phi_0 = b. Rate: the image comes at every step, a wire carries x_t, and its
decoded value is the mean. Layers, normalisations and average pools run as they are; `dcgs_modules` does the
rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor

from netsci.convert.dcgs_modules import Part, Pointwise, Product
from netsci.convert.dcgs_neuron import MultiThreshold
from netsci.convert.program import Program
from netsci.convert.windows import See, Window, find_reads, find_still, images_that_fit, join_time, split_time

POINTWISE = ("gelu", "layer norm", "softmax", "activation", "maximum")
ROOM = 2**26  # numbers that a run holds at a time; with fewer, calls take longer than what they call
KEPT = 5  # numbers that a neuron keeps, and a part for each of its inputs


@dataclass(frozen=True, eq=False)
class GradedNetwork:
    """A program some of whose steps are multi-threshold neurons, by their places.

    The neurons are `MultiThreshold`, in place of activations or on wires (steps of the kind "neurons"), and
    coding is theirs, "differential" or "rate".
    """

    program: Program
    neurons: Mapping[int, MultiThreshold]
    coding: str = "differential"

    # A constant that is added, and a normalisation, are in the bias of a wire or scale what it says.
    keeps: ClassVar[frozenset[str]] = frozenset(("move", "scale", "join", "pad", "norm", "shift"))

    @property
    def shows_once(self) -> bool:
        """Whether the image comes at the first step alone."""
        return self.coding == "differential"

    def graded(self, place: int) -> bool:
        """Return whether the spikes of a population are signed or of several sizes: they are."""
        return place in self.neurons

    @cached_property
    def reads(self) -> dict[int, tuple[int, ...]]:
        """What each step that the output needs reads."""
        return find_reads(self.program, {})

    @cached_property
    def still(self) -> set[int]:
        """The steps that no spike reaches: they depend on the image alone."""
        return find_still(self.reads, self.neurons)

    @cached_property
    def images_at_once(self) -> int:
        """How many images run together, so that all that they hold at a time fits into ROOM."""
        steps = self.program.steps
        states = [place for place in self.reads if place in self.neurons or steps[place].kind in _STATES]
        kept = KEPT * sum(prod(steps[place].sample) * steps[place].places for place in states)
        constants = [place for place in self.still if steps[place].axis is None]
        return images_that_fit(self.program, self.reads, constants, 2, kept, ROOM)

    def source_of(self, place: int) -> int:
        """Return the step whose events a layer reads."""
        return self.program.steps[place].inputs[0]

    def stream(self, x: Tensor, steps: int, see: See | None = None) -> Iterator[Tensor]:
        """Yield the output of each step, [1, images, classes], whose mean over time is the decoded value.

        Differential coding gives o_t = phi_{t-1} + x_t, rate coding what came out. see : called with what
        each wire says beyond its bias.
        """
        yield from _Walk(self, len(x), see).run(x, steps)

    def decode(self, x: Tensor, steps: int, see: See) -> dict[int, tuple[Tensor, Tensor]]:
        """Return what each population says at T and the current that it heard, [images, units...] both."""
        walk = _Walk(self, len(x), see)
        for _ in walk.run(x, steps):
            pass
        found = {}
        for place in self.neurons:
            state = walk.states[place]
            if self.shows_once:
                found[place] = (state.phi_out, state.phi_in)
            else:
                found[place] = (state.total / steps, (state.membrane + state.total) / steps)
        return found

    def largest(self, place: int) -> Tensor:
        """Return the threshold, the largest spike of a neuron."""
        return self.neurons[place].theta

    def saturated(self, place: int, events: Tensor, decoded: Tensor, steps: int) -> Tensor:
        """Return which neurons fire at every step."""
        return events >= steps


_STATES = (*POINTWISE, "product")


class _Walk:
    """The states of some images on their way through a network."""

    def __init__(self, network: GradedNetwork, images: int, see: See | None) -> None:
        self.network, self.images, self.hears = network, images, see
        self.steps, self.coding = network.program.steps, network.coding
        self.last = {used: place for place, reads in network.reads.items() for used in reads}
        self.states: dict[int, Any] = {}
        self.parts: dict[int, Part] = {}
        self.rests: dict[int, Tensor] = {}  # what wires say in the zero pass
        self.watched = {
            one for p in network.program.of_kind("layer", "product") for one in self.steps[p].inputs
        }

    @torch.no_grad()
    def run(self, x: Tensor, steps: int) -> Iterator[Tensor]:
        """Yield the outputs of T steps."""
        if not self.network.shows_once:
            for t in range(1, steps + 1):
                yield self.step(x, t)
            return
        silent = torch.zeros_like(x)
        rest = phi = self.step(silent, 0)
        for t in range(1, steps + 1):
            change = self.step(x if t == 1 else silent, t) - rest
            yield phi + change
            phi = phi + change / t

    def step(self, image: Tensor, time: int) -> Tensor:
        """Return the output of one step, or of the zero pass (time 0), as [1, images, classes]."""
        values: dict[int, Any] = {}
        out = len(self.steps) - 1
        for place, reads in self.network.reads.items():
            values[place] = self._act(place, values, image, time)
            self._show(place, values[place], time)
            for used in reads:
                if self.last[used] == place and used != out:
                    values.pop(used, None)
        return split_time(values[out], self.steps[out], 1)

    def _act(self, place: int, values: Mapping[int, Any], image: Tensor, time: int) -> Any:
        """Return the output of a step."""
        step = self.steps[place]
        if step.kind == "input":
            return image
        if place in self.network.neurons:
            return self._fire(place, values[step.inputs[0]], time)
        if step.kind not in _STATES:
            return step.run(values, self.images)
        moving = [one for one in step.inputs if self.steps[one].axis is not None]
        inputs = [values[one] for one in moving]
        if place not in self.parts:
            constants = {one: values[one] for one in step.inputs if one not in moving}
            self.parts[place] = self._make_part(place, moving, constants)
        part = self.parts[place]
        if place not in self.states:
            rest = inputs if time == 0 else [torch.zeros_like(one) for one in inputs]
            found, self.states[place] = part.start(*rest)
            if time == 0:
                return found
        found, self.states[place] = part.step(self.states[place], *inputs)
        return found

    def _make_part(self, place: int, moving: list[int], constants: dict[int, Any]) -> Part:
        """Return what runs a step that keeps a state."""
        step = self.steps[place]

        def apply(*inputs: Tensor) -> Tensor:
            given = {**constants, **dict(zip(moving, inputs, strict=True))}
            found: Tensor = step.run(given, self.images)
            return found

        make: Callable[..., Part] = Product if step.kind == "product" else Pointwise
        return make(apply, self.coding)

    def _fire(self, place: int, current: Tensor, time: int) -> Tensor:
        """Return the spikes of a population."""
        step, neuron = self.steps[place], self.network.neurons[place]
        rows = split_time(current, step, 1)[0]
        if place not in self.states:
            self.states[place] = neuron.start(rows if time == 0 else torch.zeros_like(rows))
            if time == 0:
                return torch.zeros_like(current)
        spikes, self.states[place] = neuron.step(rows, self.states[place])
        return join_time(spikes[None], step)

    def _show(self, place: int, value: Any, time: int) -> None:
        """Let the listener see what a wire says beyond its bias."""
        step = self.steps[place]
        if self.hears is None or step.axis is None or not isinstance(value, Tensor):
            return
        if place in self.watched and self.coding == "differential" and place not in self.network.neurons:
            if time == 0:
                self.rests[place] = value
            else:
                value = value - self.rests[place]
        if time > 0:
            self.hears(place, split_time(value, step, 1), Window(time - 1, 1, self.images))
