"""Golden files by kind: those of the committed copy, and those of the folder that NETSCI_GOLDEN names."""

import os
from pathlib import Path

import numpy as np

COPY = Path(__file__).parent / "golden"


def golden(room, pattern, *, holding=()):
    """All files of a kind, as "rigl_*.npz", or that hold these arrays; the committed copy must have one."""
    found = _of_kind(COPY / room, pattern, holding)
    assert found, f"the committed copy {COPY / room} has no {pattern} {' '.join(holding)}"
    folder = os.environ.get("NETSCI_GOLDEN")
    return found + (_of_kind(Path(folder) / room, pattern, holding) if folder else [])


def _of_kind(folder, pattern, holding):
    return [path for path in sorted(folder.glob(pattern)) if not holding or set(holding) <= _names(path)]


def _names(path):
    with np.load(path) as arrays:
        return set(arrays.files)


def label(path):
    """The name of a golden file in the list of tests, for `ids`."""
    if not isinstance(path, Path):
        return None
    return path.stem if path.is_relative_to(COPY) else f"{path.stem} of NETSCI_GOLDEN"
