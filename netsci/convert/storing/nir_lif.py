"""Perceptrons of LIF neurons as NIR graphs: its `LIF` with dt = .0001 s is v = alpha v + I, reset to 0.

tau dv/dt = -v + r I,  one step of dt:  v + dt / tau (-v + r I) = alpha v + I
with tau = dt / (1 - alpha) and r = 1 / (1 - alpha);  alpha = 1 is NIR's `IF`
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from netsci.convert.recording import Unconvertible
from netsci.models import SpikingMLP, mlp
from netsci.sparse import SparseLinear
from netsci.sparse.converting import values_at_links
from netsci.spiking import LIF

LIF_FORMAT = "netsci LIF perceptron in NIR 1"
DT = 1e-4  # seconds of a step, as NIR's back ends take it


def find_lif(model: Any) -> SpikingMLP | None:
    """Return a perceptron that can be written; None for what is no network over time.

    Raises `Unconvertible` for other networks over time, and for normalised ones.
    """
    spikes = hasattr(model, "neuron") or hasattr(model, "neurons")
    if not isinstance(model, torch.nn.Module) or not spikes:
        return None
    if not isinstance(model, SpikingMLP):
        raise Unconvertible(
            f"{type(model).__name__} cannot be written to NIR: of networks over time only perceptrons of LIF "
            "neurons can, netsci.models.mlp"
        )
    if model.norms is not None or any(not isinstance(one, LIF) for one in model.neurons):
        raise Unconvertible(
            "a perceptron with normalisation, or with neurons other than LIF, cannot be written to NIR: "
            "train it without norm, with LIF"
        )
    return model


def make_lif(nir: Any, model: SpikingMLP) -> Any:
    """Return the NIR graph of a perceptron."""
    layers: list[Any] = list(model.layers)
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array((layers[0].in_features,))})}
    edges, last = [], "input"
    for place, layer in enumerate(layers):
        weight = np.ascontiguousarray(layer.weight.detach().numpy()).copy()
        sparse = isinstance(layer, SparseLinear)
        mask = layer.links.T.toarray() if sparse else np.ones(weight.shape, bool)
        said = {"mask": mask.astype(bool)}
        if layer.bias is None:
            node = nir.Linear(weight=weight, metadata=said)
        else:
            node = nir.Affine(weight=weight, bias=layer.bias.detach().numpy().copy(), metadata=said)
        added = {f"layers.{place}": node}
        if place < len(model.neurons):
            added[f"neurons.{place}"] = _neuron(nir, model.neurons[place], len(weight))
        for name, one in added.items():
            nodes[name] = one
            edges.append((last, name))
            last = name
    nodes["output"] = nir.Output({"output": np.array((layers[-1].out_features,))})
    edges.append((last, "output"))
    content = {
        "steps": model.steps,
        "readout": model.readout,
        "sparse": [isinstance(one, SparseLinear) for one in layers],
        "neurons": [
            {name: getattr(one, name) for name in ("alpha", "threshold", "surrogate", "detach_reset")}
            for one in model.neurons
        ],
    }
    metadata = {"netsci_format": LIF_FORMAT, "netsci_network": json.dumps(content), "steps": model.steps}
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata)


def _neuron(nir: Any, neuron: Any, size: int) -> Any:
    one = np.ones(size)
    theta, rest = neuron.threshold * one, np.zeros(size)
    said = {"alpha": neuron.alpha, "dt": DT, "reset": "zero", "fires_at": "v >= threshold"}
    if neuron.alpha == 1:
        return nir.IF(r=one, v_threshold=theta, v_reset=rest, metadata=said)
    share = 1.0 - neuron.alpha
    return nir.LIF(
        tau=DT / share * one,
        r=one / share,
        v_leak=rest,
        v_threshold=theta,
        v_reset=rest.copy(),
        metadata=said,
    )


def build_lif(graph: Any, said: dict[str, Any]) -> torch.nn.Module:
    """Return the perceptron of a graph of `make_lif`, in evaluation mode."""
    nodes = [graph.nodes[f"layers.{place}"] for place in range(len(said["sparse"]))]
    weights = [torch.from_numpy(np.array(one.weight, np.float32)) for one in nodes]
    widths = [weights[0].shape[1], *(len(weight) for weight in weights)]
    masks = [np.array(one.metadata["mask"], bool) for one in nodes]
    links = [
        sp.csr_array(mask.T) if sparse else None for mask, sparse in zip(masks, said["sparse"], strict=True)
    ]
    neurons = [LIF(**one) for one in said["neurons"]]
    biases = [hasattr(one, "bias") for one in nodes]
    made: Any = mlp(
        widths,
        links,
        neuron=neurons[0],
        steps=int(said["steps"]),
        bias=all(biases),
        readout=str(said["readout"]),
    )
    if len(set(biases)) > 1 or any(_values_of(a) != _values_of(neurons[0]) for a in neurons):
        raise ValueError("its layers have other neurons or biases than a perceptron of netsci.models.mlp")
    with torch.no_grad():
        for layer, node, weight in zip(made.layers, nodes, weights, strict=True):
            if isinstance(layer, SparseLinear):
                layer.values.copy_(values_at_links(layer, weight))
            else:
                layer.weight.copy_(weight)
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(np.array(node.bias, np.float32)))
    found: torch.nn.Module = made.eval()
    return found


def _values_of(neuron: LIF) -> tuple[Any, ...]:
    """Return what makes a neuron: alpha, threshold, surrogate, detach_reset."""
    return neuron.alpha, neuron.threshold, neuron.surrogate, neuron.detach_reset
