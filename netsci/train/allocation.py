"""How a process allocates memory: on Linux it takes as long to get a large array as to fill it."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of mallopt(3)
_KEPT = 2**31 - 1  # bytes: the largest number that it takes
_AHEAD = 2**26
_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory for the next array. Return whether it will.

    By default glibc gives an array of more than 128 KB (later 32 MB) back to the system when it is freed, and
    the system clears each new one page by page. A training step with tens of megabytes of currents spends
    half of its time there. After this call the process keeps as much memory as it once used. Threads other
    than the first keep at most 64 MB. Nothing changes with another C library, or where the user has set
    malloc's own variables.

    Call it from a program, since it changes the whole process. `netsci.train.train` does not call it.
    """
    if any(name in os.environ for name in _SETTINGS):
        return False
    try:
        library = ctypes.CDLL("libc.so.6")
        library.gnu_get_libc_version  # noqa: B018  # another C library may have that name
        mallopt = library.mallopt
    except (OSError, AttributeError):
        return False
    wanted = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, _AHEAD))
    taken = [bool(mallopt(ctypes.c_int(name), ctypes.c_int(value))) for name, value in wanted]
    return all(taken)


keep_memory = keep_freed_memory  # its former name
