"""Count the events of a running network by layer, step and unit, as whole numbers.

A layer has an operation for each event of a unit and each link that leaves it. A product of two wires A and B
that both carry events (attention) has three: A B, A B' and A' B, where a dash is what was said before.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.convert.answers import Answers
from netsci.convert.layers import Layer, fan_out
from netsci.convert.neurons import units_first
from netsci.convert.program import Program, Step
from netsci.convert.rows import ANALOG, COUNTED, KINDS, find_encoders, find_rows, find_values
from netsci.convert.windows import Window, join_time
from netsci.measure import PopulationTrace, ProjectionTrace, StepTrace, Trace

Counts = NDArray[np.int64]


@dataclass(eq=False)
class _Sums:
    """What a layer or product was given: events of each unit, operations and events of each step."""

    steps: int
    events: Counts | None = None
    leaving: Counts | None = None

    def __post_init__(self) -> None:
        self.operations, self.arrivals = np.zeros(self.steps, np.int64), np.zeros(self.steps, np.int64)

    def add(self, counts: Counts, by_unit: Counts, by_step: Counts, now: slice) -> None:
        """Add events by step and unit, and their sums; by_unit has those of all steps of `now`."""
        if self.events is None or self.leaving is None:
            raise RuntimeError("the links of a layer must be known before its events")
        self.events += by_unit
        self.operations[now] += counts @ self.leaving
        self.arrivals[now] += by_step


class Counter:
    """The counts of all images so far. `answers` counts answers."""

    def __init__(self, network: Any, steps: int) -> None:
        self.network, self.n_steps, self.answers = network, steps, Answers(steps)
        self.program: Program = network.program
        self.rows, self.values = find_rows(network), find_values(network)
        self.counted = self.program.of_kind(*COUNTED)
        self._spikes = {place: np.zeros(steps, np.int64) for place in network.neurons}
        self._fired = {place: np.zeros(self._units(place), np.int64) for place in network.neurons}
        self._sums = {place: _Sums(steps) for place in self.counted}
        self._readers: dict[int, list[int]] = {}
        self._waiting: dict[int, Tensor] = {}  # events of wires that products read, in this window
        for place in self.counted:
            for source in self.sources(place):
                self._readers.setdefault(source, []).append(place)

    def sources(self, place: int) -> tuple[int, ...]:
        """Return the steps whose events a layer or product reads."""
        if self.program.steps[place].kind == "layer":
            return (self.network.source_of(place),)
        return tuple(
            one for one in self.program.steps[place].inputs if self.program.steps[one].axis is not None
        )

    def _units(self, place: int) -> int:
        step = self.program.steps[place]
        return prod(step.sample) * step.places

    def see(self, place: int, value: Tensor, window: Window) -> None:
        """Count what a step gave in a window: the spikes of neurons, the events that layers read.

        A wire may be seen several times in a window, with other events each time.
        """
        if self.program.steps[place].kind == "product":
            self._multiply(place, window)
        if place not in self.network.neurons and place not in self._readers:
            return
        values = value if value.ndim == 3 else value.reshape(len(value), window.images, -1)
        counts = count_events(values)
        often = window.steps if len(values) == 1 else 1  # the same at all steps
        now = slice(window.first, window.first + window.steps)
        by_unit, by_step = often * counts.sum(axis=0), counts.sum(axis=1)
        if place in self.network.neurons:
            self._fired[place] += by_unit
            self._spikes[place][now] += by_step
        for reader in self._readers.get(place, ()):
            step, sums = self.program.steps[reader], self._sums[reader]
            if step.layer is None:
                self._waiting[place] = value
                continue
            if sums.events is None:
                sums.leaving = fan_out(step.layer, self._shape_read(reader))
                sums.events = np.zeros(counts.shape[1], np.int64)
            sums.add(counts, by_unit, by_step, now)

    def _shape_read(self, place: int) -> tuple[int, ...]:
        """Return the shape of what a layer reads of one image."""
        source = self.program.steps[self.program.steps[place].inputs[0]]
        return source.sample if source.places == 1 else (source.places, *source.sample)

    def _multiply(self, place: int, window: Window) -> None:
        """Count the three event products of a step whose inputs have been seen."""
        step, sums = self.program.steps[place], self._sums[place]
        sources = self.sources(place)
        says = [
            (join_time(self._waiting[one], self.program.steps[one]) != 0).to(torch.float32) for one in sources
        ]
        if sums.events is None:
            sums.leaving = _leaving(self.program, step, says, window.images)
            sums.events = np.zeros(len(sums.leaving), np.int64)
        both = step.run(dict(zip(sources, says, strict=True)), window.images)
        pairs = both.movedim(step.axis or 0, 0).reshape(window.images, -1).double().sum(0)
        own = [(self._waiting[one] != 0).reshape(window.images, -1).sum(0).cpu().numpy() for one in sources]
        counts = np.concatenate([*own, np.rint(pairs.cpu().numpy()).astype(np.int64)])
        now = slice(window.first, window.first + 1)
        sums.add(counts[None].astype(np.int64), counts, counts.sum(keepdims=True), now)

    def trace(self, *, with_labels: bool) -> StepTrace:
        """Return the counts as a trace."""
        none = np.zeros(self.n_steps, np.int64)
        steps = self.program.steps
        spikes, sops, macs, units = [], [], [], []
        for row in self.rows:
            found = none if row.layer is None else self._sums[row.layer].operations
            analog = row.layer is not None and self._kind(row.layer) == "analog"
            sops.append(none if analog else found)
            macs.append(found if analog else none)
            spikes.append(none if row.population is None else self._spikes[row.population])
            units.append(0 if row.population is None else len(self._fired[row.population]))
        shape = (len(self.rows), self.n_steps)
        return StepTrace(
            self.n_steps,
            self.answers.images,
            tuple(row.name for row in self.rows),
            tuple("" if row.population is None else steps[row.population].name for row in self.rows),
            np.array(units, np.int64),
            np.array(spikes).reshape(shape),
            np.array(sops).reshape(shape),
            np.array(macs).reshape(shape),
            self.answers.correct if with_labels else None,
            self.answers.changed,
            {steps[place].name: fired for place, fired in self._fired.items()},
            self._whole_trace(),
            self.answers.right if with_labels else None,
            find_encoders(self.network),
        )

    def _kind(self, place: int) -> str:
        return KINDS[max(self.values[source] for source in self.sources(place))]

    def _whole_trace(self) -> Trace:
        """Return the counts of all steps together, as `record` gives them."""
        program = self.program
        none = np.zeros(self.n_steps, np.int64)
        populations = [
            PopulationTrace("input", np.zeros(prod(program.shape), np.int64), none, "analog", True)
        ]
        for place, fired in self._fired.items():
            kind = KINDS[self.values[place]]
            populations.append(PopulationTrace(program.steps[place].name, fired, self._spikes[place], kind))
        projections = [self._projection(place, sums) for place, sums in self._sums.items()]
        return Trace(self.n_steps, self.answers.images, tuple(populations), tuple(projections))

    def _projection(self, place: int, sums: _Sums) -> ProjectionTrace:
        """Return the counts of a layer or product."""
        step = self.program.steps[place]
        events, leaving = sums.events, sums.leaving
        if events is None or leaving is None:
            raise RuntimeError(f"layer {step.name!r} was never run")
        by_step: dict[str, Any] = {"operations_by_step": sums.operations, "events_by_step": sums.arrivals}
        often = self.n_steps * self.answers.images
        if step.layer is None:
            flops = int(leaving[: self._units(self.sources(place)[0])].sum())
            return ProjectionTrace(
                step.name, events, leaving, self._kind(place), applications=often, ann_operations=flops,
                shares_links=True, **by_step,
            )  # fmt: skip
        source = self.network.source_of(place)
        from_input = source in self.network.still and self.values[source] == ANALOG
        if from_input and self.network.shows_once:
            often = self.answers.images
        return _of_layer(
            step.name, step.layer, self.program.steps[source].sample, events, leaving, often,
            {"kind": self._kind(place), "from_input": from_input, **by_step},
        )  # fmt: skip


def _of_layer(
    name: str,
    layer: Layer,
    shape: tuple[int, ...],
    events: Counts,
    leaving: Counts,
    often: int,
    rest: dict[str, Any],
) -> ProjectionTrace:
    """Return the counts of a layer; often: how often an image, or a spike of each unit, was given to it."""
    synapses = layer.synapses
    vectors = max(1, len(events) // layer.links.shape[0]) if not layer.convolves else 1
    if vectors > 1:  # tokens: each is an input vector of its own, with the same links
        events, leaving = events.reshape(vectors, -1).sum(axis=0), leaving[: len(leaving) // vectors]
    if layer.convolves and layer.links.shape[0] % shape[0] == 0:
        links = np.diff(layer.links.indptr).reshape(shape[0], -1).any(axis=1)
        rest = {**rest, "linked": np.repeat(links, len(events) // shape[0])}
    return ProjectionTrace(
        name, events, leaving, links=layer.links.nnz, dense_links=synapses.dense_links,
        dense_operations=synapses.dense_operations(shape), applications=often * vectors, **rest,
    )  # fmt: skip


def _leaving(program: Program, step: Step, says: list[Tensor], images: int) -> Counts:
    """Return the operations of an event of each unit: of the wires of a product, and 1 for each pair."""
    sources = [one for one in step.inputs if program.steps[one].axis is not None]
    with torch.enable_grad():
        ones = [torch.ones_like(one).requires_grad_() for one in says]
        out = step.run(dict(zip(sources, ones, strict=True)), images)
        parts = torch.autograd.grad(out.sum(), ones)
    found = [
        part.movedim(program.steps[one].axis or 0, 0).reshape(images, -1)[0]
        for one, part in zip(sources, parts, strict=True)
    ]
    found.append(torch.ones(out.numel() // images, device=out.device))
    operations: Counts = np.rint(torch.cat(found).cpu().numpy()).astype(np.int64)
    return operations


def count_events(values: Tensor) -> Counts:
    """Return how many images have an event, a value that is not 0, by step and unit: int64 [T, units].

    values : [T, images, units].

    Examples
    --------
    >>> count_events(torch.tensor([[[0.5, 0.0], [-1.0, 0.0]]])).tolist()
    [[2, 0]]
    """
    if values.device.type != "cpu":
        found: Counts = (values != 0).sum(1).cpu().numpy().astype(np.int64)
        return found
    from netsci.convert import _neuron_kernels as kernels

    counts = np.zeros((values.shape[0], values.shape[2]), np.int64)
    if units_first(values):
        as_bytes = values.dtype == torch.int8 and values.shape[1] >= kernels.BYTES
        count = kernels.count_bytes_units_first if as_bytes else kernels.count_units_first
        count(values.permute(2, 0, 1).numpy(), counts)
    else:
        kernels.count_images_first(values.contiguous().numpy(), counts)
    return counts
