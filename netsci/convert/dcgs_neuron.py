"""Multi-threshold neurons: one spike a step, of a size theta / 2^i and of either sign.

    lambda_i = theta / 2^i,  i = 0 .. n-1
    s = + the largest lambda_i with m >= 3/4 lambda_i
    s = - the largest lambda_i with m <= -3/4 lambda_i, and where outputs stay above 0 cum >= lambda_i; else 0
    m <- m - s,  cum <- cum + s

Rate coding: m <- m + x_t at first. Differential coding, with b the input of the zero pass and phi_in = b,
phi_out = 0 at first, t = 1 ..:

    m <- m + (x_t - b) + phi_in - phi_out,   cum <- cum + phi_out      then s as above, then
    phi_in <- phi_in + (x_t - b) / t,        phi_out <- phi_out + s / t

so phi_out, which the next layer decodes, follows phi_in, the mean input. With one threshold (n = 1) a neuron
fires from theta / 2 on, which is a soft reset that starts at theta / 2. A threshold of 0 is a unit that never
fires.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.arguments import as_count, check_choice
from netsci.convert.value_checks import check_values

KINDS = ("positive", "with_neg", "line")
CODINGS = ("differential", "rate")
MOST_THRESHOLDS = 24  # bits of a float32


@dataclass(frozen=True)
class NeuronState:
    """What a neuron keeps: membrane, running output, input of the zero pass, decoded input and output."""

    membrane: Tensor
    total: Tensor
    bias: Tensor
    phi_in: Tensor
    phi_out: Tensor
    time: int = 0


@dataclass(frozen=True, eq=False)
class MultiThreshold:
    """Neurons with thresholds theta / 2^i, i = 0 .. n - 1.

    theta : floating, of a shape that broadcasts to the input, at least 0; 0 never fires. n : thresholds of a
    sign. kind : "with_neg" (a ReLU: negative spikes take back what was said, so that the total stays at least
    0), "positive" (no negative spike) or "line" (the identity: both signs, no condition). coding :
    "differential" or "rate".

    Raises
    ------
    TypeError, ValueError
        If theta is no floating tensor, below 0 or not finite, n not in 1 .. 24, or a name unknown.

    Examples
    --------
    >>> neuron = MultiThreshold(torch.tensor([1.0]), n=2)
    >>> inputs = torch.tensor([[0.0], [0.85], [0.0], [0.0]])  # the zero pass first, then a value once
    >>> run_neuron(neuron, inputs).flatten().tolist()
    [0.0, 1.0, 0.0, -0.5]

    Source: S1 3.2.
    """

    theta: Tensor
    n: int
    kind: str = "with_neg"
    coding: str = "differential"

    def __post_init__(self) -> None:
        check_values(self.theta, "theta")
        if bool((self.theta < 0).any()):
            raise ValueError(f"theta must not be below 0; its smallest value is {float(self.theta.min())}")
        as_count(self.n, "n", most=MOST_THRESHOLDS)
        check_choice(self.kind, KINDS, "kind")
        check_choice(self.coding, CODINGS, "coding")

    @property
    def share(self) -> float:
        """The share of a threshold from which on its spike comes: 3/4, or 1/2 where there is one alone."""
        return 0.5 if self.n == 1 else 0.75

    def start(self, bias: Tensor) -> NeuronState:
        """Return the state before the first step; bias is the input of the zero pass, or zeros alike."""
        rest = torch.zeros_like(bias)
        return NeuronState(rest, rest, bias, bias, rest)

    def step(self, current: Tensor, state: NeuronState) -> tuple[Tensor, NeuronState]:
        """Return the spikes, signed multiples of the thresholds, and the state after one step."""
        if self._compiles(current, state):
            return self._step_compiled(current, state)
        if self.coding == "rate":
            membrane, total = state.membrane + current, state.total
        else:
            change = current - state.bias
            membrane = state.membrane + change + state.phi_in - state.phi_out
            total = state.total + state.phi_out
        spikes = self._fire(membrane, total)
        found = replace(state, membrane=membrane - spikes, total=total + spikes, time=state.time + 1)
        if self.coding == "rate":
            return spikes, found
        phi_in = state.phi_in + change / found.time
        return spikes, replace(found, phi_in=phi_in, phi_out=state.phi_out + spikes / found.time)

    def _compiles(self, current: Tensor, state: NeuronState) -> bool:
        """Return whether compiled loops stand for the operations of a step."""
        shape = current.shape
        known = current.device.type == "cpu" and current.dtype in (torch.float32, torch.float64)
        alike = state.membrane.shape == shape and state.membrane.dtype == current.dtype
        few = self.theta.ndim < current.ndim or len(self.theta) == 1  # none of a sample alone
        return known and alike and few and current.ndim > 1 and current.numel() > 0

    def _step_compiled(self, current: Tensor, state: NeuronState) -> tuple[Tensor, NeuronState]:
        """Do what `step` does, to the last bit."""
        from netsci.convert import _graded_kernels as kernels

        def flat(values: Tensor) -> NDArray[Any]:
            return values.detach().reshape(len(current), -1).contiguous().numpy()

        new = [torch.empty(current.shape, dtype=current.dtype) for _ in range(3)]
        theta = self.theta.to(current.dtype).expand(current.shape)[0].reshape(-1).contiguous().numpy()
        number = theta.dtype.type
        given = (flat(current), theta, number(self.share), self.n, KINDS.index(self.kind))
        time = state.time + 1
        if self.coding == "rate":
            kernels.step_rate(*given, flat(state.membrane), flat(state.total), *map(flat, new))
            return new[0], replace(state, membrane=new[1], total=new[2], time=time)
        new += [torch.empty(current.shape, dtype=current.dtype) for _ in range(2)]
        held = (state.bias, state.membrane, state.total, state.phi_in, state.phi_out)
        kernels.step_differential(*given, number(time), *map(flat, held), *map(flat, new))
        names = ("membrane", "total", "phi_in", "phi_out")
        return new[0], replace(state, time=time, **dict(zip(names, new[1:], strict=True)))

    def _fire(self, membrane: Tensor, total: Tensor) -> Tensor:
        """Return the spikes of a membrane; total is all that was said so far."""
        theta = self.theta.to(membrane.dtype)
        lowest = 2.0 ** (1 - self.n)
        near = self.share * theta
        size = membrane.abs()
        fires = (size >= near * lowest) & (theta > 0)
        halvings = _halve_until_below(near, size)
        negative = membrane < 0
        if self.kind == "positive":
            fires = fires & ~negative
        elif self.kind == "with_neg":
            # The same for the total, and the smaller of the two spikes: it meets both conditions.
            fires = fires & (~negative | (total >= theta * lowest))
            both = torch.maximum(halvings, _halve_until_below(theta, total))
            halvings = torch.where(negative, both, halvings)
        powers = 2.0 ** -torch.arange(self.n, dtype=theta.dtype, device=theta.device)
        spike = theta * powers[halvings.clamp(max=self.n - 1).long()]
        return torch.where(fires, torch.copysign(spike, membrane), 0.0)


def run_neuron(neuron: MultiThreshold, currents: Tensor) -> Tensor:
    """Return the spikes under a series of currents, of its shape and dtype.

    currents : rate coding [T, batch, ...]; differential coding [T + 1, batch, ...], the zero pass first,
    whose output is 0. As on the wire, currents of later steps hold the bias too.

    Raises
    ------
    TypeError, ValueError
        If the currents are not floating or not finite, or have no step.

    Examples
    --------
    >>> neuron = MultiThreshold(torch.tensor([1.0]), n=2, coding="rate")
    >>> run_neuron(neuron, torch.full((3, 1), 0.5)).flatten().tolist()
    [0.5, 0.5, 0.5]

    Source: S1 3.2.
    """
    check_values(currents, "currents")
    differential = neuron.coding == "differential"
    if len(currents) < 1 + differential:
        wanted = "the zero pass and at least one step" if differential else "at least one step"
        raise ValueError(f"currents must hold {wanted}; got {len(currents)} rows")
    state = neuron.start(currents[0] if differential else torch.zeros_like(currents[0]))
    found = [torch.zeros_like(currents[0])] if differential else []
    for current in currents[1:] if differential else currents:
        spikes, state = neuron.step(current, state)
        found.append(spikes)
    return torch.stack(found)


def decode(spikes: Tensor) -> Tensor:
    """Return phi_t = phi_{t-1} + s_t / t for t = 1 .. T of spikes [T, ...]: the decoded value at every step.

    Raises
    ------
    TypeError, ValueError
        If the spikes are not floating, not finite or empty.

    Examples
    --------
    >>> decode(torch.tensor([1.0, 0.0, -0.75])).tolist()
    [1.0, 1.0, 0.75]

    Source: S1 eq. 4.
    """
    check_values(spikes, "spikes")
    times = torch.arange(1, len(spikes) + 1, dtype=spikes.dtype, device=spikes.device)
    return (spikes / times.reshape(-1, *[1] * (spikes.ndim - 1))).cumsum(0)


def _halve_until_below(top: Tensor, value: Tensor) -> Tensor:
    """Return the smallest i >= 0 with top / 2^i <= value, for numbers above 0; exact, as halving is."""
    top_part, top_power = torch.frexp(top)
    part, power = torch.frexp(value)
    return (top_power - power + (part < top_part)).clamp(min=0)
