"""Find the first values of what an optimizer stores for each element of a parameter (its moments).

They are not always 0: Rprop starts its step sizes at lr, Adagrad its sums at a number that the user chooses.
To find them, a copy of the optimizer takes one step on a new parameter with weights and gradients 0. Single
numbers, such as the count of steps, belong to the whole parameter: all its links share them.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

MEND = "delete its state of this layer first, or make a new optimizer afterwards and pass None now"
LENGTH = 3  # of the fresh parameter: its states of this shape are those of elements


def fresh_moments(
    optimizer: torch.optim.Optimizer | None, values: nn.Parameter, name: str
) -> dict[str, float]:
    """Return the first value of each moment that an optimizer stores for the links of a layer.

    {} if it stores nothing yet.

    Raises
    ------
    ValueError
        If it stores moments of another shape, or their first value cannot be found.

    Examples
    --------
    >>> values = nn.Parameter(torch.ones(2))
    >>> optimizer, values.grad = torch.optim.Rprop([values], lr=0.5), torch.ones(2)
    >>> optimizer.step()
    >>> fresh_moments(optimizer, values, "0")
    {'prev': 0.0, 'step_size': 0.5}
    """
    if optimizer is None or values not in optimizer.state:
        return {}
    kind = type(optimizer).__name__
    held: dict[str, Any] = optimizer.state[values]
    wanted = [key for key, moment in held.items() if _of_elements(moment, values.shape, key, kind, name)]
    if not wanted:
        return {}
    fresh = _fresh_state(optimizer, values, name)
    found = {}
    for key in wanted:
        moment = fresh.get(key)
        if not torch.is_tensor(moment) or moment.shape != (LENGTH,) or bool((moment != moment[0]).any()):
            raise ValueError(
                f"the first value of {key!r} of {kind} for a new link of layer {name!r} is not known: " + MEND
            )
        found[key] = float(moment[0])
    return found


def _of_elements(moment: Any, shape: torch.Size, key: str, kind: str, name: str) -> bool:
    """Return whether a state has one number for each element, not one for all."""
    if torch.is_tensor(moment) and moment.ndim:
        if moment.shape == shape:
            return True
    elif not isinstance(moment, (list, tuple, dict)):
        return False
    raise ValueError(
        f"optimizer must store one number for each link; {kind} stores {key!r} of layer {name!r} in another "
        "form: use SGD, Adam or AdamW"
    )


def _fresh_state(optimizer: torch.optim.Optimizer, values: nn.Parameter, name: str) -> Mapping[str, Any]:
    """Return what the optimizer keeps of a fresh parameter of the same group after a gradient of 0."""
    group = _group(optimizer, values, name)
    fresh = nn.Parameter(values.detach().new_zeros(LENGTH))
    fresh.grad = torch.zeros_like(fresh)
    trial: Any = object.__new__(type(optimizer))  # copy.copy would lose attributes of its own
    trial.__dict__.update(optimizer.__dict__)
    trial.param_groups = [{**group, "params": [fresh]}]
    trial.state = defaultdict(dict)
    if isinstance(optimizer, torch.optim.Adagrad):  # the one that makes its state before it steps
        trial = torch.optim.Adagrad([fresh], initial_accumulator_value=group["initial_accumulator_value"])
    for hooks in ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"):
        setattr(trial, hooks, OrderedDict())
    devices = [values.device] if values.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            type(trial).step(trial)  # the class's own: a scheduler hangs its counter on the optimizer's
    except Exception as error:  # of an optimizer that is not torch's
        raise ValueError(
            f"{type(optimizer).__name__} fails on a new parameter ({error}), so the first moments of new "
            f"links of layer {name!r} are not known: {MEND}"
        ) from error
    return dict(trial.state[fresh])


def _group(optimizer: torch.optim.Optimizer, values: nn.Parameter, name: str) -> dict[str, Any]:
    for group in optimizer.param_groups:
        if any(parameter is values for parameter in group["params"]):
            return group
    raise ValueError(
        f"the optimizer has a state of layer {name!r}, but no parameter group with its values: add them to a "
        "group, or delete the state"
    )
