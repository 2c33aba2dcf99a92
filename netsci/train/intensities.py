"""Training inputs as rows of features in [0, 1], made when they are asked for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_ROWS = 2048  # samples in floating point at once, for the moments of channels


class Intensities:
    """Training inputs in [0, 1] as [samples, features] float32, time stacked as more samples.

    `x[first:stop]` makes the array of these rows, so memory holds no second copy of the data; see
    `netsci.topology.correlation.Samples`. Events are counts and are not scaled. inputs : a
    `netsci.train.Inputs`.
    """

    def __init__(self, inputs: Any, limit: int | None = None) -> None:
        self._inputs = inputs
        self._steps = inputs.recipe.task.steps if inputs.has_time else 1
        samples = len(range(inputs.n_train)[:limit])
        self.shape = (samples * self._steps, math.prod(inputs.shape))
        self.dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        first, stop, stride = rows.indices(len(self))
        if stride != 1:
            raise ValueError(f"rows must be a slice without step, x[first:stop]; got the step {stride}")
        begin = first // self._steps
        inputs, samples = self._inputs, slice(begin, -(-stop // self._steps))
        side = inputs.train_side.x
        x = side[samples].cpu() if isinstance(side, Tensor) else inputs._make(side, samples)
        x = x.flatten(0, 1).flatten(1) if inputs.has_time else x.flatten(1)
        skipped = begin * self._steps
        return np.asarray(inputs.scale(x[first - skipped : stop - skipped]).numpy())


def channel_moments(
    seen: Intensities, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each channel over samples and pixels, float32 [C] each."""
    total, squares = np.zeros(shape[0]), np.zeros(shape[0])
    for first in range(0, len(seen), _ROWS):
        block = seen[first : first + _ROWS].reshape(-1, shape[0], math.prod(shape[1:])).astype(np.float64)
        total += block.sum(axis=(0, 2))
        squares += np.square(block).sum(axis=(0, 2))
    n = len(seen) * math.prod(shape[1:])
    mean = total / n
    spread = np.sqrt(np.maximum(squares / n - mean**2, 0.0))
    return mean.astype(np.float32), np.where(spread > 0, spread, 1.0).astype(np.float32)
