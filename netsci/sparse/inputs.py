"""Make inputs of zeros for a module if the user gives no example.

torch.fx traces the module with symbols in place of tensors. This fails if forward branches on its input. If
it succeeds, every input of a suitable shape runs the same operations, so zeros are enough. The shape is that
of the first layer with weights that reads the input. For images several sizes are tried, since no layer but
the one after a flatten depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, fx, nn

from netsci.sparse.conv import SparseConv2d
from netsci.sparse.flow import Untraceable
from netsci.sparse.tracing import acts_by_unit, is_layer
from netsci.sparse.wiring import has_wiring

SIDES = (*range(1, 65), 96, 112, 128, 160, 192, 224, 256)  # of images that are tried
LEADS = ((2,), (2, 2), ())  # axes before the features: batch; time and batch; one sample


class _Tracer(fx.Tracer):
    """Trace through all modules but layers and those that act unit by unit or have a wiring."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = is_layer(m) or acts_by_unit(m) or has_wiring(m)
        return known or super().is_leaf_module(m, module_qualified_name)


def possible_inputs(module: nn.Module) -> Iterator[tuple[Tensor, ...]]:
    """Yield inputs of zeros in shapes that the module may accept.

    Raises `Untraceable` if torch.fx fails or no layer reads an input.

    Examples
    --------
    >>> [tuple(x.shape) for x, in possible_inputs(nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))]
    [(2, 3), (2, 2, 3), (3,)]
    """
    whole = nn.Sequential(module) if is_layer(module) else module
    try:
        graph = _Tracer().trace(whole)
    except Exception as error:  # whatever a user's forward does with symbols
        raise Untraceable(
            f"torch.fx cannot trace it ({type(error).__name__}: {_first_line(error)})"
        ) from error
    readers = [_reader(node, whole) for node in graph.nodes if node.op == "placeholder" and not node.args]
    if not readers or None in readers:
        raise Untraceable("an input reaches no layer with weights, so its shape is not known")
    parameter = next(module.parameters())
    images = any(isinstance(one, (SparseConv2d, nn.Conv2d)) for one in readers)
    for side, lead in product(SIDES if images else SIDES[:1], LEADS[:1] if images else LEADS):
        yield tuple(
            torch.zeros(_shape(one, lead, side), dtype=parameter.dtype, device=parameter.device)
            for one in readers
        )


def _reader(node: Any, module: nn.Module) -> Any:
    """Return the first layer with weights that reads a node; None where there is none."""
    waiting, seen = [node], {node}
    while waiting:
        for user in waiting.pop(0).users:
            if user.op == "call_module":
                one = module.get_submodule(user.target)
                parts = one.modules() if has_wiring(one) else (one,)
                found = next((part for part in parts if is_layer(part)), None)
                if found is not None:
                    return found
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return None


def _shape(layer: Any, lead: tuple[int, ...], side: int) -> tuple[int, ...]:
    if isinstance(layer, (SparseConv2d, nn.Conv2d)):
        return (*lead, layer.in_channels, side, side)
    return (*lead, layer.in_features)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
