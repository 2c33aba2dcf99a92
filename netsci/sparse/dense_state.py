"""Read and write the weights of a module with sparse layers under the keys of its dense form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from netsci.arguments import shorten
from netsci.sparse.converting import values_at_links
from netsci.sparse.layer import SparseLayer
from netsci.sparse.shapes import check_module
from netsci.sparse.side_by_side import SideBySide

SHOWN = 5  # keys in a message


def dense_state(module: nn.Module) -> dict[str, Tensor]:
    """Return the state dict that the module would have with dense layers; absent links weigh 0.

    "fc.values", "fc.start" and "fc.column" become "fc.weight" [out, in] or [out, in, k, k], and
    "qkv.q.values" ... "qkv.weight". All other keys, and the order, stay.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> {key: list(value.shape) for key, value in dense_state(nn.Sequential(SparseLinear([[1, 0]]))).items()}
    {'0.weight': [2, 1], '0.bias': [2]}
    """
    check_module(module)
    layers = _layers(module)
    state: dict[str, Tensor] = {}
    for key, value in module.state_dict().items():
        name = next((one for one in layers if key.startswith(f"{one}." if one else "")), None)
        if name is None:
            state[key] = value
        elif _join(name, "weight") not in state:
            layer: Any = layers[name]
            state[_join(name, "weight")] = layer.weight
            if layer.bias is not None:
                state[_join(name, "bias")] = layer.bias.detach()
    return state


def load_dense_state(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load a state dict of the dense form into a module; sparse layers take the weights at their links.

    Weights where a sparse layer has no link are not read.

    Raises
    ------
    TypeError, ValueError
        If state is no mapping, or keys are missing, unexpected or of another shape: the first ones are named.
        The module has not changed then.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]]))
    >>> load_dense_state(net, {"0.weight": torch.tensor([[3.0], [4.0]]), "0.bias": torch.zeros(2)})
    >>> net[0].values.tolist()
    [3.0]
    """
    check_module(module)
    if not isinstance(state, Mapping):
        raise TypeError(f"state must be a state dict, names to tensors; got {shorten(state)}")
    check_keys(dense_state(module), state, type(module).__name__)
    layers = _layers(module)
    inside = tuple(_join(name, "") for name in layers)
    rest = {key: value for key, value in state.items() if not inside or not key.startswith(inside)}
    module.load_state_dict(rest, strict=False)
    with torch.no_grad():
        for name, layer in layers.items():
            parts: Any = layer.parts if isinstance(layer, SideBySide) else [layer]
            weights = state[_join(name, "weight")].chunk(len(parts))
            for part, weight in zip(parts, weights, strict=True):
                part.values.copy_(values_at_links(part, weight))
            if parts[0].bias is not None:
                biases = state[_join(name, "bias")].chunk(len(parts))
                for part, bias in zip(parts, biases, strict=True):
                    part.bias.copy_(bias)


def check_keys(expected: Mapping[str, Tensor], state: Mapping[str, Any], model: str) -> None:
    """Raise ValueError, with the first keys that do not fit, unless a state dict has the expected tensors.

    Examples
    --------
    >>> check_keys({"a": torch.zeros(2)}, {"a": torch.ones(2)}, "Net")
    """
    problems = [f"{key} is missing" for key in expected if key not in state]
    problems += [f"{key} is not expected" for key in state if key not in expected]
    for key, value in expected.items():
        if key in state and not isinstance(state[key], Tensor):
            problems.append(f"{key} is {type(state[key]).__name__}, not a tensor")
        elif key in state and state[key].shape != value.shape:
            problems.append(f"{key} must be {list(value.shape)}, it is {list(state[key].shape)}")
    if problems:
        more = f", and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise ValueError(f"state does not fit {model}: {'; '.join(map(str, problems[:SHOWN]))}{more}")


def _layers(module: nn.Module) -> dict[str, nn.Module]:
    """Return sparse layers by name, those of a `SideBySide` as one."""
    found: dict[str, nn.Module] = {}
    for name, one in module.named_modules():
        within = any(
            name.startswith(f"{outer}.") for outer, it in found.items() if isinstance(it, SideBySide)
        )
        if isinstance(one, (SideBySide, SparseLayer)) and not within:
            found[name] = one
    return found


def _join(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
