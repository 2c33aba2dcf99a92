"""Thresholds of a DCGS network from calibration images: statistics of what its neurons will get.

Images are taken in blocks of one size, so that batches of any size give the same thresholds. As released
(iterations given), the caller's own batches are the blocks, which matters to quantiles alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.arguments import as_whole
from netsci.convert.building import describe
from netsci.convert.calibration import Threshold, read_batches, read_blocks
from netsci.convert.dcgs_statistics import Moments, add_moments, take_moments, take_quantile
from netsci.convert.dcgs_threshold import solve_threshold
from netsci.convert.program import Program
from netsci.convert.rewriting import reads_convolution

PER = {"layer": "layer", "channel": "channel", "neuron": "unit"}


@dataclass(frozen=True)
class Statistic:
    """What thresholds are taken from.

    levels : N of k. line : neurons on wires, of both signs. theta : "moments" or "p999". scale : factor.
    level : "layer", "channel" or "neuron". channel_axis : an axis of [batch, ...], or None for 1 of images
    and the last of all else. iterations : of the fixed point, None for its root.
    """

    levels: int
    line: bool
    theta: str
    scale: float
    level: str
    channel_axis: int | None
    iterations: int | None

    @property
    def of(self) -> str:
        """What quantiles are of: max(x, 0), |x|, or x as released."""
        if not self.line:
            return "positive"
        return "magnitude" if self.iterations is None else "value"


def measure_statistics(
    program: Program, places: Sequence[int], calibration: Any, statistic: Statistic
) -> dict[int, Threshold]:
    """Return the thresholds of populations, by their places in the program.

    calibration : as `netsci.convert.calibration.read_blocks` takes it.
    """
    axes = {place: find_axis(program, place, statistic.channel_axis) for place in places}
    wires: dict[int, list[int]] = {}
    for place in places:
        wires.setdefault(program.steps[place].inputs[0], []).append(place)
    found: dict[int, Any] = {}
    count = 0
    read = read_blocks if statistic.iterations is None else read_batches
    for block in read(calibration, program.shape):

        def see(wire: int, value: Any) -> Any:
            for place in wires.get(wire, ()):
                rows = _rows(value, program.steps[place].axis or 0, program.steps[place].sample)
                found[place] = _take(found.get(place), rows, len(block), axes[place], statistic)  # noqa: B023
            return value

        with torch.no_grad():
            program.run(block, see)
        count += len(block)
    return {place: _threshold(program.steps[place].name, found[place], count, statistic) for place in places}


def _rows(value: Tensor, axis: int, sample: tuple[int, ...]) -> Tensor:
    """Return the input of neurons, [samples, units...]."""
    return value.movedim(axis, 0).reshape(-1, *sample)


def _take(known: Any, rows: Tensor, images: int, axis: int, statistic: Statistic) -> Any:
    """Return what is known of neurons with the rows of one block in it."""
    if statistic.theta == "p999":
        one = take_quantile(rows, level=statistic.level, channel_axis=axis, of=statistic.of)
        return images * one if known is None else known + images * one
    now = take_moments(rows, level=statistic.level, channel_axis=axis)
    return now if known is None else add_moments(known, now)


def _threshold(name: str, found: Any, images: int, statistic: Statistic) -> Threshold:
    """Return the thresholds of one population."""
    if isinstance(found, Moments):
        theta = solve_threshold(
            found.mean.numpy(),
            found.variance.numpy(),
            levels=statistic.levels,
            iterations=statistic.iterations,
        )
    else:
        theta = (found / images).numpy()
    values = torch.from_numpy(statistic.scale * np.maximum(theta, 0.0)).float()
    shape = tuple(values.shape[1:])
    return Threshold(name, PER[statistic.level], statistic.theta, values.reshape(-1), shape)


def find_axis(program: Program, place: int, given: int | None) -> int:
    """Return the axis of channels of a population's units, counted from the end.

    Raises ValueError if the axis given is none of [batch, ...], or that of the samples.
    """
    step = program.steps[place]
    axes = len(step.sample)
    if given is None:
        if step.kind == "neurons":
            readers = [program.steps[one].layer for one in program.users(place)]
            images = any(layer is not None and layer.convolves for layer in readers)
        else:
            images = reads_convolution(program, place)
        return -3 if images and axes == 3 else -1
    axis = as_whole(given, "channel_axis")
    found = axis - (axes + 1) if axis > 0 else axis
    if not -axes <= found <= -1:
        raise ValueError(
            f"channel_axis must be an axis of [batch, ...] after the first, within 1 .. {axes} or -1 .. "
            f"-{axes} for {describe(step)}; got {given}"
        )
    return found
