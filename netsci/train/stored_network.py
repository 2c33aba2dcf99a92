"""What a network file holds: tensors, links by layer and metadata, read and checked without any recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import scipy.sparse as sp
import torch
from safetensors import SafetensorError, safe_open

from netsci.arguments import check_path
from netsci.io.seal import find_damage
from netsci.sparse.shapes import QKV
from netsci.train.checkpoint import digest_tensors
from netsci.train.recipe import Recipe

MASK = "_mask"  # of a tensor's name: where its links are


@dataclass(frozen=True)
class StoredNetwork:
    """The content of a network file.

    path : of the file. metadata : what it says of itself. tensors : by name, as torch names and shapes them,
    masks too.
    """

    path: Path
    metadata: Mapping[str, str]
    tensors: Mapping[str, torch.Tensor]

    @cached_property
    def sum(self) -> str:
        """The SHA-256 of names, types, shapes and bytes of all tensors, 64 hexadecimal digits.

        Metadata do not count, so that the same network has the same sum whatever version wrote it.
        """
        return digest_tensors(self.tensors, "")

    @property
    def recipe(self) -> Recipe:
        """The recipe in the file. Raises ValueError if there is none."""
        if "recipe" not in self.metadata:
            raise ValueError(f"{self.path} holds no recipe: take the network.safetensors of a run")
        return Recipe.of(json.loads(self.metadata["recipe"]))

    @cached_property
    def links(self) -> dict[str, sp.csr_array]:
        """The links of each layer that has a mask, bool CSR [inputs, outputs], a row an input and place.

        A mask of a fused qkv is that of three layers, ".q", ".k" and ".v".
        """
        found: dict[str, sp.csr_array] = {}
        for name, mask in self.tensors.items():
            layer, _, kind = name.rpartition(".")
            if kind != f"weight{MASK}":
                continue
            links = mask.flatten(1).T.numpy().astype(bool)
            rows, columns = links.shape
            if layer.rpartition(".")[2] == "qkv" and columns == len(QKV) * rows:
                parts = (links[:, k * rows : (k + 1) * rows] for k in range(len(QKV)))
                found |= {f"{layer}.{part}": sp.csr_array(own) for part, own in zip(QKV, parts, strict=True)}
            else:
                found[layer] = sp.csr_array(links)
        return found

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """The tensors without the masks."""
        return {name: tensor for name, tensor in self.tensors.items() if not name.endswith(MASK)}


def read_stored(path: str | Path) -> StoredNetwork:
    """Read a safetensors file once its checksum, if it has one, is seen to fit.

    Raises ValueError if it cannot be read, or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from safetensors.torch import save_file
    >>> path = Path(tempfile.mkdtemp()) / "a.safetensors"
    >>> save_file({"fc.weight": torch.ones(1, 2), "fc.weight_mask": torch.tensor([[True, False]])}, path)
    >>> stored = read_stored(path)
    >>> stored.links["fc"].toarray().tolist(), list(stored.weights)
    ([[True], [False]], ['fc.weight'])
    """
    metadata = read_metadata(path)
    with safe_open(path, framework="pt") as stored:
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (no mapping)
    return StoredNetwork(Path(path), metadata, tensors)


def read_metadata(path: str | Path) -> Mapping[str, str]:
    """Return what a safetensors file says of itself, once its checksum is seen to fit.

    Raises ValueError as `read_stored` does.
    """
    check_path(path, "path")
    place = Path(path)
    try:
        damage = find_damage(place)
        with safe_open(place, framework="pt") as stored:
            metadata: dict[str, Any] = stored.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{place} cannot be read as the network of a run ({error})") from error
    if damage:
        raise ValueError(f"{place} is damaged: {damage}; make it again, or replace it by an intact copy")
    return metadata
