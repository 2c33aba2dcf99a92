"""From the currents of the last layer to class scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

READOUTS = ("rate", "sum", "membrane")


def read_out(current: Tensor, neuron: Any, readout: str, *, steps: int | None = None) -> Tensor:
    """Return class scores [batch, classes] of the last layer's currents [T, batch, classes].

    readout "rate"       mean over time of the neuron's spikes, in [0, 1]
    readout "sum"        no output neuron: the mean over time of the current
    readout "membrane"   no output neuron: the last value of m[t] = alpha m[t-1] + I[t], never reset

    With `steps` given the current is constant, [batch, classes].

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> read_out(torch.ones(3, 1, 2), LIF(0.5), "membrane").tolist()
    [[1.75, 1.75]]
    >>> read_out(torch.ones(1, 2), LIF(0.5), "membrane", steps=3).tolist()
    [[1.75, 1.75]]
    """
    if readout == "rate":
        # Through the module, not by unroll(), so that hooks see it.
        spikes: Tensor = neuron(current) if steps is None else neuron(current, steps=steps)
        return spikes.mean(0)
    if readout == "sum":
        return current.mean(0) if steps is None else current
    length = len(current) if steps is None else steps
    age = torch.arange(length - 1, -1, -1, dtype=current.dtype, device=current.device)
    weight = torch.pow(float(neuron.alpha), age)
    if steps is not None:
        return current * weight.sum()
    scores: Tensor = torch.tensordot(weight, current, dims=([0], [0]))
    return scores
