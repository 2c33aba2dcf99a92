"""The target windows of S-TP: the time steps of each sample from which it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """The steps of each sample's window, as kernels and as torch need them."""

    first: NDArray[np.int64]
    starting: NDArray[np.int64]
    steps: Tensor  # [w, batch]
    samples: Tensor  # [batch]

    @staticmethod
    def of(first: NDArray[np.int64], window: int, device: torch.device) -> Windows:
        """Return the windows that begin at these steps, one for each sample."""
        steps = torch.as_tensor(first[None] + np.arange(window)[:, None], device=device)
        samples = torch.arange(len(first), device=device)
        return Windows(first, np.argsort(first, kind="stable"), steps, samples)

    def of_series(self, series: Tensor) -> Tensor:
        """Return [w, batch, n] of a series [T, batch, n]."""
        memory = _memory(series)
        if memory is None:
            return series[self.steps, self.samples]
        from netsci.spiking._window_kernels import window_of

        out, view = _window_like(memory, len(self.steps))
        window_of(memory, self.first, view)
        return out

    def of_trace(self, series: Tensor, alpha: float) -> Tensor:
        """Return [w, batch, n] of the trace of a series [T, batch, n]."""
        memory = _memory(series)
        if memory is None:
            traces = [series[0]]
            for spikes in series[1:]:
                traces.append(alpha * traces[-1] + spikes)
            return torch.stack(traces)[self.steps, self.samples]
        from netsci.spiking._window_kernels import traces_of

        out, view = _window_like(memory, len(self.steps))
        traces_of(memory, self.first, self.starting, memory.dtype.type(alpha), view)
        return out


def _memory(series: Tensor) -> Any:
    """Return [n, T, batch] for kernels, or None where torch is to do the work."""
    turned = series.permute(2, 0, 1)
    if series.device.type != "cpu" or series.dtype not in (torch.float32, torch.float64):
        return None
    return turned.numpy() if turned.is_contiguous() else None


def _window_like(memory: Any, window: int) -> tuple[Tensor, Any]:
    out = torch.empty((memory.shape[0], window, memory.shape[2]), dtype=torch.from_numpy(memory).dtype)
    return out.permute(1, 2, 0), out.numpy()
