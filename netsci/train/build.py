"""Build the network of a recipe, with its first links and first weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from netsci.models import ARCHITECTURES, Architecture
from netsci.models.wiring import full_links, link_shapes
from netsci.sparse import SparseLinear, layer_shapes, sparse_layers
from netsci.spiking import calibrate
from netsci.topology import WEIGHTS, initial_weights
from netsci.train.activations import activation_of, split_channels
from netsci.train.inputs import Inputs
from netsci.train.methods.base import Method, method_of
from netsci.train.random_keys import MODEL, TOPOLOGY, generator_at
from netsci.train.random_keys import WEIGHTS as OF_WEIGHTS
from netsci.train.recipe import CALIBRATED, Net, Recipe
from netsci.train.start_network import check_start, choose_links, load_start
from netsci.train.stored_network import StoredNetwork
from netsci.train.thresholds import start_thresholds

COUNTED = 500  # training samples whose share of zeros SSWI takes
MODELS = ARCHITECTURES  # the name that the registry had; a function (recipe, inputs) -> module will do there


def build(recipe: Recipe, inputs: Inputs, start: StoredNetwork | None = None) -> nn.Module:
    """Build the network of a recipe on the CPU, and draw its links and weights, or take those of `start`.

    The random numbers depend on the seed of the recipe alone. torch's global state does not change.

    Raises
    ------
    TypeError, ValueError
        If the model is unknown, does not take an option or the activation, has no layer that could be
        sparse, or does not fit `start`; or if thresholds cannot start, see `netsci.train.thresholds`.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (32,)),), sparsity=0.75)
    >>> model = build(recipe, Inputs(recipe, "cpu"))
    >>> [layer.n_links for layer in model.layers]
    [512, 320]

    Source: S0 section 3.2.1 and 3.2.2 (first links, first weights).
    """
    ARCHITECTURES.check(recipe.net.model, "model")
    architecture = ARCHITECTURES[recipe.net.model]
    if isinstance(architecture, Architecture):
        make = partial(_build_architecture, architecture, start)
    elif start is None:  # a function of recipe and inputs
        make = architecture
    else:
        raise ValueError(
            f"start must be '' for the architecture {recipe.net.model!r}, which a function of your own "
            "builds: load the weights there, or register it as a netsci.models.Architecture"
        )
    devices: list[Any] = []
    with torch.random.fork_rng(devices):  # torch's own initialisation draws from its global state
        torch.manual_seed(int(generator_at(recipe.seed, 0, 0, MODEL).integers(2**62)))
        model = make(recipe, inputs)
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"build of the architecture {recipe.net.model!r} must return a torch module; got "
            f"{type(model).__name__}"
        )
    if not hasattr(model, "sparse_names"):
        model.sparse_names = ()  # type: ignore[assignment]  # no layer evolves
    if start is None:
        draw_weights(model, recipe, inputs)
    start_thresholds(model, recipe, inputs, {} if start is None else start.weights)
    return model


def build_architecture(
    architecture: Architecture,
    recipe: Recipe,
    shape: tuple[int, ...],
    classes: int,
    links: Mapping[str, sp.csr_array],
) -> nn.Module:
    """Return the network of an architecture with these links, for inputs [C, H, W].

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (4,)),), spiking=False)
    >>> net = build_architecture(ARCHITECTURES["mlp"], recipe, (1, 2, 3), 5, {})
    >>> [list(layer.weight.shape) for layer in net.layers]
    [[4, 6], [5, 4]]
    """
    make, options = activation_of(recipe), _options(architecture, recipe)
    model = architecture.build(shape, classes, make, links=links, **options)
    split_channels(model, recipe, shape, architecture.flat)
    return model


def _build_architecture(
    architecture: Architecture, start: StoredNetwork | None, recipe: Recipe, inputs: Inputs
) -> nn.Module:
    """Return the network of an architecture, its links drawn, or links and weights those of `start`."""
    _check_activations(architecture, recipe)
    make = partial(build_architecture, architecture, recipe, inputs.shape, inputs.classes)
    if recipe.topology is None and start is None:
        return make({})
    with torch.device("meta"):
        plan = make({})
    shapes = link_shapes(plan)
    links: dict[str, sp.csr_array] = {}
    held = {} if start is None else check_start(start, shapes, recipe.topology is None)
    if recipe.topology is not None:
        method, names = _evolving_layers(architecture, recipe, plan)
        links = _first_links(method, recipe, inputs, {name: shapes[name] for name in names})
        if start is not None:
            falls = dict(method.topology.initial_sparsity or ()) if method is not None else {}
            links = choose_links(start, held, links, falls)
        output = list(shapes)[-1]
        if output not in links:
            links[output] = full_links(*shapes[output])  # dense, but able to lose links of percolated units
    model = make(links)
    if recipe.topology is not None:
        ignored = [name for name in names if name not in sparse_layers(model)]
        if ignored:
            raise ValueError(
                f"build of the architecture {recipe.net.model!r} must use the links of {', '.join(ignored)}: "
                "make these layers with netsci.sparse.SparseLinear(links[name]), or set dense=True"
            )
        if not hasattr(model, "sparse_names"):
            model.sparse_names = names  # type: ignore[assignment]
    if start is not None:
        load_start(model, start, links)
    return model


def _evolving_layers(
    architecture: Architecture, recipe: Recipe, plan: nn.Module
) -> tuple[Method | None, tuple[str, ...]]:
    """Return the method of a recipe, its sparsities resolved, and the layers that it makes sparse."""
    names, shapes = architecture.sparse_layers(plan), link_shapes(plan)
    if not names or set(names) - set(shapes):
        raise ValueError(
            f"the field sparse of the architecture {recipe.net.model!r} must name some of its layers, "
            f"{', '.join(shapes)}; got {names!r}: register it with such names, or set dense=True"
        )
    method = method_of(recipe)
    if method is not None:
        method.topology = method.resolved(plan, names)
        names = tuple(name for name in shapes if name in dict(method.topology.sparsity))
        method.kernels = {
            name: (one.inputs, *one.kernel)
            for name, one in layer_shapes(plan).items()
            if one.kind == "conv" or one.kernel != (1, 1)
        }
    return method, tuple(names)


def _first_links(
    method: Method | None, recipe: Recipe, inputs: Inputs, shapes: Mapping[str, tuple[int, int]]
) -> dict[str, sp.csr_array]:
    """Return the first links that the recipe's method draws for these layers."""
    if method is None:
        return {}
    links = method.first_links(shapes, inputs, lambda place: generator_at(recipe.seed, 0, place, TOPOLOGY))
    for name, shape in shapes.items():
        if name not in links or links[name].shape != shape or not links[name].nnz:
            got = f"{links[name].shape} with {links[name].nnz}" if name in links else "none"
            raise ValueError(
                f"first_links of {type(method).__name__} must return at least one link for layer {name}, as "
                f"a matrix [inputs, outputs] of shape {list(shape)}; got {got}"
            )
    return dict(links)


