"""Read-outs: make class scores of the currents of the last layer.

    readout "rate"       mean over time of the neuron's spikes, in [0, 1]
    readout "sum"        no output neuron: the mean over time of the current
    readout "membrane"   no output neuron: the last value of m[t] = alpha m[t-1] + I[t], never reset

A read-out is a function (current, neuron, steps). If steps is None the current is [T, batch, classes]; else
it is constant, [batch, classes], for this number of steps. Register yours with
netsci.models.READOUTS.register(name, function).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netsci.choices import READOUTS

__all__ = ["READOUTS", "check_readout", "last_membrane", "mean_of_currents", "mean_of_spikes", "read_out"]


def read_out(current: Tensor, neuron: Any, readout: str, *, steps: int | None = None) -> Tensor:
    """Return class scores [batch, classes] of the last layer's currents [T, batch, classes].

    With `steps` given the current is constant, [batch, classes].

    Raises ValueError if `READOUTS` has no such readout.

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> read_out(torch.ones(3, 1, 2), LIF(0.5), "membrane").tolist()
    [[1.75, 1.75]]
    >>> read_out(torch.ones(1, 2), LIF(0.5), "membrane", steps=3).tolist()
    [[1.75, 1.75]]
    """
    READOUTS.check(readout, "readout")
    scores: Tensor = READOUTS[readout](current, neuron, steps)
    return scores


def check_readout(readout: str, neuron: Any) -> None:
    """Raise ValueError or TypeError unless `READOUTS` has a readout and it can be taken of such neurons."""
    READOUTS.check(readout, "readout")
    if readout == "membrane" and not hasattr(neuron, "alpha"):
        raise TypeError(f"readout 'membrane' needs a neuron with a leak alpha; got {type(neuron).__name__}")


def mean_of_spikes(current: Tensor, neuron: Any, steps: int | None = None) -> Tensor:
    """Return how often each output neuron fires a step, in [0, 1]."""
    # Through the module, not by unroll(), so that hooks see it.
    spikes: Tensor = neuron(current) if steps is None else neuron(current, steps=steps)
    return spikes.mean(0)


def mean_of_currents(current: Tensor, neuron: Any, steps: int | None = None) -> Tensor:
    """Return the mean over time of the current."""
    return current.mean(0) if steps is None else current


def last_membrane(current: Tensor, neuron: Any, steps: int | None = None) -> Tensor:
    """Return the last membrane of neurons that never fire, with the leak `neuron.alpha`."""
    length = len(current) if steps is None else steps
    age = torch.arange(length - 1, -1, -1, dtype=current.dtype, device=current.device)
    weight = torch.pow(float(neuron.alpha), age)
    if steps is not None:
        return current * weight.sum()
    scores: Tensor = torch.tensordot(weight, current, dims=([0], [0]))
    return scores
