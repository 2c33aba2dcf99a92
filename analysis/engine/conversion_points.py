"""Numbers of converted networks for tables: which curves, at which T, and what is read there.

record -> Point (label, T) -> accuracy, energy, share of dense saved, SNN / own ANN
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.engine.conversions import Curves, read_curves, read_value
from analysis.engine.printed import Reader
from netsci.measure import energy_reduction, saturation_time
from netsci.sweep import Record

TOLERANCE = 0.01  # S1, S2
UJ = 1e-6  # microjoule in a picojoule
PERCENT = 100.0


@dataclass(frozen=True)
class At:
    """The place of a number: curves of a conversion, and the column of its T. NaN is read without curves."""

    curves: Curves | None = None
    column: int = 0

    @property
    def steps(self) -> float:
        """T."""
        return np.nan if self.curves is None else float(self.curves.steps[self.column])

    @property
    def accuracy(self) -> float:
        """Right answers, in percent."""
        return np.nan if self.curves is None else PERCENT * float(self.curves.accuracy[self.column])

    @property
    def ann_accuracy(self) -> float:
        """Right answers of the network that was converted, in percent."""
        return np.nan if self.curves is None else PERCENT * self.curves.ann_accuracy

    def energy(self, reading: str, count: str) -> float:
        """Return the energy of an image, in microjoule."""
        return (
            np.nan if self.curves is None else UJ * float(self.curves.energy_pj(reading, count)[self.column])
        )

    def own_ann(self, count: str) -> float:
        """Return the energy of a pass of the own ANN, in microjoule."""
        return np.nan if self.curves is None else UJ * self.curves.own_ann_pj(count)


Point = Callable[[Record], At]


def at_step(label: str, steps: int) -> Point:
    """Return the point of a conversion at T = steps, the last T of a record that has fewer."""

    def find(record: Record) -> At:
        curves = read_curves(record, label)
        return At() if curves is None else At(curves, min(steps, len(curves.steps)) - 1)

    return find


def at_saturation(label: str, *, window: int, at: str = "end") -> Point:
    """Return the point where the accuracy of a conversion saturates; without one where it never does."""

    def find(record: Record) -> At:
        curves = read_curves(record, label)
        if curves is None or len(curves.accuracy) < 2:
            return At()
        found = saturation_time(curves.accuracy, window=window, tolerance=TOLERANCE, at=at)
        return At() if found is None else At(curves, int(found) - 1)

    return find


def at_best(labels: Sequence[str]) -> Point:
    """Return the point of highest accuracy among conversions and their T, the first of equal ones."""

    def find(record: Record) -> At:
        known = [curves for label in labels if (curves := read_curves(record, label)) is not None]
        points = [At(curves, column) for curves in known for column in range(len(curves.steps))]
        return max(points, key=lambda one: one.accuracy, default=At())

    return find


def read_steps(point: Point) -> Reader:
    """Return the reader of T."""
    return lambda record: point(record).steps


def read_accuracy(point: Point) -> Reader:
    """Return the reader of the accuracy, in percent."""
    return lambda record: point(record).accuracy


def read_ann(label: str, *, source: bool = False) -> Reader:
    """Return the reader of the accuracy of the network that was converted, or before its fine-tuning."""

    def read(record: Record) -> float:
        curves = read_curves(record, label)
        if curves is None:
            return np.nan
        return PERCENT * (curves.source_accuracy if source else curves.ann_accuracy)

    return read


def read_energy(point: Point, reading: str, count: str) -> Reader:
    """Return the reader of the energy of an image, in microjoule."""
    return lambda record: point(record).energy(reading, count)


def read_over_ann(point: Point, reading: str, count: str = "exact") -> Reader:
    """Return the reader of the energy of the SNN over that of its own ANN."""
    return lambda record: point(record).energy(reading, count) / point(record).own_ann(count)


def read_estimate(point: Point, reading: str, count: str = "estimate") -> Reader:
    """Return the reader of the papers' estimate of the energy over the exact one. count : of the estimate."""
    return lambda record: point(record).energy(reading, count) / point(record).energy(reading, "exact")


def read_rate(point: Point) -> Reader:
    """Return the reader of MASFR: spikes a neuron and step, or a neuron of a window."""

    def read(record: Record) -> float:
        at = point(record)
        return np.nan if at.curves is None else float(at.curves.running_rate[at.column])

    return read


def read_live_rate(point: Point) -> Reader:
    """Return the reader of MASFR of the neurons that are connected to input and output.

    The share of the spikes that is theirs is that of all steps.
    """

    def read(record: Record) -> float:
        at = point(record)
        if at.curves is None:
            return np.nan
        behind = [name not in at.curves.encoders for name in at.curves.populations]
        spikes, units = (float(one[behind].sum()) for one in (at.curves.spikes, at.curves.units))
        live = float(at.curves.live_units[behind].sum()) or np.nan
        share = float(at.curves.live_spikes[behind].sum()) / spikes if spikes else 0.0
        return float(at.curves.running_rate[at.column]) * share * units / live

    return read


def read_reduction(point: Point, reading: str, count: str) -> Reader:
    """Return the reader (dense, other): the share of the energy of dense that the other saves, in percent."""

    def read(dense: Record, other: Record) -> float:
        energies = [point(record).energy(reading, count) for record in (dense, other)]
        return PERCENT * float(energy_reduction(*energies)) if np.isfinite(energies).all() else np.nan

    return read


def read_sparsity(label: str) -> Reader:
    """Return the reader of the share of links that are absent, all layers together."""
    return lambda record: read_value(record, label, "link sparsity")
