"""From a recipe and its data to a network: first links, first weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from netsci import models
from netsci.models.wiring import default_sparse, full_links, link_shapes
from netsci.sparse import SparseLinear
from netsci.spiking import LIF, calibrate
from netsci.topology import CORRELATION, INITIAL, WEIGHTS, correlated_at, initial_weights, links_at
from netsci.train.inputs import Inputs
from netsci.train.places import MODEL, TOPOLOGY, keyed
from netsci.train.places import WEIGHTS as OF_WEIGHTS
from netsci.train.recipe import CALIBRATED, CORRELATED, Net, Recipe, Topology

COUNTED = 500  # training samples whose share of zeros SSWI takes


def build(recipe: Recipe, inputs: Inputs) -> nn.Module:
    """Return the network of a recipe, its links and weights drawn, on the CPU.

    Links and weights are drawn by generators keyed by the recipe's seed; torch's global state stays.

    Raises
    ------
    TypeError, ValueError
        If the model's name is unknown, its options do not fit, or it cannot do without spikes.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (32,)),), sparsity=0.75)
    >>> model = build(recipe, Inputs(recipe, "cpu"))
    >>> [layer.n_links for layer in model.layers]
    [512, 320]

    Source: S0 section 3.2.1 and 3.2.2 (first links, first weights).
    """
    make = MODELS.get(recipe.net.model)
    if make is None:
        raise ValueError(f"model must be one of {', '.join(MODELS)}; got {recipe.net.model!r}")
    devices: list[Any] = []
    with torch.random.fork_rng(devices):  # torch's own initialisation draws from its global state
        torch.manual_seed(int(keyed(recipe.seed, 0, 0, MODEL).integers(2**62)))
        model = make(recipe, inputs)
    draw_weights(model, recipe, inputs)
    return model


def neuron(recipe: Recipe) -> LIF:
    """Return the neurons of a recipe.

    Examples
    --------
    >>> neuron(Recipe().replace(threshold=4.0)).threshold
    4.0

    Source: S0 eq. 1.
    """
    net = recipe.net
    return LIF(net.alpha, net.threshold, surrogate=net.surrogate, detach_reset=net.detach_reset)


def input_correlation(topology: Topology, inputs: Inputs) -> NDArray[np.float64] | None:
    """Return how strongly the training inputs of a correlated topology go together, time stacked as samples.

    float64 [features, features]; None for a topology that does not look at them.

    Examples
    --------
    >>> recipe = Recipe()
    >>> input_correlation(recipe.topology, Inputs(recipe, "cpu")).shape
    (64, 64)

    Source: S0 section 3.2.1.
    """
    if topology.initial not in CORRELATED:
        return None
    return CORRELATION[CORRELATED[topology.initial]](inputs.intensities())


def first_links(
    topology: Topology,
    shape: tuple[int, int],
    place: int,
    recipe: Recipe,
    inputs: Inputs,
    *,
    correlation: NDArray[np.float64] | None = None,
) -> Any:
    """Return the first links of a layer, csr bool [in, out]; place 0 is the layer at the input.

    Correlated topologies look at the training inputs and are tiled over hidden layers: give the layers of one
    network the same `input_correlation`, or each computes it.

    Examples
    --------
    >>> recipe = Recipe().replace(initial="uniform", sparsity=0.75)
    >>> first_links(recipe.topology, (64, 32), 0, recipe, Inputs(recipe, "cpu")).nnz
    512

    Source: S0 section 3.2.1 and appendix A.4.
    """
    if topology.initial in CORRELATED:
        known = input_correlation(topology, inputs) if correlation is None else correlation
        links = correlated_at(known, shape, topology.sparsity)
    else:
        rng = keyed(recipe.seed, 0, place, TOPOLOGY)
        links = INITIAL[topology.initial](shape, links_at(shape, topology.sparsity), rng=rng)
    return _linked(links, f"layers.{place}", topology)


def _linked(links: Any, layer: str, topology: Topology) -> Any:
    """Return the first links of a layer; raise ValueError if rounding has left none."""
    if links.nnz:
        return links
    tiled = topology.initial in CORRELATED
    hint = (
        f" ({topology.initial} rounds in each tile: initial='uniform' rounds once a layer)" if tiled else ""
    )
    raise ValueError(
        f"layer {layer}, {' x '.join(map(str, links.shape))}, has 0 links at a sparsity of "
        f"{topology.sparsity}, and without links no weights: lower the sparsity{hint}"
    )


def _mlp(recipe: Recipe, inputs: Inputs) -> nn.Module:
    options = dict(recipe.net.options)
    hidden = options.pop("hidden", None)
    reads_currents = recipe.net.spiking and recipe.net.readout != "rate"
    if not isinstance(hidden, tuple) or (reads_currents and not hidden):  # else nothing would spike
        raise ValueError(
            "options of an mlp must name the widths of its hidden layers, such as (('hidden', (512,)),); "
            f"got {recipe.net.options!r}"
        )
    widths = (math.prod(inputs.shape), *hidden, inputs.classes)
    links: list[Any] | None = None
    if recipe.topology is not None:
        shapes = list(pairwise(widths))
        correlation = input_correlation(recipe.topology, inputs)
        links = [
            first_links(recipe.topology, shape, place, recipe, inputs, correlation=correlation)
            for place, shape in enumerate(shapes[:-1])
        ]
        links.append(full_links(*shapes[-1]))  # dense, but able to lose links of units that percolate away
    return models.mlp(
        widths,
        links,
        neuron=neuron(recipe) if recipe.net.spiking else None,
        steps=recipe.task.steps,
        readout=recipe.net.readout,
        spiking=recipe.net.spiking,
        **options,
    )


def _image_model(name: str) -> Callable[[Recipe, Inputs], nn.Module]:
    """Return the maker of a model with convolutions: its sparse layers start uniform (S0 section 3.2.1)."""

    def make(recipe: Recipe, inputs: Inputs) -> nn.Module:
        options: dict[str, Any] = dict(recipe.net.options)
        if not recipe.net.spiking:
            raise ValueError(f"spiking must be True for {name}: only an mlp can do without spikes")
        if name == "spikformer":
            _check_own_neurons(recipe)
        else:
            options |= {"neuron": neuron(recipe), "readout": recipe.net.readout}
        options |= {"input_shape": inputs.shape, "classes": inputs.classes, "steps": recipe.task.steps}
        constructor = getattr(models, name)
        if recipe.topology is None:
            return _made(constructor(**options))
        with torch.device("meta"):
            plan = constructor(**options)
        shapes = link_shapes(plan)
        links: dict[str, Any] = {}
        for place, layer in enumerate(default_sparse(plan)):
            shape = shapes[layer]
            rng = keyed(recipe.seed, 0, place, TOPOLOGY)
            drawn = INITIAL["uniform"](shape, links_at(shape, recipe.topology.sparsity), rng=rng)
            links[layer] = _linked(drawn, layer, recipe.topology)
        output = list(shapes)[-1]
        links[output] = full_links(*shapes[output])  # dense, but able to lose links, as in an mlp
        return _made(constructor(**options, links=links))

    return make


def _check_own_neurons(recipe: Recipe) -> None:
    """Raise ValueError if a recipe asks for neurons where the model's are part of its definition."""
    names = ("alpha", "threshold", "surrogate", "detach_reset", "readout")
    asked = [name for name in names if getattr(recipe.net, name) != getattr(Net(), name)]
    if asked:
        raise ValueError(
            f"{', '.join(asked)} cannot be set for {recipe.net.model}, whose neurons and read-out are its "
            "own: leave them out"
        )


