"""How many processors are ours, and linear algebra that keeps to one of them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from netsci.graph.checks import as_whole

_limited = threading.Lock()  # held by the block that has limited the threads


def processors() -> int:
    """Return how many processors this process may use, which a container or a scheduler may have cut.

    Examples
    --------
    >>> 1 <= processors() <= os.cpu_count()
    True
    """
    if hasattr(os, "sched_getaffinity"):  # absent outside Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(threads: Any) -> int:
    """Return how many threads to start: as many as asked for, or None for one per processor.

    Raises
    ------
    TypeError, ValueError
        If threads is not a whole number, or below 1.

    Examples
    --------
    >>> worker_count(3)
    3
    """
    if threads is None:
        return processors()
    if as_whole(threads, "threads") < 1:
        raise ValueError(f"threads must be at least 1, or None for one per processor; got {threads!r}")
    return int(threads)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the linear algebra of numpy and scipy run on one thread within the block.

    An iterative solver makes thousands of products too small to share out; numpy and scipy each bring their
    own library with threads of its own, and those of the one spin on the processors that the other needs.
    The setting is the whole process's: of blocks that overlap on several threads the first one makes it and
    undoes it, the others leave it alone.

    Examples
    --------
    >>> with one_blas_thread():
    ...     pass
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    first = _limited.acquire(blocking=False)
    try:
        with threadpool_limits(1, user_api="blas") if first else nullcontext():
            yield
    finally:
        if first:
            _limited.release()
