"""Read the record of a converted cell: curves over T, energies, rates, and what does not depend on T."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.measure.energy import PJ_PER_AC, PJ_PER_MAC
from netsci.measure.energy_readings import EVERY_COUNT, READINGS
from netsci.sweep import Record

BLOCK = "block_"  # how arrays of parts of the test images begin
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """What a converted network did on the test images.

    label, method : of the conversion. steps : int64 [T], 1, ..., T; of a method whose T is a window the
    window alone, and everything "by step" has one column. images : number of test images. source_accuracy :
    of the network before any fine-tuning. ann_accuracy : of the network that was converted, on the same
    images. layers, populations : names by layer. units, live_units : int64 [L], neurons behind each layer,
    and those that are connected to input and output. live_spikes : int64 [L], spikes of live neurons, all
    steps. spikes, sops, macs : int64 [L, T], summed over images. correct, answers_changed : int64 [T].
    encoders : the populations before every layer. right : bool [images] after all steps. first_images,
    first_correct, first_spikes : of the first images alone. energy_sops [count, T], energy_macs [reading,
    count, T], own_macs [count] : operations an image, by `EVERY_COUNT`.
    """

    label: str
    method: str
    window: int
    images: int
    source_accuracy: float
    ann_accuracy: float
    layers: tuple[str, ...]
    populations: tuple[str, ...]
    units: Counts
    live_units: Counts
    live_spikes: Counts
    spikes: Counts
    sops: Counts
    macs: Counts
    correct: Counts
    answers_changed: Counts
    right: NDArray[np.bool_]
    first_images: int
    first_correct: Counts
    first_spikes: Counts
    energy_sops: Floats
    energy_macs: Floats
    own_macs: Floats
    encoders: tuple[str, ...] = ()

    @property
    def steps(self) -> Counts:
        """T of each column."""
        return np.array([self.window]) if self.window else np.arange(1, len(self.correct) + 1)

    @property
    def accuracy(self) -> Floats:
        """Share of right answers at each T."""
        return np.asarray(self.correct / float(self.images))

    @property
    def running_rate(self) -> Floats:
        """Spikes a neuron and step up to each T (MASFR), without encoders; spikes a neuron of a window."""
        behind = [name not in self.encoders for name in self.populations]
        return running_rate(self.spikes[behind], int(self.units[behind].sum()), self.images)

    @property
    def rates(self) -> Floats:
        """Spikes a neuron of each layer at each step, [L, T]; NaN where a layer has no neurons."""
        neurons = np.where(self.units > 0, self.units * float(self.images), np.nan)
        return np.asarray(self.spikes / neurons[:, None])

    def energy_pj(self, reading: str = "repeated", count: str = "exact") -> Floats:
        """Return the energy of an image at each T, in picojoule.

        reading : "repeated" or "once", of the first layer. count : of `EVERY_COUNT`.
        """
        which = EVERY_COUNT.index(count)
        macs = self.energy_macs[READINGS.index(reading), which]
        return np.asarray(PJ_PER_AC * self.energy_sops[which] + PJ_PER_MAC * macs)

    def own_ann_pj(self, count: str = "exact") -> float:
        """Return the energy of one pass of the network that was converted, in picojoule."""
        return float(PJ_PER_MAC * self.own_macs[EVERY_COUNT.index(count)])


def running_rate(spikes: Counts, units: int, images: int) -> Floats:
    """Return spikes a neuron and step up to each T, of spikes [layer, T].

    Examples
    --------
    >>> running_rate(np.array([[2, 0]]), 2, 1).tolist()
    [1.0, 0.5]
    """
    steps = np.arange(1, spikes.shape[1] + 1)
    return np.asarray(np.cumsum(spikes.sum(axis=0)) / (steps * float(images) * (units or np.nan)))


def list_labels(record: Record) -> list[str]:
    """Return the labels of the conversions in a record."""
    return [str(one) for one in record.arrays["labels"]]


def read_value(record: Record, label: str, name: str, layer: str = "all") -> float:
    """Return a number of a conversion, or of all (label ""), that does not depend on T.

    Raises ValueError if the record does not have it.
    """
    a = record.arrays
    found = (a["table_conversion"] == label) & (a["table_measure"] == name) & (a["table_layer"] == layer)
    if found.sum() != 1:
        known = sorted(set(a["table_measure"][a["table_conversion"] == label].tolist()))
        raise ValueError(f"the record has no {name!r} of layer {layer!r} of {label!r}; it has {known}")
    return float(a["table_value"][found][0])


def read_curves(record: Record, label: str) -> Curves | None:
    """Return what a conversion did, None if it came to nothing: the note "not converted" says why.

    Raises ValueError if the record has no such conversion.
    """
    labels = list_labels(record)
    if label not in labels:
        raise ValueError(f"label must be one of {', '.join(labels)}; got {label!r}")
    number = labels.index(label)
    own: dict[str, Any] = {
        name.partition("_")[2]: value
        for name, value in record.arrays.items()
        if name.partition("_")[0] == str(number) and not name.startswith(f"{number}_{BLOCK}")
    }
    if not own:
        return None
    images = int(read_value(record, "", "images"))
    own["right"] = np.unpackbits(own["right"], count=images).astype(bool)
    for name in ("layers", "populations", "encoders"):
        own[name] = tuple(own.get(name, np.zeros(0)).tolist())
    for name in ("window", "first_images"):
        own[name] = int(own[name])
    return Curves(
        label=label,
        method=str(record.arrays["methods"][number]),
        images=images,
        source_accuracy=read_value(record, "", "ann accuracy"),
        ann_accuracy=read_value(record, label, "ann accuracy"),
        own_macs=np.array([read_value(record, label, f"own ANN MACs, {count}") for count in EVERY_COUNT]),
        **own,
    )


def count_parts(record: Record) -> int:
    """Return the number of blocks of test images in a record, 0 where it holds none."""
    return len(record.arrays.get("block_images", ()))


def leave_out(record: Record, block: int) -> Record:
    """Return a record without a block of its test images: accuracies, rates and energies of the others.

    What is recorded of all images alone stays: operations by layer, answers that change, and the first
    images.

    Raises ValueError if the record has no such block.
    """
    parts = count_parts(record)
    if not 0 <= block < parts:
        raise ValueError(f"block must be one of {parts} blocks of test images; got {block}")
    a = dict(record.arrays)
    sizes = a["block_images"]
    n, gone = int(sizes.sum()), int(sizes[block])
    first = int(sizes[:block].sum())
    values, table = a["table_value"].copy(), a["table_measure"]
    for number, label in enumerate(["", *a["labels"].tolist()]):
        own = f"{number - 1}_" if label else ""
        right = a.get(f"{own}{BLOCK}{'ann_' if label else ''}right")
        if right is None:  # it came to nothing
            continue
        here = (a["table_conversion"] == label) & (table == "ann accuracy")
        values[here] = (n * values[here] - right[block]) / (n - gone)
        if not label:
            values[(a["table_conversion"] == "") & (table == "images")] = n - gone
            continue
        for name in ("correct", "spikes", "live_spikes"):
            a[f"{own}{name}"] = a[f"{own}{name}"] - a[f"{own}{BLOCK}{name}"][block]
        for name in ("energy_sops", "energy_macs"):
            a[f"{own}{name}"] = (n * a[f"{own}{name}"] - gone * a[f"{own}{BLOCK}{name}"][block]) / (n - gone)
        answers = np.unpackbits(a[f"{own}right"], count=n)
        a[f"{own}right"] = np.packbits(np.delete(answers, slice(first, first + gone)))
    return Record(a | {"table_value": values}, record.notes)
