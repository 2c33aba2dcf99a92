"""Choices by name whose rooms import torch at once: here their names are known without it.

Each room gives out its own: `netsci.models.ARCHITECTURES`, `ACTIVATIONS` and `READOUTS`,
`netsci.spiking.SURROGATES`. The choices of `netsci.train` stand in the files that implement them.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from netsci.registry import Registry

# name -> netsci.models.architecture.Architecture
ARCHITECTURES: Registry[Any] = Registry(
    "architecture",
    {
        "mlp": "netsci.models.mlp:ARCHITECTURE",
        "conv2fc2": "netsci.models.conv:CONV2FC2",
        "conv6fc2": "netsci.models.conv:CONV6FC2",
        "spikformer": "netsci.models.spikformer:ARCHITECTURE",
        "resnet18": "netsci.models.resnet:ARCHITECTURE",
        "vgg16": "netsci.models.vgg:ARCHITECTURE",
        "vit": "netsci.models.vit:ARCHITECTURE",
    },
    public="netsci.models.ARCHITECTURES",
)

# name -> function that makes a module: the activation of a network that does not spike. A recipe's
# activation_options are its keywords
ACTIVATIONS: Registry[Any] = Registry(
    "activation",
    {
        "relu": "torch.nn:ReLU",
        "qcfs": "netsci.convert.activations:QCFS",
        "sqcfs": "netsci.convert.activations:SQCFS",
        "cs_qcfs": "netsci.convert.activations:SQCFS",
        "aec": "netsci.convert.aec:AEC",
    },
    public="netsci.models.ACTIVATIONS",
)

# name -> function (current, neuron, steps) -> class scores, see netsci.models.readout
READOUTS: Registry[Any] = Registry(
    "readout",
    {
        "rate": "netsci.models.readout:mean_of_spikes",
        "sum": "netsci.models.readout:mean_of_currents",
        "membrane": "netsci.models.readout:last_membrane",
    },
    public="netsci.models.READOUTS",
)

# name -> function of u = membrane - threshold, the derivative that stands for that of the spike
SURROGATES: Registry[Any] = Registry(
    "surrogate",
    {"rect": "netsci.spiking.surrogates:rect", "atan": "netsci.spiking.surrogates:atan"},
    public="netsci.spiking.SURROGATES",
)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" with the nearest of the known words, or "" where none is near.

    Examples
    --------
    >>> suggest("digit-2fc", ["digits-2fc", "mnist"])
    "; did you mean 'digits-2fc'?"
    """
    close = get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
