"""Run an AEC network: each neuron says its value once, by the times of at most two spikes in a window.

A layer hears both spikes of a unit, each an event. Through steps that only move or scale numbers they stay
two events. A mean or a sum of several units is one event at each time at which it is not 0, so there the
spikes are followed time by time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import torch
from torch import Tensor

from netsci.convert.aec import AEC, SpikeTimes
from netsci.convert.program import Program
from netsci.convert.windows import See, Window, find_reads, find_still, images_that_fit, split_time

KEPT = 5  # numbers that are kept of a neuron: current, times and values of its spikes


@dataclass(frozen=True, eq=False)
class TimedNetwork:
    """A program whose activations are codes of spike times, by their places. window : T, the last time."""

    program: Program
    neurons: Mapping[int, AEC]
    window: int

    keeps: ClassVar[frozenset[str]] = frozenset(("move", "scale", "join", "pad"))
    shows_once: ClassVar[bool] = True

    def graded(self, place: int) -> bool:
        """Return whether the spikes of a population are of several sizes: they are."""
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
        kept = KEPT * sum(prod(steps[place].sample) * steps[place].places for place in self.neurons)
        constants = [place for place in self.still if steps[place].axis is None]
        return images_that_fit(self.program, self.reads, constants, 2, kept)

    def source_of(self, place: int) -> int:
        """Return the step whose events a layer reads."""
        return self.program.steps[place].inputs[0]

    def stream(self, x: Tensor, steps: int, see: See | None = None) -> Iterator[Tensor]:
        """Yield the one output, [1, images, classes]. see : called with the first and the second spikes."""
        yield self._run(x, see, {})

    def decode(self, x: Tensor, steps: int, see: See) -> dict[int, tuple[Tensor, Tensor]]:
        """Return what each population said and the current that it got, [images, units...] both."""
        said: dict[int, _Said] = {}
        self._run(x, see, said)
        found = {}
        for place, one in said.items():
            step = self.program.steps[place]
            found[place] = (split_time(one.value, step, 1)[0], split_time(one.current, step, 1)[0])
        return found

    def largest(self, place: int) -> Tensor:
        """Return the largest value that a neuron can say."""
        code = self.neurons[place]
        found: Tensor = torch.tensor(code.largest) / code.scale
        return found

    def saturated(self, place: int, events: Tensor, decoded: Tensor, steps: int) -> Tensor:
        """Return which neurons say the largest value."""
        return decoded >= self.largest(place) * (1 - 1e-6)

    @torch.no_grad()
    def _run(self, x: Tensor, see: See | None, said: dict[int, _Said]) -> Tensor:
        """Return the output; said is filled with what the populations say."""
        run = _Run(self, x, said)
        out = run.run()
        if see is not None:
            window = Window(0, 1, len(x))
            sources = {self.source_of(place) for place in self.program.of_kind("layer")}
            for place in sorted({*self.neurons, *sources}):
                for events in run.events(place):
                    see(place, split_time(events, self.program.steps[place], 1), window)
        return split_time(out, self.program.steps[-1], 1)


@dataclass(frozen=True, eq=False)
class _Said:
    """What a population said of its current: the value, and the value and time of each spike."""

    current: Tensor
    value: Tensor
    spikes: tuple[Tensor, Tensor]
    times: SpikeTimes


class _Run:
    """Some images on their way through a network."""

    def __init__(self, network: TimedNetwork, x: Tensor, said: dict[int, _Said]) -> None:
        self.network, self.x, self.said = network, x, said
        self.steps = network.program.steps
        self.values: dict[int, Any] = {}  # of wires that carry no spikes, and of layers that read them
        self.spiky: set[int] = set()
        self.paired: set[int] = set()

    def run(self) -> Tensor:
        """Return the output of the last step, and note on which wires spikes run."""
        last = {used: place for place, reads in self.network.reads.items() for used in reads}
        heard = {self.network.source_of(place) for place in self.network.program.of_kind("layer")}
        values: dict[int, Any] = {}
        for place, reads in self.network.reads.items():
            step = self.steps[place]
            if step.kind == "input":
                values[place] = self.x
            elif place in self.network.neurons:
                values[place] = self._say(place, values[step.inputs[0]])
            else:
                values[place] = step.run(values, len(self.x))
            self._note(place)
            if step.axis is None or (place in heard and place not in self.spiky):
                self.values[place] = values[place]
            for used in reads:
                if last[used] == place:
                    values.pop(used, None)
        out: Tensor = values[len(self.steps) - 1]
        return out

    def _say(self, place: int, current: Tensor) -> Tensor:
        """Return what a population says of a current."""
        code = self.network.neurons[place]
        times = code.encode(current)
        value: Tensor = code(current)
        tables = [table / code.scale for table in code.thresholds()]
        spikes = [
            torch.where((each >= 0) & (value != 0), table[each.clamp(0, code.window)], 0.0)
            for table, each in zip(tables, (times.primary, times.compensation), strict=True)
        ]
        self.said[place] = _Said(current, value, (spikes[0], spikes[1]), times)
        return value

    def _note(self, place: int) -> None:
        """Note whether spikes run on a wire, and whether a unit still says at most two."""
        step = self.steps[place]
        moving = [one for one in step.inputs if self.steps[one].axis is not None]
        mixes = ("add", "average", "sum")
        if place in self.network.neurons:
            self.spiky.add(place)
            self.paired.add(place)
        elif moving and all(one in self.spiky for one in moving):
            if step.kind in (*self.network.keeps, *mixes):
                self.spiky.add(place)
            if step.kind in self.network.keeps and all(one in self.paired for one in moving):
                self.paired.add(place)

    def events(self, place: int) -> Iterator[Tensor]:
        """Yield the events on a wire: first and second spikes, those of each time, or its numbers."""
        if place not in self.spiky:
            yield self.values[place]
        elif place in self.paired:
            for number in (0, 1):
                yield self._at(place, number, None)
        else:
            for time in range(self.network.window + 1):
                yield self._at(place, None, time)

    def _at(self, place: int, number: int | None, time: int | None) -> Any:
        """Return the first or second spikes on a wire, or those of a time."""
        if place in self.said:
            one = self.said[place]
            if number is not None:
                return one.spikes[number]
            both = zip(one.spikes, (one.times.primary, one.times.compensation), strict=True)
            return sum(spikes * (times == time) for spikes, times in both)
        if self.steps[place].axis is None:
            return self.values[place]
        step = self.steps[place]
        return step.run({used: self._at(used, number, time) for used in step.inputs}, len(self.x))
