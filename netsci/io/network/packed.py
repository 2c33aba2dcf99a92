"""Weights that a file keeps several to an integer: told by their names, and not unpacked."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from netsci.io.errors import CheckpointError

# GPTQ and AWQ keep these beside the integers, which they call qweight.
_BESIDE = re.compile(r"^(qzeros|scales|g_idx)$")
# bitsandbytes keeps the integers as "weight", and "weight.absmax" and the like beside it.
_STATES = re.compile(r"\.(absmax|quant_map|nested_\w+|quant_state\.\w+)$")


def is_packed(name: str, *held: Collection[str]) -> bool:
    """Whether an array is packed weights or belongs to some; `held` are the names of all arrays.

    >>> is_packed("fc.scales", {"fc.qweight", "fc.scales"}), is_packed("fc.scales", {"fc.scales"})
    (True, False)
    """
    prefix, dot, leaf = name.rpartition(".")
    if leaf == "qweight":
        return True
    owner = _STATES.sub("", name)
    if owner != name:
        return any(owner in names for names in held)
    marks = [f"{prefix}{dot}qweight"] if _BESIDE.match(leaf) else [f"{name}.absmax", f"{name}.quant_map"]
    return any(mark in names for mark in marks for names in held)


def packing_error(path: Path) -> CheckpointError:
    """Return the error for a file that holds nothing but packed weights."""
    return CheckpointError(
        path,
        "its weights are packed, several to an integer (GPTQ, AWQ, bitsandbytes), and not unpacked here",
        "save them dequantised, as float16",
    )
