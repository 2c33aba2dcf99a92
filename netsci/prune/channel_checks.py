"""Which modules DepGraph can prune: checks of their layers, and that they run."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.utils.parametrize import is_parametrized

from netsci.sparse.layer import SparseLayer


def check_layers(module: nn.Module) -> None:
    """Raise ValueError if a module has layers from which channels cannot go alone.

    Examples
    --------
    >>> check_layers(nn.Linear(3, 2))
    """
    for name, layer in module.named_modules():
        if isinstance(layer, SparseLayer):
            raise ValueError(
                f"module must be dense; layer {name!r} is sparse: depgraph removes whole channels. Make it "
                "dense by netsci.sparse.densify"
            )
        if is_parametrized(layer):
            raise ValueError(
                f"module has the layer {name!r}, whose weight is computed from other parameters (a "
                "parametrization): remove that first, with torch.nn.utils.parametrize.remove_parametrizations"
            )
        depthwise = isinstance(layer, _ConvNd) and layer.groups == layer.in_channels == layer.out_channels
        if isinstance(layer, _ConvTransposeNd) or (
            isinstance(layer, _ConvNd) and layer.groups > 1 and not depthwise
        ):
            raise ValueError(
                f"module has the layer {name!r}, {layer}, whose channels cannot go one by one: depgraph "
                "prunes linear layers, and convolutions that are not transposed and have no groups"
            )
        if isinstance(layer, (nn.Linear, _ConvNd)) and not bool(torch.isfinite(layer.weight).all()):
            raise ValueError(f"weights of layer {name!r} must be finite: NaN or infinity has no rank")
    names = [name for name, _ in module.named_parameters(remove_duplicate=False)]
    if len(names) > len(list(module.parameters())):
        raise ValueError(
            "module has a parameter under two names: depgraph would untie it. Give each layer its own"
        )


def run_module(module: nn.Module, example: tuple[Any, ...]) -> Any:
    """Return what a module makes of an example; ValueError with the module's own words if it cannot."""
    try:
        return module(*example)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    raise ValueError(f"module must run on example, as module(*example); it says {why}")
