"""The walk of DCGS through time: every action once a step, neurons on their wires, operations counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from netsci.arguments import as_count, check_flag
from netsci.convert.dcgs_modules import Part, Pointwise, Product
from netsci.convert.dcgs_neuron import MultiThreshold
from netsci.convert.dcgs_plan import (
    MOST_STEPS,
    POINTWISE,
    Action,
    DcgsOptions,
    Site,
    Step,
    find_analog_layers,
)
from netsci.convert.value_checks import check_values

FanOut = Callable[[Step, tuple[int, ...]], Any]


@dataclass(frozen=True)
class DcgsRun:
    """What a network said at t = 1 .. T.

    output : float [T, batch, ...], the step's own value, o_t = phi_{t-1} + s_t; in rate coding what came out.
    decoded : alike, phi_t, the answer at t.
    spikes : neurons of a name -> int64 [T], events of all samples.
    operations : layer -> int64 [T, batch], pairs of a non-zero input and an existing weight; an analog layer
        multiplies them.
    products : product -> int64 [T, batch], its three event products.
    trains : name -> float [T, batch, ...], signed sizes of the spikes, where they were asked for.
    """

    output: Tensor
    decoded: Tensor
    spikes: Mapping[str, Tensor]
    operations: Mapping[str, Tensor]
    products: Mapping[str, Tensor]
    trains: Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class DcgsModel:
    """A converted network.

    actions : the steps, in the order in which they run. sites : where neurons stand. thresholds : neurons of
    a name -> theta, which broadcasts over their wire; 0 is a unit that never fires. fan_out : as in
    `convert_steps`.
    """

    actions: tuple[Action, ...]
    sites: tuple[Site, ...]
    thresholds: Mapping[str, Tensor]
    options: DcgsOptions
    fan_out: FanOut | None = None

    @property
    def analog(self) -> list[str]:
        """Layers whose inputs are no spikes: their operations are multiplications."""
        return find_analog_layers(self.actions, self.sites)

    def run(self, x: Tensor, steps: int, *, trains: bool = False) -> DcgsRun:
        """Return what images x [batch, ...] give at t = 1 .. steps.

        Raises
        ------
        TypeError, ValueError
            If x is not floating, not finite or empty, or steps is no whole number above 0.
        """
        check_values(x, "x")
        steps = as_count(steps, "steps", most=MOST_STEPS)
        check_flag(trains, "trains")
        return _run(self, x, steps, trains)


class _Walk:
    """The states of one run; all that lasts longer than a step is here."""

    def __init__(self, model: DcgsModel, batch: int, trains: bool) -> None:
        self.model, self.batch, self.keeps_trains = model, batch, trains
        self.rate = model.options.coding == "rate"
        self.sites = {site.place: site for site in model.sites}
        self.neurons = {site.place: _make_neuron(model, site) for site in model.sites}
        self.parts = [_make_part(action, model.options.coding, batch) for action in model.actions]
        self.states: dict[Any, Any] = {}
        self.rests: dict[int, Tensor] = {}  # inputs of layers in the zero pass, by the layer's place
        self.fans: dict[int, Tensor] = {}
        self.counts: dict[tuple[str, str], list[Tensor]] = {}
        self.trains: dict[str, list[Tensor]] = {}
        self.fired: dict[int, Tensor] = {}  # spikes of this step: two ReLUs on a wire share its neurons

    def step(self, image: Tensor, zero_pass: bool) -> Tensor:
        """Return the output of one step, or of the zero pass."""
        self.fired.clear()
        values: dict[int, Any] = {}
        spikes: dict[int, Tensor] = {}  # of line neurons, by the place whose wire they stand on
        for place, action in enumerate(self.model.actions):
            hears = action.step.kind in ("layer", "product")
            inputs = [spikes.get(one, values[one]) if hears else values[one] for one in action.reads.values()]
            if action.step.kind == "layer":
                self._count_layer(place, action, inputs[0], zero_pass)
            values[place] = self._act(place, action, inputs, image, zero_pass)
            site = self.sites.get(place)
            if site is not None and site.ahead:
                spikes[place] = self._fire(place, values[place], zero_pass)
        found: Tensor = values[len(self.model.actions) - 1]
        return found

    def _act(self, place: int, action: Action, inputs: list[Any], image: Tensor, zero_pass: bool) -> Any:
        if action.step.kind == "input":
            return image
        reads = list(action.reads.values())
        if action.step.kind == "activation" and reads[0] in self.neurons and not self.sites[reads[0]].ahead:
            return self._fire(reads[0], inputs[0], zero_pass)
        part = self.parts[place]
        if part is None:
            return action.apply(inputs, self.batch)
        if zero_pass or place not in self.states:
            rest = inputs if zero_pass else [torch.zeros_like(one) for one in inputs]
            found, self.states[place] = part.start(*rest)
            if zero_pass:
                return found
        if action.step.kind == "product" and len(inputs) == 2:
            self._count_product(action, inputs, self.states[place].biases)
        found, self.states[place] = part.step(self.states[place], *inputs)
        return found

    def _fire(self, place: int, current: Tensor, zero_pass: bool) -> Tensor:
        """Return the spikes of the neurons on the wire of a place."""
        if place in self.fired:
            return self.fired[place]
        neuron, site = self.neurons[place], self.sites[place]
        key = ("neuron", place)
        if zero_pass or key not in self.states:
            self.states[key] = neuron.start(current if zero_pass else torch.zeros_like(current))
            if zero_pass:
                return torch.zeros_like(current)
        spikes, self.states[key] = neuron.step(current, self.states[key])
        self.fired[place] = spikes
        self._note("spikes", site.name, torch.count_nonzero(spikes))
        if self.keeps_trains:
            self.trains.setdefault(site.name, []).append(spikes)
        return spikes

    def _count_layer(self, place: int, action: Action, current: Tensor, zero_pass: bool) -> None:
        """Count pairs of an input that says something and an existing weight."""
        if zero_pass:
            self.rests[place] = current
            return
        if self.model.fan_out is None:
            return
        if place not in self.fans:
            sample = tuple(current.shape[1:])
            fans = torch.as_tensor(self.model.fan_out(action.step, sample), device=current.device)
            self.fans[place] = fans.reshape(-1).double()
        says = current != 0 if self.rate else current != self.rests[place]
        self._note("layer", action.step.name, (says.flatten(1).double() @ self.fans[place]).long())

    def _count_product(self, action: Action, inputs: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        """Count A B, A Bbar and Abar B; in rate coding A B alone is not defined, and these stand for it."""
        said = [(x != bias).double() for x, bias in zip(inputs, biases, strict=True)]
        full = [torch.ones_like(one) for one in said]
        total = action.apply(said, self.batch).flatten(1).sum(1)
        for pair in ((said[0], full[1]), (full[0], said[1])):
            total = total + action.apply(pair, self.batch).flatten(1).sum(1)
        self._note("product", action.step.name, total.round().long())

    def _note(self, kind: str, name: str, count: Tensor) -> None:
        self.counts.setdefault((kind, name), []).append(count)

    def collect(self, kind: str) -> dict[str, Tensor]:
        """Return name -> counts [T, ...] of one kind."""
        return {name: torch.stack(found) for (one, name), found in self.counts.items() if one == kind}


def _make_part(action: Action, coding: str, batch: int) -> Part | None:
    """Return what runs an action that keeps a state; None if it passes its inputs through."""
    kind = action.step.kind

    def apply(*inputs: Tensor) -> Tensor:
        found: Tensor = action.apply(inputs, batch)
        return found

    if kind == "product" and len(action.reads) == 2:
        return Product(apply, coding)
    return Pointwise(apply, coding) if kind in (*POINTWISE, "activation", "maximum", "product") else None


def _make_neuron(model: DcgsModel, site: Site) -> MultiThreshold:
    """Return the neurons of a site."""
    options = model.options
    return MultiThreshold(model.thresholds[site.name], options.n, options.neuron, options.coding)


@torch.no_grad()
def _run(model: DcgsModel, x: Tensor, steps: int, trains: bool) -> DcgsRun:
    """Return what a model says of images x at t = 1 .. steps."""
    walk = _Walk(model, len(x), trains)
    silent = torch.zeros_like(x)
    rest = None if walk.rate else walk.step(silent, zero_pass=True)
    outputs, decoded = [], []
    phi = rest
    for t in range(1, steps + 1):
        out = walk.step(x if walk.rate or t == 1 else silent, zero_pass=False)
        if rest is None or phi is None:  # rate coding: the running mean
            phi = out if phi is None else phi + (out - phi) / t
            outputs.append(out)
        else:
            change = out - rest
            outputs.append(phi + change)
            phi = phi + change / t
        decoded.append(phi)
    return DcgsRun(
        torch.stack(outputs),
        torch.stack(decoded),
        walk.collect("spikes"),
        walk.collect("layer"),
        walk.collect("product"),
        {name: torch.stack(found) for name, found in walk.trains.items()},
    )
