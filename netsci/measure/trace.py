"""What a spiking network did: spikes by population, events and operations by projection.

A unit that emits an event reaches every link that leaves it, so the operations of a projection are

    operations = sum over presynaptic units of events[unit] * fan_out[unit]

exactly, on any mask. They are synaptic operations (SOPs, accumulates) where events are spikes or graded
spikes, and multiply-accumulates (MACs) where the layer reads real values.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.measure.absence import link_sparsity

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("spikes", "graded", "analog")


@dataclass(frozen=True, eq=False)
class PopulationTrace:
    """The spikes of one population, summed over samples.

    spikes : int64 [size], by unit, summed over time too. spikes_by_step : int64 [T], over all units.
    kind : "spikes" (0 or 1), "graded" (other values; each non-zero one counts once) or "analog" (values
    that are no spikes: both counts are 0 and the firing rate is NaN).
    raster : int64 [n, 3], rows (step, sample, unit) of a few samples, or None.
    """

    name: str
    spikes: NDArray[np.int64]
    spikes_by_step: NDArray[np.int64]
    kind: str = "spikes"
    is_input: bool = False
    raster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        _freeze(self, "spikes", "spikes_by_step", where=f"population {self.name!r}")
        _check_kind(self.kind, f"population {self.name!r}")
        if self.kind == "analog" and (self.spikes.any() or self.spikes_by_step.any()):
            raise ValueError(
                f"population {self.name!r}: analog values are no spikes; give zeros, or kind='graded'"
            )
        if self.spikes.sum() != self.spikes_by_step.sum():
            raise ValueError(
                f"population {self.name!r}: spikes sum to {self.spikes.sum()} over units but to "
                f"{self.spikes_by_step.sum()} over steps; both must hold every spike once"
            )
        if self.raster is not None:
            _freeze_raster(self)

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.spikes)


@dataclass(frozen=True, eq=False)
class ProjectionTrace:
    """The events that reached one synaptic layer, summed over time and samples, and the links they met.

    events : int64 [units], non-zero values that each presynaptic unit sent. fan_out : int64 [units], its
    existing outgoing links (of a convolution: places where an existing weight meets the unit, no padding).
    kind : as of a population; "analog" events are multiplied, all others only added.
    links, dense_links : weights that exist, and all that a dense layer would have.
    dense_operations : operations of the dense layer for one input vector, padding included, as papers count.
    applications : input vectors that the layer was applied to (samples x steps x tokens).
    shares_links : the weights are those of an earlier projection and count once in the link sparsity.
    """

    name: str
    events: NDArray[np.int64]
    fan_out: NDArray[np.int64]
    kind: str = "spikes"
    links: int = 0
    dense_links: int = 0
    dense_operations: int = 0
    applications: int = 0
    shares_links: bool = False

    def __post_init__(self) -> None:
        where = f"projection {self.name!r}"
        _freeze(self, "events", "fan_out", where=where)
        _check_kind(self.kind, where)
        if self.events.shape != self.fan_out.shape:
            raise ValueError(
                f"{where}: events and fan_out need one entry a presynaptic unit; their shapes are "
                f"{self.events.shape} and {self.fan_out.shape}"
            )
        for name in ("links", "dense_links", "dense_operations", "applications"):
            _check_whole(getattr(self, name), 0, f"{where}: {name}")
        if self.links > self.dense_links:
            raise ValueError(
                f"{where}: links must be at most dense_links = {self.dense_links}; got {self.links}"
            )

    @property
    def operations(self) -> int:
        """Exact operations: sum of events times fan-out."""
        if float(self.events.astype(np.float64) @ self.fan_out) < 2.0**62:
            return int(self.events @ self.fan_out)
        return sum(n * out for n, out in zip(self.events.tolist(), self.fan_out.tolist(), strict=True))

    @property
    def sops(self) -> int:
        """Synaptic operations: 0 where the layer reads real values."""
        return 0 if self.kind == "analog" else self.operations

    @property
    def macs(self) -> int:
        """Multiply-accumulates: 0 where the layer reads spikes."""
        return self.operations if self.kind == "analog" else 0

    @property
    def estimated_operations(self) -> float:
        """The papers' estimate: dense operations x mean input rate x (1 - sparsity); NaN without weights."""
        if not len(self.events):
            return 0.0
        density = self.links / self.dense_links if self.dense_links else math.nan
        return float(self.events.mean()) * self.dense_operations * density


