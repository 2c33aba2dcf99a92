"""Find thresholds from training images, in one pass: the largest activation, its 99.9 % quantile, or twice
the mean of those above 0.

Images are taken in blocks of one size, whatever the batches are; a maximum or the largest numbers of two
blocks merge exactly, and sums are added block by block. So batches of any size give the same thresholds, to
the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from netsci.arguments import shorten
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 256  # images that run at a time
QUANTILE = 0.999
MOST_KEPT = 2**21  # largest numbers that are held for a quantile
STATISTICS = ("p999", "max", "twice_mean")


@dataclass(frozen=True, eq=False)
class Threshold:
    """The thresholds of one population.

    layer : the name of its activation. per : "layer", "channel" or "unit". statistic : one of STATISTICS,
    "given" (by the caller) or "trained" (by the network). values : float32 [n], n = 1 for a layer.
    shape : the shape in which they spread over the units of a sample.
    """

    layer: str
    per: str
    statistic: str
    values: Tensor
    shape: tuple[int, ...]

    def spread(self) -> Tensor:
        """Return the thresholds in a shape that spreads over the units of a sample."""
        return self.values.reshape(self.shape)


@dataclass(eq=False)
class _Largest:
    """The largest numbers so far, as many as the quantile of `count` numbers needs."""

    count: int = 0
    parts: list[Tensor] = field(default_factory=list)
    held: int = 0

    def add(self, values: Tensor) -> None:
        flat = values.reshape(-1)
        self.count += flat.numel()
        kept = flat if flat.numel() <= MOST_KEPT else flat.topk(MOST_KEPT, sorted=False).values
        self.parts.append(kept.clone())
        self.held += kept.numel()
        if self.held > 2 * MOST_KEPT:
            self.parts = [torch.cat(self.parts).topk(MOST_KEPT, sorted=False).values]
            self.held = MOST_KEPT

    def quantile(self, layer: str) -> float:
        """Return the quantile of all numbers, between neighbours on a line."""
        place = (self.count - 1) * (1.0 - QUANTILE)  # from the largest
        low = int(place)
        every = torch.cat(self.parts)
        if low + 2 > min(MOST_KEPT, self.count) < self.count:
            raise ValueError(
                f"calibration gives {self.count:,} activations of {layer!r}, too many for an exact quantile: "
                "take fewer images, or theta='max'"
            )
        top = every.topk(min(low + 2, len(every))).values.double()
        higher, lower = float(top[low]), float(top[min(low + 1, len(top) - 1)])
        return higher + (place - low) * (lower - higher)


class Statistics:
    """The activations of some populations over the calibration images."""

    def __init__(self, program: Program, places: Sequence[int], *, per: str, statistic: str) -> None:
        self.program, self.per, self.statistic = program, per, statistic
        self._most: dict[int, Tensor] = {}
        self._sums: dict[int, tuple[float, int]] = {}
        self._largest = {place: _Largest() for place in places}
        self.places = tuple(places)

    def add(self, images: Tensor) -> None:
        """Take the activations of some images into account."""

        def see(place: int, value: Any) -> Any:
            if place in self._largest:
                self._take(place, value.relu())
            return value

        with torch.no_grad():
            self.program.run(images, see)

    def _take(self, place: int, value: Tensor) -> None:
        if self.statistic == "p999":
            self._largest[place].add(value)
            return
        if self.statistic == "twice_mean":
            total, count = self._sums.get(place, (0.0, 0))
            self._sums[place] = (total + float(value.double().sum()), count + int(value.count_nonzero()))
            return
        step = self.program.steps[place]
        rows = value.movedim(step.axis or 0, 0).reshape(-1, step.places, *step.sample)
        found = rows.amax((0, 1)) if self.per == "unit" else rows.max().reshape(1)
        before = self._most.get(place)
        self._most[place] = found.clone() if before is None else torch.maximum(before, found)

    def threshold(self, place: int) -> Threshold:
        """Return the thresholds of a population."""
        step = self.program.steps[place]
        if self.statistic == "p999":
            found = self._largest[place].quantile(step.name)
            values = torch.tensor([found], dtype=torch.float32)
        elif self.statistic == "twice_mean":
            total, count = self._sums[place]
            values = torch.tensor([2.0 * total / max(count, 1)], dtype=torch.float32)
        else:
            values = self._most[place].reshape(-1)
        shape = step.sample if self.per == "unit" else (1,) * len(step.sample)
        return Threshold(step.name, self.per, self.statistic, values, shape)


def measure_thresholds(
    program: Program, places: Sequence[int], calibration: Any, *, per: str = "layer", statistic: str = "p999"
) -> dict[int, Threshold]:
    """Return the thresholds of populations, by their places in the program.

    calibration : as `read_blocks` takes it. per : "layer", or "unit" (with statistic "max"). statistic :
    "max", "p999" or "twice_mean" (of those above 0), of the activations max(x, 0).
    """
    found = Statistics(program, places, per=per, statistic=statistic)
    for block in read_blocks(calibration, program.shape):
        found.add(block)
    return {place: found.threshold(place) for place in places}


def read_blocks(calibration: Any, shape: tuple[int, ...], size: int = BLOCK) -> Iterator[Tensor]:
    """Yield calibration images float32 in blocks of one size; the last may be smaller.

    calibration : images [n, ...], or an iterable of batches [n, ...] or (batch, labels).

    Raises
    ------
    TypeError, ValueError
        If there is no image, or one holds NaN or has another shape.

    Examples
    --------
    >>> [len(block) for block in read_blocks([torch.ones(3, 2), torch.ones(4, 2)], (2,), size=5)]
    [5, 2]
    """
    waiting: list[Tensor] = []
    held = seen = 0
    for batch in _batches(calibration):
        images = _check_images(batch, shape, "calibration")
        waiting.append(images)
        held += len(images)
        seen += len(images)
        if held >= size:
            every = torch.cat(waiting)
            for start in range(0, held - held % size, size):
                yield every[start : start + size]
            waiting, held = [every[held - held % size :]], held % size
    if not seen:
        raise ValueError("calibration must hold at least one image; it is empty: give training images")
    if held:
        yield torch.cat(waiting)


def read_batches(calibration: Any, shape: tuple[int, ...]) -> Iterator[Tensor]:
    """Yield calibration images float32 in the caller's own batches; otherwise as `read_blocks`."""
    seen = 0
    for batch in _batches(calibration):
        images = _check_images(batch, shape, "calibration")
        seen += len(images)
        if len(images):
            yield images
    if not seen:
        raise ValueError("calibration must hold at least one image; it is empty: give training images")


