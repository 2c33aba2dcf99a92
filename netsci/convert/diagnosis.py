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
        held: dict[int, Tensor] = {}
        currents: dict[int, Tensor] = {}
        sources = {program.steps[place].inputs[0]: place for place in network.neurons}

        def see(
            place: int,
            value: Tensor,
            window: Window,
            held: dict[int, Any] = held,
            currents: dict[int, Any] = currents,
            sources: dict[int, int] = sources,
        ) -> None:
            if place in network.neurons:
                _add(held, place, value.sum(0) * network.neurons[place].theta)
            if place in sources:
                often = window.steps if len(value) == 1 else 1
                _add(currents, place, often * value.sum(0))

        run_network(network, images, steps, see)
        wanted = _activations_of(network, activations, images)
        for place, one in sums.items():
            theta = network.neurons[place].theta
            own = activations[place](currents[program.steps[place].inputs[0]] / steps)
            _compare(one, wanted[place], own, held[place], theta, steps)
    rows = [_row(program.steps[place].name, network.neurons[place].theta, one) for place, one in sums.items()]
    return pd.DataFrame(rows).sort_values("own_error", ascending=False, kind="stable", ignore_index=True)


def _add(held: dict[int, Any], place: int, value: Tensor) -> None:
    held[place] = held[place] + value if place in held else value


def _activations_of(
    network: Network, activations: Mapping[int, nn.Module], images: Tensor
) -> dict[int, Tensor]:
    """Return the ANN's activations of some images, [images, units...]."""
    found: dict[int, Tensor] = {}
    program = network.program

    def see(place: int, value: Any) -> Any:
        if place not in activations:
            return value
        step = program.steps[place]
        given = activations[place](before[step.inputs[0]])
        found[place] = split_time(given, step, 1)[0]
        return given

    before: dict[int, Tensor] = {}

    def watch(place: int, value: Any) -> Any:
        value = see(place, value)
        before[place] = value
        return value

    with torch.no_grad():
        program.run(images, watch)
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
