"""Golden files by kind: those of the committed copy, and those of the folder that NETSCI_GOLDEN names."""

import os
from pathlib import Path

COPY = Path(__file__).parent / "golden"


def golden(room, pattern):
    """All files of a kind, as "rigl_*.npz"; the committed copy must have one."""
    found = sorted((COPY / room).glob(pattern))
    assert found, f"the committed copy {COPY / room} has no {pattern}"
    folder = os.environ.get("NETSCI_GOLDEN")
    if folder:
        found += sorted((Path(folder) / room).glob(pattern))
    return found