def _made(model: Any) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise TypeError(f"a maker must return a torch module; got {type(model).__name__}")
    return model


@torch.no_grad()
def draw_weights(model: nn.Module, recipe: Recipe, inputs: Inputs) -> None:
    """Draw the weights of linear layers anew as the recipe says, biases zero.

    Convolutions and normalisations stay as the model starts them; "sswi_calibrated" scales convolutions too.
    In a model with convolutions or attention no linear layer is the first.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (32,)),), weights="swi")
    >>> inputs = Inputs(recipe, "cpu")
    >>> model = build(recipe, inputs)
    >>> before = model.layers[1].values.clone()
    >>> draw_weights(model, recipe, inputs); bool((model.layers[1].values == before).all())
    True

    Source: S0 eq. 3.
    Reading: S_t in S0 eq. 3 is the share of zeros in the input; where the input has real values too.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, SparseLinear))]
    for place, layer in enumerate(layers):
        kind = "last" if place == len(layers) - 1 else "hidden"
        if place == 0 and inputs.flat:
            kind = "first"
        links = (
            layer.links
            if isinstance(layer, SparseLinear)
            else full_links(layer.in_features, layer.out_features)
        )
        rng = keyed(recipe.seed, 0, place, OF_WEIGHTS)
        values = torch.from_numpy(initial_weights(links, _variance(recipe, inputs, links, kind), rng=rng))
        if isinstance(layer, SparseLinear):
            layer.values.copy_(values)
        else:  # torch keeps the transpose
            layer.weight.copy_(values.reshape(links.shape).T)
        if layer.bias is not None:
            layer.bias.zero_()
    if recipe.net.weights == CALIBRATED:
        sample, _ = next(inputs.batches(0))  # training samples: the test set is for testing
        calibrate(model, sample.cpu(), rate=recipe.net.weights_rate)


def _variance(recipe: Recipe, inputs: Inputs, links: Any, kind: str) -> float:
    n, sparsity = links.shape[0], 1.0 - links.nnz / (links.shape[0] * links.shape[1])
    name = "sswi" if recipe.net.weights == CALIBRATED else recipe.net.weights
    rate = _firing_probability(recipe, inputs) if name == "sswi" and kind == "first" else None
    return WEIGHTS[name](n, sparsity, rate=rate, threshold=recipe.net.threshold, layer=kind)


def _firing_probability(recipe: Recipe, inputs: Inputs) -> float:
    """Return the probability that an input fires in a step: the mean intensity under the rate code.

    Real values and events have none: the share of those above 0 stands for it.
    """
    seen = inputs.intensities(COUNTED)[:]
    return float(np.mean(seen if recipe.task.encoding == "rate" else seen > 0, dtype=np.float64))


MODELS: dict[str, Callable[[Recipe, Inputs], nn.Module]] = {
    "mlp": _mlp,
    **{name: _image_model(name) for name in ("conv2fc2", "conv6fc2", "spikformer", "resnet18")},
}
