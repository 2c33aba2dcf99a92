"""What the reader process is given: an environment, a file to leave networks in, and absolute paths."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def absolute(path: Path) -> str:
    """Return the path as another process sees it."""
    full = os.path.abspath(path)
    return os.path.realpath(full) if full.startswith(("/dev/", "/proc/")) else full


# What the reader gets of the environment: what it needs to start, and no keys and passwords.
_KEPT: tuple[str, ...] = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
_KEPT += ("PYTHONHOME", "PYTHONUTF8", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR", "MALLOC_ARENA_MAX")


def environment() -> dict[str, str]:
    """Return the environment of the reader: no GPU, one thread, this program's module path, little else."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    here = os.pathsep.join(_module_path())
    return {**kept, **threads, "PYTHONPATH": here, "CUDA_VISIBLE_DEVICES": ""}


def _module_path() -> list[str]:
    """Return sys.path in full paths, without the working folder.

    Interactive programs and notebooks have it there: code beside a file that they open would run. It stays
    only where this package lies in it.
    """
    package = os.path.realpath(Path(__file__).parents[3])
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # the working folder is gone, and what is relative to it as well
        here = None
    found = []
    for entry in sys.path:
        if not isinstance(entry, str) or (here is None and not os.path.isabs(entry)):
            continue
        full = os.path.abspath(entry)
        if os.path.realpath(full) != here or here == package:
            found.append(full)
    return found


@contextlib.contextmanager
def standard_streams_taken() -> Iterator[None]:
    """Take the numbers 0 to 2 where a program has closed them, so that no file opened within gets one.

    The reader's own standard streams would be put over it.
    """
    taken: list[int] = []
    try:
        while True:
            descriptor = os.open(os.devnull, os.O_RDWR)
            taken.append(descriptor)
            if descriptor > 2:
                break
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)


def nameless_file() -> BinaryIO:
    """Return an open file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("netsci"), "r+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)
