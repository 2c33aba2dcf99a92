"""The parts of a network that are no neurons, in differential and in rate coding.

A wire carries x_0 = b in the zero pass, then x_t at t = 1, 2, ..; its decoded value is phi_t = phi_{t-1} +
(x_t - b) / t with phi_0 = b in differential coding, the mean of x in rate coding. A part that is linear up to
a constant passes x_t through as it is. The others keep what was said (x_t - b written x):

    pointwise f     x -> t (f(phi_t) - f(phi_{t-1}))              where the zero pass gave 0, in place of f(b)
    product         A, B -> A B / t + A Bbar + Abar B,  then Abar += A / t, Bbar += B / t

so the decoded output is f, or the product, of the decoded input. Rate coding has t f(phi_t) - (t-1)
f(phi_{t-1}), for products as well. A max pool is a function f like any other. The release keeps membranes
v += x + phi_{t-1}, takes o = max v from all v of a window and gives o less what it has said. There v is
t phi_t less the sum of all o, so this sum is t max phi_t: the same to rounding, and here windows may overlap.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from netsci.arguments import check_callable, check_choice
from netsci.convert.dcgs_neuron import CODINGS


@dataclass(frozen=True)
class Decoded:
    """What a part keeps of each input: its bias, what it has said so far (phi), and the time."""

    biases: tuple[Tensor, ...]
    phis: tuple[Tensor, ...]
    time: int
    said: Any = None

    def move(self, inputs: tuple[Tensor, ...]) -> "Decoded":
        """Return the state after these inputs."""
        time = self.time + 1
        phis = tuple(
            phi + (x - bias) / time for phi, x, bias in zip(self.phis, inputs, self.biases, strict=True)
        )
        return replace(self, phis=phis, time=time)

    def average(self, inputs: tuple[Tensor, ...]) -> "Decoded":
        """Return the state after these inputs in rate coding: phis are sums there."""
        phis = tuple(phi + x for phi, x in zip(self.phis, inputs, strict=True))
        return replace(self, phis=phis, time=self.time + 1)


@dataclass(frozen=True)
class Pointwise:
    """A function f of one tensor (GELU, LayerNorm, softmax, max pool): it decodes to f of its decoded input.

    function : maps a tensor to one of a fixed shape. coding : "differential" or "rate".

    Examples
    --------
    >>> run_part(Pointwise(torch.square), torch.tensor([[0.0], [3.0], [0.0], [-3.0]])).flatten().tolist()
    [0.0, 9.0, 0.0, -15.0]

    Source: S1 3.3.
    """

    function: Callable[[Tensor], Tensor]
    coding: str = "differential"

    def __post_init__(self) -> None:
        check_callable(self.function, "function", "a function of one tensor")
        check_choice(self.coding, CODINGS, "coding")

    def start(self, bias: Tensor) -> tuple[Tensor, Decoded]:
        """Return zeros of the output's shape, and the state."""
        rest = torch.zeros_like(self.function(bias))
        return rest, Decoded((bias,), (bias,), 0, rest)

    def step(self, state: Decoded, current: Tensor) -> tuple[Tensor, Decoded]:
        """Return t (f(phi_t) - f(phi_{t-1})), or the rate form, and the state."""
        if self.coding == "rate":
            moved = state.average((current,))
            said = moved.time * self.function(moved.phis[0] / moved.time)
            return said - state.said, replace(moved, said=said)
        moved = state.move((current,))
        said = self.function(moved.phis[0])
        return moved.time * (said - state.said), replace(moved, said=said)


@dataclass(frozen=True)
class Product:
    """A function linear in each of two tensors (matmul, element-wise product) of what both say.

    function : maps two tensors to one. coding : "differential" or "rate".

    Examples
    --------
    >>> one, two = torch.tensor([[0.0], [3.0], [1.0]]), torch.tensor([[0.0], [2.0], [0.0]])
    >>> run_part(Product(torch.mul), one, two).flatten().tolist()
    [0.0, 6.0, 2.0]

    Source: S1 3.3.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    coding: str = "differential"

    def __post_init__(self) -> None:
        check_callable(self.function, "function", "a function of two tensors")
        check_choice(self.coding, CODINGS, "coding")

    def start(self, one: Tensor, other: Tensor) -> tuple[Tensor, Decoded]:
        """Return the product of the biases, and the state."""
        found = self.function(one, other)
        return found, Decoded((one, other), (one, other), 0, torch.zeros_like(found))

    def step(self, state: Decoded, one: Tensor, other: Tensor) -> tuple[Tensor, Decoded]:
        """Return A B / t + A Bbar + Abar B and the zero pass's product, or the rate form, and the state."""
        if self.coding == "rate":
            moved = state.average((one, other))
            said = self.function(*moved.phis) / moved.time
            return said - state.said, replace(moved, said=said)
        moved = state.move((one, other))
        a, b = (x - bias for x, bias in zip((one, other), state.biases, strict=True))
        mean_a, mean_b = state.phis
        change = self.function(a, b) / moved.time + self.function(a, mean_b) + self.function(mean_a, b)
        return change + self.function(*state.biases), moved


Part = Pointwise | Product  # start makes the zero pass, step one step: (output, state)


def run_part(part: Part, *currents: Tensor) -> Tensor:
    """Return the outputs of a part under series of inputs, [T + 1, ...] or in rate coding [T, ...].

    currents : one series an input; differential coding has the zero pass first, whose bias later steps hold
    too.

    Raises
    ------
    ValueError
        If the series differ in length, or hold no step.

    Source: S1 3.3.
    """
    rate = part.coding == "rate"
    lengths = {len(series) for series in currents}
    if len(lengths) != 1 or lengths.pop() < 2 - rate:
        raise ValueError(
            "currents must be series of one length, of a step at least"
            f"{'' if rate else ' after the zero pass'}; got {[len(series) for series in currents]} rows"
        )
    first, state = part.start(*[torch.zeros_like(one[0]) if rate else one[0] for one in currents])
    found = [] if rate else [first]
    for inputs in zip(*[series if rate else series[1:] for series in currents], strict=True):
        output, state = part.step(state, *inputs)
        found.append(output)
    return torch.stack(found)
