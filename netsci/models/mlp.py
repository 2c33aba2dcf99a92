"""Multilayer perceptrons, spiking and not, dense and sparse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor, nn

from netsci.arguments import as_count, check_flag, list_of
from netsci.graph.checks import check_choice
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture, Neuron
from netsci.models.dropout import Dropout, check_dropout
from netsci.models.linear import make_layers, normalise
from netsci.models.parts import activation_like, fire, runs_over_time
from netsci.models.readout import check_readout, read_out
from netsci.models.wiring import default_sparse
from netsci.spiking.events import as_bytes, layer_on_spikes, way_of
from netsci.spiking.fused import linear_of_spikes

Widths = Sequence[int]
Links = Sequence[Any] | None
_MODULES = "a list of torch modules"
NORMS = (None, "batch")


def mlp(
    widths: Widths,
    links: Links = None,
    *,
    neuron: Neuron = None,
    steps: int = 8,
    bias: bool = False,
    dropout: float = 0.0,
    norm: str | None = None,
    readout: str = "rate",
    spiking: bool = True,
) -> nn.Module:
    """Build a multilayer perceptron with layers widths[0] -> widths[1] -> ..., spiking or with ReLUs.

    Parameters
    ----------
    widths : number of neurons of every population, including input and output.
    links : for each layer a matrix of links [in, out], which makes a `SparseLinear`, or None for a dense
        layer. None in place of the list makes a dense network.
    neuron : a module that is copied for each layer, or a function that makes one; None for LIF(). A module
        without a method `step`, such as nn.ReLU, makes an `MLP`, which does not run over time.
    steps : number of time steps T if x has no time axis: x [batch, in] is then the input at every step.
    bias : whether layers have biases.
    dropout : probability of dropping a hidden unit of a sample in training.
    norm : "batch" for batch normalisation after each hidden linear layer, before its activation; None.
    readout : class scores of a spiking network: "rate" (mean of the output neurons' spikes), "sum" (mean of
        the output currents), "membrane" (last membrane potential of outputs that never fire) or a name in
        `READOUTS`.
    spiking : False for an `MLP` with ReLUs; leave neuron at None.

    Raises
    ------
    TypeError, ValueError
        If widths or links do not fit, or readout is unknown.

    Examples
    --------
    >>> model = mlp([784, 1568, 10], bias=True)
    >>> sum(p.numel() for p in model.parameters())
    1246570
    """
    check_flag(spiking, "spiking")
    check_flag(bias, "bias")
    layers = make_layers(widths, links, bias)
    check_choice(norm, NORMS, "norm")
    if not spiking:
        if neuron is not None:
            raise ValueError("neuron must be None with spiking=False, which makes a network with ReLUs")
        return MLP(layers, dropout=dropout, norm=norm)
    make = activation_like(neuron)
    return perceptron(layers, make, steps=steps, readout=readout, dropout=dropout, norm=norm)


def perceptron(
    layers: Sequence[nn.Module],
    activation: Activation,
    *,
    steps: int,
    readout: str,
    dropout: float = 0.0,
    norm: str | None = None,
) -> nn.Module:
    """Put activations between layers: make a `SpikingMLP` if they are neurons over time, else an `MLP`.

    Examples
    --------
    >>> type(perceptron([nn.Linear(3, 2)], nn.ReLU, steps=1, readout="sum")).__name__
    'MLP'
    """
    neurons = [activation() for _ in layers[1:]]
    like = neurons[0] if neurons else activation()
    check_readout(readout, like)
    if not runs_over_time(like):
        return MLP(layers, neurons, dropout=dropout, norm=norm)
    if readout == "rate":
        neurons.append(activation() if neurons else like)
    options: dict[str, Any] = {"steps": steps, "readout": readout, "dropout": dropout, "norm": norm}
    return SpikingMLP(layers, like, neurons=neurons, **options)


class MLP(nn.Module):
    """Linear layers with activations between them; x [..., in] gives the last layer's logits [..., classes].

    layers : linear modules, in order. activations : modules, one fewer; None for ReLU. dropout : probability
    of dropping a hidden unit of a sample in training, in [0, 1). norm : as in `mlp`.
    Attributes: `layers`; `norms`, one a hidden layer, or None; `activations`; `dropout`, one module that is
    called after each activation, or None.

    Examples
    --------
    >>> import torch
    >>> MLP([nn.Linear(3, 4), nn.Linear(4, 2)])(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        activations: Sequence[nn.Module] | None = None,
        *,
        dropout: float = 0.0,
        norm: str | None = None,
    ) -> None:
        super().__init__()
        layers = list_of(layers, nn.Module, "layers", _MODULES)
        if activations is None:
            made = [nn.ReLU() for _ in layers[1:]]
        else:
            made = list_of(activations, nn.Module, "activations", _MODULES)
        if len(made) != len(layers) - 1:
            raise ValueError(
                f"activations must have {len(layers) - 1} entries, one between layers; got {len(made)}"
            )
        self.layers = nn.ModuleList(layers)
        self.norms = _norms(layers, norm)
        self.activations = nn.ModuleList(made)
        self.dropout = Dropout(dropout) if check_dropout(dropout) else None

    @property
    def sparse_names(self) -> tuple[str, ...]:
        """Names of the layers that evolve if they are sparse: all but the output layer."""
        return tuple(f"layers.{place}" for place in range(len(self.layers) - 1))

    def wiring(self) -> list[wiring.Wire]:
        """Return the chain of its layers, layer0 -> layer1 -> ...; see `netsci.models.wiring`."""
        return wiring.chain(self, [f"layers.{place}" for place in range(len(self.layers))])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [..., classes] of x [..., in]."""
        x = self.layers[0](x)
        for place, (activation, layer) in enumerate(zip(self.activations, self.layers[1:], strict=True)):
            x = activation(x if self.norms is None else normalise(self.norms[place], x))
            x = layer(x if self.dropout is None else self.dropout(x))
        return x


class SpikingMLP(nn.Module):
    """Linear layers, each with spiking neurons, run over T steps.

    layers : linear modules, in order. neuron : module that is copied for each layer, such as LIF(). steps : T
    for x without a time axis. readout, dropout, norm : as in `mlp`. neurons : one a firing layer, in place of
    copies; None for copies.

    Input: x [batch, in] is a constant input for all `steps` (direct encoding), so the first layer is computed
    once. x [T, batch, in] are spikes or events, one frame for each step. `netsci.models.readout` makes class
    scores [batch, classes] of the currents of the last layer.

    Attributes: `layers`; `neurons`, one a layer, without one after the last layer unless the readout is
    "rate"; `neuron`, the prototype; `steps`; `readout`; `dropout` after each hidden neuron, None without.

    Examples
    --------
    >>> import torch
    >>> from netsci.spiking import LIF
    >>> model = SpikingMLP([nn.Linear(3, 4), nn.Linear(4, 2)], LIF(), steps=8)
    >>> model(torch.zeros(5, 3)).shape, model(torch.zeros(20, 5, 3)).shape
    (torch.Size([5, 2]), torch.Size([5, 2]))
    """

    neuron: Any

    def __init__(
        self,
        layers: Sequence[nn.Module],
        neuron: nn.Module,
        *,
        steps: int = 8,
        readout: str = "rate",
        dropout: float = 0.0,
        norm: str | None = None,
        neurons: Sequence[nn.Module] | None = None,
    ) -> None:
        super().__init__()
        check_readout(readout, neuron)
        as_count(steps, "steps")
        layers = list_of(layers, nn.Module, "layers", _MODULES)
        self.layers = nn.ModuleList(layers)
        firing = len(layers) if readout == "rate" else len(layers) - 1
        if neurons is None:
            make = activation_like(neuron)
            neurons = [make() for _ in range(firing)]
        neurons = list_of(neurons, nn.Module, "neurons", _MODULES)
        if len(neurons) != firing:
            raise ValueError(
                f"neurons must have {firing} entries, one for each layer that fires; got {len(neurons)}"
            )
        self.norms = _norms(layers, norm)
        self.neurons = nn.ModuleList(neurons)
        self.dropout = Dropout(dropout) if check_dropout(dropout) else None
        # A plain attribute: as a submodule it would be counted once more.
        self.__dict__["neuron"] = neuron
        self.steps = index(steps)
        self.readout = readout

    @property
    def sparse_names(self) -> tuple[str, ...]:
        """Names of the layers that evolve if they are sparse: all but the output layer."""
        return tuple(f"layers.{place}" for place in range(len(self.layers) - 1))

    def wiring(self) -> list[wiring.Wire]:
        """Return the chain of its layers, layer0 -> layer1 -> ...; see `netsci.models.wiring`."""
        return wiring.chain(self, [f"layers.{place}" for place in range(len(self.layers))])

    def forward(self, x: Tensor) -> Tensor:
        """Return the class scores [batch, classes] of x [batch, in] or [T, batch, in]."""
        if x.ndim not in (2, 3):
            raise ValueError(
                f"x must be [batch, in] (direct encoding) or [T, batch, in]; got shape {tuple(x.shape)}. "
                "Flatten images to one axis"
            )
        steps = self.steps if x.ndim == 2 else None
        current = _first_currents(self.layers[0], x)
        for place, (neuron, layer) in enumerate(zip(self.neurons, self.layers[1:], strict=False)):
            current = current if self.norms is None else normalise(self.norms[place], current)
            if self.dropout is not None and self.training:
                current = layer(self.dropout.over_time(fire(neuron, current, steps)))
            else:
                current = linear_of_spikes(neuron, current, layer, steps=steps)
            steps = None
        last = self.neurons[-1] if self.readout == "rate" else self.neuron
        return read_out(current, last, self.readout, steps=steps)


def _norms(layers: Sequence[nn.Module], norm: str | None) -> nn.ModuleList | None:
    """Return a normalisation for each hidden layer; None without."""
    check_choice(norm, NORMS, "norm")
    if norm is None:
        return None
    return nn.ModuleList(nn.BatchNorm1d(int(layer.out_features)) for layer in layers[:-1])  # type: ignore[arg-type]


def _first_currents(layer: nn.Module, x: Tensor) -> Tensor:
    """Return layer(x). Without gradients, use faster kernels if x are spikes."""
    unasked = x.ndim == 3 and not torch.is_grad_enabled()
    spikes = as_bytes(x) if unasked and way_of(layer, x) else None
    current: Tensor = layer(x) if spikes is None else layer_on_spikes(layer, x, spikes)
    return current


def _build(
    shape: tuple[int, ...],
    classes: int,
    activation: Activation,
    links: Mapping[str, Any],
    *,
    hidden: Sequence[int] | None = None,
    **options: Any,
) -> nn.Module:
    """Build the perceptron of a recipe; see `netsci.models.architecture`."""
    named = isinstance(hidden, (tuple, list))
    widths = (math.prod(shape), *(hidden if named and hidden else ()), classes)
    matrices = [links.get(f"layers.{place}") for place in range(len(widths) - 1)]
    model = mlp(widths, matrices, neuron=activation, **options)
    if not named or (isinstance(model, SpikingMLP) and not model.neurons):  # else nothing would spike
        raise ValueError(
            "options of an mlp must contain the widths of its hidden layers, such as (('hidden', (512,)),); "
            f"got hidden = {hidden!r}"
        )
    return model


ARCHITECTURE = Architecture(
    _build,
    takes=frozenset({"hidden", "steps", "activation", "readout", "bias", "dropout", "norm"}),
    sparse=default_sparse,
    flat=True,
)
