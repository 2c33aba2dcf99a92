"""Memory that a process keeps: on Linux, large arrays cost as much to get as to fill."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of mallopt(3)
_KEPT = 2**31 - 1  # bytes: the largest number that it takes
_AHEAD = 2**26
_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES")


def keep_memory() -> bool:
    """Ask the C library to keep freed memory for the next array, and return whether it will.

    glibc gives arrays of more than 128 KB, later 32 MB, back to the system when they are freed, and each new
    one is cleared page by page: half of the time of a training step whose currents over T steps take tens of
    megabytes. The process then goes on holding as much as it once used. Arrays of further threads are helped
    up to 64 MB only. Other C libraries, and users who set malloc's variables, are left alone.

    This is for programs, as it holds for the whole process; `netsci.train.train` does not call it.
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
