"""The tally that `record` keeps over batches, and the trace that it becomes."""

from collections import Counter

import numpy as np
from torch import Tensor

from netsci.measure import PopulationTrace, ProjectionTrace, Trace
from netsci.spiking.record_adapters import ALL, STEP, Synapses
from netsci.spiking.record_events import (
    DATA,
    Call,
    Layer,
    Neurons,
    add_spikes,
    as_counts,
    input_over_time,
    looks,
    sums,
)
from netsci.spiking.record_steps import check_axes, check_frames, steps_of_calls


class Tally:
    """Counts over batches; `begin`, then `see_input` and `see_spikes` in the order of calls, then `end`."""

    def __init__(self, steps: int | None, raster: int, of_data: str = "analog") -> None:
        self.of_data = of_data  # what whole numbers are that a layer reads in the data
        self.steps, self.samples = steps, 0
        self._wanted, self._raster = steps, raster
        self._layers: dict[tuple[str, tuple[int, ...]], Layer] = {}
        self._populations: dict[tuple[str, tuple[int, ...], int], Neurons] = {}
        self._first = ""  # the layer that reads the data
        self._input: Neurons | None = None

    def begin(self, shape: tuple[int, ...] = ()) -> None:
        """Begin a forward pass over one batch of this shape, () where it has none."""
        self._shape = shape
        self._calls: list[Call] = []
        self._read: list[tuple[Tensor, int]] = []
        self._last = (DATA, "")

    def see_input(self, name: str, synapses: Synapses, x: Tensor) -> None:
        """Count the events that one call of a synaptic layer receives."""
        if x.ndim < synapses.n_axes:
            raise ValueError(
                f"the input of layer {name!r} must have at least {synapses.n_axes} axes; its shape is "
                f"{tuple(x.shape)}"
            )
        n_lead = x.ndim - synapses.n_axes
        shape = tuple(x.shape[n_lead:])
        key = (name, shape)
        if key not in self._layers:
            self._layers[key] = Layer(synapses, shape, np.zeros(int(np.prod(shape)), np.int64))
        layer, fired = self._layers[key], x != 0
        binary, whole = looks(x, f"the input of layer {name!r}")
        layer.binary &= binary
        layer.whole &= whole
        layer.events += as_counts(fired.sum(dim=tuple(range(n_lead))) if n_lead else fired).ravel()
        layer.applications += int(np.prod(x.shape[:n_lead]))
        layer.sources.add(DATA if not self._calls else self._last[0])
        if not self._calls and not self._first:
            self._first = name
        if name == self._first:
            self._read.append((fired, n_lead))
        self._last = ("layer", name)

    def see_spikes(self, name: str, mode: str, output: Tensor) -> None:
        """Count the spikes of one call of a neuron module."""
        after = self._last[1] if self._last[0] != DATA else ""
        raster = 0 if self.samples else self._raster  # of the first pass
        self._calls.append(Call.of(name, mode, after, output, raster))
        self._last = ("neurons", after)

    def end(self) -> None:
        """Sort the calls of the pass by population and step, and add them up."""
        if not self._calls:
            raise ValueError(
                "none of the network's neuron modules was called, so nothing fired. Call them as modules, "
                "neuron(current): unroll(), step() and .forward() bypass the hooks"
            )
        steps, samples = self._extent()
        for key, calls in self._sort_calls(steps).items():
            ran = sum(len(one.by_step) for one in calls)
            if (ran, calls[0].samples) != (steps, samples):
                raise ValueError(
                    f"neurons {key[0]!r} ran {ran} steps of {calls[0].samples} samples, others {steps} of "
                    f"{samples}; all neurons must see the same samples in all steps"
                )
            self._populations[key] = add_spikes(self._populations.get(key), calls)
        if self._first:
            in_steps = all(one.mode == STEP for one in self._calls)
            found = input_over_time(self._read, steps, samples, in_steps)
            if found is not None:
                raster = 0 if self.samples else self._raster
                shape = (found.shape[2],)
                call = Call(self._first, ALL, "", shape, samples, *sums(found, raster, True))
                by_step = np.zeros(steps, np.int64)
                by_step[: len(call.by_step)] = call.by_step  # a constant input is read once
                self._input = add_spikes(self._input, [call._replace(by_step=by_step)])
        self.samples += samples

    def _extent(self) -> tuple[int, int]:
        """Return T and the samples of this pass."""
        samples = self._calls[0].samples
        whole = next((one for one in self._calls if one.mode == ALL), None)
        if whole is not None:
            steps = len(whole.by_step)
            check_frames(self._calls, self._shape, samples, self._wanted)
        else:
            steps = self._wanted or steps_of_calls(self._calls, self._shape, samples)
        if self._wanted is None and self._read:
            check_axes(self._first, [tuple(x.shape[:n]) for x, n in self._read], steps, samples)
        if samples < 1:
            raise ValueError("data must hold samples in every batch; one has none: leave it out")
        if self.steps is None:
            self.steps = steps
        if steps != self.steps or steps < 1:
            raise ValueError(
                f"steps must be {steps}, as the neurons of this pass show, for all passes; got {self.steps}. "
                "If one call of the network is one step, pass call=... with your loop over time"
            )
        return steps, samples

    def _sort_calls(self, steps: int) -> dict[tuple[str, tuple[int, ...], int], list[Call]]:
        """Return the calls of each population: (module, shape of units, how often used before in a step)."""
        found: dict[tuple[str, tuple[int, ...], int], list[Call]] = {}
        groups: dict[tuple[str, tuple[int, ...]], list[Call]] = {}
        for one in self._calls:
            groups.setdefault((one.name, one.shape), []).append(one)
        for (name, shape), calls in groups.items():
            each = 1 if calls[0].mode == ALL else steps
            uses, rest = divmod(len(calls), each)
            if rest or not uses:
                raise ValueError(
                    f"neurons {name!r} were called {len(calls)} times in a pass of {steps} steps; every "
                    "module must run in every step. Check steps, or pass call=... with your loop over time"
                )
            for use in range(uses):
                found[name, shape, use] = calls[use::uses]
        return found

    def trace(
        self,
        idle: dict[str, Synapses],
        silent: list[str],
        kinds: dict[str, str],
        uncounted: tuple[str, ...],
    ) -> Trace:
        """Return the counts as a trace; idle layers and silent neurons were never called."""
        steps = self.steps or 1
        projections = self._projections(kinds)
        for name, one in idle.items():
            units = one.leaving.astype(np.int64) if one.n_axes == 1 else np.zeros(0, np.int64)
            projections.append(ProjectionTrace(name, 0 * units, units, "spikes", one.links, one.dense_links))
        populations = self._trace_populations()
        if self._input is not None:
            kind = projections[0].kind
            populations.insert(0, _population(_free("input", populations), self._input, kind, True))
        nothing = (np.zeros(0, np.int64), np.zeros(steps, np.int64))
        populations += [PopulationTrace(name, *nothing) for name in silent]
        return Trace(steps, self.samples, tuple(populations), tuple(projections), uncounted)

    def _projections(self, kinds: dict[str, str]) -> list[ProjectionTrace]:
        found: list[ProjectionTrace] = []
        names: set[str] = set()
        for (name, shape), layer in self._layers.items():
            again = name in names
            names.add(name)
            found.append(
                ProjectionTrace(
                    f"{name} ({'x'.join(map(str, shape))})" if again else name,
                    layer.events,
                    layer.synapses.fan_out(shape),
                    kinds.get(name) or layer.kind(self.of_data),
                    layer.synapses.links,
                    layer.synapses.dense_links,
                    layer.synapses.dense_operations(shape),
                    layer.applications,
                    shares_links=again,
                )
            )
        return found

    def _trace_populations(self) -> list[PopulationTrace]:
        """Return the populations; a module with several is named with the layer before each."""
        often = Counter(name for name, _, _ in self._populations)
        found: list[PopulationTrace] = []
        for (name, _, _), held in self._populations.items():
            label = f"{name} after {held.after}" if often[name] > 1 and held.after else name
            kind = "spikes" if held.binary else "graded"
            found.append(_population(_free(label, found), held, kind, False))
        return found


def _population(name: str, held: Neurons, kind: str, is_input: bool) -> PopulationTrace:
    if kind == "analog":
        return PopulationTrace(name, 0 * held.spikes, 0 * held.by_step, kind, is_input)
    return PopulationTrace(name, held.spikes, held.by_step, kind, is_input, held.raster)


def _free(name: str, others: list[PopulationTrace]) -> str:
    taken = {one.name for one in others}
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}:{number}"
    return found
