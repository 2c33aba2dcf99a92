"""Run a spiking network over images and time: a window of steps of a few images at once.

In a window all steps run layer by layer, with samples [steps x images]. Membranes pass from window to window,
so memory grows neither with the images nor with T. What depends on the image alone is computed once for all
steps; neurons behind it need no membrane (see `netsci.convert.neurons`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor

from netsci.convert.fusing import Fused, apply_to_spikes, find_fused, find_joined, fire_joined
from netsci.convert.neurons import Neuron, State, fire_constant, run_steps, start_state
from netsci.convert.program import Program, Step

ROOM = 2**24  # numbers that a run holds at a time
WINDOW = 16  # steps that run together
MOST_IMAGES = 256  # that run together


@dataclass(frozen=True)
class Window:
    """Some steps of time: first + 1 to first + steps, of a number of images."""

    first: int
    steps: int
    images: int


# What listens: (place of the step, its output as [steps, images, units...], the window). The output of
# neurons are their spikes -1, 0 and 1; what is the same at all steps of all windows has one step.
See = Callable[[int, Tensor, Window], None]


@dataclass(frozen=True, eq=False)
class Network:
    """A program whose activations are neurons. neurons : by the place of the activation."""

    program: Program
    neurons: Mapping[int, Neuron]

    keeps: ClassVar[frozenset[str]] = frozenset(("move", "scale", "join", "pad"))  # kinds that pass events
    shows_once: ClassVar[bool] = False  # the image is shown at every step

    def graded(self, place: int) -> bool:
        """Return whether the spikes of a population are signed or of several sizes."""
        return self.neurons[place].kind != "if"

    @cached_property
    def fused(self) -> dict[int, Fused]:
        """The layers that read spikes as bytes, by their places."""
        return find_fused(self.program, dict(self.neurons))

    @cached_property
    def reads(self) -> dict[int, tuple[int, ...]]:
        """What each step that the output needs reads: the neurons where both are one operation."""
        return find_reads(self.program, {place: (one.neurons,) for place, one in self.fused.items()})

    @cached_property
    def joined(self) -> dict[int, int]:
        """The layer that runs together with the neurons behind it, by the place of these."""
        return find_joined(self.program, dict(self.neurons), self.fused, self.reads)

    @cached_property
    def still(self) -> set[int]:
        """The steps that no spike reaches: they depend on the image alone."""
        return find_still(self.reads, self.neurons)

    @cached_property
    def tail(self) -> tuple[frozenset[int], frozenset[int]]:
        """The steps between the last neurons and the output, and the neurons that these read."""
        steps: set[int] = set()
        ends: set[int] = set()
        waiting = [len(self.program.steps) - 1]
        while waiting:
            place = waiting.pop()
            if place in self.neurons:
                ends.add(place)
            elif place not in self.still and place not in steps:
                steps.add(place)
                waiting += self.program.steps[place].inputs
        return frozenset(steps), frozenset(ends)

    @cached_property
    def images_at_once(self) -> int:
        """How many images run together, so that all that they hold at a time fits into ROOM."""
        return images_that_fit(self.program, self.reads, self.still, WINDOW)

    def source_of(self, place: int) -> int:
        """Return the step whose events a layer reads: neurons where both are one operation."""
        fused = self.fused.get(place)
        return self.program.steps[place].inputs[0] if fused is None else fused.neurons

    def stream(
        self, x: Tensor, steps: int, see: See | None = None, *, currents: bool = False
    ) -> Iterator[Tensor]:
        """Yield the output of the last step, window by window, [steps of the window, images, classes].

        x [images, ...], as many as `images_at_once` says. see : called with the output of each step that is
        no constant, after it has run; with that of a layer that runs together with neurons if `currents`.
        """
        run = Run(self, x, see, {} if currents else self.joined)
        run.run_still(steps)
        for first in range(0, steps, WINDOW):
            yield run.run_window(first, min(WINDOW, steps - first))

    def decode(self, x: Tensor, steps: int, see: See) -> dict[int, tuple[Tensor, Tensor]]:
        """Return what each population said and the current that it got, means over T, [images, units...]."""
        said: dict[int, Any] = dict.fromkeys(self.neurons, 0)
        heard: dict[int, Any] = {self.program.steps[place].inputs[0]: 0 for place in self.neurons}

        def watch(place: int, value: Tensor, window: Window) -> None:
            see(place, value, window)
            often = window.steps if len(value) == 1 else 1  # the same at all steps
            if place in said:
                said[place] = said[place] + (value * self.neurons[place].theta).sum(0)
            if place in heard:
                heard[place] = heard[place] + often * value.sum(0)

        for _ in self.stream(x, steps, watch, currents=True):
            pass
        return {
            place: (one / steps, heard[self.program.steps[place].inputs[0]] / steps)
            for place, one in said.items()
        }

    def largest(self, place: int) -> Tensor:
        """Return the largest value that a neuron can say."""
        return self.neurons[place].theta

    def saturated(self, place: int, events: Tensor, decoded: Tensor, steps: int) -> Tensor:
        """Return which neurons fire at every step."""
        return events >= steps


def run_network(network: Any, x: Tensor, steps: int, see: See | None = None) -> Tensor:
    """Return the outputs of `network.stream` at all times in one tensor, [steps, images, classes]."""
    return torch.cat(list(network.stream(x, steps, see)))


def find_reads(program: Program, other: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Return what each step that the output needs reads, by its place; other says it of some places."""
    found: dict[int, tuple[int, ...]] = {}
    waiting = [len(program.steps) - 1]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found[place] = other.get(place, program.steps[place].inputs)
            waiting += found[place]
    return dict(sorted(found.items()))