def _options(architecture: Architecture, recipe: Recipe) -> dict[str, Any]:
    """Return the options of a network, those of the recipe's own fields included."""
    net, options = recipe.net, dict(recipe.net.options)
    own = sorted({"steps", "readout", "activation", "links"} & set(options))
    if own:
        raise ValueError(
            f"options must not contain {', '.join(own)}: set the field of the recipe that has this name"
        )
    for name in ("bias", "dropout"):
        value = getattr(net, name)
        if value and options.get(name, value) != value:
            raise ValueError(
                f"{name} is {value!r}, but options set it to {options[name]!r}: give it once, not in options"
            )
        if value:
            options[name] = value
    architecture.check_options(net.model, options)
    if "steps" in architecture.takes:
        options["steps"] = recipe.task.steps
    if "readout" in architecture.takes:
        options["readout"] = net.readout
    return options


def _check_activations(architecture: Architecture, recipe: Recipe) -> None:
    """Raise ValueError if a recipe asks for neurons or activations that the network cannot have."""
    net, takes = recipe.net, architecture.takes
    if net.spiking and "steps" not in takes:
        raise ValueError(f"spiking must be False for {net.model}: it does not run over time")
    if "activation" in takes:
        return
    if not net.spiking and "steps" in takes:
        raise ValueError(
            f"spiking must be True for {net.model}: its neurons are part of its definition and cannot be "
            "replaced by another activation"
        )
    of_neurons = ("alpha", "threshold", "surrogate", "detach_reset", "readout")
    names = of_neurons if net.spiking else ("activation",)
    asked = [name for name in names if getattr(net, name) != getattr(Net(), name) and name not in takes]
    if asked:
        raise ValueError(
            f"{', '.join(asked)} cannot be set for {net.model}, which defines its own neurons and read-out: "
            "leave the defaults"
        )


@torch.no_grad()
def draw_weights(model: nn.Module, recipe: Recipe, inputs: Inputs) -> None:
    """Draw the weights of all linear layers again as the recipe says, and set their biases to 0.

    Convolutions and normalisations keep what the model gave them; only "sswi_calibrated" also scales
    convolutions. In a model with convolutions or attention no linear layer counts as the first layer.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (32,)),), weights="swi")
    >>> inputs = Inputs(recipe, "cpu")
    >>> model = build(recipe, inputs)
    >>> before = model.layers[1].values.clone()
    >>> draw_weights(model, recipe, inputs); bool((model.layers[1].values == before).all())
    True

    Source: S0 eq. 3.
    Reading: S_t in S0 eq. 3 is the share of zeros in the input, also if the input has real values.
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
        rng = generator_at(recipe.seed, 0, place, OF_WEIGHTS)
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
