"""Count the events of a running network by layer, step and unit, as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from netsci.convert.layers import Layer, fan_out
from netsci.convert.neurons import units_first
from netsci.convert.program import Program
from netsci.convert.stream import Network, Window
from netsci.measure import PopulationTrace, ProjectionTrace, StepTrace, Trace

Counts = NDArray[np.int64]
NOTHING, SPIKES, GRADED, ANALOG = range(4)
KINDS = ("spikes", "spikes", "graded", "analog")


@dataclass(frozen=True)
class Row:
    """One row of a trace: a layer, the neurons behind it, or both. None where there is none."""

    name: str
    layer: int | None
    population: int | None


def find_rows(network: Network) -> list[Row]:
    """Return a row for each layer in order; neurons stand in the row of the first layer that feeds them.

    Neurons that no layer feeds, and those whose layers all feed others, have a row of their own.
    """
    program = network.program
    owners: dict[int, int] = {}
    alone: list[int] = []
    for place in network.neurons:
        free = [layer for layer in sorted(_feeding(network, place)) if layer not in owners]
        if free:
            owners[free[0]] = place
        else:
            alone.append(place)
    rows = [
        (place, Row(program.steps[place].name, place, owners.get(place)))
        for place in program.of_kind("layer")
    ]
    rows += [(place, Row(program.steps[place].name, None, place)) for place in alone]
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def _feeding(network: Network, place: int) -> set[int]:
    """Return the layers that reach a population through no other layer and no other neurons."""
    found: set[int] = set()
    waiting = list(network.program.steps[place].inputs)
    while waiting:
        one = waiting.pop()
        if network.program.steps[one].kind == "layer":
            found.add(one)
        elif one not in network.neurons:
            waiting += network.program.steps[one].inputs
    return found


def find_values(network: Network) -> list[int]:
    """Return for each step what its numbers are: NOTHING (constants), SPIKES, GRADED or ANALOG.

    Sums and means of spikes are graded; what a layer gives, or what a constant was added to, is analog.
    """
    found: list[int] = []
    for place, step in enumerate(network.program.steps):
        given = max((found[used] for used in step.inputs), default=NOTHING)
        if place in network.neurons:
            found.append(SPIKES if network.neurons[place].kind == "if" else GRADED)
        elif step.kind == "constant":
            found.append(NOTHING)
        elif step.kind in ("move", "scale", "join", "pad"):
            found.append(given)
        elif step.kind in ("add", "average", "sum"):
            found.append(max(given, GRADED))
        else:
            found.append(ANALOG)
    return found


class Counter:
    """The counts of all images so far."""

    def __init__(self, network: Network, steps: int) -> None:
        self.network, self.n_steps, self.images = network, steps, 0
        self.rows, self.values = find_rows(network), find_values(network)
        self._spikes = {place: np.zeros(steps, np.int64) for place in network.neurons}
        self._fired: dict[int, Counts] = {}
        self._operations = {place: np.zeros(steps, np.int64) for place in self._layers}
        self._events: dict[int, Counts] = {}
        self._leaving: dict[int, Counts] = {}
        self._arrivals = {place: np.zeros(steps, np.int64) for place in self._layers}
        self.correct, self.changed = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
        self._readers: dict[int, list[int]] = {}
        for place in self._layers:
            self._readers.setdefault(self._source(place), []).append(place)

    @cached_property
    def _layers(self) -> list[int]:
        return self.network.program.of_kind("layer")

    def _source(self, place: int) -> int:
        """Return the step whose events a layer reads: neurons where both are one operation."""
        fused = self.network.fused.get(place)
        return self.network.program.steps[place].inputs[0] if fused is None else fused.neurons

    def _layer(self, place: int) -> Layer:
        layer = self.network.program.steps[place].layer
        assert layer is not None
        return layer

    def see(self, place: int, value: Tensor, window: Window) -> None:
        """Count what a step gave in a window: the spikes of neurons, the events that layers read."""
        if place not in self.network.neurons and place not in self._readers:
            return
        values = value if value.ndim == 3 else value.reshape(len(value), window.images, -1)
        counts = count_events(values)
        n = counts.shape[1]
        often = window.steps if len(values) == 1 else 1  # the same at all steps
        now = slice(window.first, window.first + window.steps)
        by_unit = often * counts.sum(axis=0)
        if place in self.network.neurons:
            self._fired.setdefault(place, np.zeros(n, np.int64))
            self._fired[place] += by_unit
            self._spikes[place][now] += counts.sum(axis=1)
        for layer in self._readers.get(place, ()):
            if layer not in self._leaving:
                self._leaving[layer] = fan_out(self._layer(layer), tuple(value.shape[2:]))
                self._events[layer] = np.zeros(n, np.int64)
            self._events[layer] += by_unit
            self._operations[layer][now] += counts @ self._leaving[layer]
            self._arrivals[layer][now] += counts.sum(axis=1)

    def answer(self, scores: Tensor, labels: Counts | None) -> Counts:
        """Return the answers [T, images] of outputs [T, images, classes]; count right and changed ones."""
        answers = answers_of(scores)
        self.images += answers.shape[1]
        if labels is not None:
            self.correct += (answers == labels).sum(axis=1)
        self.changed[1:] += (answers[1:] != answers[:-1]).sum(axis=1)
        return answers

    def trace(self, *, with_labels: bool) -> StepTrace:
        """Return the counts as a trace."""
        none = np.zeros(self.n_steps, np.int64)
        steps = self.network.program.steps
        spikes, sops, macs, units = [], [], [], []
        for row in self.rows:
            analog = row.layer is not None and self.values[self._source(row.layer)] == ANALOG
            found = none if row.layer is None else self._operations[row.layer]
            sops.append(none if analog else found)
            macs.append(found if analog else none)
            spikes.append(none if row.population is None else self._spikes[row.population])
            units.append(0 if row.population is None else len(self._fired[row.population]))
        return StepTrace(
            self.n_steps,
            self.images,
            tuple(row.name for row in self.rows),
            tuple("" if row.population is None else steps[row.population].name for row in self.rows),
            np.array(units, np.int64),
            np.array(spikes).reshape(len(self.rows), self.n_steps),
            np.array(sops).reshape(len(self.rows), self.n_steps),
            np.array(macs).reshape(len(self.rows), self.n_steps),
            self.correct if with_labels else None,
            self.changed,
            {steps[place].name: fired for place, fired in self._fired.items()},
            self._whole_trace(),
        )

    def _whole_trace(self) -> Trace:
        """Return the counts of all steps together, as `record` gives them."""
        program = self.network.program
        size = prod(program.shape)
        none = np.zeros(self.n_steps, np.int64)
        populations = [PopulationTrace("input", np.zeros(size, np.int64), none, "analog", True)]
        for place, fired in self._fired.items():
            kind = KINDS[self.values[place]]
            populations.append(PopulationTrace(program.steps[place].name, fired, self._spikes[place], kind))
        projections = []
        for place, events in self._events.items():
            layer, shape = self._layer(place), self._input_shape(program, place)
            synapses = layer.synapses()
            leaving = self._leaving[place]
            vectors = max(1, len(events) // layer.links.shape[0]) if not layer.convolves else 1
            if vectors > 1:  # tokens: each is an input vector of its own, with the same links
                events, leaving = events.reshape(vectors, -1).sum(axis=0), leaving[: len(leaving) // vectors]
            projections.append(
                ProjectionTrace(
                    program.steps[place].name,
                    events,
                    leaving,
                    KINDS[self.values[self._source(place)]],
                    layer.links.nnz,
                    synapses.dense_links,
                    synapses.dense_operations(shape),
                    self.n_steps * self.images * vectors,
                    operations_by_step=self._operations[place],
                    events_by_step=self._arrivals[place],
                )
            )
        return Trace(self.n_steps, self.images, tuple(populations), tuple(projections))

    def _input_shape(self, program: Program, place: int) -> tuple[int, ...]:
        return program.steps[self._source(place)].sample


def count_events(values: Tensor) -> Counts:
    """Return how many images have an event, a value that is not 0, by step and unit: int64 [T, units].

    values : [T, images, units].

    Examples
    --------
    >>> import torch
    >>> count_events(torch.tensor([[[0.5, 0.0], [-1.0, 0.0]]])).tolist()
    [[2, 0]]
    """
    if values.device.type != "cpu":
        found: Counts = (values != 0).sum(1).cpu().numpy().astype(np.int64)
        return found
    from netsci.convert._neuron_kernels import count_images_first, count_units_first

    counts = np.zeros((values.shape[0], values.shape[2]), np.int64)
    if units_first(values):
        count_units_first(values.permute(2, 0, 1).numpy(), counts)
    else:
        count_images_first(values.contiguous().numpy(), counts)
    return counts


def answers_of(scores: Tensor) -> Counts:
    """Return the class with the largest running sum after each step, the lowest of equal ones.

    scores : outputs [T, images, classes] of single steps. The result is int64 [T, images].

    Examples
    --------
    >>> import torch
    >>> answers_of(torch.tensor([[[0.0, 0.0]], [[0.0, 1.0]]])).tolist()
    [[0], [1]]
    """
    sums = np.cumsum(scores.double().cpu().numpy(), axis=0)
    found: Counts = sums.argmax(axis=2).astype(np.int64)
    return found
