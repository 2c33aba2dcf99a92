"""Records: what runs leave, one npz file each, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from netsci.io.files import write_atomically

CHANGED = " with changes"  # after the commit of a run whose work tree differed from it
REPORTED_PACKAGES = ("netsci-suite", "numpy", "scipy", "numba", "torch", "scikit-learn", "powerlaw")
SOURCES = ("*.py", ":!tests")  # git's patterns of the files that make a run another one


@dataclass(frozen=True)
class Record:
    """What a run leaves: named arrays, and notes that JSON can hold.

    Examples
    --------
    >>> Record({"accuracy": np.array([0.5, 0.75])}, {"device": "cpu"}).arrays["accuracy"][-1]
    np.float64(0.75)
    """

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the record atomically as one npz file; its folder is made if it does not exist."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays, notes=np.array(json.dumps(self.notes)))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read a record."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(arrays, json.loads(str(arrays.pop("notes"))))


def describe_origin(file: str | Path) -> dict[str, str]:
    """Return the commit, the versions and the machine that numbers made now come from.

    file : of the code that makes them, whose checkout has the commit.
    """
    versions = ", ".join(f"{package} {_version(package)}" for package in REPORTED_PACKAGES)
    return {
        "commit": _find_commit(Path(file)),
        "versions": f"Python {platform.python_version()}, {versions}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _version(package: str) -> str:
    """Return an installed version; a run needs not all of the packages."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _find_commit(file: Path) -> str:
    """Return the commit of the checkout that a file belongs to, marked when sources differ from it."""

    def git(*words: str, cwd: str | Path = file.parent) -> str:
        done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", file.name)  # else an installed file, in a checkout of others
        root = git("rev-parse", "--show-toplevel")
        changed = git("status", "--porcelain", "--", *SOURCES, cwd=root)
        return git("rev-parse", "HEAD") + (CHANGED if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"


def read_clock() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
