"""What a network does on the testing side: accuracy, operations, firing rates, as rows of a run's table."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netsci.measure import Trace
from netsci.spiking import record
from netsci.train.inputs import Inputs

COUNTED = 1000  # test samples whose synaptic operations are counted every epoch
Rows = list[dict[str, Any]]


@torch.no_grad()
def test(model: nn.Module, inputs: Inputs) -> Rows:
    """Return rows of accuracy and, for spiking networks, of operations and firing rates.

    Each is a dictionary of layer, measure, value, unit. The model is left in evaluation mode.
    """
    model.eval()
    correct: Any = 0
    for x, labels in inputs.tests():
        correct = correct + (model(x).argmax(1) == labels).sum()
    rows = [row("accuracy", int(correct) / inputs.n_test, "share")]
    if inputs.recipe.net.spiking:
        counted = min(COUNTED, inputs.n_test)
        trace = trace_of(model, inputs, counted)
        rows.append(row("SOPs", trace.sops / counted, "a sample"))
        rows.append(row("firing rate", trace.firing_rate, "spikes a neuron and step"))
    return rows


def trace_of(model: nn.Module, inputs: Inputs, limit: int | None = None) -> Trace:
    """Return the spikes and operations of a model on the (first `limit`) testing samples, see `record`.

    Frames of events are graded spikes, one event a non-zero value, and not the real values of pixels.
    """
    kinds = {"data": "graded"} if inputs.has_time else None
    return record(model, (x for x, _ in inputs.tests(limit)), kinds=kinds)


def row(measure: str, value: float, unit: str) -> dict[str, Any]:
    """Return a row of a table about the whole network.

    Examples
    --------
    >>> row("accuracy", 0.5, "share")
    {'layer': 'all', 'measure': 'accuracy', 'value': 0.5, 'unit': 'share'}
    """
    return {"layer": "all", "measure": measure, "value": value, "unit": unit}
