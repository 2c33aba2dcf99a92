"""How a child asks its reader for a large library instead of importing it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

# Imported when a file first needs them: large, or slow to import.
LIBRARIES = {"torch", "h5py", "onnx", "networkx", "pandas", "safetensors", "scipy.io"}
ASKS = 77  # exit status of a child that asked for a library


class Asking:
    """Finds no module: asks the reader for a large library instead, and ends the child."""

    def __init__(self, alive: int, asked: set[str]) -> None:
        self.alive, self.wanted = alive, LIBRARIES - asked

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by `import` before all other finders, for modules that are not loaded yet."""
        if name in self.wanted:
            os.write(self.alive, name.encode("ascii"))
            os._exit(ASKS)
        return None
