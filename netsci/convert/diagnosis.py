"""Say where a spiking network departs from its ANN, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from netsci.convert.stream import Network, Window, run_network, split_time

if TYPE_CHECKING:
    import pandas as pd


@dataclass(eq=False)
class _Sums:
    """Sums over neurons and images of one population."""

    numbers: int = 0
    ann: float = 0.0
    error: float = 0.0
    own_error: float = 0.0
    above: float = 0.0
    silent: float = 0.0
    always: float = 0.0
    rate: float = 0.0


def diagnose_layers(
    network: Network, activations: Mapping[int, nn.Module], parts: Sequence[Tensor], steps: int
) -> pd.DataFrame:
    """Return how each population's decoded value after T steps differs from the ANN's activation.

    The decoded value is the mean over T of threshold times spike. Columns:

    layer : the name of the activation. threshold : the mean one. ann : the mean activation of the ANN.
    error : mean |decoded - ann| over the mean |ann|; errors of layers before are in it.
    own_error : the same, but against the ANN's activation of this network's own mean current, so that only
        what this layer does wrong counts. The table has the largest first.
    clipped : share of activations above the threshold. silent, saturated : share of neurons and images that
        fire at no step, and at every step. rate : spikes per neuron and step.
    """
    import pandas as pd

    program = network.program
    sums = {place: _Sums() for place in network.neurons}
    for images in parts:
        seen = _Seen(network)
        run_network(network, images, steps, seen.see)
        wanted = _activations_of(network, activations, images)
        for place, one in sums.items():
            own = activations[place](seen.currents[place] / steps)
            _compare(one, wanted[place], own, seen.fired[place], network.neurons[place].theta, steps)
    rows = [_row(program.steps[place].name, network.neurons[place].theta, one) for place, one in sums.items()]
    return pd.DataFrame(rows).sort_values("own_error", ascending=False, kind="stable", ignore_index=True)


class _Seen:
    """Sums over time of what each population gets and of what it fires, for some images."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.fired: dict[int, Tensor] = {}
        self.currents: dict[int, Tensor] = {}
        self._read: dict[int, list[int]] = {}
        for place in network.neurons:
            self._read.setdefault(network.program.steps[place].inputs[0], []).append(place)

    def see(self, place: int, value: Tensor, window: Window) -> None:
        """Add what a step gave in a window."""
        if place in self.network.neurons:
            value = value * self.network.neurons[place].theta
            self.fired[place] = self.fired.get(place, 0) + value.sum(0)
        often = window.steps if len(value) == 1 else 1  # the same at all steps
        for reader in self._read.get(place, ()):
            self.currents[reader] = self.currents.get(reader, 0) + often * value.sum(0)


def _activations_of(
    network: Network, activations: Mapping[int, nn.Module], images: Tensor
) -> dict[int, Tensor]:
    """Return the ANN's activations of some images, [images, units...]."""
    program = network.program
    found: dict[int, Tensor] = {}
    held: dict[int, Any] = {}

    def see(place: int, value: Any) -> Any:
        if place in activations:
            step = program.steps[place]
            value = activations[place](held[step.inputs[0]])
            found[place] = split_time(value, step, 1)[0]
        held[place] = value
        return value

    with torch.no_grad():
        program.run(images, see)
    return found


def _compare(one: _Sums, ann: Tensor, own: Tensor, fired: Tensor, theta: Tensor, steps: int) -> None:
    """Add what a population did with some images; fired is the sum of threshold times spike."""
    decoded = fired / steps
    unit = torch.where(theta > 0, theta, torch.ones(()))
    counts = (fired / unit).double()
    one.numbers += ann.numel()
    one.ann += float(ann.abs().double().sum())
    one.error += float((decoded - ann).abs().double().sum())
    one.own_error += float((decoded - own).abs().double().sum())
    one.above += float((ann > theta).sum())
    one.silent += float((fired == 0).sum())
    one.always += float((counts > steps - 0.5).sum())
    one.rate += float(counts.abs().sum()) / steps


def _row(name: str, theta: Tensor, one: _Sums) -> dict[str, Any]:
    """Return the row of a population; errors are NaN where the ANN's activations are 0."""
    scale = one.ann or float("nan")
    n = one.numbers or float("nan")
    return {
        "layer": name,
        "threshold": float(theta.double().mean()),
        "ann": one.ann / n,
        "error": one.error / scale,
        "own_error": one.own_error / scale,
        "clipped": one.above / n,
        "silent": one.silent / n,
        "saturated": one.always / n,
        "rate": one.rate / n,
    }
