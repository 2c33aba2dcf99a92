"""Rows of a kernel shared among threads: as many as torch may use, and no more than pay for themselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    """Return how many threads a kernel of so many products takes.

    At most torch's number of threads and the processors of this process; one each WORTH_A_THREAD products.

    Examples
    --------
    >>> workers(1000)
    1
    """
    return max(1, min(torch.get_num_threads(), processors(), products // WORTH_A_THREAD))


def share_rows(kernel: Callable[..., None], start: NDArray[Any], columns: int, *arguments: Any) -> None:
    """Run kernel(first, last, start, *arguments) over all rows, in parts of about as many links each."""
    rows = len(start) - 1
    n_threads = workers(int(start[-1]) * columns)
    if n_threads == 1:
        kernel(0, rows, start, *arguments)
        return
    ends = np.searchsorted(start, np.linspace(0, start[-1], n_threads + 1)[1:-1])
    bounds = [0, *ends.tolist(), rows]
    if n_threads not in _pools:
        _pools[n_threads] = ThreadPoolExecutor(n_threads - 1)
    pool = _pools[n_threads]
    jobs = [pool.submit(kernel, first, last, start, *arguments) for first, last in pairwise(bounds[1:])]
    kernel(0, bounds[1], start, *arguments)
    for job in jobs:
        job.result()
