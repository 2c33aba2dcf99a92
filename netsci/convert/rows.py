"""What is counted in a spiking network: rows of layers and neurons, and which wires carry events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netsci.convert.program import Program

NOTHING, SPIKES, GRADED, ANALOG = range(4)
KINDS = ("spikes", "spikes", "graded", "analog")
COUNTED = ("layer", "product")


@dataclass(frozen=True)
class Row:
    """One row of a trace: a layer or product, the neurons behind it, or both. None where there is none."""

    name: str
    layer: int | None
    population: int | None


def find_rows(network: Any) -> list[Row]:
    """Return a row for each layer and product; neurons stand in the row of the first that feeds them.

    Neurons that no layer feeds, and those whose layers all feed others, have a row of their own.
    """
    program: Program = network.program
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
        for place in program.of_kind(*COUNTED)
    ]
    rows += [(place, Row(program.steps[place].name, None, place)) for place in alone]
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def find_encoders(network: Any) -> frozenset[str]:
    """Return the names of the populations that no layer and no other neurons feed: they say the image."""
    program: Program = network.program
    return frozenset(program.steps[place].name for place in network.neurons if not _has_past(network, place))


def _has_past(network: Any, place: int) -> bool:
    waiting = list(network.program.steps[place].inputs)
    while waiting:
        one = waiting.pop()
        if one in network.neurons or network.program.steps[one].kind in COUNTED:
            return True
        waiting += network.program.steps[one].inputs
    return False


def _feeding(network: Any, place: int) -> set[int]:
    """Return the layers that reach a population through no other layer and no other neurons."""
    found: set[int] = set()
    waiting = list(network.program.steps[place].inputs)
    while waiting:
        one = waiting.pop()
        if network.program.steps[one].kind in COUNTED:
            found.add(one)
        elif one not in network.neurons:
            waiting += network.program.steps[one].inputs
    return found


def find_values(network: Any) -> list[int]:
    """Return for each step what its numbers are: NOTHING (constants), SPIKES, GRADED or ANALOG.

    Sums and means of spikes are graded. What a layer gives is analog, and so is all that the network's kind
    of spikes does not pass (`network.keeps`): where spikes are events of numbers, a constant added to them
    makes them analog.
    """
    found: list[int] = []
    for place, step in enumerate(network.program.steps):
        given = max((found[used] for used in step.inputs), default=NOTHING)
        if place in network.neurons:
            found.append(GRADED if network.graded(place) else SPIKES)
        elif step.kind == "constant":
            found.append(NOTHING)
        elif step.kind in network.keeps and given != NOTHING:
            found.append(given)
        elif step.kind in ("add", "average", "sum") and given != NOTHING:
            found.append(max(given, GRADED))
        else:
            found.append(ANALOG)
    return found