def first_images(calibration: Any, n: int = 64) -> tuple[Tensor, Any]:
    """Return the first images of a calibration set, and the whole set.

    A generator is read once, batch by batch: what was taken from it stands before the rest.
    """
    if isinstance(calibration, (str, bytes, Mapping)) or not isinstance(
        calibration, (Tensor, np.ndarray, Iterable)
    ):
        raise TypeError(
            "calibration must be training images [n, ...], or an iterable of batches of them; got "
            f"{shorten(calibration)}"
        )
    parts: list[Tensor] = []
    taken: list[Any] = []
    for batch in _batches(calibration):
        taken.append(batch)
        parts.append(_check_images(batch, None, "calibration"))
        if sum(map(len, parts)) >= n:
            break
    if isinstance(calibration, Iterator):
        calibration = chain(taken, calibration)
    if not sum(map(len, parts)):
        raise ValueError("calibration must hold at least one image; it is empty: give training images")
    for part in parts:
        _check_images(part, tuple(parts[0].shape[1:]), "calibration")
    return torch.cat(parts)[:n], calibration


def _batches(calibration: Any) -> Iterator[Any]:
    if isinstance(calibration, (Tensor, np.ndarray)):
        yield calibration
        return
    for batch in calibration:
        yield batch[0] if isinstance(batch, (tuple, list)) and len(batch) else batch


def _check_images(batch: Any, shape: tuple[int, ...] | None, name: str) -> Tensor:
    """Return images as float32 on the CPU; shape None takes any."""
    images = (
        torch.from_numpy(batch) if isinstance(batch, np.ndarray) and batch.dtype.kind in "biuf" else batch
    )
    if not isinstance(images, Tensor) or images.is_complex():
        raise TypeError(
            f"{name} must hold tensors or arrays of real numbers [n, ...], such as training images; got "
            f"{shorten(batch)}"
        )
    if images.ndim < 2:
        raise ValueError(f"{name} must be [n, ...], one row an image; its shape is {list(images.shape)}")
    if shape is not None and tuple(images.shape[1:]) != shape:
        raise ValueError(
            f"{name} must be [n, {', '.join(map(str, shape))}], as the network takes it; its shape is "
            f"{list(images.shape)}"
        )
    images = images.detach().to("cpu", torch.float32)
    if not bool(torch.isfinite(images).all()):
        raise ValueError(f"{name} holds NaN or infinite values: leave these images out, or mend them")
    return images


def check_fires(found: dict[int, Threshold]) -> None:
    """Raise `Unconvertible` if a layer's quantile is 0: all of its neurons would be silent."""
    for one in found.values():
        if one.per == "layer" and one.statistic == "p999" and not float(one.values[0]) > 0:
            raise Unconvertible(
                f"theta='p999' is 0 for {one.layer!r}: at most one in a thousand of its activations is above "
                "0, and its neurons would never fire; take theta='max', or a number"
            )


def threshold_table(found: Sequence[Threshold]) -> pd.DataFrame:
    """Return thresholds as a table: layer, per, unit (-1 for a layer), statistic, threshold, status.

    status is "silent" where a threshold is 0: such a neuron never fires.
    """
    import pandas as pd

    parts = []
    for one in found:
        values = one.values.double().numpy()
        units = np.arange(len(values)) if one.per != "layer" else np.full(len(values), -1)
        status = np.where(values > 0, "fires", "silent")
        columns: dict[str, Any] = {
            "layer": one.layer,
            "per": one.per,
            "unit": units,
            "statistic": one.statistic,
        }
        parts.append(pd.DataFrame({**columns, "threshold": values, "status": status}))
    names = ["layer", "per", "unit", "statistic", "threshold", "status"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
