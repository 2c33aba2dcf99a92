"""How the loops of this room are compiled: cached on disk, without the interpreter lock.

Division by zero gives infinity, as in numpy: Python's test for it would keep it out of vector registers.
"""

from collections.abc import Callable
from typing import Any

from netsci.compiling import njit

Kernel = Callable[..., Any]


def compile_exact(kernel: Kernel) -> Kernel:
    """Compile a kernel whose every operation is rounded as it is written."""
    made: Kernel = njit(cache=True, nogil=True, error_model="numpy")(kernel)
    return made


def compile_contracting(kernel: Kernel) -> Kernel:
    """Compile a kernel in which a product may be fused with the sum that it enters."""
    made: Kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(kernel)
    return made


def compile_in_lanes(kernel: Kernel) -> Kernel:
    """Compile a kernel that may take a sum in vector lanes, always in the same order."""
    lanes = {"contract", "reassoc", "nsz"}
    made: Kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath=lanes)(kernel)
    return made
