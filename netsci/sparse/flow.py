"""Find which units the tensors of a forward pass hold, and the projections between these populations.

A tensor of a forward pass is one of four:

    Signal    an axis of it holds the units of a population, each in `rows` neighbouring places
    Raw       it comes from the module's input alone; no layer with weights has read it yet
    CONSTANT  it depends on neither
    Mixed     it depends on units in a way that is not known: no layer may read it

A `Flow` collects populations and wires while the tensors pass by. Populations are numbers; two of them become
one where a layer is called with both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph import LayeredGraph


class Untraceable(ValueError):
    """The graph of a module cannot be found from its forward pass."""


@dataclass(frozen=True)
class Signal:
    """A tensor whose axis, counted from the end (-1 is the last), holds units, `rows` places for each."""

    population: int
    axis: int
    rows: int = 1


@dataclass(frozen=True)
class Raw:
    """A tensor that depends on the input alone; equal roots have the same units in the same places."""

    root: int


@dataclass(frozen=True)
class Mixed:
    """A tensor that depends on populations in an unknown way; `reason` says by what."""

    populations: frozenset[int]
    reason: str


@dataclass(frozen=True)
class Constant:
    """A tensor that depends on no input."""


CONSTANT = Constant()
Tag = Signal | Raw | Mixed | Constant


@dataclass(frozen=True)
class Wire:
    """A projection: of a layer by name, or of fixed links.

    kind : "layer", or what the fixed links are: "identity", "all", "place" (unit i to unit i + first) or
        "given" (number `first` of those that a part's wiring gives).
    """

    source: int
    target: int
    kind: str
    name: str = ""
    rows: int = 1
    first: int = 0


class Flow:
    """Populations and wires, as far as the forward pass has come."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.wires: list[Wire] = []
        self.called: dict[str, tuple[int, int, int]] = {}  # by layer: source, target, rows
        self.outputs: set[int] = set()
        self._same: list[int] = []
        self._entries: dict[int, bool] = {}  # populations of the input (True) and of constants
        self._read: dict[tuple[int, int, int, int], int] = {}
        self._joined: dict[Any, int] = {}
        self._roots = count()
        self._given: list[Any] = []
        self._every: set[int] = set()  # populations of which a unit needs every projection into it

    def raw(self) -> Raw:
        """Return the tag of a new tensor of the input."""
        return Raw(next(self._roots))

    def population(self, size: int) -> int:
        """Return a new population."""
        self.sizes.append(size)
        self._same.append(len(self._same))
        return len(self._same) - 1

    def find(self, population: int) -> int:
        """Return the number that a population goes by after all unions."""
        while self._same[population] != population:
            population = self._same[population]
        return population

    def unite(self, one: int, other: int) -> None:
        """Make two populations of one size the same."""
        self._same[max(self.find(one), self.find(other))] = min(self.find(one), self.find(other))

    def entry(self, tag: Raw | Constant, axis: int, size: int, rows: int = 1) -> int:
        """Return the population of the input that is read along an axis."""
        root = tag.root if isinstance(tag, Raw) else -1
        key = (root, axis, size, rows)
        if root < 0 or key not in self._read:
            self._read[key] = self.population(size)
            self._entries[self._read[key]] = root >= 0
        return self._read[key]

    def call(self, name: str, source: int, outputs: int, rows: int) -> int:
        """Return the population that a layer gives; a layer called again joins what it reads."""
        if name not in self.called:
            self.called[name] = (source, self.population(outputs), rows)
            self.wires.append(Wire(source, self.called[name][1], "layer", name, rows))
            return self.called[name][1]
        before, target, before_rows = self.called[name]
        if rows != before_rows:
            raise Untraceable(
                f"layer {name!r} reads units of {before_rows} and of {rows} rows each, and must read one kind"
            )
        self.unite(before, source)
        return target

    def join(self, key: Any, size: int, parts: Iterable[Wire]) -> int:
        """Return the population that fixed wires lead to (their target is set here), the same for a key."""
        if key not in self._joined:
            self._joined[key] = target = self.population(size)
            self.wires += [replace(part, target=target) for part in parts]
        return self._joined[key]

    def add(self, populations: Sequence[int], narrow: Sequence[int], size: int) -> int:
        """Return the population of sums over some of its size and over single units that reach all."""
        together = sorted({self.find(p) for p in populations})
        single = sorted({self.find(p) for p in narrow} - (set(together) if size == 1 else set()))
        if len(together) == 1 and not single:
            return together[0]
        parts = [Wire(p, -1, "identity") for p in together] + [Wire(p, -1, "all") for p in single]
        return self.join(("sum", tuple(together), tuple(single)), size, parts)

    def give(self, source: int, links: Any, name: str = "") -> Wire:
        """Return a wire of fixed links, whose target `join` sets."""
        self._given.append(links)
        return Wire(source, -1, "given", name, 1, len(self._given) - 1)

    def need_every(self, population: int) -> None:
        """Note that a unit of a population is live only if every projection into it brings a live link."""
        self._every.add(population)

    def mix(self, tags: Iterable[Tag], reason: str) -> Mixed:
        """Return the tag of a tensor that depends on others in an unknown way; the first reason stays."""
        populations: set[int] = set()
        for tag in tags:
            if isinstance(tag, Signal):
                populations.add(tag.population)
            elif isinstance(tag, Mixed):
                populations |= tag.populations
                reason = tag.reason
        return Mixed(frozenset(populations), reason)

    def splice(self, start: str, wiring: Sequence[dict[str, Any]], graph: LayeredGraph) -> set[int]:
        """Put in the wiring of a part, whose names begin with `start`, and return where it ends."""
        numbers = {name: self.population(size) for name, size in graph.sizes.items()}
        for wire, projection in zip(wiring, graph.projections, strict=True):
            ends = (numbers[projection.source], numbers[projection.target])
            if wire.get("needs") == "every":
                self.need_every(ends[1])
            if wire.get("layer") is None:
                given = self.give(ends[0], projection.links, start + projection.name)
                self.wires.append(replace(given, target=ends[1], rows=projection.rows_per_unit))
            else:
                self.called[start + wire["layer"]] = (*ends, projection.rows_per_unit)
                self.wires.append(Wire(*ends, "layer", start + wire["layer"], projection.rows_per_unit))
        inner = {projection.source for projection in graph.projections}
        return {number for name, number in numbers.items() if name not in inner}

    def leave(self, tags: Iterable[Tag]) -> None:
        """Note which populations the module returns."""
        for tag in tags:
            self.outputs |= self.mix([tag], "").populations

    def wiring(self) -> list[dict[str, Any]]:
        """Return the projections as `layered_graph` reads them; see `netsci.models.wiring`.

        Populations are called layer0, layer1 and so on, in the order of the calls.
        """
        wires = self._contract(self._complete(self._unite_wires()))
        names: dict[int, str] = {}
        for wire in wires:
            for end in (wire.source, wire.target):
                names.setdefault(end, f"layer{len(names)}")
        return [self._write_wire(wire, names) for wire in wires]

    def _unite_wires(self) -> list[Wire]:
        """Return the wires between populations as they are after all unions, each once."""
        ends = (replace(w, source=self.find(w.source), target=self.find(w.target)) for w in self.wires)
        return list(dict.fromkeys(w for w in ends if w.kind != "identity" or w.source != w.target))

    def _complete(self, wires: list[Wire]) -> list[Wire]:
        """Add what percolation cannot see: inputs that enter, and outputs that leave, in the middle.

        It takes as entries the populations that no other projects to, and as exits those that project to no
        other.
        """
        fed = {w.target for w in wires if w.source != w.target}
        feeding = {w.source for w in wires if w.source != w.target}
        inputs = {self.find(p) for p, of_input in self._entries.items() if of_input}
        outputs = {self.find(p) for p in self.outputs}
        before = [Wire(self.population(self.sizes[p]), p, "identity", "input") for p in sorted(inputs & fed)]
        after = [
            Wire(p, self.population(self.sizes[p]), "identity", "output") for p in sorted(outputs & feeding)
        ]
        return [*before, *wires, *after]

    def _contract(self, wires: list[Wire]) -> list[Wire]:
        """Let what projects to a term of a sum project to the sum, where the term goes nowhere else."""
        while True:
            for wire in wires:
                leaving = [w for w in wires if w.source == wire.source]
                entering = [w for w in wires if w.target == wire.source]
                if wire.kind == "identity" and not wire.name and len(leaving) == 1 and entering:
                    break
            else:
                return wires
            kept = (w for w in wires if w != wire)
            moved = (replace(w, target=wire.target) if w.target == wire.source else w for w in kept)
            wires = list(dict.fromkeys(moved))

    def _write_wire(self, wire: Wire, names: dict[int, str]) -> dict[str, Any]:
        written: dict[str, Any] = {"source": names[wire.source], "target": names[wire.target]}
        written["rows_per_unit"] = wire.rows
        if wire.target in {self.find(p) for p in self._every}:
            written["needs"] = "every"
        if wire.kind == "layer":
            return written | {"layer": wire.name}
        sizes = (self.sizes[wire.source], self.sizes[wire.target])
        links: Any
        if wire.kind == "given":
            links = self._given[wire.first]
        elif wire.kind == "all":
            links = sp.csr_array(np.ones(sizes, bool))
        else:
            links = sp.eye_array(*sizes, k=wire.first, dtype=bool, format="csr")
        return written | {"links": links, "name": wire.name}
