"""Tensors, layers, activations and tables of a spiking network as plain values and tensors, and back.

Every layer is `NAME.weight`, as torch shapes it, with `NAME.weight_mask` where its links are and `NAME.bias`.
All else is stored flat, its shape beside it, so that readers of networks take none of it for a layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.aec import AEC
from netsci.convert.layers import Layer, links_of, mask_of
from netsci.sparse import SparseConv2d, SparseLinear
from netsci.sparse.converting import values_at_links

if TYPE_CHECKING:
    import pandas as pd

MASK = "weight_mask"
_CONVOLUTION = ("stride", "padding", "dilation", "groups", "padding_mode")
_SPARSE = ("kernel_size", "stride", "padding", "backend")
# Activations: class -> the arguments of its constructor, attributes of the same name.
ACTIVATIONS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "ReLU": (nn.ReLU, ()),
    "Identity": (nn.Identity, ()),
    "QCFS": (QCFS, ("levels",)),
    "SQCFS": (SQCFS, ("levels",)),
    "AEC": (AEC, ("window", "compat")),
}


@dataclass(eq=False)
class Tensors:
    """Tensors by name, as a file has them."""

    held: dict[str, Tensor] = field(default_factory=dict)

    def put(self, name: str, value: Tensor) -> dict[str, Any]:
        """Keep a tensor, flat, and return what `get` needs to find it."""
        if name in self.held:
            raise ValueError(f"two tensors are called {name!r}: give the layers other names")
        self.held[name] = value.detach().cpu().reshape(-1).clone()
        return {"tensor": name, "shape": list(value.shape)}

    def put_shaped(self, name: str, value: Tensor) -> None:
        """Keep a tensor in its shape."""
        self.put(name, value)
        self.held[name] = self.held[name].reshape(value.shape)

    def get(self, said: Any) -> Tensor:
        """Return a tensor that `put` kept."""
        shape = [int(side) for side in said["shape"]]
        found = self.find(said["tensor"])
        if found.ndim != 1 or found.numel() != prod(shape):
            raise ValueError(f"its tensor {said['tensor']!r} does not have the shape {shape}")
        return found.reshape(shape)

    def find(self, name: str) -> Tensor:
        """Return a tensor by its name; ValueError if there is none."""
        if name not in self.held:
            raise ValueError(f"its tensor {name!r} is missing")
        return self.held[name]


def pack_layer(layer: Layer, name: str, tensors: Tensors) -> dict[str, Any]:
    """Keep weights, links and bias of a layer; return its form."""
    module, start = layer.module, f"{name}." if name else ""
    sparse = isinstance(module, (SparseLinear, SparseConv2d))
    weight = module.weight.detach()
    tensors.put_shaped(f"{start}weight", weight)
    groups = getattr(module, "groups", 1)
    tensors.put_shaped(f"{start}{MASK}", torch.from_numpy(mask_of(layer.links, tuple(weight.shape), groups)))
    if module.bias is not None:
        tensors.put_shaped(f"{start}bias", module.bias)
    names = _SPARSE if sparse else _CONVOLUTION if isinstance(module, nn.Conv2d) else ()
    form = {one: getattr(module, one) for one in names if hasattr(module, one)}
    form = {one: list(value) if isinstance(value, tuple) else value for one, value in form.items()}
    return {"class": type(module).__name__, "form": form, "bias": module.bias is not None}


def unpack_layer(said: Any, name: str, tensors: Tensors) -> Layer:
    """Return a layer from what `pack_layer` kept."""
    start = f"{name}." if name else ""
    weight, mask = tensors.find(f"{start}weight"), tensors.find(f"{start}{MASK}")
    bias = tensors.find(f"{start}bias") if said["bias"] else None
    if mask.dtype != torch.bool or mask.shape != weight.shape or weight.dtype != torch.float32:
        raise ValueError(f"weight and mask of the layer {name!r} do not fit each other")
    form: dict[str, Any] = {
        one: tuple(value) if isinstance(value, list) else value for one, value in said["form"].items()
    }
    if not set(form) <= {*_SPARSE, *_CONVOLUTION}:
        raise ValueError(f"the layer {name!r} has an unknown form")
    links = links_of(np.asarray(mask), int(form.get("groups", 1)))
    module = _build(said["class"], form, links, weight)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"the bias of the layer {name!r} does not fit its weight")
    module.bias = None if bias is None else nn.Parameter(bias)
    module.requires_grad_(False)
    return Layer(module.eval(), links)


def _build(kind: str, form: dict[str, Any], links: sp.csr_array, weight: Tensor) -> Any:
    """Return a layer of a class, its form, links and weight, without bias."""
    fixed = torch.Generator()  # torch's global state does not move; the values are set below
    made: Any
    if kind in ("SparseLinear", "SparseConv2d"):
        sparse: Any = SparseLinear if kind == "SparseLinear" else SparseConv2d
        made = sparse(links, bias=False, generator=fixed, **form)
        made.values.data = values_at_links(made, weight)
        return made
    with torch.device("meta"):
        if kind == "Linear":
            made = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        elif kind == "Conv2d":
            channels = weight.shape[1] * int(form["groups"])
            made = nn.Conv2d(channels, len(weight), weight.shape[2:], bias=False, **form)  # type: ignore[arg-type]
        else:
            raise ValueError(f"it has a layer of the class {kind!r}, which is not known")
    made.weight = nn.Parameter(weight)
    return made


def pack_activation(module: nn.Module, name: str, tensors: Tensors) -> dict[str, Any]:
    """Keep the numbers of an activation; TypeError if its class is not one of `ACTIVATIONS`."""
    kind = type(module).__name__
    if kind not in ACTIVATIONS or type(module) is not ACTIVATIONS[kind][0]:
        raise TypeError(
            f"{name} is a {kind}, an activation that no file can hold: take one of netsci.convert"
        )
    state = {part: tensors.put(f"{name}/{part}", value) for part, value in module.state_dict().items()}
    return {
        "class": kind,
        "given": {one: getattr(module, one) for one in ACTIVATIONS[kind][1]},
        "state": state,
    }


def unpack_activation(said: Any, tensors: Tensors) -> nn.Module:
    """Return an activation from what `pack_activation` kept."""
    if said["class"] not in ACTIVATIONS:
        raise ValueError(f"it has an activation of the class {said['class']!r}, which is not known")
    kind, names = ACTIVATIONS[said["class"]]
    state = {part: tensors.get(one) for part, one in said["state"].items()}
    given = {one: said["given"][one] for one in names}
    if kind is SQCFS and state["lam"].ndim:
        given["channels"] = len(state["lam"])
    made = kind(**given)
    made.load_state_dict(state)
    return made.requires_grad_(False).eval()


def pack_table(table: pd.DataFrame, name: str, tensors: Tensors) -> dict[str, Any]:
    """Keep a table: numbers as tensors, of texts the different ones and where each stands."""
    said: dict[str, Any] = {}
    for column in table.columns:
        values = table[column].to_numpy()
        if values.dtype.kind in "biuf":
            said[str(column)] = tensors.put(f"{name}/{column}", torch.from_numpy(values.copy()))
            continue
        texts = list(dict.fromkeys(values.tolist()))
        places = {text: place for place, text in enumerate(texts)}
        codes = torch.tensor([places[text] for text in values.tolist()], dtype=torch.int32)
        said[str(column)] = {"texts": texts} | tensors.put(f"{name}/{column}", codes)
    return said


def unpack_table(said: Any, tensors: Tensors) -> pd.DataFrame:
    """Return a table from what `pack_table` kept."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for column, one in said.items():
        values = tensors.get(one).numpy()
        columns[column] = values if "texts" not in one else [one["texts"][code] for code in values.tolist()]
    return pd.DataFrame(columns)
