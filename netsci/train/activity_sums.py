"""What the batches of a run have said of its layers, summed up where the layers are.

On the CPU the sums are arrays, and NumPy multiplies: these are the bits that runs have. Elsewhere they are
tensors of the device, and no trace leaves it. Both are float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.topology import plasticity
from netsci.topology.plasticity import Activity


class ActivitySums:
    """`netsci.topology.plasticity.Activity` of each layer, by name."""

    def __init__(self) -> None:
        self.activity: dict[str, Activity] = {}
        self._products: dict[str, Any] = {}  # to work in, [pre, post]

    def add(self, name: str, before: Tensor, behind: Tensor) -> None:
        """Add the traces of a batch, [batch, pre] and [batch, post], if it is as large as the first one."""
        if name not in self.activity:
            first = Activity.of(len(behind), before.shape[1], behind.shape[1])
            self.activity[name] = _change(first, lambda array: _put(torch.from_numpy(array), behind.device))
        own = self.activity[name]
        if len(behind) == len(own.theta):
            given = (_put(one.double(), one.device) for one in (before, behind))
            if name not in self._products and isinstance(own.bcm, np.ndarray):
                self._products[name] = np.empty_like(own.bcm)
            self.activity[name] = plasticity.add_batch(
                own, *given, in_place=True, product=self._products.get(name)
            )

    def arrays(self, name: str) -> Activity:
        """Return the activity of a layer in arrays."""
        return _change(self.activity[name], lambda held: held.cpu().numpy() if _is_tensor(held) else held)

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the sums as tensors, and the numbers of batches, by layer."""
        tensors = {
            f"{name}.{key}": torch.tensor(getattr(self.arrays(name), key))
            for name in self.activity
            for key in Activity.names()
        }
        return {"batches": {name: own.batches for name, own in self.activity.items()}, **tensors}

    def load_state_dict(self, state: Mapping[str, Any], devices: Mapping[str, torch.device]) -> None:
        """Restore what `state_dict` returned. devices : of the layers, by name."""
        for name, batches in state["batches"].items():
            own = {key: _put(state[f"{name}.{key}"].clone(), devices[name]) for key in Activity.names()}
            self.activity[name] = Activity(**own, batches=batches)


def _put(held: Tensor, device: torch.device) -> Any:
    """Return an array if the device is the CPU, else a tensor on it."""
    return held.cpu().numpy() if device.type == "cpu" else held.to(device)


def _is_tensor(held: Any) -> bool:
    return isinstance(held, Tensor)


def _change(activity: Activity, change: Any) -> Activity:
    """Return an activity with other arrays."""
    return replace(activity, **{key: change(getattr(activity, key)) for key in Activity.names()})
