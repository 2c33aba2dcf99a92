"""What kernels need to know of a layer or a neuron before they stand for it."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from netsci.sparse import SparseLinear
from netsci.sparse.backends import dense_weight, pick
from netsci.spiking.neurons import LIF

MOST_OUTPUTS = 64  # of a dense layer that is fused: a larger one is served better by matrix products


def has_hooks(*modules: nn.Module) -> bool:
    """Return whether any hook would hear of a call to one of the modules or to a part of it.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> handle = layer.register_forward_hook(print)
    >>> has_hooks(nn.Sequential(layer)), handle.remove(), has_hooks(layer)
    (True, None, False)
    """
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    everywhere = torch.nn.modules.module
    return any(getattr(everywhere, "_global" + kind, None) for kind in kinds) or any(
        getattr(part, kind) for module in modules for part in module.modules() for kind in kinds
    )


def _own_forward(module: nn.Module) -> bool:
    """Return whether a module computes otherwise than its class here says (those of netsci do not)."""
    if "forward" in vars(module):
        return True
    kind: Any = type(module)
    known = kind.forward in (nn.Linear.forward, SparseLinear.forward, LIF.forward)
    return not known and not kind.forward.__module__.startswith("netsci.")


def is_plain(module: nn.Module) -> bool:
    """Return whether a module does what its class here says and nothing listens: kernels may stand for it.

    Examples
    --------
    >>> is_plain(nn.Linear(1, 1)), is_plain(nn.Sequential(nn.Linear(1, 1)))
    (True, False)
    """
    return not has_hooks(module) and not _own_forward(module)


def is_small(layer: nn.Module) -> bool:
    """Return whether a layer has so few outputs that it is fused with the neurons before it."""
    return cast(nn.Linear, layer).out_features <= MOST_OUTPUTS


def dense_weight_of(layer: nn.Module) -> Tensor:
    """Return the weight [out, in] of a layer that multiplies as a dense one, differentiable."""
    if isinstance(layer, SparseLinear):
        return dense_weight(layer.values, layer.structure).T
    return cast(nn.Linear, layer).weight


def backend_of(layer: nn.Module, current: Tensor) -> str:
    """Return how a layer multiplies: "csr" (compiled loops), "masked" (dense), or another of its ways, ""."""
    if isinstance(layer, SparseLinear):
        return pick(layer.structure, current) if layer.backend == "auto" else layer.backend
    return "masked" if isinstance(layer, nn.Linear) else ""
