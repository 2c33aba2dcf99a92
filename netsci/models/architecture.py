"""What a registered network is: how to build it, which options it takes, which of its layers are sparse.

    build(shape, classes, activation, links, **options) -> module

    shape       (C, H, W) of an input; a flat architecture sees C H W numbers in a row
    activation  function without arguments that makes a module; called once for each activation, which stands
                after a weight layer. What it makes is a neuron over time if it has a method `step` (see
                `netsci.spiking.unroll`); else it is applied to each number, as ReLU is
    links       {name of a layer: matrix of links [in, out]}, the sparse layers; {} for a dense network
    options     those named in `takes`, if they are asked for

A module sees [batch, ...], or spikes and events over time, [T, batch, ...], and returns class scores
[batch, classes]. In `wiring()` it says how its layers are wired, unless it is a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

Activation = Callable[[], nn.Module]


@dataclass(frozen=True)
class Architecture:
    """A network that recipes name; see the module.

    build : the function (shape, classes, activation, links, **options) that returns the module.
    takes : names of its options. Of these "steps" says that it runs over time, "activation" that its
        activations may be chosen and "readout" that its read-out may; "bias" and "dropout" are set by the
        recipe's fields of that name.
    sparse : names of the layers that are sparse by default, or a function that finds them in a dense module;
        without any it can be trained as a dense network only.
    flat : whether it sees an image as a row of numbers.

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
        """Raise ValueError, with what it takes, if an option is none of the architecture `name`."""
        unknown = sorted(set(options) - self.takes)
        if unknown:
            own = sorted(self.takes - {"steps", "activation", "readout"})
            raise ValueError(
                f"{name} does not take {', '.join(unknown)}; it takes {', '.join(own) or 'no options'}"
            )
