"""Test a network: accuracy, operations and firing rates, as rows of the table of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.measure import Trace
from netsci.spiking import record
from netsci.train.activations import activation_of
from netsci.train.inputs import Inputs

COUNTED = 1000  # test samples whose synaptic operations are counted every epoch
Rows = list[dict[str, Any]]


@torch.no_grad()
def test(model: nn.Module, inputs: Inputs) -> Rows:
    """Return rows of accuracy, silent units and, for spiking networks, operations and firing rate.

    A row is a dictionary of layer, measure, value and unit. The model ends in evaluation mode. All but the
    accuracy is measured on the first 1,000 test samples (COUNTED).
    """
    model.eval()
    correct: Any = 0
    for x, labels in inputs.tests():
        correct = correct + (model(x).argmax(1) == labels).sum()
    rows = [row("accuracy", int(correct) / inputs.n_test, "share")]
    counted = min(COUNTED, inputs.n_test)
    if inputs.recipe.net.spiking:
        trace = trace_of(model, inputs, counted)
        rows.append(row("SOPs", trace.sops / counted, "a sample"))
        rows.append(row("firing rate", trace.firing_rate, "spikes a neuron and step"))
        fired = {one.name: one.spikes > 0 for one in trace.populations if not one.is_input}
    else:
        fired = fired_units(model, inputs, counted)
    return rows + silent_units(fired)


def silent_units(fired: Mapping[str, NDArray[np.bool_]]) -> Rows:
    """Return rows of the share of units that never fired, for each layer and for all together.

    fired : for each layer of neurons, or of another activation, whether each of its units fired: gave a
    spike, or an output other than 0. A layer that was never called has no units and gets no row.

    Examples
    --------
    >>> [row["value"] for row in silent_units({"neurons.0": np.array([True, True, False, True])})]
    [0.25, 0.25]
    """
    shown = {name: units for name, units in fired.items() if len(units)}
    if not shown:
        return []
    rows = [
        {"layer": name, "measure": "silent units", "value": float(1.0 - units.mean()), "unit": "share"}
        for name, units in shown.items()
    ]
    return [*rows, row("silent units", float(1.0 - np.concatenate(list(shown.values())).mean()), "share")]


@torch.no_grad()
def fired_units(model: nn.Module, inputs: Inputs, limit: int) -> dict[str, NDArray[np.bool_]]:
    """Return, for a network that does not spike, which units are not 0 for at least one test sample.

    Units are the outputs of the activations: modules of the class that the recipe's `activation` makes.
    """
    kind = type(activation_of(inputs.recipe)())
    fired: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        def see(_: nn.Module, __: Any, output: Tensor) -> None:
            found = (output != 0).flatten(1).any(0)
            fired[name] = found | fired[name] if name in fired else found

        return see

    handles = [
        one.register_forward_hook(watch(name)) for name, one in model.named_modules() if isinstance(one, kind)
    ]
    try:
        for x, _ in inputs.tests(limit):
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return {name: units.cpu().numpy() for name, units in fired.items()}


def trace_of(model: nn.Module, inputs: Inputs, limit: int | None = None) -> Trace:
    """Record the spikes and operations of a model on the test samples, or on the first `limit`; see `record`.

    An input of events counts as graded spikes, each nonzero value as one event.
    """
    kinds = {"data": "graded"} if inputs.has_time else None
    return record(model, (x for x, _ in inputs.tests(limit)), kinds=kinds)


def row(measure: str, value: float, unit: str) -> dict[str, Any]:
    """Return a row of the table about the whole network.

    Examples
    --------
    >>> row("accuracy", 0.5, "share")
    {'layer': 'all', 'measure': 'accuracy', 'value': 0.5, 'unit': 'share'}
    """
    return {"layer": "all", "measure": measure, "value": value, "unit": unit}
