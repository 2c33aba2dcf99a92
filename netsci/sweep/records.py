"""Records: what runs leave, one npz file each, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from netsci.arguments import check_path
from netsci.io.files import write_atomically

CHANGED = " with changes"  # after the commit of a run whose work tree differed from it
REPORTED_PACKAGES = ("netsci-suite", "numpy", "scipy", "numba", "torch", "scikit-learn", "powerlaw")
SUMS = "sums.json"  # in the folder of a sweep: the SHA-256 of files that have none of their own
SUMMED = "summed"  # a note: the record holds its checksum, and one without it has lost it
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
        """Write the record atomically as one npz file, with its SHA-256; its folder is made if need be."""
        buffer = io.BytesIO()
        notes = json.dumps(self.notes | {SUMMED: True})
        own = {"notes": np.array(notes), "sha256": np.array(_digest(self.arrays, notes))}
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays, **own)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path, *, listed: str | None = None) -> Record:
        """Read a record, once its SHA-256 is seen to fit.

        listed : the SHA-256 of the whole file, for one that was written before records had one of their own.

        Raises DamagedRecordError if the file is damaged, and FileNotFoundError if there is none. Warns of a
        record that has no checksum and is not listed: it is read unchecked.
        """
        check_path(path, "path")
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no record {path}: run its cell")
        content = path.read_bytes()
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            text, own = str(arrays.pop("notes")), arrays.pop("sha256", None)
            notes = json.loads(text)
            summed = notes.pop(SUMMED, False)
        # What damaged archives raise has no common base (BadZipFile, zlib.error, EOFError, MemoryError, ...).
        except Exception as error:
            raise DamagedRecordError(path, f"it cannot be read ({type(error).__name__})") from error
        if own is not None or summed:
            if own is None or _digest(arrays, text) != str(own):
                raise DamagedRecordError(path, "its checksum does not fit its content")
        elif listed is None:
            warnings.warn(
                f"{path} holds no checksum (an older version wrote it): read unchecked", stacklevel=2
            )
        elif hashlib.sha256(content).hexdigest() != listed:
            raise DamagedRecordError(path, f"its checksum is not that in {SUMS}")
        return cls(arrays, notes)


class DamagedRecordError(ValueError):
    """A record that is damaged, or that of another run: its path, and why."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"{path} is damaged: {why}. Restore it from a copy, or delete it and its run is made again"
        )

    def __reduce__(self) -> tuple[type, tuple[Path, str]]:
        return type(self), (self.path, self.why)


def read_sums(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of files in the folder of a sweep, by their names in it; {} without a list.

    Raises ValueError if the list is damaged.
    """
    check_path(folder, "folder")
    listed = Path(folder) / SUMS
    try:
        found = json.loads(listed.read_text(encoding="utf-8"))
        return {str(name): str(sum_) for name, sum_ in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{listed} is damaged ({error}): restore it from a copy") from error


def _digest(arrays: Mapping[str, np.ndarray], notes: str) -> str:
    digest = hashlib.sha256(notes.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def describe_origin(file: str | Path) -> dict[str, str]:
    """Return the commit, the versions and the machine that numbers made now come from.

    file : of the code that makes them, whose checkout has the commit.
    """
    check_path(file, "file")
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
