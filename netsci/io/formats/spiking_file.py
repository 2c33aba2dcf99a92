"""Spiking networks of `netsci convert`: their safetensors file says what each layer reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError
from netsci.io.network.contents import Use

SPIKING = "netsci spiking network"  # the beginning of the format in the metadata


def read_spiking(path: Path, metadata: Any, arrays: dict[str, Any]) -> tuple[str, dict[str, Use]] | None:
    """Return what the file is and how its layers are used, in their order; None if it is no such file.

    Raises CheckpointError if its metadata name layers that it does not have.
    """
    if not isinstance(metadata, dict) or not str(metadata.get("format", "")).startswith(SPIKING):
        return None
    try:
        layers = json.loads(metadata["layers"])
        uses = {
            str(one["array"]): Use("out_in", tuple(map(str, one["after"])), groups=int(one["groups"]))
            for one in layers
        }
        said = json.loads(metadata["network"])
        when = "in one window" if "window" in said["options"] else f"T = {said['steps']}"
        kind = f"spiking network by {said['method']}, {when}"
    except (ValueError, TypeError, KeyError) as error:
        raise _damage(path, "its metadata do not list its layers") from error
    lacking = [name for name in uses if name not in arrays or arrays[name].shape[0] % uses[name].groups]
    if lacking or not uses:
        raise _damage(path, f"it lacks {', '.join(lacking[:6]) or 'its layers'}")
    return kind, uses


def _damage(path: Path, what: str) -> CheckpointError:
    return CheckpointError(path, f"{what}: damaged", "convert the network again")
