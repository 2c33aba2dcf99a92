"""What a spiking network did at each step: spikes, operations and answers by time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.measure.trace import Trace
from netsci.measure.trace_parts import check_whole

Counts = NDArray[np.int64]
_SUMMED = ("images", "spikes", "sops", "macs", "answers_changed")


@dataclass(frozen=True, eq=False)
class StepTrace:
    """Spikes and operations of a converted network by layer and step, and its answers by step.

    steps : T. images : their number. layers : names of the L layers, and of populations behind no layer.
    populations : the name of the neurons behind each layer; "" where it has none of its own (a read-out, or
        a second layer into the same neurons).
    units : int64 [L], neurons behind each layer. spikes, sops, macs : int64 [L, T], summed over the images.
        macs count an image that is shown at every step at every step; the first column alone is what is
        computed if its current is held.
    correct : int64 [T], right answers after each step; None without labels. answers_changed : int64 [T],
        images whose answer is another than a step before, 0 at the first.
    events_by_unit : int64 [units] of each population, over all steps. trace : the same as a `Trace`, for
        `energy_table` and what else takes one. right : bool [images], which answers are right after all
        steps; None where it was not kept. encoders : the populations that say the image and stand before
        every layer; they have rows of their own and are no part of MASFR.

    Traces of one network on different images add up: `a + b` has the images of a, then those of b.

    Examples
    --------
    >>> one, none = np.array([[3, 1]]), np.zeros((1, 2), int)
    >>> trace = Trace(steps=2, samples=2, populations=(), projections=())
    >>> found = StepTrace(2, 2, ("fc",), ("relu",), np.array([4]), one, none, none, None, none[0], {}, trace)
    >>> found.rates.tolist(), found.running_rate.tolist()
    ([[0.375, 0.125]], [0.375, 0.25])

    Source: S1 3.3 and 4.5, S2 eq. 1 to 3 (MASFR, LASFR).
    Reading: MASFR(T) is a running mean over steps; its N are all neurons behind a layer, so no encoders.
    """

    steps: int
    images: int
    layers: tuple[str, ...]
    populations: tuple[str, ...]
    units: Counts
    spikes: Counts
    sops: Counts
    macs: Counts
    correct: Counts | None
    answers_changed: Counts
    events_by_unit: Mapping[str, Counts]
    trace: Trace = field(repr=False)
    right: NDArray[np.bool_] | None = None
    encoders: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_whole(self.steps, 1, "steps")
        check_whole(self.images, 1, "images")
        rows = len(self.layers)
        shapes: dict[str, tuple[int, ...]] = {"units": (rows,), "answers_changed": (self.steps,)}
        shapes |= dict.fromkeys(("spikes", "sops", "macs"), (rows, self.steps))
        if self.correct is not None:
            shapes["correct"] = (self.steps,)
        for name, shape in shapes.items():
            found = np.asarray(getattr(self, name))
            if found.shape != shape or found.dtype.kind not in "iu":
                raise ValueError(
                    f"{name} must be whole numbers {list(shape)}, by layer and step; got {found.dtype} "
                    f"{list(found.shape)}"
                )

    def __add__(self, other: StepTrace) -> StepTrace:
        """Return the trace of the images of both.

        Raises ValueError if they are not of one network and one number of steps, or one alone has labels.
        """
        if not isinstance(other, StepTrace):
            return NotImplemented
        for name in ("steps", "layers", "populations"):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(
                    f"traces must be of one network and one T: their {name} are {getattr(self, name)} and "
                    f"{getattr(other, name)}"
                )
        for name in ("correct", "right"):
            if (getattr(self, name) is None) != (getattr(other, name) is None):
                raise ValueError(f"{name} must be known of both traces, or of none: give labels to both")
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        if self.correct is not None and other.correct is not None:
            sums["correct"] = self.correct + other.correct
        if self.right is not None and other.right is not None:
            sums["right"] = np.concatenate([self.right, other.right])
        events = {name: one + other.events_by_unit[name] for name, one in self.events_by_unit.items()}
        return replace(self, trace=_add(self.trace, other.trace), events_by_unit=events, **sums)

    @property
    def rates(self) -> NDArray[np.float64]:
        """Spikes per neuron of each layer at each step, float64 [L, T]; NaN where a layer has no neurons."""
        neurons = np.where(self.units > 0, self.units * float(self.images), math.nan)
        return np.asarray(self.spikes / neurons[:, None], dtype=np.float64)

    @property
    def running_rate(self) -> NDArray[np.float64]:
        """Spikes per neuron and step of the whole network up to each step (MASFR), float64 [T]."""
        behind = self.behind
        return self._run_mean(self.spikes[behind].sum(axis=0), float(self.units[behind].sum()))

    @property
    def behind(self) -> NDArray[np.bool_]:
        """Which rows have neurons behind a layer, bool [L]: all but those of encoders and without neurons."""
        hidden = np.array([name not in self.encoders for name in self.populations], bool)
        return np.asarray((self.units > 0) & hidden, dtype=bool)

    @property
    def running_rates(self) -> NDArray[np.float64]:
        """Spikes per neuron and step of each layer up to each step (LASFR), float64 [L, T]; NaN without."""
        found = [self._run_mean(row, float(n)) for row, n in zip(self.spikes, self.units, strict=True)]
        return np.array(found, dtype=np.float64).reshape(len(self.layers), self.steps)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of right answers after each step, float64 [T]; NaN without labels."""
        if self.correct is None:
            return np.full(self.steps, math.nan)
        return np.asarray(self.correct / float(self.images), dtype=np.float64)

    def _run_mean(self, by_step: Counts, units: float) -> NDArray[np.float64]:
        steps = np.arange(1, self.steps + 1)
        return np.cumsum(by_step) / (steps * self.images * (units or math.nan))


def _add(one: Trace, other: Trace) -> Trace:
    """Return the trace of the samples of two traces of one network."""
    populations = [
        replace(a, spikes=a.spikes + b.spikes, spikes_by_step=a.spikes_by_step + b.spikes_by_step)
        for a, b in zip(one.populations, other.populations, strict=True)
    ]
    projections = []
    for a, b in zip(one.projections, other.projections, strict=True):
        sums: dict[str, Any] = {}
        for name in ("events", "applications", "operations_by_step", "events_by_step"):
            mine, its = getattr(a, name), getattr(b, name)
            sums[name] = None if mine is None or its is None else mine + its
        projections.append(replace(a, **sums))
    samples = one.samples + other.samples
    return replace(one, samples=samples, populations=tuple(populations), projections=tuple(projections))