@dataclass(frozen=True, eq=False)
class Trace:
    """The spikes and operations of a network over T steps and some samples.

    steps : T. samples : how many. populations : input first, then in the order in which they fire.
    projections : in the order in which they are applied. uncounted : names of modules with weights whose
    operations are in no projection (recurrent cells, attention, transposed convolutions).

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
        _check_whole(self.steps, 1, "steps")
        _check_whole(self.samples, 1, "samples")
        for part, found in (("population", self.populations), ("projection", self.projections)):
            names = [one.name for one in found]
            if len(set(names)) < len(names):
                raise ValueError(f"each {part} needs a name of its own; got {', '.join(names)}")
        for one in self.populations:
            if one.spikes_by_step.shape != (self.steps,):
                raise ValueError(
                    f"population {one.name!r}: spikes_by_step must hold steps = {self.steps} counts; "
                    f"its shape is {one.spikes_by_step.shape}"
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

        Analog input does not spike, so its units are left out; NaN where no unit is left.
        """
        return self._rate(inputs=True)

    @property
    def firing_rate_without_input(self) -> float:
        """Spikes per unit and step of all populations but the input."""
        return self._rate(inputs=False)

    def firing_rates(self, population: str) -> NDArray[np.float64]:
        """Return the firing rate of every unit of a population, float64 [size]; NaN of analog values."""
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

    def table(self) -> "pd.DataFrame":
        """Return a tidy table: part ("population", "projection" or "network"), name, measure, value, unit."""
        from netsci.measure.trace_tables import counts_table

        return counts_table(self)

    def raster_table(self) -> "pd.DataFrame":
        """Return the recorded single spikes: population, size, sample, step, unit, one row a spike."""
        from netsci.measure.trace_tables import raster_table

        return raster_table(self)

    def rate_histogram(self, *, bins: int = 20) -> "pd.DataFrame":
        """Return how many units of each population fire at which rate, one row a bin.

        Columns: population, left, right (spikes per unit and step; equal bins from 0 to the highest rate of
        all populations, at least 1 spike in T steps), units (int64), density (units / all units / width).
        Populations of analog values or without units are left out. Raises ValueError if bins < 1.
        """
        from netsci.measure.trace_tables import rate_histogram

        return rate_histogram(self, bins)

    def _spikes(self, *, inputs: bool) -> int:
        return sum(int(one.spikes.sum()) for one in self.populations if inputs or not one.is_input)

    def _rate(self, *, inputs: bool) -> float:
        kept = [one for one in self.populations if one.kind != "analog" and (inputs or not one.is_input)]
        units = sum(one.size for one in kept)
        return self._spikes(inputs=inputs) / (units * self.steps * self.samples) if units else math.nan


def _check_kind(kind: str, where: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"{where}: kind must be one of {', '.join(map(repr, KINDS))}; got {kind!r}")


def _check_whole(value: Any, least: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{what} must be a whole number; got {value!r}")
    if value < least:
        raise ValueError(f"{what} must be at least {least}; got {value}")


def _freeze_raster(record: PopulationTrace) -> None:
    """Replace a raster by a read-only int64 copy; raise unless its spikes lie among the steps and units."""
    given, where = np.asarray(record.raster), f"population {record.name!r}"
    if given.ndim != 2 or given.shape[1] != 3:
        raise ValueError(
            f"{where}: raster must be [spikes, 3], rows (step, sample, unit); its shape is {given.shape}"
        )
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"{where}: raster must hold whole numbers (int64); its dtype is {given.dtype}")
    raster = given.astype(np.int64)
    steps, units = len(record.spikes_by_step), record.size
    if (raster < 0).any() or (raster[:, 0] >= steps).any() or (raster[:, 2] >= units).any():
        raise ValueError(f"{where}: raster holds a spike outside {steps} steps or {units} units")
    raster.setflags(write=False)
    object.__setattr__(record, "raster", raster)


def _freeze(record: Any, *names: str, where: str) -> None:
    """Replace counts by read-only int64 copies; raise unless they are whole numbers >= 0 in one dimension."""
    for name in names:
        given = np.asarray(getattr(record, name))
        if given.size and given.dtype.kind not in "iu":
            raise TypeError(f"{where}: {name} must hold whole numbers (int64); its dtype is {given.dtype}")
        counts = given.astype(np.int64)
        if counts.ndim != 1 or (counts < 0).any():
            raise ValueError(
                f"{where}: {name} must be counts >= 0 in one dimension; its shape is {given.shape}"
                + (f" and its least value {counts.min()}" if counts.size else "")
            )
        counts.setflags(write=False)
        object.__setattr__(record, name, counts)
