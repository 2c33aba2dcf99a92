"""Share the rows of a kernel among threads: at most as many as torch may use, and as are worth their cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from netsci.graph.processors import processors

WORTH_A_THREAD = 2**20  # products of a value and a sample: less takes less time than to wake a thread

_pools: dict[int, ThreadPoolExecutor] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # threads do not survive a fork


def workers(products: int) -> int:
    """Return the number of threads for a kernel with so many products.

    One for each WORTH_A_THREAD products, at most torch's number of threads and the number of processors.

    Examples
    --------
    >>> workers(1000)
    1
    """
    return max(1, min(torch.get_num_threads(), processors(), products // WORTH_A_THREAD))


def share_rows(kernel: Callable[..., None], start: NDArray[Any], columns: int, *arguments: Any) -> None:
    """Run kernel(first, last, *arguments) over all rows, in parts of about as many links each.

    start [rows + 1] : the links of row r are start[r] to start[r + 1]. columns : the products of a link.
    """
    rows = len(start) - 1
    n_threads = workers(int(start[-1]) * columns)
    if n_threads == 1:
        kernel(0, rows, *arguments)
        return
    ends = np.searchsorted(start, np.linspace(0, start[-1], n_threads + 1)[1:-1])
    bounds = [0, *ends.tolist(), rows]
    share_parts(lambda first, last: kernel(first, last, *arguments), list(pairwise(bounds)))


def share_parts(work: Callable[..., None], parts: Sequence[tuple[Any, ...]]) -> None:
    """Run work(*part) for each part, each on its own thread, the first on this one.

    Examples
    --------
    >>> done = []
    >>> share_parts(done.append, [(1,), (2,)])
    >>> sorted(done)
    [1, 2]
    """
    if len(parts) == 1:
        work(*parts[0])
        return
    jobs = [_pool(len(parts)).submit(work, *part) for part in parts[1:]]
    try:
        work(*parts[0])
    finally:  # no thread may go on writing into arrays that are given up
        wait(jobs)
    for job in jobs:
        job.result()


def _pool(n_threads: int) -> ThreadPoolExecutor:
    """Return the threads for so many parts; they wait from one call to the next."""
    if n_threads not in _pools:
        _pools[n_threads] = ThreadPoolExecutor(n_threads - 1)
    return _pools[n_threads]
