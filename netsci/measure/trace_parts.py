"""The parts of a trace: the spikes of a population, the events and operations of a projection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_flag, read_array

KINDS = ("spikes", "graded", "analog")


@dataclass(frozen=True, eq=False)
class PopulationTrace:
    """The spikes of one population, summed over samples.

    name : of the population. spikes : int64 [size], of each unit, summed over time too. spikes_by_step :
    int64 [T], of each time step, summed over all units. is_input : True for the population that the first
    layer reads.
    kind : "spikes" (0 or 1), "graded" (other values; each non-zero one counts once) or "analog" (values
    that are not spikes: both counts are 0 and the firing rate is NaN).
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
                f"population {self.name!r}: analog values are not spikes; give zeros, or kind='graded'"
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
    """The events that one synaptic layer received, summed over time and samples, and its links.

    name : of the layer. events : int64 [units], non-zero values that each presynaptic unit sent. fan_out :
    int64 [units], its existing outgoing links (of a convolution: positions where an existing weight meets the
    unit, no padding).
    kind : "spikes" (0 or 1), "graded" (other values, each non-zero one is an event) or "analog" (values that
    are multiplied by weights; the other kinds are only added).
    links : number of existing weights. dense_links : number of weights of a dense layer.
    dense_operations : operations of the dense layer for one input vector, padding included as in S0 and S2.
    applications : number of input vectors of the layer (samples x steps, in attention also x tokens).
    shares_links : True if an earlier projection has the same weights; they count once in the link sparsity.
    operations_by_step, events_by_step : int64 [T], the operations and the events of each time step, summed
    over units and samples; None where they were counted in total only. `energy_by_step` needs both.
    from_input : whether the layer reads the analog input alone, so that its current can be held over time;
    None where it is not known, and then the first projection is taken for such a layer.
    ann_operations : multiplications of one input vector in the network without spikes, where these are not
    the existing weights: of a product of two populations (attention), which has none. Its events are those of
    both populations and of their pairs.
    linked : bool [units], which inputs have a link at any of their places: of a convolution with a stride the
    pixels that none reads too, if their channel has a link. None for those with a fan-out above 0.
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
    operations_by_step: NDArray[np.int64] | None = None
    events_by_step: NDArray[np.int64] | None = None
    from_input: bool | None = None
    ann_operations: int | None = None
    linked: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        where = f"projection {self.name!r}"
        _freeze(self, "events", "fan_out", where=where)
        _check_kind(self.kind, where)
        if self.events.shape != self.fan_out.shape:
            raise ValueError(
                f"{where}: events and fan_out need one entry for each presynaptic unit; their shapes are "
                f"{self.events.shape} and {self.fan_out.shape}"
            )
        for name in ("links", "dense_links", "dense_operations", "applications"):
            check_whole(getattr(self, name), 0, f"{where}: {name}")
        if self.linked is not None:
            given = read_array(self.linked, f"{where}: linked")
            if given.dtype != bool or given.shape != self.events.shape or (self.fan_out > 0)[~given].any():
                raise ValueError(
                    f"{where}: linked must be bool [{len(self.events)}], True wherever fan_out is above 0"
                )
            object.__setattr__(self, "linked", given.copy())
        if self.ann_operations is not None:
            check_whole(self.ann_operations, 0, f"{where}: ann_operations")
        if self.from_input is not None:
            check_flag(self.from_input, f"{where}: from_input")
        if self.links > self.dense_links:
            raise ValueError(
                f"{where}: links must be at most dense_links = {self.dense_links}; got {self.links}"
            )
        totals = {"operations_by_step": self.operations, "events_by_step": int(self.events.sum())}
        for name, total in totals.items():
            if getattr(self, name) is not None:
                _freeze(self, name, where=where)
                found = sum(getattr(self, name).tolist())
                if found != total:
                    raise ValueError(
                        f"{where}: {name} sums to {found:,} but events and fan_out make {total:,}; both must "
                        "hold every event once"
                    )

    @property
    def operations(self) -> int:
        """Exact operations: sum of events times fan-out."""
        if float(self.events.astype(np.float64) @ self.fan_out) < 2.0**62:
            return int(self.events @ self.fan_out)
        return sum(n * out for n, out in zip(self.events.tolist(), self.fan_out.tolist(), strict=True))

    @property
    def sops(self) -> int:
        """Synaptic operations: 0 if the layer reads analog values."""
        return 0 if self.kind == "analog" else self.operations

    @property
    def macs(self) -> int:
        """Multiply-accumulates: 0 if the layer reads spikes."""
        return self.operations if self.kind == "analog" else 0

    @property
    def estimated_operations(self) -> float:
        """The papers' estimate: dense operations x mean input rate x (1 - sparsity); NaN without weights.

        A product of two populations has no absent weights: its estimate is its count.
        """
        return self._estimate(self.events)

    @property
    def linked_estimate(self) -> float:
        """The estimate with the mean rate of the inputs that have a link, see `linked`.

        In a network whose dead channels were taken out there are no others: it is what the estimate of the
        smaller network is.
        """
        return self._estimate(self.events[self.has_link])

    @property
    def has_link(self) -> NDArray[np.bool_]:
        """Which inputs have a link: `linked`, or those with a fan-out above 0."""
        return self.fan_out > 0 if self.linked is None else self.linked

    def _estimate(self, events: NDArray[np.int64]) -> float:
        if self.ann_operations is not None:
            return float(self.operations)
        if not len(events):
            return 0.0
        density = self.links / self.dense_links if self.dense_links else math.nan
        return float(events.mean()) * self.dense_operations * density


def _check_kind(kind: str, where: str) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"{where}: kind must be one of {', '.join(map(repr, KINDS))}; got {kind!r}")


def check_whole(value: Any, least: int, what: str) -> None:
    """Raise TypeError or ValueError unless the value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{what} must be a whole number; got {value!r}")
    if value < least:
        raise ValueError(f"{what} must be at least {least}; got {value}")


def _freeze_raster(record: PopulationTrace) -> None:
    """Replace a raster by a read-only int64 copy; raise unless its spikes lie among the steps and units."""
    where = f"population {record.name!r}"
    given = read_array(record.raster, f"{where}: raster")
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
        given = read_array(getattr(record, name), f"{where}: {name}")
        if given.size and given.dtype.kind not in "iu":
            raise TypeError(f"{where}: {name} must hold whole numbers (int64); its dtype is {given.dtype}")
        counts = given.astype(np.int64)
        if counts.ndim != 1 or (counts < 0).any():
            raise ValueError(
                f"{where}: {name} must be counts >= 0 in one dimension; its shape is {given.shape}"
                + (f" and its smallest value {counts.min()}" if counts.size else "")
            )
        counts.setflags(write=False)
        object.__setattr__(record, name, counts)
