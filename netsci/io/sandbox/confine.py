"""Let a process read one file and the code that it may still import, write nothing and connect nowhere.

Landlock (Linux 5.13 and later) does it without privileges; a kernel without it is left as it is. The process
can gain no new privileges either. It keeps what it has open.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on all processors
_NO_NEW_PRIVS = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ACCESS = {1: 13, 2: 14, 3: 15, 5: 16}  # from this version on so many kinds of access to files are known
_TCP, _SCOPES = 0b11, 0b11  # to bind and to connect; abstract sockets and signals of others
_SYSTEM_CODE = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")


def confine(readable: Iterable[Path]) -> int:
    """Confine this process to reading these files or folders; return Landlock's version, 0 without it."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    version = int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return 0
    kinds = max(count for first, count in _ACCESS.items() if first <= version)
    parts = [(1 << kinds) - 1] + ([_TCP] if version >= 4 else []) + ([_SCOPES] if version >= 6 else [])
    attributes = struct.pack(f"={len(parts)}Q", *parts)
    rules = int(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    if rules < 0:
        return 0
    try:
        for place in [*readable, *_code()]:
            _allow(libc, rules, place)
        return 0 if libc.syscall(_RESTRICT, rules, 0) else version
    finally:
        os.close(rules)


def _code() -> list[Path]:
    """Return where modules and shared libraries lie that may be imported later."""
    found = [path for path in sys.path if path and path != os.sep]
    return [Path(place) for place in dict.fromkeys([*found, *_SYSTEM_CODE])]


def _allow(libc: ctypes.CDLL, rules: int, place: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
        try:
            access = _READ_FILE | _READ_DIR if place.is_dir() else _READ_FILE
            libc.syscall(_ADD, rules, 1, struct.pack("=Qi", access, descriptor), 0)
        finally:
            os.close(descriptor)
