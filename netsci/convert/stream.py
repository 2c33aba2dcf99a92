"""Run a spiking network over images and time: a window of steps of a few images at once.

Membranes pass from window to window, so memory grows neither with the images nor with T. What depends on the
image alone is computed once for all steps; neurons behind it need no membrane (see `netsci.convert.neurons`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from netsci.convert.fusing import Fused, find_fused, find_joined
from netsci.convert.neurons import Neuron
from netsci.convert.program import Program
from netsci.convert.still import Product
from netsci.convert.walk import Order, Run
from netsci.convert.windows import WINDOW, See, Window, find_reads, find_still, images_that_fit


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
    def walks(self) -> bool:
        """Whether the last answer needs more than still steps, neurons in closed form and the tail."""
        known = self.still | self.tail[0] | self.ends[1]
        return any(place not in known for place in self.reads)

    @cached_property
    def orders(self) -> dict[frozenset[int], Order]:
        """In which order it runs, by the populations that run with their layers, as far as it was asked."""
        return {}

    @cached_property
    def ends(self) -> tuple[frozenset[int], frozenset[int]]:
        """Populations that the tail alone reads, and those of them whose current is the same at all steps."""
        alone = frozenset(place for place in self.tail[1] if self._is_read_by_tail_alone(place))
        return alone, frozenset(one for one in alone if self.program.steps[one].inputs[0] in self.still)

    def _is_read_by_tail_alone(self, place: int) -> bool:
        return all(one in self.tail[0] for one, reads in self.reads.items() if place in reads)

    @cached_property
    def products(self) -> dict[int, Product]:
        """The layers that are applied to numbers, images or sums over T, by their places."""
        places = self.still | self.tail[0]
        steps = {place: self.program.steps[place] for place in places}
        return {
            place: Product(step.layer.module)
            for place, step in steps.items()
            if step.layer is not None and len(step.inputs) == 1 and step.axis == 0
        }

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
