"""Some images on their way through a network whose activations are integrate-and-fire neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from netsci.convert.fusing import apply_to_spikes, count_joined, fire_joined
from netsci.convert.neurons import State, fire_constant, fire_constant_bits, run_steps, start_state
from netsci.convert.program import Step
from netsci.convert.still import run_step
from netsci.convert.windows import See, Window, join_time, split_time
from netsci.spiking.events import BitRows, reads_bits


@dataclass(frozen=True)
class Order:
    """In which order a network runs if some layers run together with the neurons behind them.

    reads : what each step reads, by its place. last : the last reader of each step. wired : populations whose
    spikes somebody reads as numbers, and the output.
    """

    reads: dict[int, tuple[int, ...]]
    last: dict[int, int]
    wired: set[int]

    @classmethod
    def of(cls, network: Any, joined: Mapping[int, int]) -> Order:
        """Return the order of a network. joined : the layers, by the places of the neurons."""
        layers = set(joined.values())
        reads = {
            place: network.reads[joined.get(place, place)] for place in network.reads if place not in layers
        }
        last = {used: place for place, used_here in reads.items() for used in used_here}
        wired = {
            used
            for place, used_here in network.reads.items()
            for used in used_here
            if used in network.neurons and place not in network.fused
        }
        return cls(reads, last, wired | {len(network.program.steps) - 1})


class Run:
    """Some images on their way through a network, a `netsci.convert.stream.Network`.

    see : called as `Network.stream` says. joined : the layers that run together with the neurons behind
    them. counted : populations behind such layers of which nobody needs more than their spikes over all
    steps, `counts` int32 [images, units]; nobody sees them.
    """

    def __init__(
        self,
        network: Any,
        x: Tensor,
        see: See | None,
        joined: Mapping[int, int],
        counted: frozenset[int] = frozenset(),
    ) -> None:
        self.network, self.x, self.see, self.joined, self.counted = network, x, see, joined, counted
        self.counts: dict[int, Tensor] = {}
        self.steps = network.program.steps
        self.held: dict[int, Any] = {}  # what is the same at all steps
        self.states: dict[int, State] = {}
        key = frozenset(joined)
        if key not in network.orders:
            network.orders[key] = Order.of(network, joined)
        order: Order = network.orders[key]
        self.reads, self.last, self.wired = order.reads, order.last, order.wired

    def run_still(self, steps: int) -> None:
        """Compute what depends on the images alone."""
        for place in sorted(self.network.still):
            step = self.steps[place]
            self.held[place] = (
                self.x if step.kind == "input" else run_step(self.network, place, self.held, len(self.x))
            )
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
        spikes: dict[int, Any] = {}
        out = len(self.steps) - 1
        seen: Any
        for place, reads in self.reads.items():
            step = self.steps[place]
            if place in self.network.still or place in without:
                continue
            if place in self.counted:
                self._count(place, spikes, window)
            elif place in self.network.neurons:
                spikes[place] = seen = self._fire(place, values, spikes, window)
                if place in self.wired and not (without and place in self.network.tail[1]):
                    theta = self.network.neurons[place].theta.to(seen.device)
                    values[place] = join_time(seen * theta, step)
            elif place in self.network.fused:
                values[place] = apply_to_spikes(self.network.fused[place], spikes[reads[0]])
            else:
                given = {used: self._value(used, values, window) for used in reads}
                values[place] = step.run(given, window.steps * window.images)
            if self.see is not None and place not in self.counted:
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
        self, place: int, values: Mapping[int, Tensor], spikes: Mapping[int, Any], window: Window
    ) -> Tensor | BitRows:
        """Return the spikes of a population in a window, int8 [steps, images, units...], or bits.

        They are bits where nothing else than layers that take bits reads them, and nobody sees them.
        """
        step, neuron = self.steps[place], self.network.neurons[place]
        if place in self.joined:
            fused = self.network.fused[self.joined[place]]
            return fire_joined(fused, neuron, spikes[fused.neurons], self._state(place, step.sample, window))
        (source,) = step.inputs
        if source in self.held:
            current = split_time(self.held[source], step, 1)[0]
            as_bits = self._read_as_bits(place, current, window.steps * window.images)
            return (fire_constant_bits if as_bits else fire_constant)(
                neuron, current, window.first, window.steps
            )
        currents = split_time(values[source], step, window.steps)
        return run_steps(neuron, currents, self._state(place, currents.shape[2:], window))

    def _count(self, place: int, spikes: Mapping[int, Any], window: Window) -> None:
        """Add the spikes of a population in a window to its counts."""
        fused = self.network.fused[self.joined[place]]
        state = self._state(place, self.steps[place].sample, window)
        given = (fused, self.network.neurons[place], spikes[fused.neurons], state)
        self.counts[place] = count_joined(*given, self.counts.get(place))

    def _state(self, place: int, units: Sequence[int], window: Window) -> State:
        """Return membranes and sums of a population, as the window before left them."""
        if place not in self.states:
            neuron = self.network.neurons[place]
            self.states[place] = start_state(neuron, (window.images, *units), self.x.device)
        return self.states[place]

    def _read_as_bits(self, place: int, current: Tensor, samples: int) -> bool:
        """Return whether all that read the spikes of a population under constant currents take bits."""
        if self.see is not None or place in self.wired or current.device.type != "cpu" or current.ndim != 2:
            return False
        readers = [one for one, reads in self.reads.items() if place in reads]
        return current.dtype == torch.float32 and all(
            one in self.joined
            and reads_bits(self.network.fused[self.joined[one]].layer.module, samples, current.shape[1])
            for one in readers
        )


def _repeat(value: Any, step: Step, window: Window) -> Any:
    """Return what depends on the image alone once for each step of a window."""
    if step.axis is None or not isinstance(value, Tensor):
        return value
    axis = step.axis
    rows = value.movedim(axis, 0)
    return rows.unsqueeze(0).expand(window.steps, *rows.shape).reshape(-1, *rows.shape[1:]).movedim(0, axis)
