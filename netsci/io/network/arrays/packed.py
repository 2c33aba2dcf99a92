"""Weights that a file keeps several to an integer: told by their names and types, and not unpacked."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.network.contents import Contents

# GPTQ and AWQ keep these beside the integers, which they call qweight.
_BESIDE = re.compile(r"^(qzeros|scales|g_idx)$")
# bitsandbytes keeps the integers as "weight", and "weight.absmax" and the like beside it.
_STATES = re.compile(r"\.(absmax|quant_map|nested_\w+|quant_state\.\w+)$")
# Last part of the integers' name, the part beside them that tells, and what packs so.
_PACKERS = (
    ("qidxs", "", "QuIP#"),
    ("codes", "codebooks", "AQLM"),
    ("w_q", "meta", "HQQ"),
    ("q_weight", "q_scale", "EXL2"),
    ("weight", "SCB", "bitsandbytes, 8 bits"),
)


def is_packed(name: str, *held: Collection[str]) -> bool:
    """Whether an array is packed weights or belongs to some; `held` are the names of all arrays.

    >>> is_packed("fc.scales", {"fc.qweight", "fc.scales"}), is_packed("fc.scales", {"fc.scales"})
    (True, False)
    """
    prefix, dot, leaf = name.rpartition(".")
    if leaf in ("qweight", "weight_packed") or leaf.endswith(("_blocks", "_packed")):
        return True
    owner = _STATES.sub("", name)
    if owner != name:
        return any(owner in names for names in held)
    marks = [f"{prefix}{dot}qweight"] if _BESIDE.match(leaf) else [f"{name}.absmax", f"{name}.quant_map"]
    return any(mark in names for mark in marks for names in held)


def refuse_packed(path: Path, contents: Contents) -> None:
    """Raise CheckpointError that names who packed the weights, where a file holds any that are packed."""
    names = {*contents.arrays, *contents.small}
    for name, array in contents.arrays.items():
        who = _find_packer(name, array, names, contents)
        if who:
            raise CheckpointError(
                path,
                f"its weights are packed, several to an integer ({who}: {printable(name)}), and not "
                "unpacked here",
                "save them dequantised, as float16; --select NAME (select=) reads a layer that is not packed",
            )


def _find_packer(name: str, array: object, names: set[str], contents: Contents) -> str:
    """Return who packed an array, or nothing."""
    prefix, dot, leaf = name.rpartition(".")
    dtype = str(getattr(array, "dtype", ""))
    near = f"{prefix}{dot}"
    if leaf == "qweight":
        return _gptq_or_awq(near, name, names, contents)
    if any(mark in names for mark in (f"{name}.absmax", f"{name}.quant_map")):
        return "bitsandbytes"
    if leaf == "bitmask" and dtype == "uint8":
        return "compressed-tensors, whose values are not in this file"
    if leaf == "weight_packed":
        return "NVFP4, compressed-tensors" if dtype == "uint8" else "compressed-tensors"
    if leaf.endswith("_blocks") and dtype == "uint8" and f"{name.removesuffix('_blocks')}_scales" in names:
        return "MXFP4"
    if (
        leaf == "weight"
        and dtype == "uint8"
        and {f"{near}weight_scale_2", f"{near}weight_global_scale"} & names
    ):
        return "NVFP4"
    if leaf == "weight" and dtype in ("uint32", "int32") and f"{near}scales" in names:
        return "MLX"
    for own, other, who in _PACKERS:
        if leaf.lower() == own and (not other or f"{near}{other}" in names) and dtype[:3] in ("int", "uin"):
            return who
    return ""


def _gptq_or_awq(near: str, name: str, names: set[str], contents: Contents) -> str:
    """GPTQ packs along the inputs, AWQ along the outputs: the scales have as many columns as outputs."""
    scales = contents.arrays.get(f"{near}scales")
    if scales is None or f"{near}g_idx" in names:
        return "GPTQ" if f"{near}g_idx" in names else "GPTQ or AWQ"
    return "GPTQ" if scales.shape[-1] == contents.arrays[name].shape[-1] else "AWQ"
