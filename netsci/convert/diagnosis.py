"""Say where a spiking network departs from its ANN, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from netsci.convert.windows import Window, split_time

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

    def add(self, decoded: Tensor, ann: Tensor, own: Tensor, theta: Tensor) -> None:
        """Add what a population said of some images, beside what the ANN says."""
        self.numbers += ann.numel()
        self.ann += float(ann.abs().double().sum())
        self.error += float((decoded - ann).abs().double().sum())
        self.own_error += float((decoded - own).abs().double().sum())
        self.above += float((ann > theta).sum())

    def count(self, events: Tensor, saturated: Tensor, steps: int) -> None:
        """Add the spikes of some images."""
        self.silent += float((events == 0).sum())
        self.always += float(saturated.sum())
        self.rate += float(events.sum()) / steps


def diagnose_layers(
    network: Any, activations: Mapping[int, nn.Module], parts: Iterable[Tensor], steps: int
) -> pd.DataFrame:
    """Return how each population's decoded value after T steps differs from the ANN's activation.

    The decoded value is the mean over T of threshold times spike (dcgs: phi_T; aec: the value of both
    spikes). Columns:

    layer : the name of the activation. threshold : the mean one. ann : the mean activation of the ANN.
    error : mean |decoded - ann| over the mean |ann|; errors of layers before are in it.
    own_error : the same, but against the ANN's activation of this network's own mean current, so that only
        what this layer does wrong counts. The table has the largest first.
    clipped : share of activations above the threshold (dcgs with neuron="line": and not of those below its
        negative). silent, saturated : share of neurons and images that
        fire at no step, and at every step (aec: say the largest value). rate : spikes per neuron and step.
    """
    import pandas as pd

    program = network.program
    sums = {place: _Sums() for place in network.neurons}
    for images in parts:
        events: dict[int, Tensor] = {}

        def see(place: int, value: Tensor, _: Window) -> None:
            if place in sums:
                fired = (value != 0).sum(0)
                events[place] = events[place] + fired if place in events else fired  # noqa: B023

        said = network.decode(images, steps, see)
        wanted = _activations_of(network, activations, images)
        for place, one in sums.items():
            decoded, current = said[place]
            with torch.no_grad():
                own = activations[place](current)
            one.add(decoded, wanted[place], own, network.largest(place))
            one.count(events[place], network.saturated(place, events[place], decoded, steps), steps)
    rows = [_row(program.steps[place].name, network.largest(place), one) for place, one in sums.items()]
    return pd.DataFrame(rows).sort_values("own_error", ascending=False, kind="stable", ignore_index=True)


def _activations_of(network: Any, activations: Mapping[int, nn.Module], images: Tensor) -> dict[int, Tensor]:
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
