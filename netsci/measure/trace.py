"""What a spiking network did: spikes by population, events and operations by projection.

A unit that emits an event reaches every link that leaves it, so the operations of a projection are

    operations = sum over presynaptic units of events[unit] * fan_out[unit]

exactly, on any mask. They are synaptic operations (SOPs, accumulates) where events are spikes or graded
spikes, and multiply-accumulates (MACs) where the layer reads real values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import list_of
from netsci.measure.absence import link_sparsity
from netsci.measure.trace_parts import PopulationTrace, ProjectionTrace, check_whole

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Trace:
    """The spikes and operations of a network over T steps and some samples.

    steps : number of time steps T. samples : their number. populations : a `PopulationTrace` each, the input
    first, then in the order in which they fire.
    projections : a `ProjectionTrace` each, in the order in which they are applied. uncounted : names of
    modules with weights whose operations are in no projection (recurrent cells, attention, transposed
    convolutions).

    Examples
    --------
    >>> seen = ProjectionTrace("fc", np.array([3, 1]), np.array([2, 0]), links=2, dense_links=8)
    >>> pixels = PopulationTrace("input", np.array([3, 1]), np.array([4, 0]), is_input=True)
    >>> trace = Trace(steps=2, samples=2, populations=(pixels,), projections=(seen,))
    >>> trace.sops, trace.firing_rate, trace.link_sparsity
    (6, 0.5, 0.75)

    Source: S0 section 4 (spike count, firing rate, SOPs) and appendix A.8; S2 eq. 1 to 3.
    """

    steps: int
    samples: int
    populations: tuple[PopulationTrace, ...]
    projections: tuple[ProjectionTrace, ...]
    uncounted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_whole(self.steps, 1, "steps")
        check_whole(self.samples, 1, "samples")
        for part, found in (("population", self.populations), ("projection", self.projections)):
            kind = PopulationTrace if part == "population" else ProjectionTrace
            names = [one.name for one in list_of(found, kind, f"{part}s", f"a tuple of {kind.__name__}")]
            if len(set(names)) < len(names):
                raise ValueError(f"each {part} needs a name that no other has; got {', '.join(names)}")
        for one in self.populations:
            if one.spikes_by_step.shape != (self.steps,):
                raise ValueError(
                    f"population {one.name!r}: spikes_by_step must hold steps = {self.steps} counts; "
                    f"its shape is {one.spikes_by_step.shape}"
                )
        for seen in self.projections:
            for name in ("operations_by_step", "events_by_step"):
                found = getattr(seen, name)
                if found is not None and found.shape != (self.steps,):
                    raise ValueError(
                        f"projection {seen.name!r}: {name} must hold steps = {self.steps} counts; its shape "
                        f"is {found.shape}"
                    )

    @property
    def spikes(self) -> int:
        """All spikes, those of the input population included (S0's spike count)."""
        return self._spikes(inputs=True)

    @property
    def spikes_without_input(self) -> int:
        """The spikes of all populations but the input."""
        return self._spikes(inputs=False)

    @property
    def firing_rate(self) -> float:
        """Spikes / (units x T x samples), in spikes per unit and step, the input population included.

        Units of analog input do not spike and do not count; NaN if no unit counts.
        """
        return self._rate(inputs=True)

    @property
    def firing_rate_without_input(self) -> float:
        """Spikes per unit and step of all populations but the input."""
        return self._rate(inputs=False)

    def firing_rates(self, population: str) -> NDArray[np.float64]:
        """Return the firing rate of every unit of a population, float64 [size]; NaN for analog values."""
        one = next((found for found in self.populations if found.name == population), None)
        if one is None:
            known = ", ".join(repr(found.name) for found in self.populations)
            raise ValueError(f"population must be one of {known}; got {population!r}")
        if one.kind == "analog":
            return np.full(one.size, np.nan)
        return one.spikes / float(self.steps * self.samples)

    @property
    def sops(self) -> int:
        """Exact synaptic operations of all projections."""
        return sum(one.sops for one in self.projections)

    @property
    def macs(self) -> int:
        """Exact multiply-accumulates of all projections."""
        return sum(one.macs for one in self.projections)

    @property
    def link_sparsity(self) -> float:
        """Share of absent links, 1 - links / dense links over all layers, a dense output layer included."""
        own = [one for one in self.projections if not one.shares_links]
        return link_sparsity([one.links for one in own], [one.dense_links for one in own])

    def table(self) -> pd.DataFrame:
        """Return a tidy table: part ("population", "projection" or "network"), name, measure, value, unit."""
        return _counts_table(self)

    def raster_table(self) -> pd.DataFrame:
        """Return the recorded single spikes, one in each row: population, size, sample, step, unit."""
        return _raster_table(self)

    def rate_histogram(self, *, bins: int = 20) -> pd.DataFrame:
        """Return a histogram of the firing rates of the units of each population, one bin in each row.

        Columns: population, left, right (spikes per unit and step; equal bins from 0 to the highest rate of
        all populations, at least 1 spike in T steps), units (int64), density (units / all units / width).
        Populations with analog values or without units have no rows. Raises ValueError if bins < 1.
        """
        return _rate_histogram(self, bins)

    def _repr_html_(self) -> str:
        from netsci.measure.representation import trace_html

        return trace_html(self)

    def _spikes(self, *, inputs: bool) -> int:
        return sum(int(one.spikes.sum()) for one in self.populations if inputs or not one.is_input)

    def _rate(self, *, inputs: bool) -> float:
        kept = [one for one in self.populations if one.kind != "analog" and (inputs or not one.is_input)]
        units = sum(one.size for one in kept)
        return self._spikes(inputs=inputs) / (units * self.steps * self.samples) if units else math.nan


def _counts_table(trace: Trace) -> pd.DataFrame:
    """Return a tidy table: part ("population", "projection" or "network"), name, measure, value, unit."""
    import pandas as pd

    rows: list[tuple[str, str, str, float, str]] = []
    for one in trace.populations:
        rate = math.nan if not one.size else float(trace.firing_rates(one.name).mean())
        counts = (("units", one.size, "units"), ("spikes", int(one.spikes.sum()), "spikes"))
        rows += [("population", one.name, *found) for found in counts]
        rows.append(("population", one.name, "firing_rate", rate, "spikes per unit and step"))
    for seen in trace.projections:
        rows += [
            ("projection", seen.name, "links", seen.links, "links"),
            ("projection", seen.name, "link_sparsity", link_sparsity(seen.links, seen.dense_links), ""),
            ("projection", seen.name, "events", int(seen.events.sum()), "events"),
            ("projection", seen.name, "sops", seen.sops, "operations"),
            ("projection", seen.name, "macs", seen.macs, "operations"),
        ]
    whole = [("steps", trace.steps, "steps"), ("samples", trace.samples, "samples")]
    whole += [("spikes", trace.spikes, "spikes"), ("sops", trace.sops, "operations")]
    whole.append(("macs", trace.macs, "operations"))
    rows += [("network", "all", *found) for found in whole]
    for measure in ("firing_rate", "firing_rate_without_input"):
        rows.append(("network", "all", measure, getattr(trace, measure), "spikes per unit and step"))
    rows.append(("network", "all", "link_sparsity", trace.link_sparsity, ""))
    rows.append(("network", "all", "uncounted", len(trace.uncounted), "modules"))
    found = pd.DataFrame(rows, columns=["part", "name", "measure", "value", "unit"])
    return found.astype({"value": np.float64})


def _raster_table(trace: Trace) -> pd.DataFrame:
    """Return the recorded single spikes, one in each row: population, size, sample, step, unit."""
    import pandas as pd

    columns: dict[str, list[Any]] = {n: [] for n in ("population", "size", "sample", "step", "unit")}
    for one in trace.populations:
        if one.raster is not None:
            columns["population"] += [one.name] * len(one.raster)
            columns["size"] += [one.size] * len(one.raster)
            for place, name in enumerate(("step", "sample", "unit")):
                columns[name] += one.raster[:, place].tolist()
    kinds = {name: "str" if name == "population" else np.int64 for name in columns}
    return pd.DataFrame(columns).astype(kinds)


def _rate_histogram(trace: Trace, bins: int) -> pd.DataFrame:
    """Return the histogram of `Trace.rate_histogram`."""
    import pandas as pd

    if bins < 1:
        raise ValueError(f"bins must be at least 1; got {bins!r}")
    rates = {one.name: trace.firing_rates(one.name) for one in trace.populations if one.kind != "analog"}
    rates = {name: found for name, found in rates.items() if len(found)}
    top = max([1.0 / trace.steps, *(float(found.max()) for found in rates.values())])
    edges = np.linspace(0.0, top, bins + 1)
    frames = []
    for name, found in rates.items():
        units = np.histogram(found, edges)[0]
        part = {"population": name, "left": edges[:-1], "right": edges[1:], "units": units}
        frames.append(pd.DataFrame({**part, "density": units / (len(found) * np.diff(edges))}))
    kinds = {"population": "str", "left": float, "right": float, "units": np.int64, "density": float}
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(kinds)).astype(kinds)