def find_still(reads: Mapping[int, tuple[int, ...]], neurons: Collection[int]) -> set[int]:
    """Return the steps that no spike reaches, of those that are run."""
    found: set[int] = set()
    for place, read in reads.items():
        if place not in neurons and all(used in found for used in read):
            found.add(place)
    return found


def images_that_fit(
    program: Program, reads: Mapping[int, tuple[int, ...]], still: Iterable[int], window: int, kept: int = 0
) -> int:
    """Return how many images may run together: what they hold at a time has at most ROOM numbers.

    still : steps whose outputs are held throughout, once for all steps of time: those with an axis of samples
    for each image, constants once in all. window : steps of time of all other outputs, which are held until
    their last use. kept : numbers of an image that neurons keep.
    """
    held = set(still)
    sizes = {place: prod(program.steps[place].sample) * program.steps[place].places for place in reads}
    once = sum(sizes[place] for place in held if program.steps[place].axis is None)
    each = kept + sum(sizes[place] for place in held if program.steps[place].axis is not None)
    last = {used: place for place, used_here in reads.items() for used in used_here}
    now = most = 0
    for place, used_here in reads.items():
        copies = [used for used in used_here if used in held and program.steps[used].axis is not None]
        now += 0 if place in held else sizes[place]
        most = max(most, now + sum(sizes[used] for used in copies if place not in held))
        now -= sum(sizes[used] for used in set(used_here) if last[used] == place and used not in held)
    room = max(ROOM // 4, ROOM - once)
    return max(1, min(MOST_IMAGES, room // max(1, each + window * most)))


class Run:
    """Some images on their way through a network."""

    def __init__(self, network: Network, x: Tensor, see: See | None, joined: Mapping[int, int]) -> None:
        self.network, self.x, self.see, self.joined = network, x, see, joined
        self.steps = network.program.steps
        self.held: dict[int, Any] = {}  # what is the same at all steps
        self.states: dict[int, State] = {}
        layers = set(joined.values())
        self.reads = {
            place: network.reads[joined.get(place, place)] for place in network.reads if place not in layers
        }
        self.last = {used: place for place, reads in self.reads.items() for used in reads}
        self.wired = {
            used
            for place, reads in network.reads.items()
            for used in reads
            if used in network.neurons and place not in network.fused
        } | {len(self.steps) - 1}

    def run_still(self, steps: int) -> None:
        """Compute what depends on the images alone."""
        for place in sorted(self.network.still):
            step = self.steps[place]
            self.held[place] = self.x if step.kind == "input" else step.run(self.held, len(self.x))
            if self.see is not None and step.axis is not None and isinstance(self.held[place], Tensor):
                self.see(place, split_time(self.held[place], step, 1), Window(0, steps, len(self.x)))

    def run_window(self, first: int, steps: int) -> Tensor:
        """Return the output of a window of steps."""
        window = Window(first, steps, len(self.x))
        out = len(self.steps) - 1
        value = self._value(out, self.walk(window), window)
        return split_time(value, self.steps[out], window.steps)

    def walk(self, window: Window, without: frozenset[int] = frozenset()) -> dict[int, Any]:
        """Run a window of steps, and return what the output reads; some places may be left out."""
        values: dict[int, Any] = {}
        spikes: dict[int, Tensor] = {}
        out = len(self.steps) - 1
        for place, reads in self.reads.items():
            step = self.steps[place]
            if place in self.network.still or place in without:
                continue
            if place in self.network.neurons:
                spikes[place] = seen = self._fire(place, values, spikes, window)
                if place in self.wired and not (without and place in self.network.tail[1]):
                    theta = self.network.neurons[place].theta.to(seen.device)
                    values[place] = join_time(seen * theta, step)
            elif place in self.network.fused:
                values[place] = apply_to_spikes(self.network.fused[place], spikes[reads[0]])
            else:
                given = {used: self._value(used, values, window) for used in reads}
                values[place] = step.run(given, window.steps * window.images)
            if self.see is not None:
                if place not in self.network.neurons and isinstance(values[place], Tensor):
                    seen = split_time(values[place], step, window.steps)
                if place in self.network.neurons or isinstance(values[place], Tensor):
                    self.see(place, seen, window)
            for used in reads:
                if self.last[used] == place and used != out:
                    values.pop(used, None)
                    spikes.pop(used, None)
        return values

    def _value(self, place: int, values: Mapping[int, Any], window: Window) -> Any:
        """Return the output of a step for all steps of a window."""
        return values[place] if place in values else _repeat(self.held[place], self.steps[place], window)

    def _fire(
        self, place: int, values: Mapping[int, Tensor], spikes: Mapping[int, Tensor], window: Window
    ) -> Tensor:
        """Return the spikes of a population in a window, int8 [steps, images, units...]."""
        step, neuron = self.steps[place], self.network.neurons[place]
        if place in self.joined:
            fused = self.network.fused[self.joined[place]]
            if place not in self.states:
                self.states[place] = start_state(neuron, (window.images, *step.sample), self.x.device)
            return fire_joined(fused, neuron, spikes[fused.neurons], self.states[place])
        (source,) = step.inputs
        if source in self.held:
            current = split_time(self.held[source], step, 1)[0]
            return fire_constant(neuron, current, window.first, window.steps)
        currents = split_time(values[source], step, window.steps)
        if place not in self.states:
            self.states[place] = start_state(neuron, tuple(currents.shape[1:]), currents.device)
        return run_steps(neuron, currents, self.states[place])


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
