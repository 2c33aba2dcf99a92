"""How a tensor over time lies in memory, and how its parts are shared among threads.

Shapes are always [T, batch, ...]. Two orders in memory are taken as they are: neurons outermost, each with
its T x batch values side by side (what sparse and dense layers work on without a transpose), and time
outermost, as torch makes by itself. Any other order is copied once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.sparse.threads import share_parts, workers


@dataclass(frozen=True)
class Series:
    """A current as [rows, T or 1, columns], and how to make more of its kind."""

    current: NDArray[Any]
    shape: tuple[int, ...]  # [T, batch, ...]
    neurons_first: bool
    constant: bool

    def empty_like(self) -> tuple[Tensor, NDArray[Any]]:
        """Return an empty tensor [T, batch, ...] and the same memory as [rows, T, columns]."""
        return self._empty(self.shape)

    def empty_like_current(self) -> tuple[Tensor, NDArray[Any]]:
        """Return an empty tensor of the current's shape and the same memory as [rows, T or 1, columns]."""
        if not self.constant:
            return self._empty(self.shape)
        tensor, view = self._empty((1, *self.shape[1:]))
        return tensor[0], view

    def _empty(self, shape: tuple[int, ...]) -> tuple[Tensor, NDArray[Any]]:
        dtype = torch.float32 if self.current.dtype == np.float32 else torch.float64
        if self.neurons_first:
            memory = torch.empty((*shape[2:], *shape[:2]), dtype=dtype)
            tensor = memory.permute(memory.ndim - 2, memory.ndim - 1, *range(memory.ndim - 2))
            return tensor, memory.numpy().reshape(prod(shape[2:]), *shape[:2])
        tensor = torch.empty(shape, dtype=dtype)
        return tensor, tensor.numpy().reshape(1, shape[0], prod(shape[1:]))

    def as_rows(self, tensor: Tensor) -> NDArray[Any]:
        """Return a tensor [T, batch, ...] as [rows, T, columns], copied if it lies in another order."""
        tensor = tensor.detach()
        if self.neurons_first:
            turned = _neurons_outermost(tensor).contiguous().numpy()
            return turned.reshape(prod(tensor.shape[2:]), *tensor.shape[:2])
        return tensor.contiguous().numpy().reshape(1, tensor.shape[0], prod(tensor.shape[1:]))

    def constants(self, *values: float) -> tuple[Any, ...]:
        """Return numbers in the precision of the current, so that nothing is computed in another."""
        return tuple(self.current.dtype.type(value) for value in values)

    def back_constants(self, dynamics: Any) -> tuple[Any, ...]:
        """Return what a reverse kernel needs of a neuron: alpha, theta, surrogate, 1 or 0 for the reset."""
        from netsci.spiking._scan_kernels import SURROGATE_CODES

        alpha, theta, reset = self.constants(
            dynamics.alpha, dynamics.threshold, 0.0 if dynamics.detach_reset else 1.0
        )
        return alpha, theta, SURROGATE_CODES[dynamics.surrogate], reset

    def run(self, kernel: Callable[..., None], *arguments: Any) -> None:
        """Run kernel(*arguments, rows, columns) over all, in parts on as many threads as torch may use."""
        rows, columns = self.current.shape[0], self.current.shape[2]
        by_row = rows >= columns
        whole = (0, columns if by_row else rows)
        parts = [part for (part,) in self.parts(rows if by_row else columns)]
        share(kernel, arguments, [(part, whole) if by_row else (whole, part) for part in parts])

    def share_rows(self, kernel: Callable[..., None], *arguments: Any) -> None:
        """Run kernel(*arguments, rows) over all rows."""
        share(kernel, arguments, self.parts(self.current.shape[0]))

    def parts(self, n: int) -> list[tuple[tuple[int, int]]]:
        """Return consecutive ranges that cover n, one for each thread that pays for itself."""
        parts = max(1, min(workers(prod(self.shape)), n))
        cuts = [n * i // parts for i in range(parts + 1)]
        return [(part,) for part in pairwise(cuts)]


def share(kernel: Callable[..., None], arguments: tuple[Any, ...], parts: list[tuple[Any, ...]]) -> None:
    """Run kernel(*arguments, *part) for each part, each on its own thread."""
    share_parts(lambda *part: kernel(*arguments, *part), parts)


def rows_and_columns(current: Tensor, steps: int | None) -> Series:
    """Return a current [T, batch, ...], or a constant one [batch, ...] with its steps, as a `Series`."""
    constant = steps is not None
    series = current.unsqueeze(0) if constant else current
    shape = (steps if steps is not None else series.shape[0], *series.shape[1:])
    length = series.shape[0]
    turned = _neurons_outermost(series)
    if series.ndim > 2 and turned.is_contiguous():
        rows = turned.numpy().reshape(prod(shape[2:]), length, series.shape[1])
        return Series(rows, shape, True, constant)
    rows = series.contiguous().numpy().reshape(1, length, prod(shape[1:]))
    return Series(rows, shape, False, constant)


def _neurons_outermost(series: Tensor) -> Tensor:
    """Return [T, batch, ...] as [..., T, batch]."""
    return series.permute(*range(2, series.ndim), 0, 1)
