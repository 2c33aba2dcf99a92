"""Run a kernel that treats some samples at a time over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.sparse.threads import share_rows


def run_in_tiles(
    kernel_of: Callable[[int], Callable[..., None]],
    widths: Sequence[int],
    ends: NDArray[Any],
    fixed: tuple[Any, ...],
    reads: Sequence[NDArray[Any]],
    write: NDArray[Any],
    samples: int | None = None,
) -> None:
    """Run kernel_of(width)(first, last, *fixed, *reads, write, samples, o, o > 0) for tiles from sample o.

    The widest tiles come first. Samples that fill no tile are copied beside each other, with zeros behind.

    Parameters
    ----------
    kernel_of : the kernel for a number of samples at a time. It takes flat arrays.
    widths : these numbers, falling.
    ends : [rows + 1], as in `share_rows`; first and last are of these rows.
    reads, write : arrays [neuron, samples] that the kernel reads, and the one that it writes.
    samples : their number, a multiple of the narrowest width, where the arrays have another shape.
    """
    samples = write.shape[1] if samples is None else samples
    tiles, done = [], 0
    for width in widths:
        tiles += [(width, o) for o in range(done, samples - width + 1, width)]
        done += (samples - done) // width * width
    flat = [array.reshape(-1) for array in (*reads, write)]
    rest, least = samples - done, widths[-1]
    spare = [np.zeros((len(array), least), array.dtype) for array in (*reads, write) if rest]
    for part, whole in zip(spare, reads, strict=False):
        part[:, :rest] = whole[:, done:]

    def run(first: int, last: int) -> None:
        for width, o in tiles:
            kernel_of(width)(first, last, *fixed, *flat, samples, o, o > 0)
        if rest:
            kernel_of(least)(first, last, *fixed, *(part.reshape(-1) for part in spare), least, 0, done > 0)

    share_rows(run, ends, samples)
    if rest:
        write[:, done:] = spare[-1][:, :rest]
