"""The interface of a registered network: how to build it, its options, and its sparse layers.

    build(shape, classes, activation, links, **options) -> module

    shape       (C, H, W) of an input; a flat architecture gets C H W numbers in a row
    activation  function without arguments that makes a module; call it once for each activation. The module
    is
                a neuron over time if it has a method `step` (see `netsci.spiking.unroll`), else it acts on
                each number, as ReLU does
    links       {layer name: matrix of links [in, out]}, one entry for each sparse layer; {} for a dense
                network
    options     those named in `takes` that the recipe sets

The module gets [batch, ...], or spikes and events over time, [T, batch, ...], and returns class scores
[batch, classes]. A dense torch model needs no more: ignore activation and links, and train it with dense=True
and spiking=False. A model with sparse layers makes them with netsci.sparse.SparseLinear(links[name]) and
describes its graph in `wiring()`, see `netsci.sparse.layered_graph`. Register yours with
netsci.models.ARCHITECTURES.register(name, Architecture(build, ...)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from netsci.arguments import check_iterable, check_text

Activation = Callable[[], nn.Module]
Neuron = nn.Module | Activation | None  # what models take as their neuron


@dataclass(frozen=True)
class Architecture:
    """A network that recipes can name; `netsci.models.architecture` describes `build`.

    build : the function (shape, classes, activation, links, **options) that returns the module.
    takes : names of the options that `build` accepts. Some get their value from the recipe's field of that
        name: "steps" (name it if the network runs over time), "readout", "bias" and "dropout". "activation"
        is no option: name it if `build` uses the activation that it gets, so that recipes may choose it.
    sparse : names of the layers that are sparse by default, or a function that finds them in a dense module.
        If empty, the network can be trained with dense=True only.
    flat : True if the network expects [batch, C H W] in place of [batch, C, H, W].

    Examples
    --------
    >>> def build(shape, classes, activation, links):
    ...     return nn.Sequential(nn.Flatten(), nn.Linear(shape[1] * shape[2], classes))
    >>> Architecture(build).build((1, 8, 8), 10, nn.ReLU, {})[1].in_features
    64
    """

    build: Callable[..., nn.Module]
    takes: frozenset[str] = frozenset()
    sparse: tuple[str, ...] | Callable[[nn.Module], Iterable[str]] = ()
    flat: bool = False

    def __post_init__(self) -> None:
        if not callable(self.build):
            raise TypeError(f"build must be a function that returns a module; got {self.build!r}")
        check_iterable(self.takes, "takes", "a set of names of options")
        for name in self.takes:
            check_text(name, "each of takes")
        object.__setattr__(self, "takes", frozenset(self.takes))

    def sparse_layers(self, model: nn.Module) -> tuple[str, ...]:
        """Return the names of the layers of a module that are sparse by default.

        Examples
        --------
        >>> Architecture(nn.Linear, sparse=("0",)).sparse_layers(nn.Sequential(nn.Linear(2, 2)))
        ('0',)
        """
        found = self.sparse(model) if callable(self.sparse) else self.sparse
        return tuple(found)

    def check_options(self, name: str, options: dict[str, Any]) -> None:
        """Raise ValueError if the architecture `name` does not take an option."""
        unknown = sorted(set(options) - self.takes)
        if unknown:
            own = sorted(self.takes - {"steps", "activation", "readout"})
            raise ValueError(
                f"{name} does not take {', '.join(unknown)}; it takes {', '.join(own) or 'no options'}"
            )
