"""How much memory is free, here and within the limits of the container, and what a process takes."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

PAGE = os.sysconf("SC_PAGESIZE") if hasattr(os, "sysconf") else 4096
_CGROUPS = Path("/sys/fs/cgroup")
# Of each version of control groups: folder of the memory controller, limit, use, and what of it can be freed.
_VERSIONS = {
    2: ("", "memory.max", "memory.current", "inactive_file"),
    1: ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def free_memory() -> int:
    """Return the bytes that processes may still take: what is free, or left within a container's limit."""
    return max(0, min([_available(), *_free_in_groups(Path("/proc/self/cgroup"), _CGROUPS)]))


def address_space() -> int:
    """Return this process's bytes of address space, 0 where the system does not say (as macOS)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    except OSError:
        return 0


def resident_memory(process: int) -> int | None:
    """Return the bytes of memory that a process holds, as `ps` counts them; None where it cannot."""
    try:
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, timeout=5, check=True
        )
        return 1024 * int(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _available() -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return os.sysconf("SC_PHYS_PAGES") * PAGE


def _free_in_groups(groups: Path, root: Path) -> Iterator[int]:
    """Yield what is left within the limit of each control group that holds this process."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, place = line.split(":", 2)
        version = 2 if number == "0" and not controllers else 1
        if version == 1 and "memory" not in controllers.split(","):
            continue
        base = root / _VERSIONS[version][0]
        # Inside of a container the path may be that of the host: then the container's own group is the root.
        folder = base / place.strip("/")
        for group in [folder, *folder.parents] if folder.is_dir() else [base]:
            with contextlib.suppress(OSError, ValueError):
                yield _free_within(group, version)
            if group == base:
                break


def _free_within(group: Path, version: int) -> int:
    _, limit, use, freeable = _VERSIONS[version]
    most = int((group / limit).read_text())  # ValueError for "max"
    used = int((group / use).read_text())
    for line in (group / "memory.stat").read_text().splitlines():
        if line.split()[0] == freeable:  # pages of files, which the system drops when it needs room
            used -= int(line.split()[1])
    return most - used
